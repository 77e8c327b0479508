use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use identity::{Moment, Tenant};
use ids::{DeviceId, LoginId, Slug, TenantId};
use secrets::{KeyRing, TokenHash};
use sqlx::{AssertSqlSafe, PgPool};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::endings::Endings;
use crate::heads::Heads;
use crate::looks::Looks;
use crate::row::Row;
use crate::rows::{DEVICE_BY_THUMBPRINT, LOGIN_BY_AGENT_CODE, Link, TENANTS, TENANTS_TO_SWEEP};
use crate::sql::{Statement, Value, statements, values};
use crate::sqlite::Readers;
use crate::together::Together;
use crate::writer::Writer;
use crate::{
    AuditEntry, AuditHead, Device, DeviceState, Page, Reading, Redeemed, Redeeming, Rows,
    StoreError, Writing,
};

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    engine: Engine,
    ring: Arc<KeyRing>,
    transactions: AtomicU64,
    heads: Arc<Heads>,
    endings: Arc<Endings>,
    /// Up to which tenant the last sweep came.
    swept: Mutex<Uuid>,
    shared: Shared,
    looks: Looks,
}

/// Codes that are redeemed at once, and what each of them became.
pub(crate) type Codes = Together<TenantId, Redeeming, Result<Redeemed, StoreError>>;

/// What many ask for at once.
#[derive(Default)]
struct Shared {
    clock: Arc<Together<(), (), Moment>>,
    events: Arc<Together<TenantId, AuditEntry, ()>>,
    codes: Arc<Codes>,
}

pub(crate) enum Engine {
    Postgres(PgPool),
    Sqlite { readers: Arc<Readers>, writer: Arc<Writer> },
}

/// What operators watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Transactions since the start: on SQLite those that went to the disk, each for a whole
    /// batch of writers; on PostgreSQL those that were begun to write.
    pub transactions: u64,
    /// Writers that wait for their turn (SQLite).
    pub waiting: usize,
}

/// Begins a transaction of PostgreSQL whose statements all see the same moment, as SQLite's do.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Tenants of one sweep.
const TENANTS_PER_SWEEP: u32 = 64;

statements! {
    CLOCK: ["SELECT ", NOW, " AS at"];
}

impl Store {
    pub(crate) fn new(engine: Engine, ring: Arc<KeyRing>) -> Self {
        let (transactions, swept) = (AtomicU64::new(0), Mutex::new(Uuid::nil()));
        let (heads, endings) = (Arc::default(), Arc::default());
        let (shared, looks) = (Shared::default(), Looks::default());
        Self(Arc::new(Inner { engine, ring, transactions, heads, endings, swept, shared, looks }))
    }

