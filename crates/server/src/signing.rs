//! The keys with which a tenant's issuers sign: made on first use, published, and followed by others
//! in time. Each issuer has its own.
//!
//! What a key is now follows from its dates, by the database's clock; so all nodes agree, and nothing
//! has to happen at the moment at which a key takes over.

mod make;
mod roll;

pub(crate) use roll::Next;
pub use roll::roll_keys;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use identity::Tenant;
use ids::TenantId;
use jose::{Alg, KeySet, SigningKey};
use store::{KeyIssuer, KeyState, Look, StoreError};

use crate::app::App;
use crate::http::problem::Problem;

/// Parsed keys that are remembered, some kilobytes each; and tenants whose key sets are.
const MOST: usize = 4096;

/// The parsed keys of this process.
#[derive(Debug, Default)]
pub(crate) struct Signing {
    parsed: Mutex<HashMap<(TenantId, String), Arc<Parsed>>>,
    /// The keys that verify what a tenant's own issuer has signed, as they were parsed last.
    sets: Mutex<HashMap<TenantId, OwnSet>>,
    /// Whoever makes a key holds it: it takes a core for a while.
    making: tokio::sync::Mutex<()>,
}

/// Keys of which a set was made, and the set.
#[derive(Debug)]
struct OwnSet {
    of: Vec<Arc<Parsed>>,
    set: Arc<KeySet>,
}

#[derive(Debug)]
struct Parsed {
    key: SigningKey,
    /// Whether a signature of it was verified with the set in which it is published.
    proven: AtomicBool,
}

/// What an issuer publishes, and what it signs with.
pub(crate) struct Published {
    keys: Vec<(Arc<Parsed>, KeyState)>,
    active: Arc<Parsed>,
}

