//! What a test showed.

use crate::pages::Tone;

/// All that a test showed.
#[derive(Default)]
pub(super) struct Report {
    pub(super) steps: Vec<Step>,
    /// The claims that came, by name.
    pub(super) claims: Vec<(String, String)>,
    pub(super) mappers: Vec<MapperLine>,
    /// What is missing on the provider's side, and where to click there.
    pub(super) missing: Vec<(String, String)>,
    /// Whether the provider says when the person signed in; unknown when no token came.
    pub(super) auth_time: Option<bool>,
}

impl Report {
    pub(super) fn passed(&self) -> bool {
        !self.steps.iter().any(|step| step.verdict == Verdict::Failed) && self.auth_time.is_some()
    }

    pub(super) fn step(&mut self, title: &str, outcome: Result<String, String>) {
        let (verdict, words) = match outcome {
            Ok(words) => (Verdict::Passed, words),
            Err(words) => (Verdict::Failed, words),
        };
        self.steps.push(Step { title: title.to_owned(), verdict, words });
    }

    pub(super) fn not_reached(&mut self, titles: &[&str]) {
        let step = |title: &&str| Step {
            title: (*title).to_owned(),
            verdict: Verdict::NotReached,
            words: String::new(),
        };
        self.steps.extend(titles.iter().map(step));
    }
}

/// One step.
pub(super) struct Step {
    pub(super) title: String,
    pub(super) verdict: Verdict,
    pub(super) words: String,
}

/// How a step ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    Failed,
    NotReached,
}

/// What a mapper made of the claims.
pub(super) struct MapperLine {
    pub(super) name: String,
    pub(super) tone: Tone,
    pub(super) words: String,
    pub(super) values: Vec<String>,
}
