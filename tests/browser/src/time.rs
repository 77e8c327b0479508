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
pub fn expire(world: &World, table: &str, column: &str) {
    let database = Connection::open(world.config.sqlite()).expect("the database");
    database.busy_timeout(Duration::from_secs(10)).expect("patience");
    let statement = format!("UPDATE {table} SET {column} = 1");
    let changed = database.execute(&statement, []).expect("an update");
    assert!(changed > 0, "nothing in {table}");
}
