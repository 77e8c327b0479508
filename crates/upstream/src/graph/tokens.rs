//! Access tokens of applications, kept while they are good.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ids::TenantId;
use oidc::graph::ApplicationToken;
use secrets::{Secret, TokenHash};
use tokio::time::Instant;

use super::Lookup;

/// Tokens that are kept. Some 2 KiB each, 16 KiB at most.
const MOST: usize = 1024;
/// A token is not used in its last minutes: it must not end on the way.
const MARGIN: Duration = Duration::from_secs(300);
/// However long a token is said to be good for.
const LONGEST: Duration = Duration::from_secs(3600);

/// The tokens of all tenants' applications.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<HashMap<Key, Kept>>);

/// Whose token it is. The tenant is part of it: who enters another tenant's client id, and not its
/// secret, must not get what that one was given.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    tenant: TenantId,
    token_endpoint: String,
    client_id: String,
}

struct Kept {
    token: Secret,
    /// Hash of the secret with which it was got: another one has to show first that it is right.
    secret: TokenHash,
    until: Instant,
}

impl Tokens {
    pub(super) fn of(&self, lookup: &Lookup<'_>) -> Option<Secret> {
        let all = self.all();
        let kept = all.get(&key(lookup))?;
        let same = kept.secret == TokenHash::of(lookup.secret.expose());
        let good = same && Instant::now() < kept.until;
        good.then(|| kept.token.clone())
    }

    pub(super) fn keep(&self, lookup: &Lookup<'_>, token: &ApplicationToken) {
        let life = token.lifetime.min(LONGEST).saturating_sub(MARGIN);
        let Some(until) = Instant::now().checked_add(life) else { return };
        let mut all = self.all();
        // What is over is of no use to anybody but a thief.
        all.retain(|_, kept| Instant::now() < kept.until);
        if all.len() < MOST && !life.is_zero() {
            let token = token.access_token.clone();
            let secret = TokenHash::of(lookup.secret.expose());
            all.insert(key(lookup), Kept { token, secret, until });
        }
    }

    pub(super) fn forget(&self, lookup: &Lookup<'_>) {
        self.all().remove(&key(lookup));
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Key, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(lookup: &Lookup<'_>) -> Key {
    Key {
        tenant: lookup.who.tenant,
        token_endpoint: lookup.token_endpoint.as_str().to_owned(),
        client_id: lookup.who.client_id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use url::Url;
    use uuid::Uuid;

    use super::*;
    use crate::graph::GroupsOf;

    fn token(text: &str, seconds: u64) -> ApplicationToken {
        let lifetime = Duration::from_secs(seconds);
        ApplicationToken { access_token: Secret::from(text.to_owned()), lifetime }
    }

    /// What is kept for a tenant with a client id and a secret.
    fn kept(tokens: &Tokens, tenant: u128, client_id: &str, secret: &str) -> Option<String> {
        with(tenant, client_id, secret, |lookup| {
            let token = tokens.of(lookup)?;
            token.expose_text().map(str::to_owned)
        })
    }

    fn with<T>(
        tenant: u128,
        client_id: &str,
        secret: &str,
        then: impl FnOnce(&Lookup<'_>) -> T,
    ) -> T {
        let secret = Secret::from(secret.to_owned());
        let who = GroupsOf {
            tenant: TenantId(Uuid::from_u128(tenant)),
            token_endpoint: "https://login.microsoftonline.com/t/oauth2/v2.0/token",
            client_id,
            client_secret: Some(&secret),
            oid: "o",
        };
        let token_endpoint = Url::parse(who.token_endpoint).unwrap();
        let graph = Url::parse("https://graph.microsoft.com").unwrap();
        then(&Lookup { who: &who, secret: &secret, token_endpoint, graph })
    }

    #[test]
    fn a_token_serves_the_tenant_client_and_secret_that_got_it() {
        let tokens = Tokens::default();
        with(1, "app", "s3cret", |lookup| tokens.keep(lookup, &token("t", 3600)));
        assert_eq!(kept(&tokens, 1, "app", "s3cret").as_deref(), Some("t"));
        for (tenant, client_id, secret) in
            [(2, "app", "s3cret"), (1, "other", "s3cret"), (1, "app", "guess")]
        {
            assert_eq!(kept(&tokens, tenant, client_id, secret), None, "{tenant} {client_id}");
        }
        with(1, "app", "s3cret", |lookup| tokens.forget(lookup));
        assert_eq!(kept(&tokens, 1, "app", "s3cret"), None);
    }

    #[test]
    fn a_token_in_its_last_minutes_serves_nobody() {
        let tokens = Tokens::default();
        for (seconds, served) in [(0, false), (299, false), (301, true), (u64::MAX, true)] {
            with(1, "app", "s3cret", |lookup| tokens.keep(lookup, &token("t", seconds)));
            assert_eq!(kept(&tokens, 1, "app", "s3cret").is_some(), served, "{seconds}");
        }
    }
}
