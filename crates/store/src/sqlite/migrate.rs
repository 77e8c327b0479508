use std::collections::BTreeMap;

use sqlx::migrate::{MigrateError, Migration, Migrator};

use super::Session;
use crate::StoreError;
use crate::row::Row;

/// The table in which `sqlx` keeps what was done, as it makes it itself.
const DONE: &str = "CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT PRIMARY KEY, \
                    description TEXT NOT NULL, \
                    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, \
                    success BOOLEAN NOT NULL, checksum BLOB NOT NULL, \
                    execution_time BIGINT NOT NULL)";

/// Brings the schema up to date, each step in a transaction of its own. Nobody else does so meanwhile.
///
/// # Errors
///
/// [`StoreError::Migration`] when the database knows a step that this version does not, or another text
/// of one; another [`StoreError`] when a step fails.
pub(crate) fn migrate(session: &mut Session, steps: &Migrator) -> Result<(), StoreError> {
    session.run(DONE)?;
    let done = done(session)?;
    let known = |version: &i64| steps.iter().any(|step| step.version == *version);
    if let Some(version) = done.keys().find(|version| !known(version)) {
        return Err(MigrateError::VersionMissing(*version).into());
    }
    for step in steps.iter() {
        match done.get(&step.version) {
            Some(checksum) if **checksum == *step.checksum => {}
            Some(_) => return Err(MigrateError::VersionMismatch(step.version).into()),
            None => take(session, step)?,
        }
    }
    Ok(())
}

/// The checksums of the steps that were taken, by version.
fn done(session: &mut Session) -> Result<BTreeMap<i64, Vec<u8>>, StoreError> {
    let rows = session.all("SELECT version, checksum FROM _sqlx_migrations WHERE success", &[])?;
    let rows = rows.into_iter().map(Row::Sqlite);
    rows.map(|row| Ok((row.get("version")?, row.get("checksum")?))).collect()
}

fn take(session: &mut Session, step: &Migration) -> Result<(), StoreError> {
    let transaction = session.connection().transaction()?;
    transaction.execute_batch(step.sql.as_str())?;
    transaction.execute(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (?1, ?2, TRUE, ?3, 0)",
        (step.version, &*step.description, &*step.checksum),
    )?;
    Ok(transaction.commit()?)
}
