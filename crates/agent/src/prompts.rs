//! How often a server may put a question before the person.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Prompts in a [`WINDOW`].
const MOST: usize = 3;
/// Refusals in a row after which the agent keeps quiet.
const REFUSALS: u32 = 2;
/// Links in a [`WINDOW`]: any page can open one, also one that is for nothing.
const MOST_LINKS: usize = 6;
/// How long a prompt counts, and how long the agent keeps quiet.
const WINDOW: Duration = Duration::from_mins(1);

/// The recent prompts of one enrolment.
#[derive(Debug, Default)]
pub(crate) struct Prompts {
    shown: VecDeque<Instant>,
    opened: VecDeque<Instant>,
    refused_in_a_row: u32,
    quiet_until: Option<Instant>,
}

/// What to do with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Show it.
    Show,
    /// Drop it without a word: the person has said no often enough.
    Drop,
    /// Tell the server that it asks too often.
    TooMany,
}

impl Prompts {
    /// Judges a request that comes now.
    pub(crate) fn judge(&mut self, now: Instant) -> Verdict {
        if self.quiet_until.is_some_and(|until| now < until) {
            return Verdict::Drop;
        }
        forget_old(&mut self.shown, now);
        if self.shown.len() >= MOST { Verdict::TooMany } else { Verdict::Show }
    }

    /// Whether a link that a page has opened now is looked at: it costs the server a question, and
    /// its prompt is judged besides.
    pub(crate) fn admits_link(&mut self, now: Instant) -> bool {
        forget_old(&mut self.opened, now);
        let admits = self.opened.len() < MOST_LINKS;
        if admits {
            self.opened.push_back(now);
        }
        admits
    }

    /// A request is put before the person: it counts.
    pub(crate) fn show(&mut self, now: Instant) {
        self.shown.push_back(now);
    }

    /// The person said no.
    pub(crate) fn refused(&mut self, now: Instant) {
        self.refused_in_a_row = self.refused_in_a_row.saturating_add(1);
        if self.refused_in_a_row >= REFUSALS {
            self.refused_in_a_row = 0;
            self.quiet_until = now.checked_add(WINDOW);
        }
    }

    /// The person went along.
    pub(crate) fn accepted(&mut self) {
        self.refused_in_a_row = 0;
    }
}

fn forget_old(times: &mut VecDeque<Instant>, now: Instant) {
    while times.front().is_some_and(|at| now.saturating_duration_since(*at) >= WINDOW) {
        times.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        use std::sync::OnceLock;
        static START: OnceLock<Instant> = OnceLock::new();
        let start = *START.get_or_init(crate::clock::now);
        start.checked_add(Duration::from_secs(seconds)).unwrap()
    }

    /// Judges, and shows what may be shown.
    fn admit(prompts: &mut Prompts, now: Instant) -> Verdict {
        let verdict = prompts.judge(now);
        if verdict == Verdict::Show {
            prompts.show(now);
        }
        verdict
    }

    #[test]
    fn shows_three_prompts_a_minute() {
        let mut prompts = Prompts::default();
        for second in [0, 10, 20] {
            assert_eq!(admit(&mut prompts, at(second)), Verdict::Show);
        }
        assert_eq!(admit(&mut prompts, at(59)), Verdict::TooMany);
        assert_eq!(admit(&mut prompts, at(60)), Verdict::Show);
        assert_eq!(admit(&mut prompts, at(61)), Verdict::TooMany);
    }

    #[test]
    fn looks_at_six_links_a_minute_whatever_comes_of_them() {
        let mut prompts = Prompts::default();
        for second in 0..6 {
            assert!(prompts.admits_link(at(second)));
        }
        assert!(!prompts.admits_link(at(59)));
        assert_eq!(admit(&mut prompts, at(59)), Verdict::Show, "a push is another matter");
        assert!(prompts.admits_link(at(60)));
        assert!(!prompts.admits_link(at(60)));
    }

    #[test]
    fn keeps_quiet_for_a_minute_after_two_refusals() {
        let mut prompts = Prompts::default();
        admit(&mut prompts, at(0));
        prompts.refused(at(5));
        assert_eq!(admit(&mut prompts, at(6)), Verdict::Show);
        prompts.refused(at(10));
        assert_eq!(admit(&mut prompts, at(11)), Verdict::Drop);
        assert_eq!(admit(&mut prompts, at(69)), Verdict::Drop);
        assert_eq!(admit(&mut prompts, at(70)), Verdict::Show);
    }

    #[test]
    fn a_yes_between_two_refusals_counts() {
        let mut prompts = Prompts::default();
        prompts.refused(at(0));
        prompts.accepted();
        prompts.refused(at(1));
        assert_eq!(admit(&mut prompts, at(2)), Verdict::Show);
    }
}
