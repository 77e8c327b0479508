#![expect(clippy::struct_field_names, reason = "named as the columns are")]
use load::Installation;
use rusqlite::{Connection as Sqlite, OpenFlags};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use store::Page;

use crate::Failure;

/// What is in the database, read past the product: ids as hex digits.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// What SQLite finds damaged; PostgreSQL is not asked, it stayed alive.
    pub damage: Vec<String>,
    /// Tenants whose audit chain does not verify, or was cut off.
    pub broken_chains: Vec<String>,
    pub(crate) sessions: Vec<Session>,
    pub(crate) proofs: Vec<Proof>,
    pub(crate) credentials: Vec<Credential>,
    pub(crate) logins: Vec<Login>,
    pub(crate) events: Vec<AuditRow>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Session {
    pub(crate) tenant_id: String,
    pub(crate) session_id: String,
    pub(crate) person_id: String,
    pub(crate) credential_id: String,
    pub(crate) proof_id: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Proof {
    pub(crate) tenant_id: String,
    pub(crate) proof_id: String,
    pub(crate) login_id: String,
    pub(crate) person_id: String,
    pub(crate) credential_id: String,
    pub(crate) purpose: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Credential {
    pub(crate) tenant_id: String,
    pub(crate) credential_id: String,
    pub(crate) person_id: String,
    pub(crate) permit: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Login {
    pub(crate) tenant_id: String,
    pub(crate) login_id: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct AuditRow {
    pub(crate) tenant_id: String,
    pub(crate) person_id: Option<String>,
    pub(crate) kind: String,
    pub(crate) detail: String,
}

impl AuditRow {
    /// The card that the event names.
    pub(crate) fn card(&self) -> Option<String> {
        let detail: serde_json::Value = serde_json::from_str(&self.detail).ok()?;
        Some(detail.get("card")?.as_str()?.replace('-', ""))
    }
}

/// A connection that sees all tenants.
enum Reader {
    Postgres(PgConnection),
    Sqlite(Sqlite),
}

impl Evidence {
    /// Reads everything; the server may be running.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn read(installation: &Installation) -> Result<Self, Failure> {
        let mut reader = Reader::open(installation).await?;
        Ok(Self {
            damage: reader.damage()?,
            broken_chains: broken_chains(installation).await?,
            sessions: reader
                .rows(
                    "session",
                    &["tenant_id", "session_id", "person_id", "credential_id", "proof_id"],
                    &[],
                )
                .await?,
            proofs: reader
                .rows(
                    "proof",
                    &["tenant_id", "proof_id", "login_id", "person_id", "credential_id"],
                    &["purpose"],
                )
                .await?,
            credentials: reader
                .rows("credential", &["tenant_id", "credential_id", "person_id"], &["permit"])
                .await?,
            logins: reader.rows("login", &["tenant_id", "login_id"], &[]).await?,
            events: reader.rows("audit", &["tenant_id", "person_id"], &["kind", "detail"]).await?,
        })
    }
}

impl Reader {
    async fn open(installation: &Installation) -> Result<Self, Failure> {
        if let Some(url) = installation.database() {
            let url = test_postgres::server().superuser(url);
            return Ok(Self::Postgres(PgConnection::connect(&url).await?));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        Ok(Self::Sqlite(Sqlite::open_with_flags(installation.sqlite(), flags)?))
    }

    fn damage(&self) -> Result<Vec<String>, Failure> {
        let Self::Sqlite(file) = self else { return Ok(Vec::new()) };
        let said = column(file, "PRAGMA integrity_check")?;
        let mut damage: Vec<String> = said.into_iter().filter(|line| line != "ok").collect();
        let dangling = column(file, "SELECT \"table\" FROM pragma_foreign_key_check")?;
        damage.extend(dangling.into_iter().map(|table| format!("dangling row in {table}")));
        Ok(damage)
    }

    /// Every row of a table, as JSON: the one form that both engines give.
    async fn rows<T: DeserializeOwned>(
        &mut self,
        table: &str,
        ids: &[&str],
        texts: &[&str],
    ) -> Result<Vec<T>, Failure> {
        let texts = texts.iter().map(|column| format!("'{column}', {column}"));
        let rows: Vec<String> = match self {
            Self::Postgres(connection) => {
                let id = |id: &&str| format!("'{id}', replace(CAST({id} AS TEXT), '-', '')");
                let fields: Vec<String> = ids.iter().map(id).chain(texts).collect();
                let fields = fields.join(", ");
                let sql = format!("SELECT CAST(json_build_object({fields}) AS TEXT) FROM {table}");
                sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(connection).await?
            }
            Self::Sqlite(file) => {
                let id = |id: &&str| {
                    format!("'{id}', CASE WHEN {id} IS NOT NULL THEN lower(hex({id})) END")
                };
                let fields: Vec<String> = ids.iter().map(id).chain(texts).collect();
                let sql = format!("SELECT json_object({}) FROM {table}", fields.join(", "));
                column(file, &sql)?
            }
        };
        Ok(rows.iter().map(|row| serde_json::from_str(row)).collect::<Result<_, _>>()?)
    }
}

/// The first column of what a query answers.
fn column(file: &Sqlite, query: &str) -> Result<Vec<String>, Failure> {
    let mut statement = file.prepare(query)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Chains are verified by the product's own function: what it hashes is its own matter.
async fn broken_chains(installation: &Installation) -> Result<Vec<String>, Failure> {
    let store = installation.store().await?;
    let mut broken = Vec::new();
    for tenant in store.tenants(&Page { after: None, limit: 1000 }).await? {
        let mut rows = store.read(tenant.id).await?;
        let events = rows.audit(0, 100_000).await?;
        let whole = rows.audit_head().await?.is_some_and(|head| head.ends(&events));
        if !whole
            || rows.verify_chain(&events).is_err()
            || events.first().is_none_or(|e| e.seq != 1)
        {
            broken.push(tenant.slug.to_string());
        }
    }
    Ok(broken)
}
