//! The stand-in as a thing that tests hold: start it, shape it, ask what it saw.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;
use uuid::Uuid;

use crate::chance;
use crate::faults::{Endpoint, Fault, IdTokenFault, Pending};
use crate::http;
use crate::log::LoggedRequest;
use crate::model::{
    App, Audience, ClientSecret, Consent, Directory, GroupsClaim, NewUser, OptionalClaim, Platform,
    RedirectUri, User, UserConsent,
};
use crate::seed;
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

    // --- directories and people ---

    /// All directories: [`seed::ACME`] and [`seed::BIRCH`].
    pub fn directories(&self) -> Vec<Directory> {
        self.shared.world().directories.clone()
    }

    /// Everybody in a directory.
    pub fn users(&self, directory: Uuid) -> Vec<User> {
        self.shared
            .world()
            .users
            .values()
            .filter(|user| user.directory == directory)
            .cloned()
            .collect()
    }

    /// The person of that user principal name, such as `mia@acme.example`.
    pub fn user(&self, user_principal_name: &str) -> Option<User> {
        let world = self.shared.world();
        let is = |user: &&User| user.user_principal_name.eq_ignore_ascii_case(user_principal_name);
        world.users.values().find(is).cloned()
    }

    /// The entry of a guest in a directory, by the name at home.
    pub fn guest(&self, directory: Uuid, home_name: &str) -> Option<User> {
        let home = self.user(home_name)?;
        self.users(directory).into_iter().find(|user| user.guest_of == Some(home.id))
    }

    /// Creates a member.
    ///
    /// # Errors
    /// When there is no such directory.
    pub fn add_user(&self, directory: Uuid, new: &NewUser) -> Result<User, StandInError> {
        let mut world = self.shared.world();
        let directory = world.directory(directory).ok_or(StandInError::Unknown("directory"))?;
        let user = seed::user(directory, &new.given_name, &new.family_name, &new.alias);
        world.users.insert(user.id, user.clone());
        Ok(user)
    }

    /// Changes a person: disable, rename, put into groups.
    ///
    /// # Errors
    /// When there is no such person.
    pub fn update_user(
        &self,
        id: Uuid,
        change: impl FnOnce(&mut User),
    ) -> Result<(), StandInError> {
        self.shared.update_user(id, change)
    }

    /// Removes a person, with all sessions.
    pub fn remove_user(&self, id: Uuid) {
        let mut world = self.shared.world();
        world.users.remove(&id);
        world
            .browsers
            .values_mut()
            .for_each(|browser| browser.accounts.retain(|account| account.user != id));
    }

    /// Says who may consent in a directory.
    ///
    /// # Errors
    /// When there is no such directory.
    pub fn set_user_consent(
        &self,
        directory: Uuid,
        policy: UserConsent,
    ) -> Result<(), StandInError> {
        let mut world = self.shared.world();
        let found = world.directories.iter_mut().find(|known| known.id == directory);
        found.ok_or(StandInError::Unknown("directory"))?.user_consent = policy;
        Ok(())
    }

    // --- app registrations ---

    /// Registers an application, without a redirect URI and without a secret.
    pub fn register_app(&self, directory: Uuid, display_name: &str, audience: Audience) -> App {
        self.shared.register_app(directory, display_name, audience)
    }

    /// An app registration as it is now.
    pub fn app(&self, client_id: Uuid) -> Option<App> {
        self.shared.world().apps.get(&client_id).cloned()
    }

    /// Changes an app registration in any way.
    ///
    /// # Errors
    /// When there is no such app.
    pub fn update_app(
        &self,
        client_id: Uuid,
        change: impl FnOnce(&mut App),
    ) -> Result<(), StandInError> {
        self.shared.update_app(client_id, change)
    }

    /// Adds a redirect URI of the platform Web.
    ///
    /// # Errors
    /// When there is no such app, or when the portal would not take the URI.
    pub fn add_redirect_uri(&self, client_id: Uuid, uri: &str) -> Result<(), StandInError> {
        self.shared.add_redirect_uri(client_id, uri, Platform::Web)
    }

    /// Adds a client secret that expires after so many seconds.
    ///
    /// # Errors
    /// When there is no such app.
    pub fn add_secret(
        &self,
        client_id: Uuid,
        description: &str,
        lifetime: i64,
    ) -> Result<ClientSecret, StandInError> {
        self.shared.add_secret(client_id, description, lifetime)
    }

    /// Sets the optional claims of the ID token.
    ///
    /// # Errors
    /// When there is no such app.
    pub fn set_optional_claims(
        &self,
        client_id: Uuid,
        claims: &[OptionalClaim],
    ) -> Result<(), StandInError> {
        self.update_app(client_id, |app| app.optional_claims = claims.iter().copied().collect())
    }

    /// Sets which groups the ID token names.
    ///
    /// # Errors
    /// When there is no such app.
    pub fn set_groups_claim(
        &self,
        client_id: Uuid,
        claim: GroupsClaim,
    ) -> Result<(), StandInError> {
        self.update_app(client_id, |app| app.groups_claim = claim)
    }

    /// Lets only these people sign in ("Assignment required").
    ///
    /// # Errors
    /// When there is no such app.
    pub fn require_assignment(&self, client_id: Uuid, users: &[Uuid]) -> Result<(), StandInError> {
        self.update_app(client_id, |app| {
            app.assignment_required = true;
            app.assigned = users.iter().copied().collect();
        })
    }

    /// Consents to a plain sign-in for everybody in the app's directory.
    ///
    /// # Errors
    /// When there is no such app.
    pub fn grant_admin_consent(
        &self,
        client_id: Uuid,
        scopes: &[&str],
    ) -> Result<(), StandInError> {
        let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        self.shared.grant_admin_consent(client_id, scopes)
    }

    // --- keys and clock ---

    /// The published next key signs from now on; the old one stays published.
    pub fn rotate_keys(&self) {
        self.shared.world().keys.rotate();
    }

    /// Keys that no longer sign are no longer published.
    pub fn drop_retired_keys(&self) {
        self.shared.world().keys.drop_retired();
    }

    /// Replaces every key at once, unannounced.
    pub fn replace_keys(&self) {
        self.shared.world().keys.replace();
    }

    /// The `kid` that new tokens have.
    pub fn active_kid(&self) -> String {
        self.shared.world().keys.active().kid.clone()
    }

    /// Sets how many seconds the stand-in's clock is ahead (negative: behind).
    pub fn skew_clock(&self, seconds: i64) {
        self.shared.clock.skew(seconds);
    }

    /// Moves the stand-in's clock by so many seconds.
    pub fn advance_clock(&self, seconds: i64) {
        self.shared.clock.advance(seconds);
    }

    // --- faults ---

    /// Lets an endpoint fail until [`StandIn::heal`].
    pub fn fail(&self, endpoint: Endpoint, fault: Fault) {
        self.shared.world().faults.push(Pending::new((endpoint, fault), None));
    }

    /// Lets an endpoint fail so many times.
    pub fn fail_next(&self, endpoint: Endpoint, times: u32, fault: Fault) {
        self.shared.world().faults.push(Pending::new((endpoint, fault), Some(times)));
    }

    /// Spoils every ID token until [`StandIn::heal`].
    pub fn spoil_id_tokens(&self, fault: IdTokenFault) {
        self.shared.world().id_token_faults.push(Pending::new(fault, None));
    }

    /// Spoils the next ID token.
    pub fn spoil_next_id_token(&self, fault: IdTokenFault) {
        self.shared.world().id_token_faults.push(Pending::new(fault, Some(1)));
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.shared.heal();
    }

    // --- what was asked ---

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

