use std::sync::Arc;

use rusqlite::{ErrorCode, ffi};

/// Why the store did not do it. The texts hold no value of any row.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Too many wait, or two transactions stood in each other's way: try again a moment later.
    #[error("store is busy")]
    Busy,
    /// The unique value that is named is taken. Nothing of the transaction may be kept.
    #[error("{0} is taken")]
    Conflict(&'static str),
    /// A row was named that is not there, or that others still refer to.
    #[error("a row that is referred to is missing, or still in use")]
    Reference,
    /// A proof does not belong to the login that was taken in this transaction.
    #[error("proof does not belong to the login that was taken")]
    Mismatch,
    /// An earlier statement of this transaction failed: it can only be dropped.
    #[error("transaction has failed already")]
    Spoiled,
    /// The master key is not the one of this installation. Nothing was changed.
    #[error(
        "master key is not the one that this database was made with; put back the key or the database that \
         belongs to it"
    )]
    WrongKey,
    /// The database role ignores row-level security, the second wall between tenants.
    #[error("database role is a superuser or has BYPASSRLS; use a role that has neither")]
    MightyRole,
    /// The URL of the database is not one.
    #[error("database URL cannot be read; write postgres://USER:PASSWORD@HOST/NAME")]
    Url,
    /// A column holds what this version does not write.
    #[error("column {0} holds an unknown value")]
    Corrupt(&'static str),
    /// The file of the database cannot be made or protected.
    #[error("database file cannot be prepared")]
    File(#[source] Arc<std::io::Error>),
    /// Somebody else has been preparing the database file for ten seconds.
    #[error("another cardea is preparing this database; end it or wait, then start again")]
    InPreparation,
    /// The schema cannot be brought up to date.
    #[error(
        "schema cannot be brought up to date; start the version of cardea that ran on this database last, or put \
         its backup back"
    )]
    Migration(#[source] Arc<sqlx::migrate::MigrateError>),
    /// The database failed or cannot be reached.
    #[error("database failed")]
    Unavailable(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => Self::Busy,
            sqlx::Error::Database(cause) if cause.is_unique_violation() => {
                Self::Conflict(unique_value(cause.constraint().unwrap_or_default()))
            }
            sqlx::Error::Database(cause) if cause.is_foreign_key_violation() => Self::Reference,
            sqlx::Error::Database(cause) if is_contention(cause.code().as_deref()) => Self::Busy,
            _ => Self::Unavailable(Arc::new(error)),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(code, text) = &error else {
            return Self::Unavailable(Arc::new(error));
        };
        match (code.code, code.extended_code) {
            (_, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
                Self::Conflict(unique_value(text.as_deref().unwrap_or_default()))
            }
            (_, ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => Self::Reference,
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Self::Busy,
            _ => Self::Unavailable(Arc::new(error)),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Migration(Arc::new(error))
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        Self::File(Arc::new(error))
    }
}

/// PostgreSQL's codes for serialization failure, deadlock, and lock not available.
fn is_contention(code: Option<&str>) -> bool {
    matches!(code, Some("40001" | "40P01" | "55P03"))
}

/// Which value is taken: PostgreSQL names the constraint, SQLite the columns in its message.
fn unique_value(name: &str) -> &'static str {
    const VALUES: [(&str, &str, &str); 8] = [
        ("tenant_slug_key", "tenant.slug", "slug"),
        ("person_tenant_id_username_key_key", "person.username_key", "username"),
        ("mapper_tenant_id_alias_name_key", "mapper.name", "name of the mapper"),
        ("credential_tenant_id_webauthn_id_key", "credential.webauthn_id", "card"),
        ("credential_certificate", "credential.name_hash", "card"),
        ("proof_tenant_id_login_id_purpose_key", "proof.login_id", "login"),
        ("device_directory_pkey", "device_directory.thumbprint", "key of the device"),
        ("session_tenant_id_claim_key", "session.claim", "claim of the session"),
    ];
    let found = VALUES.iter().find(|(constraint, column, _)| {
        name == *constraint || name.split([' ', ',']).any(|word| word == *column)
    });
    found.map_or("value", |(_, _, value)| value)
}
