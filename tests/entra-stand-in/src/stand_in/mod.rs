//! The stand-in as a thing that tests hold: start it, ask what it saw. Its directories are shaped in
//! [`shape`], [`graph`] and [`external`], its keys, clock and endpoints troubled in [`trouble`].

mod changes;
mod external;
mod graph;
mod shape;
mod trouble;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;
use uuid::Uuid;

pub(crate) use self::changes::acceptable;
use crate::faults::Endpoint;
use crate::http;
use crate::keys;
use crate::log::LoggedRequest;
use crate::permissions;
use crate::world::Shared;

/// Why the stand-in does not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StandInError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// There is no such directory, user or app registration.
    #[error("there is no {0} of that id")]
    Unknown(&'static str),
    /// An application permission that Microsoft Graph does not have here.
    #[error("Microsoft Graph has no application permission {0}; there are {all}", all = permissions::APPLICATION.join(", "))]
    Permission(String),
    /// An external method that the authentication methods policy would not take.
    #[error("the external method {0}")]
    ExternalMethod(&'static str),
    /// A redirect URI that the portal would not take.
    #[error("the redirect URI {0}")]
    RedirectUri(&'static str),
}

/// How a stand-in starts.
#[derive(Debug)]
pub struct Builder {
    listen: SocketAddr,
    public_url: Option<Url>,
}

impl Builder {
    /// Listens there instead of on a free port of 127.0.0.1.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Calls itself that in its metadata and tokens, for when it stands behind a proxy.
    #[must_use]
    pub fn public_url(mut self, url: Url) -> Self {
        self.public_url = Some(url);
        self
    }

    /// Starts it; it answers when this returns.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(self) -> Result<StandIn, StandInError> {
        let address = self.listen;
        let failed = |source| StandInError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let base = self.public_url.map_or_else(|| format!("http://{bound}"), |url| url.to_string());
        let shared = Arc::new(Shared::new(base.trim_end_matches('/').to_owned()));
        // Whoever asked for them sooner would wait, and with them all that this thread has to do: on a
        // busy machine for longer than anybody waits for a provider.
        let made = tokio::task::spawn_blocking(keys::make_first).await;
        // What it panics with, it has printed.
        drop(made);
        let router = http::router(Arc::clone(&shared));
        let mut closing = shared.closing.subscribe();
        let server = tokio::spawn(async move {
            let closed = async move { drop(closing.wait_for(|&closed| closed).await) };
            // An accept error that does not go away is the end of the process that it is part of.
            let _ = axum::serve(listener, router).with_graceful_shutdown(closed).await;
        });
        Ok(StandIn { shared, server })
    }
}

/// A running stand-in. It ends when it is dropped.
pub struct StandIn {
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.shared.closing.send_replace(true);
    }
}

impl StandIn {
    /// On a free port of 127.0.0.1, unless told otherwise.
    pub fn builder() -> Builder {
        Builder { listen: SocketAddr::from(([127, 0, 0, 1], 0)), public_url: None }
    }

    /// Scheme, host and port, without a slash at the end: the authority.
    pub fn base_url(&self) -> &str {
        &self.shared.base
    }

    /// Ends it, and waits until nobody listens any more.
    pub async fn stop(mut self) {
        self.shared.closing.send_replace(true);
        let _ = (&mut self.server).await;
    }

    /// The "OpenID Connect metadata document" of a directory, as the portal's Endpoints panel shows it.
    pub fn metadata_url(&self, directory: Uuid) -> String {
        format!("{}/{directory}/v2.0/.well-known/openid-configuration", self.base_url())
    }

    /// The portal of a directory.
    pub fn portal_url(&self, directory: Uuid) -> String {
        format!("{}/portal/{directory}", self.base_url())
    }

    /// Now, by the stand-in's clock, in seconds since 1970.
    pub fn now(&self) -> i64 {
        self.shared.clock.now()
    }

    /// How often an endpoint was asked.
    pub fn count(&self, endpoint: Endpoint) -> u64 {
        self.shared.log.counts().get(&endpoint).copied().unwrap_or(0)
    }

    /// Waits until an endpoint was asked that many times in all.
    pub async fn wait_for(&self, endpoint: Endpoint, count: u64) {
        self.shared.log.wait_for(endpoint, count).await;
    }

    /// The latest requests, oldest first.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.shared.log.requests()
    }

    /// Forgets all requests.
    pub fn clear_requests(&self) {
        self.shared.log.clear();
    }
}
