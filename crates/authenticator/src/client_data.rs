//! The client's own part of WebAuthn: what the authenticator signs besides its data (§5.8.1), and
//! whether an origin may use an RP ID (§5.1.3 step 7, §13.4.9).

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::json::base64url;

/// The ceremony, as the client data names it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ceremony {
    Create,
    Get,
}

/// The bytes that are kept and sent, and their hash, which is all that the authenticator sees.
pub(crate) struct ClientData {
    pub(crate) json: Vec<u8>,
    pub(crate) hash: [u8; 32],
}

impl ClientData {
    /// Serialises in the order of §5.8.1.1, so that a verifier may compare without parsing.
    pub(crate) fn new(ceremony: Ceremony, challenge: &[u8], origin: &str) -> Self {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct CollectedClientData<'a> {
            r#type: &'a str,
            challenge: String,
            origin: &'a str,
            cross_origin: bool,
        }
        let collected = CollectedClientData {
            r#type: match ceremony {
                Ceremony::Create => "webauthn.create",
                Ceremony::Get => "webauthn.get",
            },
            challenge: base64url(challenge),
            origin,
            cross_origin: false,
        };
        #[expect(clippy::expect_used, reason = "strings and a boolean always serialise")]
        let json = serde_json::to_vec(&collected).expect("strings and a boolean always serialise");
        Self { hash: Sha256::digest(&json).into(), json }
    }
}

/// Whether `origin` is a secure one, and `rp_id` its host or a parent domain of it.
///
/// Deviation: WebAuthn asks a list of public suffixes whether a parent may be used. Here a parent
/// needs a dot, and is otherwise trusted: origin and RP ID come together, signed by the server
/// that the computer is enrolled at, not from a page.
pub(crate) fn may_use(origin: &str, rp_id: &str) -> bool {
    let Some(host) = secure_host(origin) else { return false };
    if !is_domain(host) || !is_domain(rp_id) {
        return false;
    }
    let is_parent =
        rp_id.contains('.') && host.strip_suffix(rp_id).is_some_and(|rest| rest.ends_with('.'));
    host == rp_id || is_parent
}

/// The host of `scheme://host[:port]`: https, or http on this computer.
fn secure_host(origin: &str) -> Option<&str> {
    let (scheme, authority) = origin.split_once("://")?;
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let port_is_right = port.is_none_or(|port| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
    });
    let secure = match scheme {
        "https" => true,
        "http" => host == "localhost",
        _ => false,
    };
    (secure && port_is_right).then_some(host)
}

/// Lower-case labels, the last of which is no number: an address is no RP ID.
fn is_domain(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= 253 && name.split('.').all(label) && !last.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_data_has_its_members_in_the_order_of_the_standard() {
        let data = ClientData::new(Ceremony::Get, &[0xFB, 0xFF, 0x00], "https://login.example.com");
        assert_eq!(
            str::from_utf8(&data.json).unwrap(),
            r#"{"type":"webauthn.get","challenge":"-_8A","origin":"https://login.example.com","crossOrigin":false}"#
        );
        assert_eq!(data.hash, <[u8; 32]>::from(Sha256::digest(&data.json)));
        let create = ClientData::new(Ceremony::Create, b"", "");
        assert!(create.json.starts_with(br#"{"type":"webauthn.create","#));
    }

    #[test]
    fn an_origin_may_use_its_host_and_the_domains_above() {
        for (origin, rp_id) in [
            ("https://login.example.com", "login.example.com"),
            ("https://login.example.com", "example.com"),
            ("https://login.example.com:8443", "login.example.com"),
            ("https://localhost", "localhost"),
            ("http://localhost:8080", "localhost"),
        ] {
            assert!(may_use(origin, rp_id), "{origin} {rp_id}");
        }
    }

    #[test]
    fn an_origin_may_not_use_anything_else() {
        for (origin, rp_id) in [
            ("https://login.example.com", "evil.com"),
            ("https://login.example.com", "com"),
            ("https://login.example.com", "ogin.example.com"),
            ("https://login.example.com", ".example.com"),
            ("https://login.example.com", "Login.example.com"),
            ("https://login.example.com", ""),
            ("https://example.com", "login.example.com"),
            ("https://evil.com/login.example.com", "example.com"),
            ("https://evil.com#.example.com", "example.com"),
            ("https://user@login.example.com", "login.example.com"),
            ("https://login.example.com:", "login.example.com"),
            ("https://login.example.com:99999", "login.example.com"),
            ("https://login.example.com:+443", "login.example.com"),
            ("https://login.example.com/", "login.example.com"),
            ("http://login.example.com", "login.example.com"),
            ("http://localhost.example.com", "localhost.example.com"),
            ("https://192.0.2.7", "192.0.2.7"),
            ("https://192.0.2.7", "2.7"),
            ("ftp://localhost", "localhost"),
            ("https://", ""),
            ("localhost", "localhost"),
        ] {
            assert!(!may_use(origin, rp_id), "{origin} {rp_id}");
        }
    }
}
