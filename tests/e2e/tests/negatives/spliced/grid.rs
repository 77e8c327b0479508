//! The states of two logins side by side, and in each all that one can do with what is the other's.

use e2e::{Answer, Dump, Watch};

use super::attempt::{self, Attempt, Leaves};
use super::cast::{Cast, Kind};
use super::sign_in::SignIn;
use super::step::Step;
use crate::support::{assert_clear, assert_only_refused, assert_unchanged};

/// Where in the grid something is.
struct Cell<'a> {
    cast: &'a Cast,
    kinds: [Kind; 2],
    steps: [usize; 2],
}

/// Lets each state of a login of the first side and the first kind meet each of a login of the
/// second, and tries with the browser and the agent of the second what the first has earned.
pub(super) async fn explore(cast: &Cast, kinds: [Kind; 2]) {
    for first in 0..=kinds[0].steps().len() {
        Box::pin(row(cast, kinds, first)).await;
        cast.tidy_up().await;
    }
}

async fn row(cast: &Cast, kinds: [Kind; 2], first: usize) {
    let world = &cast.world;
    let [mut from, mut to] = [0, 1].map(|side| cast.sign_in(side, kinds[side]));
    from.walk(world, first).await;
    let mut watch = world.watch().await;
    for second in 0..=kinds[1].steps().len() {
        let cell = Cell { cast, kinds, steps: [first, second] };
        if second > 0 {
            cell.step(&from, &mut to, &mut watch).await;
        }
        cell.look(&from, &to).await;
        cell.try_all(&mut from, &to, &mut watch).await;
    }
    to.carry_on(world, &from.who).await;
    from.carry_on(world, &to.who).await;
}

impl Cell<'_> {
    fn name(&self, what: &str) -> String {
        format!(
            "{what} of {:?} {} at {:?} {}",
            self.kinds[0], self.steps[0], self.kinds[1], self.steps[1]
        )
    }

    /// The second login comes here by a step that changes nothing of the first: so it does not
    /// matter in which order the steps so far were done.
    async fn step(&self, from: &SignIn, to: &mut SignIn, watch: &mut Watch) {
        watch.look().await;
        to.step(&self.cast.world).await;
        if let Some(before) = watch.look().await {
            self.assert_untouched("a step beside that", [from, to], &before, watch.seen());
        }
    }

    /// Makes every attempt: those that both logins outlive with these two.
    async fn try_all(&self, from: &mut SignIn, to: &SignIn, watch: &mut Watch) {
        let attempts = attempt::all(from, to);
        let (harmless, harmful): (Vec<_>, Vec<_>) =
            attempts.iter().enumerate().partition(|(_, attempt)| attempt.leaves.spends_nothing());
        for (_, attempt) in harmless {
            self.attempt(attempt, from, to, watch).await;
        }
        for (index, _) in harmful {
            self.anew(index, watch).await;
        }
    }

    /// No row of the one login, or of its person, is another one than before.
    fn assert_untouched(
        &self,
        what: &str,
        [one, other]: [&SignIn; 2],
        before: &Dump,
        after: &Dump,
    ) {
        let mut marks = one.marks(before);
        if one.who != other.who {
            marks.extend(one.who.id(before));
        }
        let changes = before.changes(after);
        let touched = changes.iter().find(|row| marks.iter().any(|mark| row.contains(mark)));
        assert_eq!(touched, None, "{}", self.name(what));
    }

    /// An answer says nothing of the other login's person, unless it is the same person.
    fn assert_not_named(&self, what: &str, [one, other]: [&SignIn; 2], answer: &Answer) {
        if one.who != other.who {
            one.who.assert_not_named(&self.name(what), answer);
        }
    }

    /// No page that its browser opens says anything of the other login.
    async fn look(&self, from: &SignIn, to: &SignIn) {
        let mut jar = attempt::jar(from, to);
        for way in attempt::ways(from, to) {
            for page in ["login/card", "login/card/pair/return", "account/"] {
                let shown = jar.clone().get(&way.path(page)).await;
                self.assert_not_named(page, [from, to], &shown);
            }
        }
        if let Some(pairing) = &from.got.pairing {
            jar.set_cookie(&to.pairing_cookie(), pairing);
            let page = jar.get(&to.way.path("login/card")).await;
            self.assert_not_named("the card page", [from, to], &page);
            let ticket = from.got.ticket.iter().find_map(|ticket| ticket.as_str());
            let shows = ticket.is_some_and(|ticket| page.body.contains(ticket));
            assert!(!shows, "{}", self.name("the ticket"));
        }
    }

    /// Makes an attempt, and sees what it leaves behind.
    async fn attempt(&self, attempt: &Attempt, from: &mut SignIn, to: &SignIn, watch: &mut Watch) {
        let name = self.name(&attempt.name);
        let answer = attempt.make(&self.cast.world, from, to).await;
        // Of a pairing in another tenant: there is nobody to ask.
        if answer.member("state") != "no-agent" {
            assert_clear(&name, &answer);
        }
        self.assert_not_named(&attempt.name, [from, to], &answer);
        let Some(before) = watch.look().await else {
            assert_eq!(attempt.leaves, Leaves::Nothing, "{name}");
            return;
        };
        assert_leaves(&name, attempt.leaves, &before, watch.seen());
        let outlives = if attempt.leaves == Leaves::OfferOver { [to, from] } else { [&*from, to] };
        self.assert_untouched(&attempt.name, outlives, &before, watch.seen());
    }

    /// Makes an attempt that spends something of one of the two, with two logins of its own, and
    /// carries both on: whoever lost something asks anew, and both are signed in as who they are.
    async fn anew(&self, index: usize, watch: &mut Watch) {
        let world = &self.cast.world;
        let [mut from, mut to] = [0, 1].map(|side| self.cast.sign_in(side, self.kinds[side]));
        from.walk(world, self.steps[0]).await;
        to.walk(world, self.steps[1]).await;
        let attempt = attempt::all(&from, &to).swap_remove(index);
        watch.look().await;
        self.attempt(&attempt, &mut from, &to, watch).await;
        match attempt.leaves {
            Leaves::OfferOver => from.back_to(Step::Code),
            _ => to.ask_anew(),
        }
        to.carry_on(world, &from.who).await;
        from.carry_on(world, &to.who).await;
    }
}

/// Nothing was given, and no more is left behind than may be.
fn assert_leaves(name: &str, leaves: Leaves, before: &Dump, after: &Dump) {
    let audited = before.audited(after);
    let changes: &[&str] = match leaves {
        Leaves::Nothing => return assert_unchanged(name, before, after),
        Leaves::Spent => return assert_only_refused(name, before, after),
        Leaves::OnRecord => &[],
        Leaves::SpentByAgent => &["ticket", "consumed"],
        Leaves::AskedElsewhere => &["login", "ticket", "consumed"],
        Leaves::OfferOver => &["login", "device", "device_directory", "agent_code", "consumed"],
    };
    let kept = |dump: &Dump| dump.clone().but_challenges_and_audit().without(changes);
    assert_unchanged(name, &kept(before), &kept(after));
    if leaves == Leaves::OfferOver {
        let last = audited.last().map(String::as_str);
        assert_eq!(last, Some("agent.opened-elsewhere"), "{name}: {audited:?}");
    } else {
        assert_eq!(audited, ["login.refused"], "{name}");
    }
}
