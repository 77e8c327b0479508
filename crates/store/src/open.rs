//! Opening: connections as they must be, the schema, and the master key's check value.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use secrets::{KeyRing, Secret};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions, PgConnection};

use crate::row::Row;
use crate::sql::{STATEMENT_CACHE, Statement, Value, statements, values};
use crate::sqlite::{self, Readers, Session};
use crate::store::Engine;
use crate::writer::Writer;
use crate::{Store, StoreError};

/// Where the database is.
#[derive(Clone, Debug)]
pub enum Location {
    /// A file of our own; made when it is not there.
    Sqlite(PathBuf),
    /// The URL of a PostgreSQL database. It may hold a password.
    Postgres(Secret),
}

/// How long preparing and reading wait for another process that holds the SQLite file. Writing waits in
/// `writer`.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long we wait for another process that prepares the same SQLite file, and how often we look.
const PREPARE_TIMEOUT: Duration = Duration::from_secs(10);
const PREPARE_LOOK: Duration = Duration::from_millis(20);

/// Connections to PostgreSQL.
const CONNECTIONS: u32 = 16;

/// How long a request waits for a connection before it is told to come back.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// What the check value seals, and the place that it stands in.
const CHECK: &[u8] = b"cardea";
const CHECK_PLACE: &str = "installation|sealed_check";

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

impl Store {
    /// Opens the database, makes it when it is new, and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// [`StoreError::WrongKey`] when it was made with another master key: nothing is changed
    /// then. [`StoreError::MightyRole`] for a role that ignores row-level security.
    pub async fn open(location: Location, ring: Arc<KeyRing>) -> Result<Self, StoreError> {
        let engine = match location {
            Location::Sqlite(path) => open_sqlite(&path, &ring).await?,
            Location::Postgres(url) => open_postgres(&url, &ring).await?,
        };
        Ok(Self::new(engine, ring))
    }
}

async fn open_sqlite(path: &Path, ring: &KeyRing) -> Result<Engine, StoreError> {
    protect(path)?;
    let _preparing = alone(path, PREPARE_TIMEOUT).await?;
    let mut session = Session::writer(path, BUSY_TIMEOUT)?;
    let mut first = First::Sqlite(&mut session);
    first.check_key(ring).await?;
    first.migrate().await?;
    first.keep_check_value(ring).await?;
    session.wait_at_most(Duration::ZERO)?;
    Ok(Engine::Sqlite { readers: Readers::new(path, BUSY_TIMEOUT), writer: Writer::new(session) })
}

/// Makes the file, or finds it, for its owner alone; its log files get the same mode. A file that
/// is there is not opened: to close it would give up the locks that `SQLite` holds on it in this
/// process (POSIX `fcntl`).
fn protect(path: &Path) -> Result<(), StoreError> {
    match owners_own().create_new(true).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => drop(made?),
    }
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(())
}

fn owners_own() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Waits until nobody else prepares this database: two that found it new would both make its
/// tables, and the slower one would fail. The lock stands in a file beside the database, ends with
/// the process at the latest, and is not held while the database is in use: `cardea admin invite`
/// works beside a running server.
async fn alone(path: &Path, mut patience: Duration) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = owners_own().create(true).open(PathBuf::from(name))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(error.into()),
            Err(TryLockError::WouldBlock) => {}
        }
        patience = patience.checked_sub(PREPARE_LOOK).ok_or(StoreError::InPreparation)?;
        tokio::time::sleep(PREPARE_LOOK).await;
    }
}

async fn open_postgres(url: &Secret, ring: &KeyRing) -> Result<Engine, StoreError> {
    let text = url.expose_text().ok_or(StoreError::Url)?;
    // The error would repeat the URL.
    let options = PgConnectOptions::from_str(text).map_err(|_| StoreError::Url)?;
    let mode = if is_local(&options) { PgSslMode::Prefer } else { PgSslMode::VerifyFull };
    let options =
        options.ssl_mode(mode).application_name("cardea").statement_cache_capacity(STATEMENT_CACHE);
    let mut connection = options.clone().connect().await?;
    let mut first = First::Postgres(&mut connection);
    first.check_role().await?;
    first.check_key(ring).await?;
    first.migrate().await?;
    first.keep_check_value(ring).await?;
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(ACQUIRE_TIMEOUT);
    Ok(Engine::Postgres(pool.connect_with(options).await?))
}

