//! The rows of one tenant: what may be read, and inside a transaction what may be written.

mod agent_code;
mod audit;
mod client;
mod client_secret;
mod code;
mod consumed;
mod credential;
mod device;
mod eam_connection;
mod eam_transaction;
mod groups;
mod lifted;
mod link;
mod login;
mod logout_notice;
mod mapper;
mod oidc_grant;
mod pairing;
mod people;
mod person;
mod proof;
mod provider;
mod session;
mod signing_key;
mod sweep;
mod tenant;
mod ticket;
mod x509;

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use ids::TenantId;
use secrets::KeyRing;
use sqlx::{Postgres, Transaction};
use tokio::task::coop::consume_budget;

use crate::StoreError;
use crate::endings::Endings;
use crate::heads::Heads;
use crate::row::Row;
use crate::sql::{Statement, Value};
use crate::sqlite::Reader;
use crate::writer::Turn;

pub(crate) use agent_code::LOGIN_BY_AGENT_CODE;
#[cfg(test)]
pub(crate) use audit::hash as audit_hash;
pub use audit::{AuditEntry, AuditEvent, AuditHead};
pub use client::Client;
pub use client_secret::ClientSecret;
pub use code::{Code, CodePurpose};
pub use credential::{CardCertificate, Credential, CredentialKind, Passkey};
pub(crate) use device::DEVICE_BY_THUMBPRINT;
pub use device::{Device, DeviceState};
pub use eam_connection::EamConnection;
pub use eam_transaction::{EamProved, EamRequest, EamTransaction, NewEamTransaction};
pub use groups::MissingGroups;
pub use lifted::{EndedSession, LEASE};
pub use logout_notice::LogoutNotice;
pub use oidc_grant::{Grant, NewGrant, Redeemed, Redeeming, RefreshToken, Rotated};
pub use pairing::Pairing;
pub use people::{PeopleFilter, PeopleOnly, PersonRow};
pub use proof::{ConsumedProof, Proof, ProvedLogin, TakenLogin};
pub use session::{Inheritance, NewSession, Session, SessionKind};
pub use signing_key::{KeyDates, KeyIssuer, KeyState, SigningKey};
pub use tenant::Page;
pub(crate) use tenant::{SEEN, TENANT_BY_SLUG, TENANTS, TENANTS_TO_SWEEP, read as read_tenant};
pub use ticket::{HeldAnswer, Ticket, TicketState};
pub use x509::{CardAuthority, KeptList};

/// The rows of one tenant: all that is read of it.
pub struct Rows {
    pub(crate) tenant: TenantId,
    pub(crate) link: Link,
    pub(crate) ring: Arc<KeyRing>,
    /// Which transaction this is: what was spent in one cannot be used in another.
    pub(crate) transaction: u64,
    pub(crate) spoiled: bool,
    /// Where the audit chain ends, if this transaction is kept and has appended to it.
    pub(crate) appended: Option<AuditHead>,
    /// Whom to tell then.
    pub(crate) heads: Arc<Heads>,
    /// Whether sessions end, if this transaction is kept.
    pub(crate) ended: bool,
    /// Whom to tell then.
    pub(crate) endings: Arc<Endings>,
}

/// The way to the database.
pub(crate) enum Link {
    /// A connection that only reads.
    SqliteReader(Reader),
    /// The turn to write.
    SqliteWriter(Turn),
    /// A transaction; `locks` when it may write, and so locks what it reads to change.
    Postgres { transaction: Transaction<'static, Postgres>, locks: bool },
}

/// One tenant's rows to read, all as of one moment: that of the first statement, or a little before. Only the
/// clock goes on. Whoever wants to see what has come since takes another. Hold it for database work only: on
/// SQLite there are four, and the log cannot be begun anew while one is open.
pub struct Reading {
    pub(crate) rows: Rows,
}

/// One tenant's rows in an open transaction. Dropping it rolls back.
///
/// Hold it for database work only: on SQLite all other writers wait, and a task that asks for a
/// second one while it holds a first waits for itself. After an error of a statement nothing
/// more can be done in it, and [`Writing::commit`] refuses.
///
/// On SQLite it sees what others have written in the same batch, which readers do not see before its
/// commit, and which may be undone. Whoever goes on because of what they found commits, even if they
/// have written nothing: it returns when all of it is on the disk.
pub struct Writing {
    pub(crate) rows: Rows,
}

impl Link {
    async fn all(
        &mut self,
        statement: &'static Statement,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let session = match self {
            Self::SqliteReader(reader) => reader.session(),
            Self::SqliteWriter(turn) => turn.session(),
            Self::Postgres { transaction, .. } => {
                let rows = statement.on_postgres(values).fetch_all(&mut **transaction).await?;
                return Ok(rows.into_iter().map(Row::Postgres).collect());
            }
        };
        // Nothing here waits: others get their turn all the same.
        consume_budget().await;
        let rows = session?.all(statement.sqlite, &values)?;
        Ok(rows.into_iter().map(Row::Sqlite).collect())
    }

