//! The keys that sign answers, for people.

use store::{KeyState, SigningKey};

use crate::http::page::date;
use crate::pages::Tone;

pub(super) struct Row {
    pub(super) kid: String,
    pub(super) state: (Tone, &'static str),
    /// Since when, and until when.
    pub(super) dates: String,
}

pub(super) fn row(key: &SigningKey, state: KeyState) -> Row {
    let dates = key.dates;
    let (state, dates) = match state {
        KeyState::Next => (
            (Tone::Info, "Next"),
            format!(
                "Published {}; signs from {}",
                date(dates.published_at),
                date(dates.active_from)
            ),
        ),
        KeyState::Active => {
            let until = dates.retired_at.map(|at| format!(" until {}", date(at)));
            let until = until.unwrap_or_default();
            ((Tone::Good, "Signs"), format!("Since {}{until}", date(dates.active_from)))
        }
        KeyState::Retired => {
            let gone = dates.ends_at.map(|at| format!("Published until {}", date(at)));
            ((Tone::Info, "Retired"), gone.unwrap_or_default())
        }
    };
    Row { kid: key.kid.clone(), state, dates }
}

/// Whether a next key may be made: none is on its way.
pub(super) fn may_rotate(keys: &[(SigningKey, KeyState)]) -> bool {
    matches!(keys.last(), Some((_, KeyState::Active)))
}
