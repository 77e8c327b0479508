use std::time::Duration;

use identity::Moment;

const MINUTE: Duration = Duration::from_secs(60);

/// So many a minute, as a bucket that fills up evenly: who has waited may come with a minute's worth
/// at once, and who was refused need not wait for a minute to end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    /// When the bucket is full again. All there is to know (GCRA, the leaky bucket as a meter).
    full_at: Moment,
}

impl Pace {
    /// Counts one, unless it is one too many.
    pub(super) fn allows(&mut self, now: Moment, per_minute: u32) -> bool {
        let next = self.after_one_more(now, per_minute);
        self.full_at = next.unwrap_or(self.full_at);
        next.is_some()
    }

    /// Whether one more is not one too many.
    pub(super) fn has_room(self, now: Moment, per_minute: u32) -> bool {
        self.after_one_more(now, per_minute).is_some()
    }

    fn after_one_more(self, now: Moment, per_minute: u32) -> Option<Moment> {
        let each = MINUTE.checked_div(per_minute).unwrap_or(MINUTE);
        // Later than a minute from now means that the clock was put back.
        let sane = self.full_at <= now.plus(MINUTE);
        let full_at = if sane { self.full_at.max(now) } else { now };
        let next = full_at.plus(each);
        (next <= now.plus(MINUTE)).then_some(next)
    }

    /// Whether it is as good as new.
    pub(super) fn is_full(self, now: Moment) -> bool {
        self.full_at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Moment = Moment(1_000_000_000_000);

    fn passed(pace: &mut Pace, now: Moment, tries: u32) -> usize {
        (0..tries).filter(|_| pace.allows(now, 60)).count()
    }

    #[test]
    fn a_minutes_worth_goes_at_once_and_then_one_a_second() {
        let mut pace = Pace::default();
        assert_eq!(passed(&mut pace, NOON, 100), 60);
        assert_eq!(passed(&mut pace, NOON.plus(Duration::from_secs(3)), 100), 3);
        assert!(!pace.is_full(NOON.plus(MINUTE)));
        assert!(pace.is_full(NOON.plus(MINUTE.saturating_mul(2))));
        assert_eq!(passed(&mut pace, NOON.plus(MINUTE.saturating_mul(5)), 100), 60);
    }

    #[test]
    fn a_clock_that_was_put_back_shuts_nobody_out() {
        let mut pace = Pace::default();
        passed(&mut pace, NOON, 100);
        assert!(pace.allows(NOON.minus(MINUTE.saturating_mul(60)), 60));
    }
}
