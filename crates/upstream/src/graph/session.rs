//! Calls to Microsoft Graph in an application's own name, for whoever sets a directory up.

use ids::TenantId;
use oidc::discovery::EntraCloud;
use oidc::graph::{ApplicationToken, ApplicationTokenRequest};
use secrets::Secret;
use url::Url;

use super::unavailable;
use crate::fetch::{Answer, Call};
use crate::{GraphError, Upstream, UpstreamError, parse};

/// An application that may set a directory up.
#[derive(Clone, Copy, Debug)]
pub struct Application<'a> {
    /// The tenant for which it does.
    pub tenant: TenantId,
    /// The authority of the cloud, such as `https://login.microsoftonline.com`.
    pub authority: &'a str,
    /// The directory.
    pub directory: &'a str,
    /// Its id there.
    pub client_id: &'a str,
    /// Its secret.
    pub client_secret: &'a Secret,
}

/// An access token of an application, and where it counts. Kept nowhere else.
pub struct GraphSession {
    upstream: Upstream,
    tenant: TenantId,
    graph: Url,
    token: Secret,
}

/// What Graph answers; an error is an answer.
#[derive(Clone, Debug)]
pub struct GraphAnswer {
    /// HTTP status.
    pub status: u16,
    /// JSON, or nothing.
    pub body: Vec<u8>,
}

impl From<Answer> for GraphAnswer {
    fn from(answer: Answer) -> Self {
        Self { status: answer.status, body: answer.body }
    }
}

impl Upstream {
    /// Gets a token for Graph in the application's own name (RFC 6749 §4.4).
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Token`] when Entra gives none, and those of any call.
    pub async fn graph_session(
        &self,
        who: &Application<'_>,
    ) -> Result<GraphSession, UpstreamError> {
        let Application { tenant, authority, directory, client_id, client_secret } = *who;
        let authority = authority.trim_end_matches('/');
        let endpoint = parse(&format!("{authority}/{directory}/oauth2/v2.0/token"))?;
        let cloud = EntraCloud::at(&endpoint, &self.0.clouds);
        let graph = cloud.and_then(|cloud| cloud.graph).ok_or(GraphError::NoGraph)?;
        let request = ApplicationTokenRequest { client_id, client_secret, graph: &graph };
        let answer = self.0.fetcher.post_form(tenant, &endpoint, &request.form()).await?;
        if let Some(error) = unavailable(&answer) {
            return Err(error.into());
        }
        let token = ApplicationToken::parse(answer.status, &answer.body)?.access_token;
        Ok(GraphSession { upstream: self.clone(), tenant, graph, token })
    }
}

impl GraphSession {
    /// Reads `path`, such as `applications?$top=1`, of version 1.0; or a whole address that Graph
    /// itself gave.
    ///
    /// # Errors
    ///
    /// See [`UpstreamError`]; [`UpstreamError::BadUrl`] for an address outside of this Graph.
    pub async fn get(&self, path: &str) -> Result<GraphAnswer, UpstreamError> {
        self.call(path, Call::Get(("prefer", "odata.maxpagesize=100"))).await
    }

    /// Posts JSON.
    ///
    /// # Errors
    ///
    /// As [`GraphSession::get`].
    pub async fn post(&self, path: &str, json: Vec<u8>) -> Result<GraphAnswer, UpstreamError> {
        self.call(path, Call::Post(json)).await
    }

    /// Changes what is there.
    ///
    /// # Errors
    ///
    /// As [`GraphSession::get`].
    pub async fn patch(&self, path: &str, json: Vec<u8>) -> Result<GraphAnswer, UpstreamError> {
        self.call(path, Call::Patch(json)).await
    }

    async fn call(&self, path: &str, call: Call) -> Result<GraphAnswer, UpstreamError> {
        let version = self.graph.join("/v1.0/").map_err(|_| UpstreamError::BadUrl)?;
        let url = version.join(path).map_err(|_| UpstreamError::BadUrl)?;
        // The token goes to nobody else.
        if url.origin() != self.graph.origin() {
            return Err(UpstreamError::BadUrl);
        }
        let fetcher = &self.upstream.0.fetcher;
        Ok(fetcher.ask_bearer(self.tenant, &self.token, &url, call).await?.into())
    }
}

impl core::fmt::Debug for GraphSession {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("GraphSession").field("graph", &self.graph.as_str()).finish_non_exhaustive()
    }
}