    /// The database's clock, by which every expiry is judged. Who asks while others do shares their look.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn now(&self) -> Result<Moment, StoreError> {
        let store = self.clone();
        let look = move |all: Vec<()>| {
            let store = store.clone();
            async move { Ok(vec![store.clock().await?; all.len()]) }
        };
        self.0.shared.clock.ask((), (), look).await
    }

    async fn clock(&self) -> Result<Moment, StoreError> {
        let rows = self.directory(&CLOCK, values![]).await?;
        rows.first().ok_or(StoreError::Corrupt("at"))?.get("at")
    }

    /// Whether the database answers.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.now().await.map(drop)
    }

    /// The tenant with this slug.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn tenant(&self, slug: &Slug) -> Result<Option<Tenant>, StoreError> {
        Ok(self.look(slug).await?.map(|look| look.tenant().clone()))
    }

    /// Appends an event to a tenant's audit chain, in a transaction that does nothing else and that others
    /// may share. Returns when it would survive a power cut. Whoever stops to wait may have it appended all
    /// the same.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then it is not appended, but for [`Writing::commit`]'s reservation.
    pub async fn append(&self, tenant: TenantId, entry: AuditEntry) -> Result<(), StoreError> {
        let store = self.clone();
        let append = move |entries: Vec<AuditEntry>| {
            let store = store.clone();
            async move {
                let mut writing = store.write(tenant).await?;
                writing.audit_all(&entries).await?;
                writing.commit().await?;
                Ok(vec![(); entries.len()])
            }
        };
        self.0.shared.events.ask(tenant, entry, append).await
    }

    /// Where a tenant's audit chain ended when this process last appended to it: it contains that event,
    /// with that MAC, or it was cut back behind our back. To be asked before the chain is read.
    pub fn known_audit_head(&self, tenant: TenantId) -> Option<AuditHead> {
        self.0.heads.of(tenant)
    }

    /// A page of tenants, by slug.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn tenants(&self, page: &Page) -> Result<Vec<Tenant>, StoreError> {
        let after = page.after.as_ref().map_or("", Slug::as_str);
        let rows = self.directory(&TENANTS, values![after, page.limit]).await?;
        rows.iter().map(crate::rows::read_tenant).collect()
    }

    /// Makes a tenant, with its client for the account page and its first audit event.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the slug is taken.
    pub async fn create_tenant(&self, tenant: &Tenant) -> Result<(), StoreError> {
        let mut writing = self.write(tenant.id).await?;
        writing.insert_tenant(tenant, None).await?;
        writing.commit().await
    }

    /// The agent with this key, of whichever tenant; not one that is revoked.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn device_by_thumbprint(
        &self,
        thumbprint: &str,
    ) -> Result<Option<(TenantId, Device)>, StoreError> {
        let rows = self.directory(&DEVICE_BY_THUMBPRINT, values![thumbprint]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (tenant, device): (TenantId, DeviceId) = (row.get("tenant_id")?, row.get("device_id")?);
        let device = self.read(tenant).await?.device(device).await?;
        let alive = device.filter(|device| device.state != DeviceState::Revoked);
        Ok(alive.map(|device| (tenant, device)))
    }

    /// The login, of whichever tenant, that an agent's code names.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn login_by_agent_code(
        &self,
        hash: &TokenHash,
    ) -> Result<Option<(TenantId, LoginId)>, StoreError> {
        let rows = self.directory(&LOGIN_BY_AGENT_CODE, values![hash]).await?;
        rows.first().map(|row| Ok((row.get("tenant_id")?, row.get("login_id")?))).transpose()
    }

    /// One tenant's rows to read, as of one moment.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn read(&self, tenant: TenantId) -> Result<Reading, StoreError> {
        let link = match &self.0.engine {
            Engine::Sqlite { readers, .. } => Link::SqliteReader(readers.take().await?),
            Engine::Postgres(pool) => postgres(pool, tenant, SNAPSHOT, false).await?,
        };
        // Nothing can be spent in it, so it needs no number.
        Ok(Reading { rows: self.rows(tenant, link, 0) })
    }

    /// One tenant's rows in an open transaction.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`] when too many wait.
    pub async fn write(&self, tenant: TenantId) -> Result<Writing, StoreError> {
        let link = match &self.0.engine {
            Engine::Sqlite { writer, .. } => Link::SqliteWriter(writer.turn().await?),
            Engine::Postgres(pool) => postgres(pool, tenant, "BEGIN", true).await?,
        };
        let number = self.0.transactions.fetch_add(1, Ordering::Relaxed);
        Ok(Writing { rows: self.rows(tenant, link, number) })
    }

    /// Deletes what has expired, of some tenants and so much at a time; the next call goes on
    /// with the next tenants. How many rows.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        let mut cursor = self.0.swept.lock().await;
        let tenants = self.directory(&TENANTS_TO_SWEEP, values![*cursor, TENANTS_PER_SWEEP]);
        let tenants = tenants.await?;
        let mut swept: u64 = 0;
        for row in &tenants {
            let tenant: TenantId = row.get("tenant_id")?;
            let mut writing = self.write(tenant).await?;
            swept = swept.saturating_add(writing.sweep().await?);
            writing.commit().await?;
            *cursor = tenant.0;
        }
        if u32::try_from(tenants.len()).is_ok_and(|seen| seen < TENANTS_PER_SWEEP) {
            *cursor = Uuid::nil();
        }
        Ok(swept)
    }

    /// Where audit chains end to which this process has appended since the last call: for a place
    /// outside of the database, so that a chain that is cut back is noticed.
    pub fn take_moved_heads(&self) -> Vec<(TenantId, AuditHead)> {
        self.0.heads.take_moved()
    }

    /// Waits until this process has ended sessions, and says in which tenants since the last call. There
    /// may be applications that are to be told: see [`Rows::logout_notices_due`].
    pub async fn sessions_ended(&self) -> Vec<TenantId> {
        self.0.endings.wait().await
    }

    /// What operators watch.
    pub fn figures(&self) -> Figures {
        match &self.0.engine {
            Engine::Sqlite { writer, .. } => {
                Figures { transactions: writer.commits(), waiting: writer.waiting() }
            }
            Engine::Postgres(_) => {
                Figures { transactions: self.0.transactions.load(Ordering::Relaxed), waiting: 0 }
            }
        }
    }

    /// Ends all connections in good order. Transactions that are open come to their end first;
    /// who comes later is told [`StoreError::Busy`]. Waits as long as they take.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn close(&self) -> Result<(), StoreError> {
        match &self.0.engine {
            Engine::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await
            }
            Engine::Postgres(pool) => {
                pool.close().await;
                Ok(())
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn codes(&self) -> &Arc<Codes> {
        &self.0.shared.codes
    }

    pub(crate) fn ring(&self) -> &KeyRing {
        &self.0.ring
    }

    pub(crate) fn looks(&self) -> &Looks {
        &self.0.looks
    }

    fn rows(&self, tenant: TenantId, link: Link, transaction: u64) -> Rows {
        let (ring, heads) = (Arc::clone(&self.0.ring), Arc::clone(&self.0.heads));
        let endings = Arc::clone(&self.0.endings);
        let (spoiled, appended, ended) = (false, None, false);
        Rows { tenant, link, ring, transaction, spoiled, appended, heads, ended, endings }
    }

    /// A look-up in the few tables that are read before a tenant is known.
    pub(crate) async fn directory(
        &self,
        statement: &'static Statement,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(match &self.0.engine {
            Engine::Sqlite { readers, .. } => {
                let rows = readers.take().await?.session()?.all(statement.sqlite, &values)?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Engine::Postgres(pool) => {
                let rows = statement.on_postgres(values).fetch_all(pool).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }
}

/// Begins a transaction that row-level security lets see this tenant, in one round trip.
async fn postgres(
    pool: &PgPool,
    tenant: TenantId,
    begin: &str,
    locks: bool,
) -> Result<Link, StoreError> {
    // Who holds a row and is gone, with a connection that stays open, is not waited for.
    let patience = if locks { ", set_config('lock_timeout', '5s', true)" } else { "" };
    // A UUID prints as hexadecimal digits and hyphens: nothing in it can end the literal.
    let begin = format!("{begin}; SELECT set_config('app.tenant', '{tenant}', true){patience}");
    let transaction = pool.begin_with(AssertSqlSafe(begin)).await?;
    Ok(Link::Postgres { transaction, locks })
}
