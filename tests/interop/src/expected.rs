use std::fmt;

use serde::Deserialize;

use crate::{Outcome, Record};

/// What is expected of a suite: that all passes, except for what stands here with a reason.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expected {
    /// What is skipped, by what the suite says when it skips.
    pub not_applicable: Vec<NotApplicable>,
    /// What fails, each to be run alone.
    pub differs: Vec<Differs>,
}

/// Tests that are skipped for one reason.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotApplicable {
    /// What the suite says when it skips one.
    pub says: String,
    /// So many, not one more and not one less.
    pub tests: usize,
    /// Why it does not apply, for people.
    pub why: String,
    /// The only body of the authenticator that it does not apply to.
    pub body: Option<String>,
}

/// A test that fails, and must go on failing in this way until it is taken from the list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Differs {
    /// Its name.
    pub test: String,
    /// What it says when it fails.
    pub says: String,
    /// Why, for people.
    pub why: String,
}

/// What a run amounts to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Tests that passed.
    pub passed: usize,
    /// Tests that do not apply.
    pub not_applicable: usize,
    /// Tests that fail for a known reason.
    pub differ: usize,
}

impl Expected {
    /// Reads a list.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Compares a run with the list.
    ///
    /// # Errors
    ///
    /// Everything that is not as expected, a line each.
    pub fn judge(&self, body: &str, records: &[Record]) -> Result<Figures, String> {
        let mut faults: Vec<String> = records.iter().filter_map(|r| self.fault(body, r)).collect();
        let passed = records.iter().filter(|r| r.outcome == Outcome::Passed).count();
        let mut not_applicable: usize = 0;
        for entry in self.not_applicable.iter().filter(|entry| entry.is_about(body)) {
            let found = records.iter().filter(|record| entry.covers(record)).count();
            not_applicable = not_applicable.saturating_add(found);
            if found != entry.tests {
                let NotApplicable { says, tests, .. } = entry;
                faults.push(format!("skipped {found} tests and not {tests}: {says}"));
            }
        }
        if passed == 0 {
            faults.push("no test passed".into());
        }
        if !faults.is_empty() {
            return Err(faults.join("\n"));
        }
        Ok(Figures { passed, not_applicable, differ: 0 })
    }

    fn fault(&self, body: &str, record: &Record) -> Option<String> {
        let Record { test, why, .. } = record;
        let mut entries = self.not_applicable.iter().filter(|entry| entry.is_about(body));
        match record.outcome {
            Outcome::Passed => None,
            Outcome::Failed => Some(format!("failed: {test}\n{why}")),
            Outcome::Skipped if entries.any(|entry| entry.covers(record)) => None,
            Outcome::Skipped => Some(format!("skipped, and not on the list: {test}: {why}")),
        }
    }
}

impl NotApplicable {
    fn is_about(&self, body: &str) -> bool {
        self.body.as_ref().is_none_or(|only| only == body)
    }

    fn covers(&self, record: &Record) -> bool {
        let says = record.why.strip_prefix("Skipped: ").unwrap_or(&record.why);
        record.outcome == Outcome::Skipped && says == self.says
    }
}

impl Differs {
    /// Compares a run of this test alone with what is known.
    ///
    /// # Errors
    ///
    /// When it passed, failed otherwise, or was not run.
    pub fn judge(&self, records: &[Record]) -> Result<(), String> {
        match records {
            [only] if only.outcome == Outcome::Failed && only.why.contains(&self.says) => Ok(()),
            [only] if only.outcome == Outcome::Passed => {
                Err(format!("{} passes now: take it from the list", self.test))
            }
            others => Err(format!("{} differs otherwise: {others:?}", self.test)),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, not_applicable, differ } = self;
        write!(f, "{passed} passed, {not_applicable} not applicable, {differ} known to differ")
    }
}
