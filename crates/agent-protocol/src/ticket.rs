//! The handle of one request that waits to be claimed.

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::jws::{base64url, is_base64url};

/// Characters of a secret of 256 bits in base64url.
pub(crate) const SECRET: usize = 43;

/// A ticket: 22 to 64 characters of base64url. It carries no address and means nothing elsewhere.
///
/// # Security
///
/// A ticket alone gives nothing (its claim needs a device proof), but it does not print.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ticket(String);

/// The text is no ticket. Does not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a ticket has 22 to 64 characters of base64url")]
pub struct TicketError;

impl Ticket {
    /// Makes a ticket of 256 random bits.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(base64url(&bytes))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ticket that this claims, if it has the length of a link's secret ([`crate::Link`]).
    pub fn of_link(&self) -> Option<Self> {
        (self.0.len() == SECRET).then(|| self.hashed())
    }

    /// Half of the SHA-256 of the text.
    ///
    /// # Security
    ///
    /// 128 bits of a hash of 256 random ones: whoever reads the rows finds no secret to it.
    pub(crate) fn hashed(&self) -> Self {
        let hash = digest(&SHA256, self.0.as_bytes());
        let (half, _) = hash.as_ref().split_at_checked(16).unwrap_or_default();
        Self(base64url(half))
    }
}

impl TryFrom<String> for Ticket {
    type Error = TicketError;

    fn try_from(text: String) -> Result<Self, TicketError> {
        let legal = (22..=64).contains(&text.len()) && text.bytes().all(is_base64url);
        if legal { Ok(Self(text)) } else { Err(TicketError) }
    }
}

impl From<Ticket> for String {
    fn from(ticket: Ticket) -> Self {
        ticket.0
    }
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ticket({} characters)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_base64url_and_nothing_that_could_be_an_address() {
        for (length, legal) in [(0, false), (21, false), (22, true), (64, true), (65, false)] {
            assert_eq!(Ticket::try_from("a".repeat(length)).is_ok(), legal, "{length}");
        }
        for bad in ["https://evil.example/0123456789", "../../../../../../etc/passwd"] {
            assert!(Ticket::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        let ticket = Ticket::from_random([0xff; 32]);
        assert_eq!(Ticket::try_from(ticket.as_str().to_owned()), Ok(ticket));
    }

    #[test]
    fn a_ticket_does_not_print() {
        assert_eq!(format!("{:?}", Ticket::from_random([1; 32])), "Ticket(43 characters)");
    }
}
