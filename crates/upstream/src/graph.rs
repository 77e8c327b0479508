//! A person's groups from Microsoft Graph, for a token that had no room for them.
//!
//! Cardea asks as the application that it is registered as, with the client secret of the provider
//! (client credentials, RFC 6749 §4.4), so that a sign-in asks nobody for more than before.

mod tokens;

use ids::TenantId;
use oidc::discovery::EntraCloud;
use oidc::graph::{self, ApplicationToken, ApplicationTokenRequest, GroupsPage, MemberGroups};
use secrets::Secret;
use url::Url;

use crate::fetch::{Answer, Asked};
use crate::{GraphError, Upstream, UpstreamError, parse};

pub(crate) use tokens::Tokens;

/// Most pages that are read, of 999 groups each.
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

/// What one question takes.
struct Question<'a> {
    who: &'a GroupsOf<'a>,
    secret: &'a Secret,
    token_endpoint: Url,
    graph: Url,
}

impl Upstream {
    /// Object ids of the groups that a person is in and a token had no room for, nested ones too; in
    /// lower case. Security groups, where these are more than a token names; else all.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Graph`] for what Graph says, [`UpstreamError::Token`] when Entra gives the
    /// application no token, and those of any call. All calls together end with one deadline.
    pub async fn groups_of(&self, who: &GroupsOf<'_>) -> Result<Vec<String>, UpstreamError> {
        let token_endpoint = parse(who.token_endpoint)?;
        let cloud = EntraCloud::at(&token_endpoint, &self.0.clouds);
        let graph = cloud.and_then(|cloud| cloud.graph).ok_or(GraphError::NoGraph)?;
        let secret = who.client_secret.ok_or(GraphError::NoSecret)?;
        let question = Question { who, secret, token_endpoint, graph };
        let answer = self.deadline().meet(self.ask(&question)).await;
        if let Err(UpstreamError::Graph(GraphError::Forbidden | GraphError::Status(401))) = answer {
            // What is granted from now on is in a new token only.
            self.0.graph.forget(&question);
        }
        answer
    }

    async fn ask(&self, question: &Question<'_>) -> Result<Vec<String>, UpstreamError> {
        let token = self.application_token(question).await?;
        let groups = self.at_once(question, &token, true).await?;
        if groups.len() > graph::MOST_IN_TOKEN {
            return Ok(groups);
        }
        // So many would have been sent: Azure is set to send other groups too.
        self.at_once(question, &token, false).await
    }

    async fn at_once(
        &self,
        question: &Question<'_>,
        token: &Secret,
        security_only: bool,
    ) -> Result<Vec<String>, UpstreamError> {
        let groups = MemberGroups::of(&question.graph, question.who.oid, security_only);
        let MemberGroups { url, body } = groups.ok_or(GraphError::NoPerson)?;
        let answer = self.call(question, token, &url, Asked::Post(body)).await?;
        if answer.status == 400 && graph::is_size_limit(&answer.body) {
            return self.page_by_page(question, token, security_only).await;
        }
        let body = good(&answer)?;
        Ok(graph::member_groups(body).ok_or(GraphError::Answer)?)
    }

    async fn page_by_page(
        &self,
        question: &Question<'_>,
        token: &Secret,
        security_only: bool,
    ) -> Result<Vec<String>, UpstreamError> {
        let mut groups = Vec::new();
        let mut next = GroupsPage::first(&question.graph, question.who.oid);
        for _ in 0..MAX_PAGES {
            let Some(url) = next else { return Ok(groups) };
            let answer = self.call(question, token, &url, Asked::Get).await?;
            let page = GroupsPage::parse(&question.graph, good(&answer)?, security_only);
            let page = page.ok_or(GraphError::Answer)?;
            groups.extend(page.groups);
            next = page.next;
        }
        if next.is_none() { Ok(groups) } else { Err(GraphError::TooMany.into()) }
    }

    async fn call(
        &self,
        question: &Question<'_>,
        token: &Secret,
        url: &Url,
        asked: Asked,
    ) -> Result<Answer, UpstreamError> {
        self.0.fetcher.ask_with(question.who.tenant, token, url, asked).await
    }

    /// A token that is kept, or a new one.
    async fn application_token(&self, question: &Question<'_>) -> Result<Secret, UpstreamError> {
        if let Some(token) = self.0.graph.of(question) {
            return Ok(token);
        }
        let request = ApplicationTokenRequest {
            client_id: question.who.client_id,
            client_secret: question.secret,
            graph: &question.graph,
        };
        let (tenant, url) = (question.who.tenant, &question.token_endpoint);
        let answer = self.0.fetcher.post_form(tenant, url, &request.form()).await?;
        let token = ApplicationToken::parse(answer.status, &answer.body)?;
        self.0.graph.keep(question, &token);
        Ok(token.access_token)
    }
}

/// The body of a good answer; what an error of Graph means.
fn good(answer: &Answer) -> Result<&[u8], GraphError> {
    match answer.status {
        200 => Ok(&answer.body),
        403 => Err(GraphError::Forbidden),
        404 => Err(GraphError::NoPerson),
        status @ (429 | 503 | 504) => {
            Err(GraphError::Pause { status, retry_after: answer.retry_after })
        }
        status => Err(GraphError::Status(status)),
    }
}
