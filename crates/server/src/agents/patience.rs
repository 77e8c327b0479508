//! How often the person at an agent may be asked. The agent keeps to the same by itself
//! (`prompts.rs` there); here the page learns why nothing comes, and the operator that somebody asks
//! again and again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use identity::Moment;
use ids::DeviceId;

/// Requests in a [`WINDOW`].
const MOST: usize = 3;
/// Refusals in a row after which an agent is left alone.
const REFUSALS: u32 = 2;
/// How long a request counts, and how long an agent is left alone.
const WINDOW: Duration = Duration::from_mins(1);

/// What was asked of agents through this process, and refused by their people.
#[derive(Clone, Default)]
pub(crate) struct Patience(Arc<Mutex<HashMap<DeviceId, Recent>>>);

#[derive(Default)]
struct Recent {
    asked: VecDeque<Moment>,
    refused_in_a_row: u32,
    quiet_until: Option<Moment>,
    last: Option<Moment>,
}

/// Why an agent is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tired {
    /// Its person has said no often enough.
    Declined,
    /// It was asked as often as it shows in a minute.
    TooMany,
}

impl Tired {
    /// As the page's words call it.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Declined => "declined-often",
            Self::TooMany => "too-many",
        }
    }
}

impl Patience {
    /// Counts a request that an agent claims and so shows.
    pub(crate) fn shown(&self, device: DeviceId, now: Moment) {
        self.recent(device, now, |recent| recent.asked.push_back(now));
    }

    /// Whether an agent may be asked.
    ///
    /// # Errors
    ///
    /// [`Tired`].
    pub(crate) fn may_ask(&self, device: DeviceId, now: Moment) -> Result<(), Tired> {
        self.recent(device, now, |recent| {
            if recent.quiet_until.is_some_and(|until| now < until) {
                return Err(Tired::Declined);
            }
            recent.asked.retain(|at| now < at.plus(WINDOW));
            if recent.asked.len() >= MOST { Err(Tired::TooMany) } else { Ok(()) }
        })
    }

    /// The person said no. True when the agent is left alone from now on.
    pub(crate) fn declined(&self, device: DeviceId, now: Moment) -> bool {
        self.recent(device, now, |recent| {
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
    pub(crate) fn accepted(&self, device: DeviceId, now: Moment) {
        self.recent(device, now, |recent| recent.refused_in_a_row = 0);
    }

    fn recent<T>(&self, device: DeviceId, now: Moment, act: impl FnOnce(&mut Recent) -> T) -> T {
        let mut all = self.all();
        // Nobody is remembered for long: ten minutes are the life of a login.
        let is_recent =
            |recent: &Recent| recent.last.is_some_and(|last| now < last.plus(login::LOGIN_LIFE));
        all.retain(|_, recent| is_recent(recent));
        let recent = all.entry(device).or_default();
        recent.last = Some(now);
        act(recent)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<DeviceId, Recent>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy;

    fn at(seconds: i64) -> Moment {
        Moment(seconds * 1_000_000)
    }

    #[test]
    fn who_says_no_twice_is_left_alone_for_a_minute_and_nobody_else_is() {
        let (patience, device, other) =
            (Patience::default(), DeviceId(entropy::id()), DeviceId(entropy::id()));
        assert!(!patience.declined(device, at(0)));
        assert!(patience.declined(device, at(5)));
        assert_eq!(patience.may_ask(device, at(64)), Err(Tired::Declined));
        assert_eq!(patience.may_ask(other, at(6)), Ok(()));
        assert_eq!(patience.may_ask(device, at(65)), Ok(()));
    }

    #[test]
    fn a_yes_between_two_refusals_counts() {
        let (patience, device) = (Patience::default(), DeviceId(entropy::id()));
        assert!(!patience.declined(device, at(0)));
        patience.accepted(device, at(1));
        assert!(!patience.declined(device, at(2)));
    }

    #[test]
    fn three_requests_a_minute_are_shown() {
        let (patience, device) = (Patience::default(), DeviceId(entropy::id()));
        for second in [0, 10, 20] {
            assert_eq!(patience.may_ask(device, at(second)), Ok(()));
            patience.shown(device, at(second));
        }
        assert_eq!(patience.may_ask(device, at(59)), Err(Tired::TooMany));
        assert_eq!(patience.may_ask(device, at(60)), Ok(()));
    }
}
