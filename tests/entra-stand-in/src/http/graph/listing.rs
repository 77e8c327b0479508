//! `GET /v1.0/users/{id}/transitiveMemberOf/microsoft.graph.group`, and the same of `/me`: groups page by
//! page (<https://learn.microsoft.com/graph/api/user-list-transitivememberof>).
//!
//! Deviation: one permission of the table is enough there, but it leaves `securityEnabled` null where it
//! does not reach; here the permissions are those of `getMemberGroups`.
//!
//! Laxer: by that page a cast to `microsoft.graph.group` wants the header `ConsistencyLevel: eventual`
//! together with `$count=true`. Clients in the field go without and are answered, and so they are here.

use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Problem, Whose, answer};
use crate::http::App;
use crate::model::{Group, GroupKind};
use crate::request::Parameters;
use crate::world::{AccessToken, Shared, World};

/// How many groups a page has unless `$top` says so.
const DEFAULT_TOP: usize = 100;
/// The largest page.
const MOST_TOP: usize = 999;
/// The query options that are played.
const OPTIONS: [&str; 4] = ["$count", "$select", "$skiptoken", "$top"];
/// What can be selected; all of it without `$select`.
const PROPERTIES: [&str; 4] = ["id", "displayName", "mailEnabled", "securityEnabled"];

pub(super) async fn mine(
    State(shared): App,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    let request = Request { shared: &shared, uri: &uri, headers: &headers };
    answer(&shared, &headers, |world, token| request.page(world, token, &Whose::mine(token)?))
}

pub(super) async fn of_user(
    State(shared): App,
    Path(id): Path<String>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    let request = Request { shared: &shared, uri: &uri, headers: &headers };
    answer(&shared, &headers, |world, token| request.page(world, token, &Whose::OfUser(&id)))
}

struct Request<'a> {
    shared: &'a Shared,
    uri: &'a Uri,
    headers: &'a HeaderMap,
}

impl Request<'_> {
    fn page(
        &self,
        world: &World,
        token: &AccessToken,
        whose: &Whose<'_>,
    ) -> Result<Value, Problem> {
        let query = Query::parse(self.uri.query().unwrap_or_default())?;
        let user = whose.person(world, token)?;
        let groups: Vec<&Group> =
            world.memberships(user).filter(|group| group.kind != GroupKind::Role).collect();
        let begin = query.begin(user.id, groups.len())?;
        let rest = groups.get(begin..).unwrap_or_default();
        let value: Vec<Value> =
            rest.iter().take(query.top).map(|group| selected(group, &query.properties)).collect();
        let mut page = Map::new();
        page.insert("@odata.context".to_owned(), self.context(&query).into());
        if begin == 0 && query.count && self.is_eventual() {
            page.insert("@odata.count".to_owned(), groups.len().into());
        }
        if rest.len() > query.top {
            let next = begin.saturating_add(query.top);
            page.insert("@odata.nextLink".to_owned(), self.next_link(user.id, next).into());
        }
        page.insert("value".to_owned(), value.into());
        Ok(page.into())
    }

    fn is_eventual(&self) -> bool {
        let level = self.headers.get("ConsistencyLevel").and_then(|value| value.to_str().ok());
        level.is_some_and(|level| level.eq_ignore_ascii_case("eventual"))
    }

    fn context(&self, query: &Query) -> String {
        let properties =
            if query.selects { format!("({})", query.properties.join(",")) } else { String::new() };
        format!("{}/v1.0/$metadata#groups{properties}", self.shared.base)
    }

    /// The same address with another `$skiptoken`: absolute, and to be followed as it is.
    fn next_link(&self, user: Uuid, begin: usize) -> String {
        let query = self.uri.query().unwrap_or_default();
        let is_old =
            |pair: &&str| pair.starts_with("$skiptoken=") || pair.starts_with("%24skiptoken=");
        let mut pairs: Vec<&str> =
            query.split('&').filter(|pair| !pair.is_empty() && !is_old(pair)).collect();
        let token = format!("$skiptoken={}", skip_token(user, begin));
        pairs.push(&token);
        format!("{}{}?{}", self.shared.base, self.uri.path(), pairs.join("&"))
    }
}

/// Where a page begins. Clients take it for opaque.
fn skip_token(user: Uuid, begin: usize) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{user}:{begin}"))
}

/// What the query asks for.
struct Query {
    properties: Vec<&'static str>,
    /// Whether `$select` was there.
    selects: bool,
    top: usize,
    count: bool,
    skip_token: Option<String>,
}

impl Query {
    fn parse(encoded: &str) -> Result<Self, Problem> {
        let sent = Parameters::parse_lenient(encoded.as_bytes());
        let other = sent.names().find(|name| name.starts_with('$') && !OPTIONS.contains(name));
        if let Some(other) = other {
            let text = format!("The query option '{other}' is not supported here.");
            return Err(Problem::unsupported_query(text));
        }
        let properties = match sent.get("$select") {
            Some(names) => names.split(',').map(property).collect::<Result<_, _>>()?,
            None => PROPERTIES.to_vec(),
        };
        Ok(Self {
            properties,
            selects: sent.get("$select").is_some(),
            top: sent.get("$top").map_or(Ok(DEFAULT_TOP), top)?,
            count: sent.get("$count") == Some("true"),
            skip_token: sent.get("$skiptoken").map(str::to_owned),
        })
    }

    /// Where the page begins, by a `$skiptoken` that was made for this person.
    fn begin(&self, user: Uuid, groups: usize) -> Result<usize, Problem> {
        let Some(token) = &self.skip_token else { return Ok(0) };
        let decoded = BASE64_URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        let decoded = String::from_utf8(decoded).unwrap_or_default();
        let begin = decoded.strip_prefix(&format!("{user}:")).and_then(|begin| begin.parse().ok());
        begin.filter(|begin| *begin < groups).ok_or_else(Problem::page_token)
    }
}

fn property(name: &str) -> Result<&'static str, Problem> {
    let found = PROPERTIES.into_iter().find(|known| *known == name.trim());
    found.ok_or_else(|| {
        let text =
            format!("Could not find a property named '{name}' on type 'microsoft.graph.group'.");
        Problem::bad_request(text)
    })
}

fn top(text: &str) -> Result<usize, Problem> {
    let top = text.parse().map_err(|_| {
        Problem::bad_request(format!(
            "Invalid value '{text}' for $top query option found. The $top query option requires a non-negative \
             integer value."
        ))
    })?;
    if !(1..=MOST_TOP).contains(&top) {
        let text = format!(
            "Invalid page size specified: '{top}'. Must be between 1 and {MOST_TOP} inclusive."
        );
        return Err(Problem::unsupported_query(text));
    }
    Ok(top)
}

fn selected(group: &Group, properties: &[&str]) -> Value {
    let value = |property: &str| match property {
        "displayName" => json!(group.display_name),
        "mailEnabled" => json!(group.kind == GroupKind::Distribution),
        "securityEnabled" => json!(group.kind == GroupKind::Security),
        _ => json!(group.id),
    };
    properties.iter().map(|property| ((*property).to_owned(), value(property))).collect()
}
