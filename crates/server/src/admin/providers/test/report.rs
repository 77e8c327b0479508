//! What a test showed.

use crate::pages::Tone;

/// All that a test showed.
#[derive(Default)]
pub(super) struct Report {
    pub(super) steps: Vec<Step>,
    /// The claims that came, by name, each with its values.
    pub(super) claims: Vec<(String, Vec<String>)>,
    pub(super) mappers: Vec<MapperLine>,
    /// What is needed and did not come, and where to click for it.
    pub(super) missing: Vec<Missing>,
    /// What Entra sends only when asked, did not come, and is not needed as things are.
    pub(super) unasked: Vec<Missing>,
    /// Whether no mapper keeps anything of what came.
    pub(super) keeps_nothing: bool,
    /// Whether the provider says when the person signed in; unknown when no token came.
    pub(super) auth_time: Option<bool>,
}

impl Report {
    pub(super) fn passed(&self) -> bool {
        !self.steps.iter().any(|step| step.verdict == Verdict::Failed) && self.auth_time.is_some()
    }

    /// What the test says first. It works without a claim that is missing, and not as it should.
    pub(super) fn verdict(&self) -> (Tone, String) {
        let works = |but: String| (Tone::Warning, format!("It works, but {but}"));
        match self.missing.as_slice() {
            _ if !self.passed() => (Tone::Bad, "It does not work yet".to_owned()),
            [] if self.keeps_nothing => works("nothing of what came is kept".to_owned()),
            [] => (Tone::Good, "It works".to_owned()),
            [one] => works(format!("the claim {} is missing", one.claim)),
            many => {
                let names: Vec<&str> = many.iter().map(|one| one.claim.as_str()).collect();
                works(format!("{} claims are missing: {}", many.len(), names.join(", ")))
            }
        }
    }

    pub(super) fn step(&mut self, title: &str, outcome: Result<String, String>) {
        self.steps.push(Step::of(title, outcome));
    }

    /// A step that stands before all others, whenever it ended.
    pub(super) fn first_step(&mut self, title: &str, outcome: Result<String, String>) {
        self.steps.insert(0, Step::of(title, outcome));
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

impl Step {
    fn of(title: &str, outcome: Result<String, String>) -> Self {
        let (verdict, words) = match outcome {
            Ok(words) => (Verdict::Passed, words),
            Err(words) => (Verdict::Failed, words),
        };
        Self { title: title.to_owned(), verdict, words }
    }
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

/// A claim that did not come.
pub(super) struct Missing {
    pub(super) claim: String,
    /// Who needs it.
    pub(super) needed_by: String,
    /// Where to click for it.
    pub(super) path: String,
}