/// Whether the way to the server does not leave this host.
fn is_local(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    options.get_socket().is_some()
        || host.starts_with('/')
        || matches!(host, "localhost" | "127.0.0.1" | "::1" | "[::1]")
}

statements! {
    CHECK_VALUE: ["SELECT sealed_check FROM installation WHERE id = 1"];
    KEEP_CHECK_VALUE: [
        "INSERT INTO installation (id, sealed_check, created_at) VALUES (1, $1, ", NOW,
        ") ON CONFLICT (id) DO NOTHING"];
}

/// Whether there is a schema at all.
static HAS_TABLES: Statement = Statement {
    sqlite: "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'installation'",
    postgres: "SELECT CAST(relname AS TEXT) AS name FROM pg_class \
               WHERE oid = to_regclass('installation')",
};

/// Whether row-level security holds for us (PostgreSQL only).
static ROLE: Statement = Statement {
    sqlite: "SELECT FALSE AS mighty",
    postgres: "SELECT rolsuper OR rolbypassrls AS mighty FROM pg_roles \
               WHERE rolname = current_user",
};

/// The one connection that prepares the database.
enum First<'c> {
    Postgres(&'c mut PgConnection),
    Sqlite(&'c mut Session),
}

impl First<'_> {
    async fn one(
        &mut self,
        statement: &'static Statement,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(match self {
            Self::Postgres(connection) => {
                let row = statement.on_postgres(values).fetch_optional(&mut **connection).await?;
                row.map(Row::Postgres)
            }
            Self::Sqlite(session) => {
                let rows = session.all(statement.sqlite, &values)?;
                rows.into_iter().next().map(Row::Sqlite)
            }
        })
    }

    async fn check_role(&mut self) -> Result<(), StoreError> {
        let role = self.one(&ROLE, values![]).await?.ok_or(StoreError::MightyRole)?;
        if role.get("mighty")? { Err(StoreError::MightyRole) } else { Ok(()) }
    }

    /// Before anything is written: whether this is the key that the database was made with.
    async fn check_key(&mut self, ring: &KeyRing) -> Result<(), StoreError> {
        if self.one(&HAS_TABLES, values![]).await?.is_none() {
            return Ok(());
        }
        match self.one(&CHECK_VALUE, values![]).await? {
            Some(row) => opens(ring, &row),
            None => Ok(()),
        }
    }

    async fn migrate(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Postgres(connection) => {
                Ok(POSTGRES.run_direct(None, &mut **connection, false).await?)
            }
            Self::Sqlite(session) => sqlite::migrate(session, &SQLITE),
        }
    }

    /// Writes the check value of a new database. Another node may have been first, with its key:
    /// so what stands there in the end is what counts.
    async fn keep_check_value(&mut self, ring: &KeyRing) -> Result<(), StoreError> {
        let mut nonce = [0; 24];
        rand::fill(&mut nonce).map_err(|_| StoreError::Corrupt("sealed_check"))?;
        let sealed = ring.seal(CHECK_PLACE, nonce, CHECK).map_err(|_| StoreError::WrongKey)?;
        self.one(&KEEP_CHECK_VALUE, values![sealed]).await?;
        let row = self.one(&CHECK_VALUE, values![]).await?;
        opens(ring, &row.ok_or(StoreError::Corrupt("sealed_check"))?)
    }
}

fn opens(ring: &KeyRing, row: &Row) -> Result<(), StoreError> {
    let sealed: Vec<u8> = row.get("sealed_check")?;
    ring.open(CHECK_PLACE, &sealed).map(drop).map_err(|_| StoreError::WrongKey)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_prepares_a_file_at_a_time_and_who_waits_too_long_is_told_so() {
        let name = format!("cardea-store-{}.db", uuid::Uuid::now_v7());
        let path = std::env::temp_dir().join(name);
        let first = alone(&path, Duration::ZERO).await.unwrap();
        let refused = alone(&path, Duration::ZERO).await.unwrap_err();
        assert!(matches!(refused, StoreError::InPreparation), "{refused:?}");
        assert!(refused.to_string().starts_with("another cardea is preparing this database"));
        drop(first);
        // Not at once: a child that another test starts holds the lock until it has become its program.
        assert!(alone(&path, Duration::from_secs(10)).await.is_ok());
        std::fs::remove_file(path.with_extension("db.lock")).unwrap();
    }
}