    async fn execute(
        &mut self,
        statement: &'static Statement,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let session = match self {
            Self::SqliteReader(reader) => reader.session(),
            Self::SqliteWriter(turn) => turn.session(),
            Self::Postgres { transaction, .. } => {
                let done = statement.on_postgres(values).execute(&mut **transaction).await?;
                return Ok(done.rows_affected());
            }
        };
        consume_budget().await;
        session?.execute(statement.sqlite, &values)
    }
}

impl Rows {
    /// Whose rows these are.
    pub fn tenant_id(&self) -> TenantId {
        self.tenant
    }

    /// All rows that a statement answers. `$1` is the tenant; `values` begin at `$2`.
    pub(crate) async fn all(
        &mut self,
        statement: &'static Statement,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let values = self.bind_tenant(values)?;
        match self.link.all(statement, values).await {
            Ok(rows) => Ok(rows),
            Err(error) => Err(self.spoil(error).await),
        }
    }

    /// The row that a statement answers, if any. The statement runs to its end in any case.
    pub(crate) async fn one(
        &mut self,
        statement: &'static Statement,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.all(statement, values).await?.into_iter().next())
    }

    /// Runs a statement that answers no rows. How many it changed.
    pub(crate) async fn execute(
        &mut self,
        statement: &'static Statement,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let values = self.bind_tenant(values)?;
        match self.link.execute(statement, values).await {
            Ok(changed) => Ok(changed),
            Err(error) => Err(self.spoil(error).await),
        }
    }

    /// Nothing more can be done in this transaction, because of `error`.
    pub(crate) async fn spoil(&mut self, error: StoreError) -> StoreError {
        self.spoiled = true;
        if let (StoreError::Conflict(_), Link::SqliteWriter(turn)) = (&error, &mut self.link) {
            turn.conflicted().await;
        }
        error
    }

    /// Whether this transaction has to lock rows itself before it decides on what it reads.
    pub(crate) fn locks(&self) -> bool {
        matches!(self.link, Link::Postgres { locks: true, .. })
    }

    fn bind_tenant(&self, values: Vec<Value>) -> Result<Vec<Value>, StoreError> {
        // PostgreSQL refuses further statements by itself; SQLite would go on, perhaps outside
        // of the transaction.
        if self.spoiled {
            return Err(StoreError::Spoiled);
        }
        let mut all = vec![Value::from(self.tenant)];
        all.extend(values);
        Ok(all)
    }
}

impl Writing {
    /// Keeps all that was written. Returns when it would survive a power cut.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then nothing is kept. After [`StoreError::Unavailable`] the answer of the
    /// database may be lost, so that it is kept after all.
    pub async fn commit(self) -> Result<(), StoreError> {
        // PostgreSQL would answer a commit of a failed transaction with a silent rollback.
        if self.rows.spoiled {
            return Err(StoreError::Spoiled);
        }
        let Rows { tenant, link, appended, heads, ended, endings, .. } = self.rows;
        match link {
            Link::SqliteReader(_) => Err(StoreError::Spoiled),
            Link::SqliteWriter(turn) => turn.commit().await,
            Link::Postgres { transaction, .. } => Ok(transaction.commit().await?),
        }?;
        if let Some(head) = appended {
            heads.moved(tenant, head);
        }
        if ended {
            endings.tell(tenant);
        }
        Ok(())
    }

    /// Runs a statement and tells whether it hit.
    pub(crate) async fn hits(
        &mut self,
        statement: &'static Statement,
        values: Vec<Value>,
    ) -> Result<bool, StoreError> {
        Ok(self.execute(statement, values).await? > 0)
    }
}

impl Deref for Reading {
    type Target = Rows;

    fn deref(&self) -> &Rows {
        &self.rows
    }
}

impl DerefMut for Reading {
    fn deref_mut(&mut self) -> &mut Rows {
        &mut self.rows
    }
}

impl Deref for Writing {
    type Target = Rows;

    fn deref(&self) -> &Rows {
        &self.rows
    }
}

impl DerefMut for Writing {
    fn deref_mut(&mut self) -> &mut Rows {
        &mut self.rows
    }
}

/// Every statement, for the test that prepares them on both engines.
#[cfg(test)]
pub(crate) static STATEMENTS: &[&[(&str, &Statement)]] = &[
    agent_code::STATEMENTS,
    audit::STATEMENTS,
    client::STATEMENTS,
    client_secret::STATEMENTS,
    code::STATEMENTS,
    consumed::STATEMENTS,
    credential::STATEMENTS,
    device::STATEMENTS,
    eam_connection::STATEMENTS,
    eam_transaction::STATEMENTS,
    groups::STATEMENTS,
    lifted::STATEMENTS,
    link::STATEMENTS,
    login::STATEMENTS,
    logout_notice::STATEMENTS,
    mapper::STATEMENTS,
    oidc_grant::STATEMENTS,
    oidc_grant::REDEEM_STATEMENTS,
    oidc_grant::REFRESH_STATEMENTS,
    pairing::STATEMENTS,
    people::STATEMENTS,
    person::STATEMENTS,
    proof::STATEMENTS,
    provider::STATEMENTS,
    session::STATEMENTS,
    signing_key::STATEMENTS,
    sweep::STATEMENTS,
    tenant::STATEMENTS,
    ticket::STATEMENTS,
    x509::STATEMENTS,
];
