//! The cookies. Each has a type of its own, and none is accepted in another's place.
//!
//! All are `__Host-`, `Secure`, `HttpOnly`, `SameSite=Lax` and `Path=/`.

use std::time::Duration;

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use ids::Slug;
use secrets::Token;

/// How many logins that nobody has vouched for one browser may have under way.
pub(crate) const STRANGER_SLOTS: u8 = 5;

/// How long a browser stays paired with an agent without being used.
pub(crate) const PAIRING_LIFE: Duration = Duration::from_secs(90 * 24 * 60 * 60);

macro_rules! token_cookies {
    ($($(#[$meta:meta])* $name:ident($prefix:literal),)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug)]
        pub(crate) struct $name(pub(crate) Token);

        impl $name {
            fn name(tenant: &Slug) -> String {
                format!(concat!("__Host-", $prefix, "-{}"), tenant)
            }

            /// Reads the cookie of this tenant, if the browser sent one that can be a token.
            pub(crate) fn read(headers: &HeaderMap, tenant: &Slug) -> Option<Self> {
                let value = value_of(headers, &Self::name(tenant))?;
                Token::parse(&value).ok().map(Self)
            }

            /// The header that sets the cookie.
            pub(crate) fn set(&self, tenant: &Slug, life: Duration) -> HeaderValue {
                set_cookie(&Self::name(tenant), &self.0.reveal(), life)
            }
        }
    )+};
}

impl CardCookie {
    /// The header that removes the cookie.
    pub(crate) fn clear(tenant: &Slug) -> HeaderValue {
        set_cookie(&Self::name(tenant), "", Duration::ZERO)
    }
}

impl SessionCookie {
    /// The header that removes the cookie.
    pub(crate) fn clear(tenant: &Slug) -> HeaderValue {
        set_cookie(&Self::name(tenant), "", Duration::ZERO)
    }
}

impl EamCookie {
    /// The header that removes the cookie.
    pub(crate) fn clear(tenant: &Slug) -> HeaderValue {
        set_cookie(&Self::name(tenant), "", Duration::ZERO)
    }
}

token_cookies! {
    /// Handle of the login row that waits at the card step.
    CardCookie("card"),
    /// A session of the tenant.
    SessionCookie("sid"),
    /// Pairing of this browser with an agent.
    DeviceCookie("dev"),
    /// Handle of what Entra has asked of this browser's person.
    EamCookie("eam"),
}

/// A session of the console. One per installation: its tenant is the operators'.
#[derive(Clone, Debug)]
pub(crate) struct AdminCookie(pub(crate) Token);

impl AdminCookie {
    const NAME: &str = "__Host-admin";

    /// Reads the cookie, if the browser sent one that can be a token.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        Token::parse(&value_of(headers, Self::NAME)?).ok().map(Self)
    }

    /// The header that sets the cookie.
    pub(crate) fn set(&self, life: Duration) -> HeaderValue {
        set_cookie(Self::NAME, &self.0.reveal(), life)
    }

    /// The header that removes the cookie.
    pub(crate) fn clear() -> HeaderValue {
        set_cookie(Self::NAME, "", Duration::ZERO)
    }
}

/// The sealed text of the stranger's login in `slot`, if the browser sent one.
pub(crate) fn stranger(headers: &HeaderMap, slot: u8) -> Option<String> {
    value_of(headers, &stranger_name(slot))
}

/// The header that keeps a stranger's login in `slot`.
pub(crate) fn set_stranger(slot: u8, sealed: &str, life: Duration) -> HeaderValue {
    set_cookie(&stranger_name(slot), sealed, life)
}

/// The header that forgets the stranger's login in `slot`.
pub(crate) fn clear_stranger(slot: u8) -> HeaderValue {
    set_cookie(&stranger_name(slot), "", Duration::ZERO)
}

/// Name of the cookie that holds the test of a provider.
const TEST: &str = "__Host-test";

/// The sealed text of the test of a provider, if the browser sent one.
pub(crate) fn test(headers: &HeaderMap) -> Option<String> {
    value_of(headers, TEST)
}

/// The header that keeps the test of a provider.
pub(crate) fn set_test(sealed: &str, life: Duration) -> HeaderValue {
    set_cookie(TEST, sealed, life)
}

fn stranger_name(slot: u8) -> String {
    format!("__Host-login-{slot}")
}

/// The value of the first cookie of that name. A `__Host-` name cannot be set by another host or
/// path, so a second one of the same name would be the browser's fault.
fn value_of(headers: &HeaderMap, name: &str) -> Option<String> {
    // Pair by pair: a sibling site may have set a cookie in letters that are not ours.
    let lines = headers.get_all(COOKIE).into_iter().map(HeaderValue::as_bytes);
    let mut pairs = lines.flat_map(|line| line.split(|byte| *byte == b';')).filter_map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        let (key, value) = pair.trim_matches([' ', '\t']).split_once('=')?;
        (key == name).then(|| value.to_owned())
    });
    pairs.next().filter(|value| !value.is_empty())
}

fn set_cookie(name: &str, value: &str, life: Duration) -> HeaderValue {
    let life = life.as_secs();
    let text = format!("{name}={value}; Path=/; Max-Age={life}; Secure; HttpOnly; SameSite=Lax");
    // Names are slugs, values base64url: nothing in them can be illegal in a header.
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slug(text: &str) -> Slug {
        Slug::try_from(text.to_owned()).unwrap()
    }

    fn headers(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (COOKIE, line.parse().unwrap())).collect()
    }

    #[test]
    fn a_cookie_counts_for_its_own_tenant_and_purpose_only() {
        let token = Token::new([7; 32]).reveal();
        let sent = headers(&[&format!("a=b; __Host-card-acme={token}"), "c=d"]);
        assert!(CardCookie::read(&sent, &slug("acme")).is_some());
        assert!(CardCookie::read(&sent, &slug("rival")).is_none());
        assert!(SessionCookie::read(&sent, &slug("acme")).is_none());
        assert!(AdminCookie::read(&sent).is_none());
    }

    #[test]
    fn a_cookie_of_a_sibling_site_in_other_letters_hides_none_of_ours() {
        let token = Token::new([7; 32]).reveal();
        let line = format!("taste=sp\u{e4}t; __Host-sid-acme={token}; x=\u{e9}");
        let latin: Vec<u8> = line.chars().filter_map(|c| u8::try_from(c).ok()).collect();
        let value = HeaderValue::from_bytes(&latin).unwrap();
        let sent = HeaderMap::from_iter([(COOKIE, value)]);
        assert!(SessionCookie::read(&sent, &slug("acme")).is_some());
    }

    #[test]
    fn every_cookie_is_bound_to_host_transport_and_site() {
        let cookie = SessionCookie(Token::new([7; 32]));
        let set = cookie.set(&slug("acme"), Duration::from_secs(60));
        let set = set.to_str().unwrap();
        assert!(set.starts_with("__Host-sid-acme="), "{set}");
        for part in ["Path=/", "Max-Age=60", "Secure", "HttpOnly", "SameSite=Lax"] {
            assert!(set.split("; ").any(|given| given == part), "{part} in {set}");
        }
    }

    #[test]
    fn what_cannot_be_a_token_is_no_cookie() {
        for value in ["", "short", "has space", &"x".repeat(5000)] {
            let sent = headers(&[&format!("__Host-sid-acme={value}")]);
            assert!(SessionCookie::read(&sent, &slug("acme")).is_none(), "{value}");
        }
    }
}
