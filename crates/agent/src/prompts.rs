//! How often a server may put a question before the person.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Prompts in a [`WINDOW`].
const MOST: usize = 3;
/// Refusals in a row after which the agent keeps quiet.
const REFUSALS: u32 = 2;
/// Links in a [`WINDOW`]: any page can open one, also one that is for nothing.
const MOST_LINKS: usize = 6;
/// Tickets that a server pushes in a [`WINDOW`], and that are claimed, whatever comes of them.
const MOST_PUSHES: usize = 12;
/// How long a server has its desktop locked once.
const LOCK: Duration = Duration::from_secs(5);
/// How long a prompt counts, and how long the agent keeps quiet.
const WINDOW: Duration = Duration::from_mins(1);

/// The recent prompts of one enrolment. Those of links count apart: any page can open one, and must
/// not silence by it the browsers that are paired with this agent.
#[derive(Debug, Default)]
pub(crate) struct Prompts {
    pushed: Recent,
    by_link: Recent,
    opened: VecDeque<Instant>,
    claimed: VecDeque<Instant>,
    locked_at: Option<Instant>,
}

/// How a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// The server pushed it, for a browser that is paired with this agent.
    Pushed,
    /// Somebody had a link opened.
    ByLink,
}

/// The recent prompts that came in one way.
#[derive(Debug, Default)]
struct Recent {
    shown: VecDeque<Instant>,
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
    pub(crate) fn judge(&mut self, came: Came, now: Instant) -> Verdict {
        let recent = self.recent(came);
        if recent.quiet_until.is_some_and(|until| now < until) {
            return Verdict::Drop;
        }
        forget_old(&mut recent.shown, now);
        if recent.shown.len() >= MOST { Verdict::TooMany } else { Verdict::Show }
    }

    /// Whether a link that a page has opened now is looked at: it costs the server a question, and
    /// its prompt is judged besides.
    pub(crate) fn admits_link(&mut self, now: Instant) -> bool {
        admits(&mut self.opened, MOST_LINKS, now)
    }

    /// Whether a ticket that the server has pushed now is claimed: also one of which no prompt comes costs
    /// a call.
    pub(crate) fn admits_push(&mut self, now: Instant) -> bool {
        admits(&mut self.claimed, MOST_PUSHES, now)
    }

    /// Whether the desktop is locked because the server says so now: each time starts a program, and a
    /// desktop that was locked a moment ago is locked.
    pub(crate) fn admits_lock(&mut self, now: Instant) -> bool {
        let is_over = |at: Instant| now.saturating_duration_since(at) >= LOCK;
        let admits = self.locked_at.is_none_or(is_over);
        if admits {
            self.locked_at = Some(now);
        }
        admits
    }

    /// A request is put before the person: it counts.
    pub(crate) fn show(&mut self, came: Came, now: Instant) {
        self.recent(came).shown.push_back(now);
    }

    /// The person said no.
    pub(crate) fn refused(&mut self, came: Came, now: Instant) {
        let recent = self.recent(came);
        recent.refused_in_a_row = recent.refused_in_a_row.saturating_add(1);
        if recent.refused_in_a_row >= REFUSALS {
            recent.refused_in_a_row = 0;
            recent.quiet_until = now.checked_add(WINDOW);
        }
    }

    /// The person went along.
    pub(crate) fn accepted(&mut self, came: Came) {
        self.recent(came).refused_in_a_row = 0;
    }

    fn recent(&mut self, came: Came) -> &mut Recent {
        match came {
            Came::Pushed => &mut self.pushed,
            Came::ByLink => &mut self.by_link,
        }
    }
}

