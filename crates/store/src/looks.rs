//! What every request of an application looks at, remembered as long as it holds (`docs/adr/0021`): the
//! tenant, the application with its secrets, and the signing keys.
//!
//! Each request asks the database for one number, `tenant.changes`, which triggers count up in the
//! transaction that changes one of these rows. While it is the same, what is remembered is what stands
//! there, whichever process has written.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use identity::{Moment, Tenant};
use ids::Slug;

use crate::rows::{SEEN, TENANT_BY_SLUG, read_tenant};
use crate::sql::values;
use crate::together::Together;
use crate::{Client, ClientSecret, KeyIssuer, KeyState, SigningKey, Store, StoreError};

/// So many tenants are remembered, and of each so many applications.
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
    /// The application.
    pub client: Client,
    /// The same as the protocol sees it, if it is served there.
    pub served: Option<Arc<openid_provider::Client>>,
    /// Its secrets, the oldest first: two at most.
    pub secrets: Vec<ClientSecret>,
}

/// What holds as long as the tenant's number of changes is this one. What is read later than the number
/// may be newer than it, which does no harm: then the number has moved, and the next look sees that.
struct Known {
    changes: i64,
    tenant: Tenant,
    clients: Mutex<HashMap<String, Arc<Registered>>>,
    keys: Mutex<HashMap<KeyIssuer, Arc<[Arc<SigningKey>]>>>,
}

/// What is remembered, and the looks that many share, by the slug of the tenant.
#[derive(Default)]
pub(crate) struct Looks {
    known: Mutex<HashMap<Slug, Arc<Known>>>,
    seen: Arc<Together<Slug, (), Option<Seen>>>,
}

/// A tenant's number of changes at a moment.
#[derive(Clone, Copy)]
struct Seen {
    changes: i64,
    at: Moment,
}

impl Look {
    /// The tenant.
    pub fn tenant(&self) -> &Tenant {
        &self.known.tenant
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
        if let Some(known) = remembered.filter(|known| known.changes == seen.changes) {
            return Ok(Some(Look { known, at: seen.at }));
        }
        let rows = self.directory(&TENANT_BY_SLUG, values![slug]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let known = Arc::new(Known {
            changes: seen.changes,
            tenant: read_tenant(row)?,
            clients: Mutex::default(),
            keys: Mutex::default(),
        });
        remember(&self.looks().known, slug.clone(), &known);
        Ok(Some(Look { known, at: seen.at }))
    }

    /// An application of the tenant with its secrets; `None` where there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn registered(
        &self,
        look: &Look,
        client_id: &str,
    ) -> Result<Option<Arc<Registered>>, StoreError> {
        let remembered = lock(&look.known.clients).get(client_id).cloned();
        if remembered.is_some() {
            return Ok(remembered);
        }
        let mut rows = self.read(look.known.tenant.id).await?;
        // Nobody fills our memory with applications that are not there.
        let Some(client) = rows.client(client_id).await? else { return Ok(None) };
        let secrets = rows.client_secrets(client_id).await?;
        let served = client.served().map(Arc::new);
        let found = Arc::new(Registered { client, served, secrets });
        remember(&look.known.clients, client_id.to_owned(), &found);
        Ok(Some(found))
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
        let all = match remembered {
            Some(keys) => keys,
            None => {
                let keys = self.read(look.known.tenant.id).await?.all_signing_keys(issuer).await?;
                let keys = keys.into_iter().map(Arc::new).collect();
                remember(&look.known.keys, issuer, &keys);
                keys
            }
        };
        let state = |key: &Arc<SigningKey>| Some((key.clone(), key.dates.state(look.at)?));
        Ok(all.iter().filter_map(state).collect())
    }

    /// The tenant's number of changes, and the database's clock.
    async fn seen(&self, slug: &Slug) -> Result<Option<Seen>, StoreError> {
        let rows = self.directory(&SEEN, values![slug]).await?;
        let read =
            |row: &crate::row::Row| Ok(Seen { changes: row.get("changes")?, at: row.get("at")? });
        rows.first().map(read).transpose()
    }

    /// The same. Who asks while others do shares their look.
    async fn seen_shared(&self, slug: &Slug) -> Result<Option<Seen>, StoreError> {
        let (store, asked) = (self.clone(), slug.clone());
        let look = move |_| {
            let (store, asked) = (store.clone(), asked.clone());
            async move { store.seen(&asked).await }
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
