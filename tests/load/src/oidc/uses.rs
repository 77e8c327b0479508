//! What applications ask with their own secret or with tokens: client credentials, refresh, userinfo,
//! introspection.

use serde_json::Value;

use super::application::Application;
use super::crowd::Asker;
use super::provider::Provider;
use super::redeem::Redeemed;
use super::wire::{FORM, Reply, Site, form};
use crate::Failure;

/// Of so many answers one is kept, to be looked at after the measurement.
const KEPT: usize = 64;

/// The same request again and again.
pub(crate) struct Same {
    request: Vec<u8>,
    /// What stands in each good answer.
    mark: &'static str,
    seen: usize,
    pub(crate) kept: Vec<Value>,
}

/// Exchanges a refresh token for the next one.
pub(crate) struct Refreshing {
    site: Site,
    path: String,
    authorization: String,
    token: String,
}

impl Same {
    fn new(request: Vec<u8>, mark: &'static str) -> Self {
        Self { request, mark, seen: 0, kept: Vec::new() }
    }

    /// A token for the application itself.
    pub(crate) fn grant(site: &Site, token_endpoint: &str, application: &Application) -> Self {
        let body = form([("grant_type", "client_credentials")]);
        let headers = [FORM, ("authorization", &application.authorization())];
        Self::new(site.post(token_endpoint, &headers, &body), "access_token")
    }

    pub(crate) fn userinfo(provider: &Provider, path: &str, redeemed: &Redeemed) -> Self {
        let bearer = format!("Bearer {}", redeemed.access_token);
        Self::new(provider.crowd.site.get(path, &[("authorization", &bearer)]), "\"sub\"")
    }

    pub(crate) fn introspection(
        provider: &Provider,
        path: &str,
        application: &Application,
        redeemed: &Redeemed,
    ) -> Self {
        let body = form([("token", redeemed.access_token.as_str())]);
        let headers = [FORM, ("authorization", &application.authorization())];
        Self::new(provider.crowd.site.post(path, &headers, &body), "\"active\":true")
    }
}

impl Asker for Same {
    fn next(&mut self) -> Option<Vec<u8>> {
        Some(self.request.clone())
    }

    fn take(&mut self, reply: Reply) -> Result<(), Failure> {
        if reply.status != 200 || !reply.text().contains(self.mark) {
            return Err(reply.unexpected(self.mark));
        }
        if self.seen.is_multiple_of(KEPT) {
            self.kept.push(reply.json());
        }
        self.seen = self.seen.saturating_add(1);
        Ok(())
    }
}

impl Refreshing {
    pub(crate) fn new(
        provider: &Provider,
        application: &Application,
        redeemed: &Redeemed,
    ) -> Result<Self, Failure> {
        Ok(Self {
            site: provider.crowd.site.clone(),
            path: provider.token.clone(),
            authorization: application.authorization(),
            token: redeemed.refresh_token.clone().ok_or("no refresh token")?,
        })
    }
}

impl Asker for Refreshing {
    fn next(&mut self) -> Option<Vec<u8>> {
        let body = form([("grant_type", "refresh_token"), ("refresh_token", &self.token)]);
        let headers = [FORM, ("authorization", self.authorization.as_str())];
        Some(self.site.post(&self.path, &headers, &body))
    }

    fn take(&mut self, reply: Reply) -> Result<(), Failure> {
        let tokens = reply.json();
        let next = tokens.get("refresh_token").and_then(Value::as_str);
        let next = next.filter(|next| *next != self.token && tokens.get("id_token").is_some());
        self.token = next.ok_or_else(|| reply.unexpected("refresh"))?.to_owned();
        Ok(())
    }
}
