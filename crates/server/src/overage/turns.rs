//! How often Graph is asked.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use identity::{EntraLink, Moment};
use ids::{Alias, TenantId};

use crate::entropy;

/// Graph is asked for the groups of one person once in so long a time.
const EACH: Duration = Duration::from_secs(300);
/// The shortest and the longest pause that a Graph gets which asks for one.
const PAUSES: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(300)];
/// People who are remembered of one tenant. Some 200 bytes each.
const MOST: usize = 4096;

/// Whose turn it is, in each tenant.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<TenantId, Known>>);

/// What to do about groups that were too many to be sent.
pub(crate) enum Turn<'a> {
    /// Ask.
    Ask(Asking<'a>),
    /// What is stored is what Graph said a moment ago.
    AsStored,
    /// Graph is left alone: it is just being asked, it failed a moment ago, or too many people are
    /// remembered.
    Wait,
}

/// One person's turn. It counts as failed unless it is said to be over: a browser may go away
/// meanwhile, and what Graph says may not get stored.
pub(crate) struct Asking<'a> {
    turns: &'a Turns,
    tenant: TenantId,
    person: Person,
}

#[derive(Debug, Default)]
struct Known {
    people: HashMap<Person, LastAsked>,
    /// Until when a provider's Graph is left alone.
    pauses: HashMap<Alias, Moment>,
}

/// The provider, and the person's `(tid, oid)` there.
type Person = (Alias, String, String);

#[derive(Clone, Copy, Debug)]
struct LastAsked {
    at: Moment,
    /// Whether the groups were named, and are stored.
    answered: bool,
}

