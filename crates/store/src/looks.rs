//! What every request of an application looks at, remembered as long as it holds (`docs/adr/0021`): the
//! tenant, the application with its secrets, and the signing keys.
//!
//! Each request asks the database for one number, `tenant.edition`, which triggers replace by another
//! random one in the transaction that changes one of these rows. While it is the same, what is remembered
//! is what stands there, whichever process has written. A number does not come again for other rows, also
//! not where a database was put back and changed in another way since.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use identity::{Moment, Tenant};
use ids::{Slug, TenantId};
use tokio::sync::OnceCell;

use crate::rows::{SEEN, TENANT_BY_SLUG, read_tenant};
use crate::sql::values;
use crate::together::Together;
use crate::{ClientSecret, KeyIssuer, KeyState, SigningKey, Store, StoreError};

/// So many tenants are remembered, each with its applications and keys.
const MOST: usize = 1024;

/// A tenant as one request found it, and when.
#[derive(Clone)]
pub struct Look {
    known: Arc<Known>,
    at: Moment,
}

/// How an application is registered.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The application as the protocol sees it, if it is served there.
    pub served: Option<Arc<openid_provider::Client>>,
    /// Its secrets, the oldest first: two at most.
    pub secrets: Vec<ClientSecret>,
}

/// What holds as long as the tenant's edition is this one. What is read later than the number may be newer
/// than it, which does no harm: then there is another number, and the next look sees that.
struct Known {
    edition: i64,
    tenant: Tenant,
    clients: OnceCell<Registrations>,
    keys: Mutex<HashMap<KeyIssuer, Arc<[Arc<SigningKey>]>>>,
}

/// All applications of a tenant, by their ids.
type Registrations = HashMap<String, Arc<Registered>>;

/// What is remembered, and the looks that many share, by the slug of the tenant.
#[derive(Default)]
pub(crate) struct Looks {
    known: Mutex<HashMap<Slug, Arc<Known>>>,
    seen: Arc<Together<Slug, (), Option<Seen>>>,
}

/// A tenant's edition at a moment.
#[derive(Clone, Copy)]
struct Seen {
    tenant: TenantId,
    edition: i64,
    at: Moment,
}

impl Known {
    fn holds(&self, seen: Seen) -> bool {
        (self.tenant.id, self.edition) == (seen.tenant, seen.edition)
    }
}

impl Look {
    /// The tenant.
    pub fn tenant(&self) -> &Tenant {
        &self.known.tenant
    }

    #[cfg(test)]
    pub(crate) fn edition(&self) -> i64 {
        self.known.edition
    }

    /// When it was looked at, by the database's clock.
    pub fn at(&self) -> Moment {
        self.at
    }
}

impl Store {
    /// The tenant with this slug, and the database's clock.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn look(&self, slug: &Slug) -> Result<Option<Look>, StoreError> {
        let Some(seen) = self.seen_shared(slug).await? else { return Ok(None) };
        let remembered = lock(&self.looks().known).get(slug).cloned();
        if let Some(known) = remembered.filter(|known| known.holds(seen)) {
            return Ok(Some(Look { known, at: seen.at }));
        }
        let rows = self.directory(&TENANT_BY_SLUG, values![slug]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let known = Arc::new(Known {
            edition: seen.edition,
            tenant: read_tenant(row)?,
            clients: OnceCell::new(),
            keys: Mutex::default(),
        });
        remember(&self.looks().known, slug.clone(), &known);
        Ok(Some(Look { known, at: seen.at }))
    }

    /// An application of the tenant with its secrets; `None` where there is none. All are read at once:
    /// how long it takes does not tell which there are.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn registered(
        &self,
        look: &Look,
        client_id: &str,
    ) -> Result<Option<Arc<Registered>>, StoreError> {
        let clients = look.known.clients.get_or_try_init(|| self.all_registered(look)).await?;
        Ok(clients.get(client_id).cloned())
    }

    async fn all_registered(&self, look: &Look) -> Result<Registrations, StoreError> {
        let mut rows = self.read(look.known.tenant.id).await?;
        let clients = rows.clients().await?;
        let mut secrets: HashMap<String, Vec<ClientSecret>> = HashMap::new();
        for (client_id, secret) in rows.all_client_secrets().await? {
            secrets.entry(client_id).or_default().push(secret);
        }
        let registered = clients.into_iter().map(|client| {
            let id = client.client_id.clone();
            let secrets = secrets.remove(&id).unwrap_or_default();
            (id, Arc::new(Registered { served: client.served().map(Arc::new), secrets }))
        });
        Ok(registered.collect())
    }

    /// The keys that an issuer's key set shows at the moment of the look, and what each of them is.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn signing_keys(
        &self,
        look: &Look,
        issuer: KeyIssuer,
    ) -> Result<Vec<(Arc<SigningKey>, KeyState)>, StoreError> {
        let remembered = lock(&look.known.keys).get(&issuer).cloned();
        let all = if let Some(keys) = remembered {
            keys
        } else {
            let keys = self.read(look.known.tenant.id).await?.all_signing_keys(issuer).await?;
            let keys = keys.into_iter().map(Arc::new).collect();
            remember(&look.known.keys, issuer, &keys);
            keys
        };
        let state = |key: &Arc<SigningKey>| Some((key.clone(), key.dates.state(look.at)?));
        Ok(all.iter().filter_map(state).collect())
    }

    /// The tenant's edition, and the database's clock.
    async fn seen(&self, slug: &Slug) -> Result<Option<Seen>, StoreError> {
        let rows = self.directory(&SEEN, values![slug]).await?;
        let read = |row: &crate::row::Row| {
            let (tenant, edition) = (row.get("tenant_id")?, row.get("edition")?);
            Ok(Seen { tenant, edition, at: row.get("at")? })
        };
        rows.first().map(read).transpose()
    }

    /// The same. Who asks while others do shares their look.
    async fn seen_shared(&self, slug: &Slug) -> Result<Option<Seen>, StoreError> {
        let (store, asked) = (self.clone(), slug.clone());
        let look = move |all: Vec<()>| {
            let (store, asked) = (store.clone(), asked.clone());
            async move { Ok(vec![store.seen(&asked).await?; all.len()]) }
        };
        self.looks().seen.ask(slug.clone(), (), look).await
    }
}

/// Keeps a value. One too many, and all are forgotten: they are looked at again as they are asked for.
fn remember<K: Eq + Hash, V: Clone>(all: &Mutex<HashMap<K, V>>, key: K, value: &V) {
    let mut all = lock(all);
    if all.len() >= MOST && !all.contains_key(&key) {
        all.clear();
    }
    all.insert(key, value.clone());
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
