//! Time passes at the server, whose clock is the database's.

use std::time::Duration;

use e2e::World;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection};

/// Moves the end of everything in a table to a long time ago: a test cannot wait ten minutes, and
/// the server has no clock that could be turned.
///
/// # Panics
///
/// When there is nothing that could expire.
pub async fn expire(world: &World, table: &str, column: &str) {
    let options = SqliteConnectOptions::new()
        .filename(world.config.sqlite())
        .busy_timeout(Duration::from_secs(10));
    let mut connection = SqliteConnection::connect_with(&options).await.expect("the database");
    let statement = AssertSqlSafe(format!("UPDATE {table} SET {column} = 1"));
    let changed = sqlx::query(statement).execute(&mut connection).await.expect("an update");
    assert!(changed.rows_affected() > 0, "nothing in {table}");
    connection.close().await.expect("the database again");
}
