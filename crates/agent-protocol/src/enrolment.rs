//! Enrolling an agent from within a login that waits at the card step.

use serde::{Deserialize, Serialize};

use crate::codes::EnrolmentCode;
use crate::keys::PublicJwk;
use crate::return_token::ReturnToken;

/// `POST` [`crate::paths::ENROL`], with a proof by `device_key` itself. A member that the server
/// does not know is refused: what it means could matter. So servers are updated before agents.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolRequest {
    /// What the page shows and the person typed.
    pub code: EnrolmentCode,
    /// The key of the device; every later proof is made with it.
    pub device_key: PublicJwk,
    /// The name of the computer, at most [`crate::limits::MAX_DEVICE_NAME`] characters; the page
    /// shows it.
    pub device_name: String,
    /// Its operating system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
}

/// What the server says before the page has confirmed. The agent shows it to the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolAnswer {
    /// The server's name for this device.
    pub device_id: String,
    /// The tenant's slug.
    pub tenant: String,
    /// The tenant's name for people.
    pub tenant_name: String,
    /// Whose login waits.
    pub account: String,
    /// The browser that waits.
    pub browser: String,
    /// The system that it runs on.
    pub os: String,
    /// What the person's own browser brings back, to [`crate::paths::pair_return`], to confirm this
    /// device and no other.
    pub return_token: ReturnToken,
    /// The server's origin; the agent accepts only the one that the person typed.
    pub origin: String,
    /// The installation's RP ID; the agent accepts only one that fits the origin.
    pub rp_id: String,
    /// The keys that sign requests, each with its `kid`.
    pub request_keys: Vec<PublicJwk>,
    /// How long the page waits for its browser to come back, in seconds.
    pub expires_in: u64,
}

/// How far an enrolment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EnrolmentState {
    /// The page has not confirmed yet: ask again.
    Pending,
    /// The page has confirmed: the device is enrolled and paired with that browser.
    Confirmed,
    /// The page refused, or its login is over: nothing of it holds.
    Refused,
}

/// Answer of [`crate::paths::ENROL_WAIT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitAnswer {
    /// How far the enrolment is.
    pub state: EnrolmentState,
}

/// Answer of [`crate::paths::NONCE`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NonceAnswer {
    /// To be signed into the next proof, once.
    pub nonce: String,
}

/// Whether `rp_id` is the host itself or a parent domain of it, of two labels at least. An address of
/// a machine is neither: an RP ID is a domain (WebAuthn Level 3, §5.1.3).
///
/// # Security
///
/// A server that could name any RP ID would have the agent sign for somebody else's. Public
/// suffixes are not known here: what is enrolled is the installation's own RP ID, and the
/// browser keeps the list for pages.
pub fn rp_id_fits_host(rp_id: &str, host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if rp_id.is_empty() || bare.parse::<std::net::IpAddr>().is_ok() {
        return false;
    }
    let is_parent = || {
        host.strip_suffix(rp_id).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            && rp_id.contains('.')
            && !rp_id.starts_with('.')
    };
    rp_id == host || is_parent()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_rp_id_is_the_host_or_a_parent_domain_of_it() {
        for (rp_id, host, fits) in [
            ("login.example.com", "login.example.com", true),
            ("example.com", "login.example.com", true),
            ("localhost", "localhost", true),
            ("com", "login.example.com", false),
            (".com", "login.example.com", false),
            ("ample.com", "login.example.com", false),
            ("login.example.com", "example.com", false),
            ("evil.example", "login.example.com", false),
            ("", "login.example.com", false),
            ("0.1", "127.0.0.1", false),
            ("127.0.0.1", "127.0.0.1", false),
            ("[2001:db8::1]", "[2001:db8::1]", false),
        ] {
            assert_eq!(rp_id_fits_host(rp_id, host), fits, "{rp_id} at {host}");
        }
    }

    #[test]
    fn the_states_are_spelled_as_the_protocol_says() {
        for (state, text) in [
            (EnrolmentState::Pending, r#"{"state":"pending"}"#),
            (EnrolmentState::Confirmed, r#"{"state":"confirmed"}"#),
            (EnrolmentState::Refused, r#"{"state":"refused"}"#),
        ] {
            assert_eq!(serde_json::to_string(&WaitAnswer { state }).unwrap(), text);
            assert_eq!(serde_json::from_str::<WaitAnswer>(text).unwrap().state, state);
        }
    }
}
