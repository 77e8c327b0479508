//! Time passes at the server, whose clock is the database's.

use std::time::Duration;

use e2e::World;
use rusqlite::Connection;

/// Moves the end of everything in a table to a long time ago: a test cannot wait ten minutes, and
/// the server has no clock that could be turned.
///
/// # Panics
///
/// When there is nothing that could expire.
pub async fn expire(world: &World, table: &str, column: &str) {
    let (file, statement) = (world.config.sqlite(), format!("UPDATE {table} SET {column} = 1"));
    // On a thread of its own: the server, which may hold the file, may need this one.
    let changed = tokio::task::spawn_blocking(move || {
        let database = Connection::open(file)?;
        database.busy_timeout(Duration::from_secs(10))?;
        database.execute(&statement, [])
    });
    let changed = changed.await.expect("a thread").expect("an update");
    assert!(changed > 0, "nothing in {table}");
}