/// Whether one more is admitted of which `most` come in a [`WINDOW`]; then it counts.
fn admits(times: &mut VecDeque<Instant>, most: usize, now: Instant) -> bool {
    forget_old(times, now);
    let admits = times.len() < most;
    if admits {
        times.push_back(now);
    }
    admits
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
    fn admit(prompts: &mut Prompts, came: Came, now: Instant) -> Verdict {
        let verdict = prompts.judge(came, now);
        if verdict == Verdict::Show {
            prompts.show(came, now);
        }
        verdict
    }

    #[test]
    fn shows_three_prompts_a_minute_of_each_kind() {
        let mut prompts = Prompts::default();
        for came in [Came::ByLink, Came::Pushed] {
            for second in [0, 10, 20] {
                assert_eq!(admit(&mut prompts, came, at(second)), Verdict::Show);
            }
            assert_eq!(admit(&mut prompts, came, at(59)), Verdict::TooMany);
            assert_eq!(admit(&mut prompts, came, at(60)), Verdict::Show);
            assert_eq!(admit(&mut prompts, came, at(61)), Verdict::TooMany);
        }
    }

    #[test]
    fn looks_at_six_links_a_minute_whatever_comes_of_them() {
        let mut prompts = Prompts::default();
        for second in 0..6 {
            assert!(prompts.admits_link(at(second)));
        }
        assert!(!prompts.admits_link(at(59)));
        assert_eq!(
            admit(&mut prompts, Came::Pushed, at(59)),
            Verdict::Show,
            "a push is another matter"
        );
        assert!(prompts.admits_link(at(60)));
        assert!(!prompts.admits_link(at(60)));
    }

    #[test]
    fn claims_twelve_pushed_tickets_a_minute_whatever_comes_of_them() {
        let mut prompts = Prompts::default();
        for second in 0..12 {
            assert!(prompts.admits_push(at(second)));
        }
        assert!(!prompts.admits_push(at(59)));
        assert!(prompts.admits_link(at(59)), "a link is another matter");
        assert!(prompts.admits_push(at(60)));
        assert!(!prompts.admits_push(at(60)));
    }

    #[test]
    fn a_server_locks_the_desktop_once_in_some_seconds() {
        let mut prompts = Prompts::default();
        assert!(prompts.admits_lock(at(0)));
        assert!(!prompts.admits_lock(at(0)) && !prompts.admits_lock(at(4)));
        assert!(prompts.admits_lock(at(5)));
        assert!(!prompts.admits_lock(at(6)));
    }

    #[test]
    fn keeps_quiet_for_a_minute_after_two_refusals() {
        for came in [Came::ByLink, Came::Pushed] {
            let mut prompts = Prompts::default();
            admit(&mut prompts, came, at(0));
            prompts.refused(came, at(5));
            assert_eq!(admit(&mut prompts, came, at(6)), Verdict::Show);
            prompts.refused(came, at(10));
            assert_eq!(admit(&mut prompts, came, at(11)), Verdict::Drop);
            assert_eq!(admit(&mut prompts, came, at(69)), Verdict::Drop);
            assert_eq!(admit(&mut prompts, came, at(70)), Verdict::Show);
        }
    }

    #[test]
    fn links_that_were_refused_silence_no_browser_that_is_paired() {
        let mut prompts = Prompts::default();
        for second in [0, 1] {
            assert_eq!(admit(&mut prompts, Came::ByLink, at(second)), Verdict::Show);
            prompts.refused(Came::ByLink, at(second));
        }
        assert_eq!(admit(&mut prompts, Came::ByLink, at(2)), Verdict::Drop);
        assert_eq!(admit(&mut prompts, Came::Pushed, at(2)), Verdict::Show);
        prompts.refused(Came::Pushed, at(3));
        assert_eq!(admit(&mut prompts, Came::Pushed, at(4)), Verdict::Show, "one's own first no");
    }

    #[test]
    fn a_yes_between_two_refusals_counts() {
        let mut prompts = Prompts::default();
        prompts.refused(Came::Pushed, at(0));
        prompts.accepted(Came::Pushed);
        prompts.refused(Came::Pushed, at(1));
        assert_eq!(admit(&mut prompts, Came::Pushed, at(2)), Verdict::Show);
    }
}
