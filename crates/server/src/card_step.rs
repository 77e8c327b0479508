//! The card step: "Authenticate yourself by using your cards or the digital app".

pub(crate) mod agent;
pub(crate) mod answer;
pub(crate) mod code;
pub(crate) mod events;
pub(crate) mod finish;
pub(crate) mod options;
pub(crate) mod page;
pub(crate) mod pair;
pub(crate) mod start_again;

use passkeys::Hint;
use serde::{Deserialize, Serialize};

/// Where the page goes on.
#[derive(Serialize)]
pub(crate) struct Location {
    pub(crate) location: String,
}

/// What the person chose on the page.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PageHint {
    Card,
    Phone,
}

impl PageHint {
    /// The hint for the browser's dialog.
    pub(crate) fn of_passkeys(self) -> Hint {
        match self {
            Self::Card => Hint::SecurityKey,
            Self::Phone => Hint::Hybrid,
        }
    }
}