/// Why an issuer cannot sign.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SigningError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key cannot be made.
    #[error("cannot make a signing key: {0}")]
    Make(&'static str),
    /// A stored key is none.
    #[error("a stored signing key cannot be read")]
    Unreadable(#[from] jose::SigningKeyError),
    /// What the active key signs, the published key set does not verify: nobody would take it.
    #[error("the published keys do not verify what the active key signs")]
    SelfTest,
    /// There is no active key, although one was made, or no tenant any more.
    #[error("no signing key is active")]
    NoneActive,
}

impl From<SigningError> for Problem {
    fn from(error: SigningError) -> Self {
        match error {
            SigningError::Store(error) => error.into(),
            other => Self::internal(other),
        }
    }
}

impl Parsed {
    /// Signs something at its first use, and verifies it with what is published: a healthy key set
    /// does not show that the key works.
    fn prove(&self, published: &[(Arc<Self>, KeyState)]) -> Result<(), SigningError> {
        if self.proven.load(Ordering::Relaxed) {
            return Ok(());
        }
        if !self.key.is_verified_by(&document(published)) {
            return Err(SigningError::SelfTest);
        }
        self.proven.store(true, Ordering::Relaxed);
        Ok(())
    }
}

impl Published {
    /// The key set (RFC 7517), ready to be sent.
    pub(crate) fn document(&self) -> Vec<u8> {
        document(&self.keys)
    }

    /// The key that signs now.
    pub(crate) fn key(&self) -> &SigningKey {
        &self.active.key
    }
}

/// The keys of an issuer, and the one for RS256; the first one is made when there is none.
///
/// # Errors
///
/// See [`SigningError`].
pub(crate) async fn published(
    app: &App,
    tenant: &Tenant,
    issuer: KeyIssuer,
) -> Result<Published, SigningError> {
    published_for(app, tenant, issuer, Alg::Rs256).await
}

/// The keys of an issuer, and the one for an algorithm; the first one of that is made when there is
/// none.
///
/// # Errors
///
/// See [`SigningError`].
pub(crate) async fn published_for(
    app: &App,
    tenant: &Tenant,
    issuer: KeyIssuer,
    alg: Alg,
) -> Result<Published, SigningError> {
    published_at(app, &look(app, tenant).await?, issuer, alg).await
}

/// The same at the moment of a look.
///
/// # Errors
///
/// See [`SigningError`].
pub(crate) async fn published_at(
    app: &App,
    look: &Look,
    issuer: KeyIssuer,
    alg: Alg,
) -> Result<Published, SigningError> {
    if let Some(found) = stored(app, look, issuer, alg).await? {
        return Ok(found);
    }
    let _one = app.signing.making.lock().await;
    // Of many who come at once, the first has made it.
    let (tenant, now) = (look.tenant(), self::look(app, look.tenant()).await?);
    if let Some(found) = stored(app, &now, issuer, alg).await? {
        return Ok(found);
    }
    make::first(app, tenant, issuer, alg).await?;
    let now = self::look(app, tenant).await?;
    stored(app, &now, issuer, alg).await?.ok_or(SigningError::NoneActive)
}

/// What verifies what the tenant's own issuer has signed. `None` when it has no key: no stranger
/// makes us draw one.
///
/// # Errors
///
/// See [`SigningError`].
pub(crate) async fn own_keys(
    app: &App,
    tenant: &Tenant,
) -> Result<Option<Arc<KeySet>>, SigningError> {
    own_keys_at(app, &look(app, tenant).await?).await
}

/// The same at the moment of a look.
///
/// # Errors
///
/// See [`SigningError`].
pub(crate) async fn own_keys_at(
    app: &App,
    look: &Look,
) -> Result<Option<Arc<KeySet>>, SigningError> {
    let keys = parsed(app, look, KeyIssuer::Tenant).await?;
    Ok(app.signing.set_of(look.tenant().id, &keys))
}

/// The tenant as it is now.
async fn look(app: &App, tenant: &Tenant) -> Result<Look, SigningError> {
    app.store.look(&tenant.slug).await?.ok_or(SigningError::NoneActive)
}

fn document(keys: &[(Arc<Parsed>, KeyState)]) -> Vec<u8> {
    jose::key_set(keys.iter().map(|(parsed, _)| parsed.key.to_jwk()))
}

async fn stored(
    app: &App,
    look: &Look,
    issuer: KeyIssuer,
    alg: Alg,
) -> Result<Option<Published>, SigningError> {
    let keys = parsed(app, look, issuer).await?;
    let mut of_alg = keys.iter().filter(|(parsed, _)| parsed.key.alg() == alg).peekable();
    if of_alg.peek().is_none() {
        return Ok(None);
    }
    let active = of_alg.rfind(|(_, state)| *state == KeyState::Active);
    let active = active.map(|(parsed, _)| Arc::clone(parsed)).ok_or(SigningError::NoneActive)?;
    active.prove(&keys)?;
    Ok(Some(Published { keys, active }))
}

/// The published keys, by algorithm and then oldest first.
async fn parsed(
    app: &App,
    look: &Look,
    issuer: KeyIssuer,
) -> Result<Vec<(Arc<Parsed>, KeyState)>, SigningError> {
    let (tenant, stored) = (look.tenant().id, app.store.signing_keys(look, issuer).await?);
    let parse = |(row, state): &(Arc<store::SigningKey>, KeyState)| {
        Ok((app.signing.parse(tenant, row)?, *state))
    };
    stored.iter().map(parse).collect()
}

impl Signing {
    fn parse(
        &self,
        tenant: TenantId,
        row: &store::SigningKey,
    ) -> Result<Arc<Parsed>, SigningError> {
        let place = (tenant, row.kid.clone());
        let known = self.parsed.lock().unwrap_or_else(PoisonError::into_inner).get(&place).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let alg = Alg::parse(&row.alg).ok_or(jose::SigningKeyError::Key)?;
        let key = SigningKey::from_pkcs8(alg, &row.private, row.certificate.as_deref())?;
        let parsed = Arc::new(Parsed { key, proven: AtomicBool::new(false) });
        let mut all = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            // They are parsed again as they are asked for.
            all.clear();
        }
        all.insert(place, parsed.clone());
        Ok(parsed)
    }
}

impl Signing {
    /// The set of these keys; `None` of none, or when they cannot be read.
    fn set_of(&self, tenant: TenantId, keys: &[(Arc<Parsed>, KeyState)]) -> Option<Arc<KeySet>> {
        let same = |known: &OwnSet| {
            known.of.len() == keys.len()
                && known.of.iter().zip(keys).all(|(one, (other, _))| Arc::ptr_eq(one, other))
        };
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = sets.get(&tenant).filter(|known| same(known)) {
            return Some(known.set.clone());
        }
        let set = Arc::new(KeySet::parse(&document(keys)).ok()?);
        if sets.len() >= MOST {
            sets.clear();
        }
        let of = keys.iter().map(|(parsed, _)| parsed.clone()).collect();
        sets.insert(tenant, OwnSet { of, set: set.clone() });
        Some(set)
    }
}

#[cfg(test)]
mod tests;
