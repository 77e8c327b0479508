//! Limits on what strangers may try.

use std::sync::Mutex;
use std::time::Duration;

use identity::Moment;

use crate::entropy;

/// So many enrolment codes of agents may be tried a minute, by everybody together. Wide, so that no
/// stranger stops others from setting up their agent; and with 34 bits a code and ten minutes of
/// life still hopeless to guess, for an offer that its page would have to confirm.
const CODE_TRIES: u32 = 6_000;

/// Counters of this process.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    codes: Mutex<Window>,
}

#[derive(Debug, Default)]
struct Window {
    began: Moment,
    count: u32,
}

impl Limits {
    /// Counts a try, and tells whether it may go on.
    pub(crate) fn allows_code_try(&self) -> bool {
        let mut window = self.codes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        window.allows(entropy::now(), Duration::from_secs(60), CODE_TRIES)
    }
}

impl Window {
    fn allows(&mut self, now: Moment, length: Duration, most: u32) -> bool {
        if now >= self.began.plus(length) {
            *self = Self { began: now, count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count <= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_lets_so_many_through_and_then_starts_anew() {
        let mut window = Window::default();
        let minute = Duration::from_secs(60);
        let now = Moment::from_unix_seconds(1_000_000);
        let passed = (0..100).filter(|_| window.allows(now, minute, 60)).count();
        assert_eq!(passed, 60);
        assert!(window.allows(now.plus(minute), minute, 60));
    }
}
