//! HTTP to an upstream provider: turns an address into checked metadata, a code into tokens, an ID
//! token into verified claims, and a person into the groups that a token had no room for; with caches
//! of keys and of tokens for Graph.
//!
//! What the messages are is the `oidc` crate's matter. Here are deadlines, limits, the guard
//! against requests to inner addresses, and the cache. Needs a tokio runtime, reads no clock: the
//! present is an argument.
//!
//! # Security
//!
//! Administrators of tenants type addresses that this server then calls. Only https (but for lists
//! of revoked certificates, which are signed), no redirects,
//! no proxy of the environment; the name is resolved once, an inner address is refused, and the
//! connection goes to that very address. Only hosts that the operator's configuration file names
//! are exempt. Bodies of strangers are never repeated in errors.

mod error;
mod fetch;
mod gate;
mod graph;
mod guard;
mod keys;
mod queue;
mod told;

pub use error::{GraphError, UpstreamError};
pub use fetch::Document;
pub use graph::{Application, GraphAnswer, GraphSession, GroupsOf};

use std::sync::Arc;
use std::time::Duration;

use ids::TenantId;
use jose::{KeySet, NumericDate};
use oidc::discovery::{self, EntraCloud, MetadataAddress, ProviderMetadata};
use oidc::id_token::{self, Claims, Expected, IdTokenError};
use oidc::token_response::{TokenRequest, TokenResponse};
use secrets::Secret;
use tokio::time::Instant;
use url::Url;

/// How upstreams are called.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[[entra.cloud]]` of the operator's configuration file. Only their authority and Graph may
    /// be inner addresses and plain http.
    pub clouds: Vec<EntraCloud>,
    /// Origins of which lists of revoked certificates may be fetched from an inner address.
    pub list_origins: Vec<Url>,
    /// Origins of applications that may be told of logouts at an inner address, and over plain http.
    pub logout_origins: Vec<Url>,
    /// End of each call, all in all.
    pub deadline: Duration,
    /// Most calls to one host at a time. One sick provider holds so many, and no more; tenants get
    /// them in turn.
    pub calls_per_host: usize,
    /// Most of them that redeem codes of one tenant: whoever sends junk to its callback starves
    /// that tenant at the worst, and not all that use the same host.
    pub calls_per_tenant: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            clouds: Vec::new(),
            list_origins: Vec::new(),
            logout_origins: Vec::new(),
            deadline: Duration::from_secs(4),
            calls_per_host: 64,
            calls_per_tenant: 16,
        }
    }
}

/// The way to upstream providers. Cheap to clone; all clones share connections and keys.
#[derive(Clone)]
pub struct Upstream(Arc<Inner>);

struct Inner {
    clouds: Vec<EntraCloud>,
    fetcher: Arc<fetch::Fetcher>,
    keys: keys::KeyCache,
    graph: graph::Tokens,
}

/// The way to providers cannot be prepared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The program has not installed a rustls provider.
    #[error("no rustls crypto provider is installed")]
    NoCryptoProvider,
}

impl Upstream {
    /// Opens no connection and reads no file yet. The program has installed its rustls provider before.
    ///
    /// # Errors
    ///
    /// See [`SetupError`].
    pub fn new(config: Config) -> Result<Self, SetupError> {
        let fetcher = Arc::new(fetch::Fetcher::new(&config)?);
        let keys = keys::KeyCache::new(fetcher.clone(), config.deadline);
        let graph = graph::Tokens::default();
        Ok(Self(Arc::new(Inner { clouds: config.clouds, fetcher, keys, graph })))
    }

    /// The clouds of the operator's configuration file, for [`MetadataAddress::parse`].
    pub fn clouds(&self) -> &[EntraCloud] {
        &self.0.clouds
    }

    /// Fetches and checks a provider's metadata.
    ///
    /// # Errors
    ///
    /// See [`UpstreamError`]; the text is for administrators.
    pub async fn fetch_metadata(
        &self,
        address: &MetadataAddress,
    ) -> Result<ProviderMetadata, UpstreamError> {
        let answer = self.0.fetcher.ask(&address.url).await?;
        match answer.status {
            200 => Ok(ProviderMetadata::parse(&answer.body, address, &self.0.clouds)?),
            400 if address.directory.is_some() && discovery::is_unknown_directory(&answer.body) => {
                Err(UpstreamError::NoDirectory)
            }
            status => Err(UpstreamError::Status(status)),
        }
    }

    /// Fetches a JSON document as it comes to others, with what was said of its length and coding.
    ///
    /// # Errors
    ///
    /// See [`UpstreamError`].
    pub async fn document(&self, url: &str) -> Result<Document, UpstreamError> {
        self.0.fetcher.document(&parse(url)?).await
    }

