//! Replaces keys in time (EAM-06): the next one is published before it signs, and the old one stays
//! published after it has.

use std::time::Duration;

use identity::{Moment, Tenant};
use jose::Alg;
use store::{KeyDates, KeyIssuer, KeyState, Page, Rows, StoreError, Writing};

use super::make::Made;
use super::{SigningError, make};
use crate::app::App;
use crate::http::problem::Problem;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a key signs.
const PERIOD: Duration = DAY.saturating_mul(90);
/// How long a key is published before it signs. Entra keeps a key set for a day; two are the least.
const BEFORE: Duration = DAY.saturating_mul(3);
/// How long a key stays published after it has signed.
const AFTER: Duration = DAY.saturating_mul(3);
/// So many tenants at a time.
const TENANTS: u32 = 100;

/// The keys that there are.
const KINDS: [(KeyIssuer, Alg); 3] = [
    (KeyIssuer::Eam, Alg::Rs256),
    (KeyIssuer::Tenant, Alg::Rs256),
    (KeyIssuer::Tenant, Alg::Es256),
];

/// One round: where a key has signed for long enough, the next one is made. None is made for a tenant
/// that serves nobody.
pub async fn roll_keys(app: &App) {
    if let Err(problem) = everywhere(app).await {
        tracing::warn!(%problem, "signing keys are not replaced for now");
    }
}

async fn everywhere(app: &App) -> Result<(), Problem> {
    let mut after = None;
    loop {
        let tenants = app.store.tenants(&Page { after, limit: TENANTS }).await?;
        for tenant in &tenants {
            for (issuer, alg) in KINDS {
                // What fails in one tenant must not keep the others waiting.
                if let Err(error) = roll(app, tenant, issuer, alg).await {
                    tracing::warn!(
                        tenant = %tenant.slug, %error, "a signing key is not replaced for now"
                    );
                }
            }
        }
        let Some(last) = tenants.last() else { return Ok(()) };
        after = Some(last.slug.clone());
    }
}

/// Makes the next key, if it is time.
async fn roll(app: &App, tenant: &Tenant, issuer: KeyIssuer, alg: Alg) -> Result<(), SigningError> {
    let mut rows = app.store.read(tenant.id).await?;
    let is_used = serves_somebody(&mut rows, issuer, alg).await?;
    let keys = rows.signing_keys(issuer).await?;
    drop(rows);
    let now = app.store.now().await?;
    let last = last_of(&keys, alg).filter(|_| is_used);
    let Some((old, KeyState::Active)) = last else { return Ok(()) };
    if now < old.dates.active_from.plus(PERIOD).minus(BEFORE) {
        return Ok(());
    }
    let next = Next::after(tenant, old, alg, now).await?;
    let mut tx = app.store.write(tenant.id).await?;
    if next.publish(&mut tx).await? {
        tx.commit().await?;
        tracing::info!(tenant = %tenant.slug, "the next signing key is published");
    }
    Ok(())
}

/// Whether anybody is there for whom an issuer would sign so.
async fn serves_somebody(rows: &mut Rows, issuer: KeyIssuer, alg: Alg) -> Result<bool, StoreError> {
    Ok(match issuer {
        KeyIssuer::Eam => !rows.eam_connections().await?.is_empty(),
        KeyIssuer::Tenant => {
            let clients = rows.clients().await?.into_iter();
            let mut algs = clients.filter_map(|client| Some(client.settings?.signing_alg));
            algs.any(|wanted| wanted == alg)
        }
    })
}

/// The newest key for an algorithm.
fn last_of(
    keys: &[(store::SigningKey, KeyState)],
    alg: Alg,
) -> Option<&(store::SigningKey, KeyState)> {
    keys.iter().rfind(|(key, _)| key.alg == alg.as_str())
}

/// The key after the one that signs, not kept yet.
pub(crate) struct Next {
    made: Made,
    issuer: KeyIssuer,
    number: u32,
    takes_over: Moment,
    published_at: Moment,
    before: (String, KeyDates),
}

impl Next {
    /// Makes the next key of an issuer for RS256 before its time; none when the issuer does not sign yet, or the
    /// next one is on its way.
    ///
    /// # Errors
    ///
    /// See [`SigningError`].
    pub(crate) async fn make(
        app: &App,
        tenant: &Tenant,
        issuer: KeyIssuer,
    ) -> Result<Option<Self>, SigningError> {
        let keys = app.store.read(tenant.id).await?.signing_keys(issuer).await?;
        let alg = Alg::Rs256;
        let Some((old, KeyState::Active)) = last_of(&keys, alg) else { return Ok(None) };
        let now = app.store.now().await?;
        Self::after(tenant, old, alg, now).await.map(Some)
    }

    async fn after(
        tenant: &Tenant,
        old: &store::SigningKey,
        alg: Alg,
        now: Moment,
    ) -> Result<Self, SigningError> {
        Ok(Self {
            made: make::make(tenant, old.issuer, alg, now).await?,
            issuer: old.issuer,
            number: old.number.saturating_add(1),
            takes_over: now.plus(BEFORE),
            published_at: now,
            before: (old.kid.clone(), old.dates),
        })
    }

    /// Its id.
    pub(crate) fn kid(&self) -> &str {
        &self.made.kid
    }

    /// Publishes it. Both its dates and those of the key before it are set then. `false` when somebody
    /// else has just made the next key.
    ///
    /// # Errors
    ///
    /// See [`SigningError`].
    pub(crate) async fn publish(self, tx: &mut Writing) -> Result<bool, SigningError> {
        let Self { made, issuer, number, takes_over, published_at, before: (old, dates) } = self;
        let next =
            KeyDates { published_at, active_from: takes_over, retired_at: None, ends_at: None };
        let retires = KeyDates {
            retired_at: Some(takes_over),
            ends_at: Some(takes_over.plus(AFTER)),
            ..dates
        };
        let kept = make::keep(tx, issuer, made, number, next).await?;
        if kept {
            tx.date_signing_key(&old, retires).await?;
        }
        Ok(kept)
    }
}
