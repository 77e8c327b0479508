//! A person's groups from Microsoft Graph, for a token that had no room for them.
//!
//! Cardea asks as the application that it is registered as, with the client secret of the provider
//! (client credentials, RFC 6749 §4.4), so that a sign-in asks nobody for more than before.

mod session;
mod tokens;

use ids::TenantId;
use oidc::discovery::EntraCloud;
use oidc::graph::{self, ApplicationToken, ApplicationTokenRequest, GroupsPage, MemberGroups};
use secrets::Secret;
use url::Url;

use crate::fetch::{Answer, Call};
use crate::{Deadline, GraphError, Upstream, UpstreamError, parse};

pub use session::{Application, GraphAnswer, GraphSession};
pub(crate) use tokens::Tokens;

/// Most groups that are taken.
const MAX_GROUPS: usize = 20_000;
/// Most pages that are read, of 999 groups each, of which few may be security groups.
const MAX_PAGES: usize = 32;

/// Whose groups are asked for, and by whom.
#[derive(Clone, Copy, Debug)]
pub struct GroupsOf<'a> {
    /// The tenant whose provider it is.
    pub tenant: TenantId,
    /// The provider's token endpoint: it tells the cloud, and so the Graph.
    pub token_endpoint: &'a str,
    /// Our id at the provider.
    pub client_id: &'a str,
    /// Our secret there.
    pub client_secret: Option<&'a Secret>,
    /// The person's object id in the directory of the provider.
    pub oid: &'a str,
}

/// What one lookup takes.
struct Lookup<'a> {
    who: &'a GroupsOf<'a>,
    secret: &'a Secret,
    token_endpoint: Url,
    graph: Url,
}

impl Upstream {
    /// Object ids of all security groups of a person who is in more than a token names, nested ones
    /// too; in lower case, each once.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Graph`] for what Graph says, [`UpstreamError::Token`] when Entra gives the
    /// application no token, and those of any call. All calls together end with `deadline`.
    pub async fn groups_of(
        &self,
        who: &GroupsOf<'_>,
        deadline: Deadline,
    ) -> Result<Vec<String>, UpstreamError> {
        let token_endpoint = parse(who.token_endpoint)?;
        let cloud = EntraCloud::at(&token_endpoint, &self.0.clouds);
        let graph = cloud.and_then(|cloud| cloud.graph).ok_or(GraphError::NoGraph)?;
        let secret = who.client_secret.ok_or(GraphError::NoSecret)?;
        let lookup = Lookup { who, secret, token_endpoint, graph };
        let groups = deadline.meet(self.look_up(&lookup)).await;
        if let Err(UpstreamError::Graph(GraphError::Forbidden | GraphError::Status(401))) = groups {
            // What is granted from now on is in a new token only, and one that is refused is of no
            // use.
            self.0.graph.forget(&lookup);
        }
        groups
    }

    async fn look_up(&self, lookup: &Lookup<'_>) -> Result<Vec<String>, UpstreamError> {
        let token = self.application_token(lookup).await?;
        let MemberGroups { url, body } =
            MemberGroups::of(&lookup.graph, lookup.who.oid).ok_or(GraphError::Oid)?;
        let answer = self.call(lookup, &token, &url, Call::Post(body)).await?;
        let mut groups = if answer.status == 400 && graph::is_size_limit(&answer.body) {
            self.page_by_page(lookup, &token).await?
        } else {
            graph::member_groups(good(&answer)?).ok_or(GraphError::Answer)?
        };
        groups.sort_unstable();
        groups.dedup();
        if groups.len() <= graph::MOST_IN_TOKEN {
            // So many would have been sent.
            return Err(GraphError::OtherKinds.into());
        }
        if groups.len() <= MAX_GROUPS { Ok(groups) } else { Err(GraphError::TooMany.into()) }
    }

    async fn page_by_page(
        &self,
        lookup: &Lookup<'_>,
        token: &Secret,
    ) -> Result<Vec<String>, UpstreamError> {
        let mut groups = Vec::new();
        let mut next = GroupsPage::first(&lookup.graph, lookup.who.oid);
        for _ in 0..MAX_PAGES {
            let Some(url) = next else { return Ok(groups) };
            let answer = self.call(lookup, token, &url, Call::Get(GroupsPage::HEADER)).await?;
            let page = GroupsPage::parse(&lookup.graph, good(&answer)?);
            let page = page.ok_or(GraphError::Answer)?;
            groups.extend(page.groups);
            next = page.next.filter(|_| groups.len() <= MAX_GROUPS);
        }
        if next.is_none() { Ok(groups) } else { Err(GraphError::TooMany.into()) }
    }

    async fn call(
        &self,
        lookup: &Lookup<'_>,
        token: &Secret,
        url: &Url,
        call: Call,
    ) -> Result<Answer, UpstreamError> {
        self.0.fetcher.ask_bearer(lookup.who.tenant, token, url, call).await
    }

    /// A token that is kept, or a new one.
    async fn application_token(&self, lookup: &Lookup<'_>) -> Result<Secret, UpstreamError> {
        if let Some(token) = self.0.graph.of(lookup) {
            return Ok(token);
        }
        let request = ApplicationTokenRequest {
            client_id: lookup.who.client_id,
            client_secret: lookup.secret,
            graph: &lookup.graph,
        };
        let (tenant, url) = (lookup.who.tenant, &lookup.token_endpoint);
        let answer = self.0.fetcher.post_form(tenant, url, &request.form()).await?;
        if let Some(error) = unavailable(&answer) {
            return Err(error.into());
        }
        let token = ApplicationToken::parse(answer.status, &answer.body)?;
        self.0.graph.keep(lookup, &token);
        Ok(token.access_token)
    }
}

/// The body of a good answer; what an error of Graph means.
fn good(answer: &Answer) -> Result<&[u8], GraphError> {
    match answer.status {
        200 => Ok(&answer.body),
        403 => Err(GraphError::Forbidden),
        404 => Err(GraphError::NoPerson),
        status => Err(unavailable(answer).unwrap_or(GraphError::Status(status))),
    }
}

fn unavailable(answer: &Answer) -> Option<GraphError> {
    let (status, retry_after) = (answer.status, answer.retry_after);
    matches!(status, 429 | 500 | 502 | 503 | 504)
        .then_some(GraphError::Unavailable { status, retry_after })
}
