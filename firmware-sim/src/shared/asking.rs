//! The firmware's question for a touch, and the person's answer.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use authenticator::Keepalive;

use super::{Shared, State, now};
use crate::Touch;

pub(crate) struct Asking {
    pub(crate) since: Instant,
    pub(crate) touch: Touch,
}

/// How long the firmware's question "touched?" waits at most before it looks at its own clock.
const FEEL: Duration = Duration::from_millis(20);

impl State {
    /// `Ok` when touched, otherwise how long nothing will happen by itself.
    fn touched(&self) -> Result<(), Duration> {
        let Some(asking) = &self.asking else { return Err(FEEL) };
        match asking.touch {
            Touch::Now => Ok(()),
            Touch::After(delay) => {
                let left = delay.saturating_sub(now().saturating_duration_since(asking.since));
                if left.is_zero() { Ok(()) } else { Err(left) }
            }
            Touch::Refuse => Err(FEEL),
        }
    }
}

impl Shared {
    /// The firmware begins to ask for a touch.
    pub(crate) fn ask(&self) {
        let mut state = self.lock();
        let touch = state.next.pop_front().unwrap_or(state.habit);
        state.asking = Some(Asking { since: now(), touch });
        state.times_asked = state.times_asked.saturating_add(1);
        self.changed.notify_all();
    }

    pub(crate) fn stop_asking(&self) {
        self.lock().asking = None;
        self.changed.notify_all();
    }

    /// Whether the card feels a touch; waits a little for one.
    pub(crate) fn feel(&self) -> bool {
        let state = self.lock();
        let Err(wait) = state.touched() else { return true };
        let (state, _) = self
            .changed
            .wait_timeout(state, wait.min(FEEL))
            .unwrap_or_else(PoisonError::into_inner);
        state.touched().is_ok()
    }

    /// What a link tells its caller meanwhile.
    pub(crate) fn keepalive(&self) -> Keepalive {
        if self.lock().asking.is_some() { Keepalive::UP_NEEDED } else { Keepalive::PROCESSING }
    }
}
