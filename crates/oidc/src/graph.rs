//! What Microsoft Graph is asked about a person's groups, and what it answers.
//!
//! An ID token names at most 200 groups. Above that it names none, and points to Graph; the address
//! that it gives may be of a service that is switched off, so that ours is made of the cloud and the
//! person's object id.
//!
//! Sources: Microsoft Graph v1.0, `directoryObject: getMemberGroups` and `user: list
//! transitiveMemberOf`; Microsoft identity platform, client credentials flow; RFC 6749 §4.4.

use secrets::Secret;
use serde_json::{Map, Value, json};
use url::{Url, form_urlencoded};

use crate::token_response::{TokenResponseError, granted};
use crate::{guid, json};

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
    /// How long it is good for, in seconds.
    pub expires_in: u64,
}

impl ApplicationToken {
    /// Reads the answer of a token endpoint with its HTTP status.
    ///
    /// # Errors
    ///
    /// See [`TokenResponseError`].
    pub fn parse(status: u16, body: &[u8]) -> Result<Self, TokenResponseError> {
        let answer = granted(status, body)?;
        let token = json::text(&answer, "access_token").filter(|text| !text.is_empty());
        let access_token = token.ok_or(TokenResponseError::AccessToken)?.to_owned().into();
        // RFC 6749 §5.1 recommends it; without it the token serves once.
        let expires_in = answer.get("expires_in").and_then(Value::as_u64).unwrap_or_default();
        Ok(Self { access_token, expires_in })
    }
}

/// Most groups that an ID token names. More are an overage.
pub const MOST_IN_TOKEN: usize = 200;

/// What Graph is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberGroups {
    /// Where.
    pub url: Url,
    /// What to post there; JSON.
    pub body: Vec<u8>,
}

impl MemberGroups {
    /// All groups of the person with object id `oid`, nested ones too, at once; or only security
    /// groups, which are what the `groups` claim holds as a rule. Up to 11,000 are given so.
    pub fn of(graph: &Url, oid: &str, security_only: bool) -> Option<Self> {
        let url = at(graph, oid, &["getMemberGroups"])?;
        let body = json!({ "securityEnabledOnly": security_only });
        Some(Self { url, body: body.to_string().into_bytes() })
    }
}

/// One page of a person's groups, for who is in more than 11,000.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupsPage {
    /// Object ids of the groups on it, in lower case.
    pub groups: Vec<String>,
    /// The next page, if this is not the last. It is Graph's own: asked for with the same token, it
    /// must not lead elsewhere.
    pub next: Option<Url>,
}

impl GroupsPage {
    /// Where the first page is. That it lists groups alone is an advanced query: it has to count,
    /// and to come with the header `ConsistencyLevel: eventual`.
    pub fn first(graph: &Url, oid: &str) -> Option<Url> {
        let mut url = at(graph, oid, &["transitiveMemberOf", "microsoft.graph.group"])?;
        url.query_pairs_mut()
            .append_pair("$count", "true")
            .append_pair("$select", "id,securityEnabled")
            .append_pair("$top", "999");
        Some(url)
    }

    /// Reads one; or only the security groups on it. `None` when it is not a page of groups, or
    /// does not say what kind they are: what an application may not read comes as `null`.
    pub fn parse(graph: &Url, body: &[u8], security_only: bool) -> Option<Self> {
        let page = json::object(body)?;
        let mut groups = Vec::new();
        for group in page.get("value")?.as_array()? {
            let group = group.as_object()?;
            let id = guid::parse(json::text(group, "id")?)?;
            if group.get("securityEnabled")?.as_bool()? || !security_only {
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
    (plain && url.origin() == graph.origin()).then_some(url)
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