    /// Fetches a list of revoked certificates, of at most `most` bytes. Over plain http too, as
    /// RFC 5280 §8 has it: whoever signed it counts, not who sent it.
    ///
    /// # Errors
    ///
    /// See [`UpstreamError`].
    pub async fn fetch_list(&self, url: &str, most: usize) -> Result<Vec<u8>, UpstreamError> {
        self.0.fetcher.list(&parse(url)?, most).await
    }

    /// Tells an application of `tenant` something by a form: the status of its answer, of which nothing
    /// more is read. A call that takes longer than a deadline, or is redirected, is none.
    ///
    /// # Errors
    ///
    /// See [`UpstreamError`].
    pub async fn tell(
        &self,
        tenant: TenantId,
        url: &str,
        form: &Secret,
    ) -> Result<u16, UpstreamError> {
        self.0.fetcher.tell(tenant, &parse(url)?, form).await
    }

    /// The keys at `jwks_uri`, fetched or from the cache.
    ///
    /// # Errors
    ///
    /// See [`UpstreamError`].
    pub async fn keys(
        &self,
        jwks_uri: &str,
        now: NumericDate,
    ) -> Result<Arc<KeySet>, UpstreamError> {
        self.0.keys.current(&parse(jwks_uri)?, now).await
    }

    /// Newer keys than `used`, those at `jwks_uri` that lack the key which a token names; the same
    /// ones when they were asked for less than five minutes ago.
    ///
    /// # Errors
    ///
    /// See [`UpstreamError`].
    pub async fn newer_keys(
        &self,
        used: &Arc<KeySet>,
        jwks_uri: &str,
        now: NumericDate,
    ) -> Result<Arc<KeySet>, UpstreamError> {
        self.0.keys.newer_than(used, &parse(jwks_uri)?, now).await
    }

    /// Redeems a code at `token_endpoint`, for a provider of `tenant`.
    ///
    /// # Errors
    ///
    /// See [`UpstreamError`]; what the provider itself says is in [`UpstreamError::Token`].
    pub async fn redeem(
        &self,
        tenant: TenantId,
        token_endpoint: &str,
        request: &TokenRequest<'_>,
    ) -> Result<TokenResponse, UpstreamError> {
        let answer =
            self.0.fetcher.post_form(tenant, &parse(token_endpoint)?, &request.form()).await?;
        Ok(TokenResponse::parse(answer.status, &answer.body)?)
    }

    /// Verifies an ID token with the keys at `jwks_uri`. A token that names an unknown key makes
    /// the keys be fetched again, at most every five minutes.
    ///
    /// # Errors
    ///
    /// See [`UpstreamError`]; what is wrong with the token is in [`UpstreamError::IdToken`].
    pub async fn verify(
        &self,
        jwks_uri: &str,
        compact: &str,
        expected: &Expected<'_>,
    ) -> Result<Claims, UpstreamError> {
        let keys = self.keys(jwks_uri, expected.now).await?;
        match id_token::verify(compact, &keys, expected) {
            Err(IdTokenError::NoSuchKey) => {
                let keys = self.newer_keys(&keys, jwks_uri, expected.now).await?;
                Ok(id_token::verify(compact, &keys, expected)?)
            }
            verdict => Ok(verdict?),
        }
    }
}

impl Upstream {
    /// Redeems a code and verifies the ID token that comes, both before the one deadline.
    /// `expected.access_token` is taken from the answer.
    ///
    /// # Errors
    ///
    /// As [`Upstream::redeem`] and [`Upstream::verify`].
    pub async fn sign_in(
        &self,
        tenant: TenantId,
        token_endpoint: &str,
        jwks_uri: &str,
        request: &TokenRequest<'_>,
        expected: &Expected<'_>,
    ) -> Result<Claims, UpstreamError> {
        let both = async {
            let tokens = self.redeem(tenant, token_endpoint, request).await?;
            let access_token = tokens.access_token.as_ref();
            let id_token = tokens.id_token.expose_text().unwrap_or_default();
            self.verify(jwks_uri, id_token, &Expected { access_token, ..*expected }).await
        };
        self.deadline().meet(both).await
    }

    /// The end of several calls that somebody waits for: together they may take as long as one.
    pub fn deadline(&self) -> Deadline {
        let now = Instant::now();
        // A deadline beyond all time is a setting that nobody has.
        Deadline(now.checked_add(self.0.fetcher.deadline()).unwrap_or(now))
    }
}

/// See [`Upstream::deadline`].
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// What `call` gives, when it gives it in time.
    ///
    /// # Errors
    ///
    /// Those of `call`, and [`UpstreamError::Deadline`].
    pub async fn meet<T>(
        self,
        call: impl Future<Output = Result<T, UpstreamError>>,
    ) -> Result<T, UpstreamError> {
        tokio::time::timeout_at(self.0, call).await.unwrap_or(Err(UpstreamError::Deadline))
    }
}

impl core::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Upstream").field("clouds", &self.0.clouds).finish_non_exhaustive()
    }
}

fn parse(url: &str) -> Result<Url, UpstreamError> {
    Url::parse(url).map_err(|_| UpstreamError::BadUrl)
}
