//! What Microsoft Graph is asked about a person's groups, and what it answers.
//!
//! An ID token names at most 200 groups. Above that it names none, and points to Graph. The address
//! that it gives may be of Azure AD Graph, which is switched off, so that ours is made of the cloud
//! and the person's object id.
//!
//! Sources: Microsoft Graph v1.0, `directoryObject: getMemberGroups` and `user: list
//! transitiveMemberOf`; Microsoft identity platform, client credentials flow; RFC 6749 §4.4.

use std::time::Duration;

use ids::guid;
use jose::json;
use secrets::Secret;
use serde_json::{Map, Value, json};
use url::{Url, form_urlencoded};

use crate::token_response::{TokenResponseError, granted};

/// Most groups that an ID token names. More are an overage.
pub const MOST_IN_TOKEN: usize = 200;

/// Longest access token, in bytes; it has to fit a header.
const MAX_ACCESS_TOKEN: usize = 16 * 1024;

/// Asks Entra for an access token of the application itself (RFC 6749 §4.4.2).
#[derive(Clone, Copy, Debug)]
pub struct ApplicationTokenRequest<'a> {
    /// Our id at the directory.
    pub client_id: &'a str,
    /// Our secret there.
    pub client_secret: &'a Secret,
    /// The Graph of the directory's cloud.
    pub graph: &'a Url,
}

impl ApplicationTokenRequest<'_> {
    /// The body, `application/x-www-form-urlencoded`.
    pub fn form(&self) -> Secret {
        let scope = format!("{}/.default", self.graph.as_str().trim_end_matches('/'));
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials")
            .append_pair("client_id", self.client_id)
            .append_pair("client_secret", self.client_secret.expose_text().unwrap_or_default())
            .append_pair("scope", &scope);
        Secret::from(form.finish())
    }
}

/// An access token for Graph. It is opaque to us.
#[derive(Clone, Debug)]
pub struct ApplicationToken {
    /// The token.
    pub access_token: Secret,
    /// How long it is good for (`expires_in`); zero when that is not said.
    pub lifetime: Duration,
}

impl ApplicationToken {
    /// Reads the answer of a token endpoint with its HTTP status.
    ///
    /// # Errors
    ///
    /// See [`TokenResponseError`].
    pub fn parse(status: u16, body: &[u8]) -> Result<Self, TokenResponseError> {
        let answer = granted(status, body)?;
        // RFC 6750 §2.1: a token is made of visible characters.
        let fits = |text: &&str| {
            let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
            visible && (1..=MAX_ACCESS_TOKEN).contains(&text.len())
        };
        let token = json::text(&answer, "access_token").filter(fits);
        let access_token = token.ok_or(TokenResponseError::AccessToken)?.to_owned().into();
        // RFC 6749 §5.1 recommends it; without it the token serves once.
        let seconds = answer.get("expires_in").and_then(Value::as_u64).unwrap_or_default();
        Ok(Self { access_token, lifetime: Duration::from_secs(seconds) })
    }
}

/// What Graph is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberGroups {
    /// Where.
    pub url: Url,
    /// What to post there; JSON.
    pub body: Vec<u8>,
}

impl MemberGroups {
    /// All security groups of the person with object id `oid`, nested ones too, at once. Those are
    /// what the `groups` claim holds as a rule; up to 11,000 are given so. `None` when `oid` is no
    /// object id.
    pub fn of(graph: &Url, oid: &str) -> Option<Self> {
        let url = at(graph, oid, &["getMemberGroups"])?;
        Some(Self { url, body: json!({ "securityEnabledOnly": true }).to_string().into_bytes() })
    }
}

/// One page of a person's groups, for who is in more than 11,000.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupsPage {
    /// Object ids of the security groups on it, in lower case.
    pub groups: Vec<String>,
    /// The next page, if this is not the last. It is Graph's own: asked for with the same token, it
    /// must not lead elsewhere.
    pub next: Option<Url>,
}

impl GroupsPage {
    /// What an advanced query comes with, name and value; that groups alone are listed makes it one.
    pub const HEADER: (&str, &str) = ("ConsistencyLevel", "eventual");

    /// Where the first page is. `None` when `oid` is no object id.
    pub fn first(graph: &Url, oid: &str) -> Option<Url> {
        let mut url = at(graph, oid, &["transitiveMemberOf", "microsoft.graph.group"])?;
        url.query_pairs_mut()
            .append_pair("$count", "true") // as an advanced query must
            .append_pair("$select", "id,securityEnabled")
            .append_pair("$top", "999");
        Some(url)
    }

    /// Reads one. `None` when it is not a page of groups, or does not say what kind they are: what
    /// an application may not read comes as `null`.
    pub fn parse(graph: &Url, body: &[u8]) -> Option<Self> {
        let page = json::object(body)?;
        let mut groups = Vec::new();
        for group in page.get("value")?.as_array()? {
            let group = group.as_object()?;
            let id = guid::parse(json::text(group, "id")?)?;
            if group.get("securityEnabled")?.as_bool()? {
                groups.push(id);
            }
        }
        let next = match page.get("@odata.nextLink") {
            None => None,
            Some(link) => Some(link_within(graph, link.as_str()?)?),
        };
        Some(Self { groups, next })
    }
}

fn link_within(graph: &Url, link: &str) -> Option<Url> {
    let url = Url::parse(link).ok()?;
    let plain = url.username().is_empty() && url.password().is_none();
    let base = format!("{}/v1.0/", graph.path().trim_end_matches('/'));
    let within = url.origin() == graph.origin() && url.path().starts_with(&base);
    (plain && within).then_some(url)
}

/// Reads the answer to [`MemberGroups`]: object ids, in lower case. `None` when it is none.
pub fn member_groups(body: &[u8]) -> Option<Vec<String>> {
    let answer = json::object(body)?;
    let ids = answer.get("value")?.as_array()?.iter().map(|id| guid::parse(id.as_str()?));
    ids.collect()
}

/// Whether Graph says that there are more than 11,000 groups.
pub fn is_size_limit(body: &[u8]) -> bool {
    let code = |answer: Map<String, Value>| {
        json::text(answer.get("error")?.as_object()?, "code").map(str::to_owned)
    };
    json::object(body).and_then(code).as_deref() == Some("Directory_ResultSizeLimitExceeded")
}

/// An address below that of a person.
fn at(graph: &Url, oid: &str, rest: &[&str]) -> Option<Url> {
    let mut url = graph.clone();
    let oid = guid::parse(oid)?;
    url.path_segments_mut()
        .ok()?
        .pop_if_empty()
        .extend(["v1.0", "users", oid.as_str()])
        .extend(rest);
    Some(url)
}

#[cfg(test)]
mod tests;
