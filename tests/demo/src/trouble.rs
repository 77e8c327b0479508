//! What was expected, and what came instead.

use std::fmt::Display;

/// A step that did not do what it says.
#[derive(Debug, thiserror::Error)]
#[error("expected {expected}; came {came}")]
pub(crate) struct Trouble {
    pub(crate) expected: String,
    pub(crate) came: String,
}

impl Trouble {
    /// Something else came.
    pub(crate) fn new(expected: impl Display, came: impl Display) -> Self {
        Self { expected: expected.to_string(), came: came.to_string() }
    }
}

impl From<entra_stand_in::BrowserError> for Trouble {
    fn from(error: entra_stand_in::BrowserError) -> Self {
        match error {
            entra_stand_in::BrowserError::NotFound { what, page } => Self::new(what, page),
            other => Self::new("another page", other),
        }
    }
}

/// Holds, or is trouble.
pub(crate) fn ensure(
    holds: bool,
    expected: impl Display,
    came: impl Display,
) -> Result<(), Trouble> {
    if holds { Ok(()) } else { Err(Trouble::new(expected, came)) }
}

/// A failure of something that has no reason to fail.
pub(crate) fn cannot(what: &str) -> impl Fn(std::io::Error) -> Trouble + '_ {
    move |error| Trouble::new(what, error)
}
