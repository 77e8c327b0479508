//! Whether the person at an agent wants to be asked. Who has said no twice is left alone for a while:
//! the agent drops further requests by itself (`prompts.rs` there) and says nothing. Here the page
//! learns why nothing comes, and the operator that somebody asks again and again.
//!
//! Links count apart, here and there: anybody can have somebody open one, and who says no to strangers
//! wants to hear from the browser at their own desk all the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use identity::Moment;
use ids::DeviceId;

/// Refusals in a row after which an agent is left alone.
const REFUSALS: u32 = 2;
/// For how long.
const WINDOW: Duration = Duration::from_mins(1);

/// Who asks an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Asks {
    /// A browser that is paired with it.
    Paired,
    /// Whoever has made a link.
    ByLink,
}

/// What people at agents have refused, as far as it came to this process.
#[derive(Clone, Default)]
pub(crate) struct Patience(Arc<Mutex<HashMap<(DeviceId, Asks), Recent>>>);

#[derive(Default)]
struct Recent {
    refused_in_a_row: u32,
    quiet_until: Option<Moment>,
    last: Option<Moment>,
}

impl Patience {
    /// Whether an agent is left alone now by those who ask so.
    pub(crate) fn is_spent(&self, device: DeviceId, asks: Asks, now: Moment) -> bool {
        let is_quiet = |recent: &mut Recent| recent.quiet_until.is_some_and(|until| now < until);
        self.recent((device, asks), now, is_quiet)
    }

    /// The person said no. True when the agent is left alone from now on by those who ask so.
    pub(crate) fn declined(&self, device: DeviceId, asks: Asks, now: Moment) -> bool {
        self.recent((device, asks), now, |recent| {
            recent.refused_in_a_row = recent.refused_in_a_row.saturating_add(1);
            let is_enough = recent.refused_in_a_row >= REFUSALS;
            if is_enough {
                recent.refused_in_a_row = 0;
                recent.quiet_until = Some(now.plus(WINDOW));
            }
            is_enough
        })
    }

    /// The person went along.
    pub(crate) fn accepted(&self, device: DeviceId, asks: Asks, now: Moment) {
        self.recent((device, asks), now, |recent| recent.refused_in_a_row = 0);
    }

    fn recent<T>(
        &self,
        of: (DeviceId, Asks),
        now: Moment,
        act: impl FnOnce(&mut Recent) -> T,
    ) -> T {
        let mut all = self.all();
        // Nobody is remembered for long: ten minutes are the life of a login.
        let is_recent =
            |recent: &Recent| recent.last.is_some_and(|last| now < last.plus(login::LOGIN_LIFE));
        all.retain(|_, recent| is_recent(recent));
        let recent = all.entry(of).or_default();
        recent.last = Some(now);
        act(recent)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<(DeviceId, Asks), Recent>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy;

    fn at(seconds: u64) -> Moment {
        Moment(0).plus(Duration::from_secs(seconds))
    }

    #[test]
    fn who_says_no_twice_is_left_alone_for_a_minute_and_nobody_else_is() {
        let (patience, device, other) =
            (Patience::default(), DeviceId(entropy::id()), DeviceId(entropy::id()));
        for asks in [Asks::Paired, Asks::ByLink] {
            assert!(!patience.declined(device, asks, at(0)));
            assert!(patience.declined(device, asks, at(5)));
            assert!(patience.is_spent(device, asks, at(64)));
            assert!(!patience.is_spent(other, asks, at(6)));
            assert!(!patience.is_spent(device, asks, at(65)));
        }
    }

    #[test]
    fn a_yes_between_two_refusals_counts() {
        let (patience, device) = (Patience::default(), DeviceId(entropy::id()));
        assert!(!patience.declined(device, Asks::Paired, at(0)));
        patience.accepted(device, Asks::Paired, at(1));
        assert!(!patience.declined(device, Asks::Paired, at(2)));
    }

    #[test]
    fn links_of_strangers_spend_nothing_of_the_patience_with_ones_own_browser() {
        let (patience, device) = (Patience::default(), DeviceId(entropy::id()));
        for second in 0..4 {
            patience.declined(device, Asks::ByLink, at(second));
        }
        assert!(!patience.is_spent(device, Asks::Paired, at(4)));
        assert!(!patience.declined(device, Asks::Paired, at(4)), "the first of one's own");
        patience.accepted(device, Asks::ByLink, at(5));
        assert!(
            patience.declined(device, Asks::Paired, at(6)),
            "a yes to a link is none to a push"
        );
    }
}
