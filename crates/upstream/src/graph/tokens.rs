//! Access tokens of applications, kept while they are good.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ids::TenantId;
use oidc::graph::ApplicationToken;
use secrets::Secret;
use tokio::time::Instant;

use super::Question;

/// Tokens that are kept. Some 2 KiB each.
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
    /// With which secret it was got: another one has to show first that it is right.
    secret: Secret,
    until: Instant,
}

impl Tokens {
    pub(super) fn of(&self, question: &Question<'_>) -> Option<Secret> {
        let all = self.all();
        let kept = all.get(&key(question))?;
        let good = Instant::now() < kept.until && kept.secret.matches(question.secret);
        good.then(|| kept.token.clone())
    }

    pub(super) fn keep(&self, question: &Question<'_>, token: &ApplicationToken) {
        let life = Duration::from_secs(token.expires_in).min(LONGEST).saturating_sub(MARGIN);
        let Some(until) = Instant::now().checked_add(life) else { return };
        let mut all = self.all();
        if all.len() >= MOST {
            all.retain(|_, kept| Instant::now() < kept.until);
        }
        if all.len() < MOST {
            let (token, secret) = (token.access_token.clone(), question.secret.clone());
            all.insert(key(question), Kept { token, secret, until });
        }
    }

    pub(super) fn forget(&self, question: &Question<'_>) {
        self.all().remove(&key(question));
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Key, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(question: &Question<'_>) -> Key {
    Key {
        tenant: question.who.tenant,
        token_endpoint: question.token_endpoint.as_str().to_owned(),
        client_id: question.who.client_id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use url::Url;
    use uuid::Uuid;

    use super::*;
    use crate::graph::GroupsOf;

    fn token(text: &str, expires_in: u64) -> ApplicationToken {
        ApplicationToken { access_token: Secret::from(text.to_owned()), expires_in }
    }

    /// What is kept for a tenant with a client id and a secret.
    fn kept(tokens: &Tokens, tenant: u128, client_id: &str, secret: &str) -> Option<String> {
        with(tenant, client_id, secret, |question| {
            let token = tokens.of(question)?;
            token.expose_text().map(str::to_owned)
        })
    }

    fn with<T>(
        tenant: u128,
        client_id: &str,
        secret: &str,
        then: impl FnOnce(&Question<'_>) -> T,
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
        then(&Question { who: &who, secret: &secret, token_endpoint, graph })
    }

    #[test]
    fn a_token_serves_the_tenant_client_and_secret_that_got_it() {
        let tokens = Tokens::default();
        with(1, "app", "s3cret", |question| tokens.keep(question, &token("t", 3600)));
        assert_eq!(kept(&tokens, 1, "app", "s3cret").as_deref(), Some("t"));
        for (tenant, client_id, secret) in
            [(2, "app", "s3cret"), (1, "other", "s3cret"), (1, "app", "guess")]
        {
            assert_eq!(kept(&tokens, tenant, client_id, secret), None, "{tenant} {client_id}");
        }
        with(1, "app", "s3cret", |question| tokens.forget(question));
        assert_eq!(kept(&tokens, 1, "app", "s3cret"), None);
    }

    #[test]
    fn a_token_in_its_last_minutes_serves_nobody() {
        let tokens = Tokens::default();
        for (expires_in, served) in [(0, false), (299, false), (301, true), (u64::MAX, true)] {
            with(1, "app", "s3cret", |question| tokens.keep(question, &token("t", expires_in)));
            assert_eq!(kept(&tokens, 1, "app", "s3cret").is_some(), served, "{expires_in}");
        }
    }
}