impl Turns {
    /// Whether it is a person's turn. Of several sign-ins of one person at once, one asks.
    pub(super) fn of(&self, tenant: TenantId, link: &EntraLink) -> Turn<'_> {
        self.at(tenant, link, entropy::now())
    }

    fn at(&self, tenant: TenantId, link: &EntraLink, now: Moment) -> Turn<'_> {
        let person = person(link);
        let mut all = self.all();
        let known = all.entry(tenant).or_default();
        match known.people.get(&person).filter(|last| last.is_of_late(now)) {
            Some(LastAsked { answered: true, .. }) => return Turn::AsStored,
            Some(LastAsked { answered: false, .. }) => return Turn::Wait,
            None => {}
        }
        if known.is_paused(&person.0, now) || !known.has_room(now) {
            return Turn::Wait;
        }
        known.people.insert(person.clone(), LastAsked { at: now, answered: false });
        Turn::Ask(Asking { turns: self, tenant, person })
    }

    /// A person can be asked for again: somebody has just seen that it works.
    pub(super) fn forget(&self, tenant: TenantId, link: &EntraLink) {
        if let Some(known) = self.all().get_mut(&tenant) {
            known.people.remove(&person(link));
            known.pauses.remove(&link.provider);
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<TenantId, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn person(link: &EntraLink) -> Person {
    (link.provider.clone(), link.tid.clone(), link.oid.clone())
}

impl Asking<'_> {
    /// The groups that Graph named are stored.
    pub(super) fn stored(self) {
        let mut all = self.turns.all();
        let last = all.get_mut(&self.tenant).and_then(|known| known.people.get_mut(&self.person));
        if let Some(last) = last {
            last.answered = true;
        }
    }

    /// The provider's Graph is left alone for a while.
    pub(super) fn pause(&self, pause: Duration) {
        let until = entropy::now().plus(pause.clamp(PAUSES[0], PAUSES[1]));
        let mut all = self.turns.all();
        all.entry(self.tenant).or_default().pauses.insert(self.person.0.clone(), until);
    }

    /// Nobody was asked: the next sign-in may.
    pub(super) fn put_off(self) {
        if let Some(known) = self.turns.all().get_mut(&self.tenant) {
            known.people.remove(&self.person);
        }
    }
}

impl LastAsked {
    /// A clock that was put back makes nothing newer than it is.
    fn is_of_late(self, now: Moment) -> bool {
        self.at <= now && now < self.at.plus(EACH)
    }
}

impl Known {
    fn is_paused(&self, provider: &Alias, now: Moment) -> bool {
        let longest = now.plus(PAUSES[1]);
        self.pauses.get(provider).is_some_and(|until| now < *until && *until <= longest)
    }

    /// Forgets who was asked for long ago, when there is no room.
    fn has_room(&mut self, now: Moment) -> bool {
        if self.people.len() >= MOST {
            self.people.retain(|_, last| last.is_of_late(now));
        }
        self.people.len() < MOST
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const ACME: TenantId = TenantId(Uuid::from_u128(1));
    const BIRCH: TenantId = TenantId(Uuid::from_u128(2));

    fn link(oid: &str) -> EntraLink {
        let provider = Alias::try_from("azure".to_owned()).unwrap();
        EntraLink { provider, tid: "t".to_owned(), oid: oid.to_owned() }
    }

    fn may_ask<'a>(turns: &'a Turns, oid: &str, now: Moment) -> Option<Asking<'a>> {
        match turns.at(ACME, &link(oid), now) {
            Turn::Ask(turn) => Some(turn),
            Turn::AsStored | Turn::Wait => None,
        }
    }

    #[test]
    fn one_asks_and_who_comes_soon_after_it_was_stored_does_not() {
        let (turns, now) = (Turns::default(), entropy::now());
        let turn = may_ask(&turns, "mia", now).unwrap();
        assert!(matches!(turns.at(ACME, &link("mia"), now), Turn::Wait), "it is under way");
        turn.stored();
        let last = now.plus(EACH).minus(SECOND);
        assert!(matches!(turns.at(ACME, &link("mia"), last), Turn::AsStored));
        assert!(may_ask(&turns, "ada", now).is_some(), "another person");
        assert!(matches!(turns.at(BIRCH, &link("mia"), now), Turn::Ask(_)), "another tenant");
        assert!(may_ask(&turns, "mia", now.plus(EACH)).is_some());
    }

    #[test]
    fn what_was_not_stored_counts_as_failed() {
        let (turns, now) = (Turns::default(), entropy::now());
        drop(may_ask(&turns, "mia", now).unwrap());
        assert!(matches!(turns.at(ACME, &link("mia"), now), Turn::Wait));
        assert!(may_ask(&turns, "mia", now.plus(EACH)).is_some());
        may_ask(&turns, "ada", now).unwrap().put_off();
        assert!(may_ask(&turns, "ada", now).is_some(), "nobody was asked");
        turns.forget(ACME, &link("ada"));
        assert!(may_ask(&turns, "ada", now).is_some(), "it was seen to work");
    }

    #[test]
    fn a_pause_is_for_everybody_of_the_provider_and_has_bounds() {
        let now = entropy::now();
        for (asked, [still, over]) in [
            (Duration::ZERO, [SECOND, PAUSES[0]]),
            (SECOND.saturating_mul(60), [SECOND.saturating_mul(58), SECOND.saturating_mul(60)]),
            (Duration::MAX, [PAUSES[1].saturating_sub(SECOND), PAUSES[1]]),
        ] {
            let turns = Turns::default();
            may_ask(&turns, "ada", now).unwrap().pause(asked);
            assert!(may_ask(&turns, "una", now.plus(still)).is_none(), "{asked:?}");
            assert!(matches!(turns.at(BIRCH, &link("una"), now), Turn::Ask(_)), "another tenant");
            assert!(may_ask(&turns, "una", now.plus(over).plus(SECOND)).is_some(), "{asked:?}");
        }
    }

    #[test]
    fn a_clock_that_was_put_back_makes_nothing_newer() {
        let (turns, now) = (Turns::default(), entropy::now());
        may_ask(&turns, "mia", now).unwrap().stored();
        assert!(may_ask(&turns, "mia", now.minus(SECOND)).is_some());
        may_ask(&turns, "ada", now).unwrap().pause(Duration::MAX);
        assert!(may_ask(&turns, "una", now.minus(EACH)).is_some());
    }

    #[test]
    fn a_tenant_with_many_people_takes_no_room_of_others() {
        let (turns, now) = (Turns::default(), entropy::now());
        for number in 0..MOST {
            may_ask(&turns, &number.to_string(), now).unwrap().stored();
        }
        assert!(may_ask(&turns, "mia", now).is_none());
        assert!(matches!(turns.at(BIRCH, &link("mia"), now), Turn::Ask(_)));
        assert!(may_ask(&turns, "mia", now.plus(EACH)).is_some());
    }
}
