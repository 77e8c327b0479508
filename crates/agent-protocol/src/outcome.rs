//! Claiming a ticket, and what became of it.

use serde::{Deserialize, Serialize};

use crate::return_token::ReturnToken;
use crate::ticket::Ticket;
use crate::x509_statement::X509Statement;

/// `POST` [`crate::paths::CLAIM`]. No other member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimRequest {
    /// The ticket that was pushed; or the secret of a link, see [`crate::Link::claim`].
    pub ticket: Ticket,
}

/// Answer of [`crate::paths::CLAIM`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimAnswer {
    /// A [`crate::SignedRequest`], signed.
    pub request: String,
}

/// `POST` [`crate::paths::RESULT`]. No other member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultRequest {
    /// The ticket that was claimed.
    pub ticket: Ticket,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a request. A credential is a `PublicKeyCredential` in the JSON form of
/// WebAuthn Level 3 §5.1 (`toJSON`), which the server hands to its verifier as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The card signed.
    Assertion(serde_json::Value),
    /// The card made a credential.
    Registration(serde_json::Value),
    /// The key of an enrolled certificate signed.
    #[serde(rename = "x509-assertion")]
    X509Assertion(X509Statement),
    /// The key of a certificate signed that is to be enrolled.
    #[serde(rename = "x509-registration")]
    X509Registration(X509Statement),
    /// Neither, and why.
    Refused(Refused),
}

/// Why there is no credential. The page says it to the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Refused {
    /// The card is blocked for good: too many wrong PINs, and only a reset, or its issuer, opens it
    /// again.
    Blocked,
    /// Another request is before the person.
    Busy,
    /// The person said no.
    Cancelled,
    /// The card already holds a credential of this account.
    Excluded,
    /// The card failed, or its answers make no sense.
    Failed,
    /// The card has no room for another credential.
    Full,
    /// The signed request did not pass the agent's checks; nobody was asked.
    InvalidRequest,
    /// The card's key has a PIN of its own, which the agent does not ask for.
    KeyPin,
    /// No reader or no card.
    NoCard,
    /// The card has no credential of this account.
    NoCredential,
    /// No dialog can be shown: the person was asked nothing.
    NoDialog,
    /// The card has no PIN yet, and a login does not set one.
    NoPin,
    /// Three wrong PINs in a row: the card wants to be taken out first.
    PinAuthBlocked,
    /// The card was taken away.
    Removed,
    /// The card's key is of a kind that the server does not take, such as Ed25519.
    UnsupportedKey,
    /// More prompts than the agent shows in a minute.
    TooMany,
    /// Time ran out.
    Timeout,
    /// A reason that this version does not know.
    #[serde(other)]
    Unknown,
}

/// Answer of [`crate::paths::RESULT`] when the server takes the outcome; otherwise a problem
/// (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum ResultAnswer {
    /// Taken.
    Accepted,
    /// The card's answer is good, and counts once the browser that began has come back: the agent
    /// opens [`crate::paths::card_return`] in the person's own, with this token behind `#rt=`.
    Return {
        /// What the browser brings back, once and within [`crate::limits::RETURN_LIFE`].
        token: ReturnToken,
    },
}

#[cfg(test)]
mod tests {
    use serde_json::{from_str, json, to_value};

    use super::*;

    #[test]
    fn the_outcomes_are_spelled_as_the_protocol_says() {
        let ticket = Ticket::try_from("t".repeat(43)).unwrap();
        let credential = json!({"id": "AQ", "type": "public-key"});
        for (outcome, expected) in [
            (Outcome::Assertion(credential.clone()), json!({"assertion": credential})),
            (Outcome::Registration(credential.clone()), json!({"registration": credential})),
            (Outcome::Refused(Refused::NoCard), json!({"refused": "no-card"})),
            (Outcome::Refused(Refused::PinAuthBlocked), json!({"refused": "pin-auth-blocked"})),
        ] {
            let request = ResultRequest { ticket: ticket.clone(), outcome };
            let wire = json!({"ticket": ticket.as_str(), "outcome": expected});
            assert_eq!(to_value(&request).unwrap(), wire);
            assert_eq!(serde_json::from_value::<ResultRequest>(wire).unwrap(), request);
        }
        assert_eq!(to_value(ResultAnswer::Accepted).unwrap(), json!({"state": "accepted"}));
        let token = "r".repeat(43);
        let comes_back = ResultAnswer::Return { token: token.clone().try_into().unwrap() };
        assert_eq!(to_value(comes_back).unwrap(), json!({"state": "return", "token": token}));
    }

    #[test]
    fn a_reason_of_a_later_version_is_still_a_refusal() {
        let outcome: Outcome = from_str(r#"{"refused":"eaten-by-the-dog"}"#).unwrap();
        assert_eq!(outcome, Outcome::Refused(Refused::Unknown));
    }
}
