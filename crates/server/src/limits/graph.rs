use std::collections::HashMap;
use std::time::Duration;

use identity::{EntraLink, Moment};
use ids::{Alias, TenantId};
use secrets::TokenHash;

/// Graph is asked for the groups of one person once in so long a time.
const EACH: Duration = Duration::from_secs(300);
/// The longest pause that a Graph gets which asks for one.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// People who are remembered, of all tenants. Some 64 bytes each.
const MOST: usize = 65_536;

/// Whose groups are asked for, at which provider.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    provider: (TenantId, Alias),
    person: Person,
}

/// The first half of a hash: 128 bits, which nobody finds twice.
type Person = [u8; 16];

/// What to do about groups that were too many to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Ask, and say how it ended.
    Ask,
    /// What is stored is what Graph said a moment ago, or is just being asked.
    AsStored,
    /// Graph failed a moment ago: it is left alone for a while.
    Wait,
}

/// When Graph was asked, for whom.
#[derive(Debug, Default)]
pub(super) struct Asking {
    people: HashMap<Person, Asked>,
    /// Until when a provider's Graph is left alone.
    pauses: HashMap<(TenantId, Alias), Moment>,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    at: Moment,
    /// Whether it failed; not while it is under way.
    failed: bool,
}

impl Subject {
    pub(crate) fn new(tenant: TenantId, link: &EntraLink) -> Self {
        let named = format!("{} {} {} {}", tenant.0, link.provider, link.tid, link.oid);
        let person = TokenHash::of(named.as_bytes()).as_bytes().first_chunk().copied();
        Self { provider: (tenant, link.provider.clone()), person: person.unwrap_or_default() }
    }
}

impl Asking {
    /// Whose turn it is. [`Turn::Ask`] is given to one of several who come at once.
    pub(super) fn turn(&mut self, subject: &Subject, now: Moment) -> Turn {
        let of_late = |asked: &&Asked| now < asked.at.plus(EACH);
        match self.people.get(&subject.person).filter(of_late) {
            Some(Asked { failed: true, .. }) => return Turn::Wait,
            Some(Asked { failed: false, .. }) => return Turn::AsStored,
            None => {}
        }
        if self.pauses.get(&subject.provider).is_some_and(|until| now < *until) {
            return Turn::Wait;
        }
        self.forget(now);
        if self.people.len() >= MOST {
            return Turn::Wait;
        }
        self.people.insert(subject.person, Asked { at: now, failed: false });
        Turn::Ask
    }

    pub(super) fn answered(&mut self, subject: &Subject, now: Moment) {
        self.people.insert(subject.person, Asked { at: now, failed: false });
    }

    pub(super) fn failed(&mut self, subject: &Subject, pause: Option<Duration>, now: Moment) {
        self.people.insert(subject.person, Asked { at: now, failed: true });
        if let Some(pause) = pause {
            self.pauses.insert(subject.provider.clone(), now.plus(pause.min(LONGEST_PAUSE)));
        }
    }

    /// Makes room, when there is none.
    fn forget(&mut self, now: Moment) {
        if self.people.len() >= MOST {
            self.people.retain(|_, asked| now < asked.at.plus(EACH));
        }
        self.pauses.retain(|_, until| now < *until);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const NOON: Moment = Moment(1_000_000_000_000);
    const SECOND: Duration = Duration::from_secs(1);

    fn subject(tenant: u128, oid: &str) -> Subject {
        let provider = Alias::try_from("azure".to_owned()).unwrap();
        let link = EntraLink { provider, tid: "t".to_owned(), oid: oid.to_owned() };
        Subject::new(TenantId(Uuid::from_u128(tenant)), &link)
    }

    #[test]
    fn one_asks_and_who_comes_at_the_same_time_or_soon_after_does_not() {
        let (mut asking, mia) = (Asking::default(), subject(1, "mia"));
        assert_eq!(asking.turn(&mia, NOON), Turn::Ask);
        assert_eq!(asking.turn(&mia, NOON), Turn::AsStored, "it is under way");
        asking.answered(&mia, NOON);
        assert_eq!(asking.turn(&mia, NOON.plus(EACH).minus(SECOND)), Turn::AsStored);
        assert_eq!(asking.turn(&subject(1, "ada"), NOON), Turn::Ask);
        assert_eq!(asking.turn(&subject(2, "mia"), NOON), Turn::Ask, "another tenant");
        assert_eq!(asking.turn(&mia, NOON.plus(EACH)), Turn::Ask);
    }

    #[test]
    fn after_a_failure_the_person_waits_and_after_a_pause_everybody_of_the_provider() {
        let (mut asking, mia, ada) = (Asking::default(), subject(1, "mia"), subject(1, "ada"));
        assert_eq!(asking.turn(&mia, NOON), Turn::Ask);
        asking.failed(&mia, None, NOON);
        assert_eq!(asking.turn(&mia, NOON.plus(SECOND)), Turn::Wait);
        assert_eq!(asking.turn(&ada, NOON), Turn::Ask);
        asking.failed(&ada, Some(SECOND.saturating_mul(10)), NOON);
        let una = subject(1, "una");
        assert_eq!(asking.turn(&una, NOON.plus(SECOND.saturating_mul(9))), Turn::Wait);
        assert_eq!(asking.turn(&subject(2, "una"), NOON), Turn::Ask, "another tenant");
        assert_eq!(asking.turn(&una, NOON.plus(SECOND.saturating_mul(10))), Turn::Ask);
        asking.failed(&una, Some(Duration::MAX), NOON);
        assert_eq!(asking.turn(&subject(1, "max"), NOON.plus(LONGEST_PAUSE)), Turn::Ask);
    }
}