/// What the typed methods, the control API and the portal do in common.
impl Shared {
    pub(crate) fn register_app(
        &self,
        directory: Uuid,
        display_name: &str,
        audience: Audience,
    ) -> App {
        let app = App::new(directory, display_name, audience);
        self.world().apps.insert(app.client_id, app.clone());
        app
    }

    pub(crate) fn update_app<T>(
        &self,
        client_id: Uuid,
        change: impl FnOnce(&mut App) -> T,
    ) -> Result<T, StandInError> {
        self.world()
            .apps
            .get_mut(&client_id)
            .map(change)
            .ok_or(StandInError::Unknown("app registration"))
    }

    pub(crate) fn update_user<T>(
        &self,
        id: Uuid,
        change: impl FnOnce(&mut User) -> T,
    ) -> Result<T, StandInError> {
        self.world().users.get_mut(&id).map(change).ok_or(StandInError::Unknown("user"))
    }

    pub(crate) fn add_redirect_uri(
        &self,
        client_id: Uuid,
        uri: &str,
        platform: Platform,
    ) -> Result<(), StandInError> {
        acceptable(uri).map_err(StandInError::RedirectUri)?;
        self.update_app(client_id, |app| {
            app.redirect_uris.push(RedirectUri { uri: uri.to_owned(), platform });
        })
    }

    pub(crate) fn add_secret(
        &self,
        client_id: Uuid,
        description: &str,
        lifetime: i64,
    ) -> Result<ClientSecret, StandInError> {
        let secret = ClientSecret {
            secret_id: chance::guid(),
            description: description.to_owned(),
            expires_at: self.clock.now().saturating_add(lifetime),
            value: chance::secret_value(),
        };
        self.update_app(client_id, |app| app.secrets.push(secret.clone()))?;
        Ok(secret)
    }

    pub(crate) fn grant_admin_consent(
        &self,
        client_id: Uuid,
        scopes: BTreeSet<String>,
    ) -> Result<(), StandInError> {
        self.update_app(client_id, |app| {
            let consent = Consent { directory: app.directory, user: None, scopes };
            app.consents.push(consent);
        })
    }

    pub(crate) fn heal(&self) {
        let mut world = self.world();
        world.faults.clear();
        world.id_token_faults.clear();
    }
}

/// What the portal says about a redirect URI before it takes it.
fn acceptable(uri: &str) -> Result<(), &'static str> {
    let parsed = Url::parse(uri).map_err(|_| "must be an absolute URL")?;
    let local = matches!(parsed.host_str(), Some("localhost" | "127.0.0.1"));
    match parsed.scheme() {
        _ if uri.contains('*') => Err("must not contain a wildcard"),
        _ if parsed.fragment().is_some() => Err("must not contain a fragment"),
        _ if uri.len() > 256 => Err("must not be longer than 256 characters"),
        "https" => Ok(()),
        "http" if local => Ok(()),
        _ => Err("must begin with HTTPS or http://localhost"),
    }
}
