//! The link by which a page opens the agent of its own computer: `cardea://t/…`, and nothing else.

use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::jws::{base64url, is_base64url};
use crate::ticket::{SECRET, Ticket};

/// What stands before the ticket.
const BEFORE: &str = "cardea://t/";
/// Characters of a selector: 6 bytes in base64url.
const SELECTOR: usize = 8;

/// Which enrolment of an agent a link is for, in a form that is no address.
///
/// Agent and server each compute it: the first 48 bits of SHA-256 over a name, the server's origin
/// and the tenant's slug. So the enrolments that there are need none to be given to them, and a link
/// can say of no server where it is.
///
/// # Security
///
/// It protects nothing: whoever knows the address knows it. It keeps a live ticket from being shown
/// to another server than its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Selector(String);

impl Selector {
    /// The one of a tenant at a server.
    pub fn of(origin: &str, tenant: &str) -> Self {
        // A line break stands in neither of them.
        let text = format!("cardea link\n{origin}\n{tenant}");
        let hash = digest(&SHA256, text.as_bytes());
        let (start, _) = hash.as_ref().split_at_checked(SELECTOR / 4 * 3).unwrap_or_default();
        Self(base64url(start))
    }
}

/// A link with a ticket that no agent has yet: `^cardea://t/[A-Za-z0-9_-]{51}$`.
///
/// # Security
///
/// Anybody may call the scheme with anything, so nothing more is read than this. The secret does
/// not print, and the server keeps only its hash: [`Link::ticket`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Link {
    selector: Selector,
    claim: Ticket,
}

/// The text is no link of ours. Does not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("that is no link of cardea")]
pub struct LinkError;

impl Link {
    /// A link for the agents that are enrolled at a tenant, with a secret of 256 random bits.
    pub fn new(selector: Selector, secret: [u8; 32]) -> Self {
        Self { selector, claim: Ticket::from_random(secret) }
    }

    /// Which enrolment it is for.
    pub fn selector(&self) -> &Selector {
        &self.selector
    }

    /// What claims its ticket: the secret, in the place of a ticket's name.
    pub fn claim(&self) -> &Ticket {
        &self.claim
    }

    /// The ticket itself, as both sides call it.
    pub fn ticket(&self) -> Ticket {
        self.claim.hashed()
    }

    /// The text for the browser.
    pub fn reveal(&self) -> String {
        format!("{BEFORE}{}{}", self.selector.0, self.claim.as_str())
    }
}

impl FromStr for Link {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        let rest = text.strip_prefix(BEFORE).ok_or(LinkError)?;
        let legal = rest.len() == SELECTOR + SECRET && rest.bytes().all(is_base64url);
        let (selector, secret) =
            rest.split_at_checked(SELECTOR).filter(|_| legal).ok_or(LinkError)?;
        let claim = Ticket::try_from(secret.to_owned()).map_err(|_| LinkError)?;
        Ok(Self { selector: Selector(selector.to_owned()), claim })
    }
}

impl TryFrom<String> for Link {
    type Error = LinkError;

    fn try_from(text: String) -> Result<Self, LinkError> {
        text.parse()
    }
}

impl From<Link> for String {
    fn from(link: Link) -> Self {
        link.reveal()
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Link(********)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> Link {
        Link::new(Selector::of("https://login.example.com", "acme"), [7; 32])
    }

    #[test]
    fn a_link_is_read_as_it_was_written_and_does_not_print() {
        let link = link();
        let text = link.reveal();
        assert_eq!(text.len(), 62);
        assert_eq!(text.parse(), Ok(link.clone()));
        assert_eq!(format!("{link:?}"), "Link(********)");
    }

    #[test]
    fn a_selector_is_that_of_one_tenant_at_one_server() {
        let here = Selector::of("https://login.example.com", "acme");
        assert_eq!(&here, link().selector());
        for (origin, tenant) in [
            ("https://login.example.com", "birch"),
            ("https://login.example.org", "acme"),
            ("https://login.example.com:8443", "acme"),
            ("https://login.example.com\nac", "me"),
        ] {
            assert_ne!(Selector::of(origin, tenant), here, "{origin} {tenant}");
        }
    }

    #[test]
    fn a_ticket_is_named_by_a_hash_of_what_claims_it() {
        let (claim, ticket) = (link().claim().clone(), link().ticket());
        assert_eq!(claim.of_link(), Some(ticket.clone()));
        assert_eq!(ticket.as_str().len(), 22);
        assert!(!link().reveal().contains(ticket.as_str()));
        assert_eq!(ticket.of_link(), None, "a name claims nothing");
    }

    #[test]
    fn nothing_else_is_a_link() {
        let good = link().reveal();
        let ticket = good.strip_prefix(BEFORE).unwrap();
        let mut bad: Vec<String> = vec![
            String::new(),
            BEFORE.into(),
            ticket.into(),
            format!("{good}A"),
            good[..good.len() - 1].into(),
            format!(" {good}"),
            format!("{good}\n"),
            format!("{good}/"),
            format!("{good}?x=1"),
            format!("{good}#x"),
            good.replace("cardea:", "CARDEA:"),
            good.replace("cardea:", "cardea+https:"),
            good.replace("//t/", "//T/"),
            good.replace("//t/", "//t//"),
            good.replace("//t/", "//user@t/"),
            good.replace("//t/", "//t:80/"),
            good.replace("//t/", ":t/"),
            good.replace("//t/", "//evil.example/t/"),
        ];
        for odd in ["=", "+", "/", "%", "%41", ".", "\0", "ä", "Ａ", " ", "\u{202e}"] {
            bad.push(format!("{BEFORE}{odd}{}", &ticket[..ticket.len() - odd.len()]));
        }
        for text in bad {
            assert_eq!(text.parse::<Link>(), Err(LinkError), "{text:?}");
        }
    }
}
