//! Client data (WebAuthn Level 3 §5.8.1), as far as the library leaves it to us.

use serde::{Deserialize, Deserializer, de::IgnoredAny};

use crate::PasskeyError;

/// Checks the client data of either ceremony: one list, so that neither forgets a step. The steps
/// bear the numbers of §7.1, then of §7.2.
///
/// Deviation from step 5 and 8: a byte order mark is refused instead of removed. No browser
/// writes one.
pub(crate) fn verify(json: &[u8], origin: &str) -> Result<(), PasskeyError> {
    let client_data = ClientData::parse(json)?;
    // Steps 7 and 10 (type), 8 and 11 (challenge): the library's, which knows what it expects.
    client_data.step_09_12_origin(origin)?;
    client_data.step_10_13_cross_origin()?;
    client_data.step_11_14_top_origin()
}

/// The members that we look at ourselves. A member that is there twice is refused: the one who
/// signed and the one who verifies could each have meant another of the two. Unknown members are
/// let pass, as §5.8.1 demands.
#[derive(Deserialize)]
struct ClientData {
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: Option<bool>,
    #[serde(rename = "topOrigin", default, deserialize_with = "present")]
    top_origin: bool,
}

fn present<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(from).map(|_| true)
}

impl ClientData {
    fn parse(json: &[u8]) -> Result<Self, PasskeyError> {
        serde_json::from_slice(json).map_err(|_| PasskeyError::Malformed)
    }

    /// The origin is ours, letter by letter. The library compares URLs, to which spelling, user
    /// and path say nothing; no browser writes them, and what is no browser has no business here.
    fn step_09_12_origin(&self, expected: &str) -> Result<(), PasskeyError> {
        ensure(self.origin == expected, PasskeyError::Origin)
    }

    /// We are in nobody's frame: our pages forbid it, and a client that says otherwise is refused.
    fn step_10_13_cross_origin(&self) -> Result<(), PasskeyError> {
        ensure(self.cross_origin != Some(true), PasskeyError::CrossOrigin)
    }

    /// A top origin is sent from inside a frame only; the library does not know the member.
    fn step_11_14_top_origin(&self) -> Result<(), PasskeyError> {
        ensure(!self.top_origin, PasskeyError::CrossOrigin)
    }
}

pub(crate) fn ensure(holds: bool, error: PasskeyError) -> Result<(), PasskeyError> {
    if holds { Ok(()) } else { Err(error) }
}
