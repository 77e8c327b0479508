//! One connection of SQLite.

use std::time::Duration;

use serde_json::json;

use crate::sql::Value;
use crate::sqlite::Session;
use crate::tests::support::Bench;
use crate::{AuditEntry, Location};

fn reader(bench: &Bench) -> Session {
    let Location::Sqlite(path) = &bench.location else { panic!("SQLite") };
    Session::reader(path, Duration::from_secs(1)).unwrap()
}

#[tokio::test]
async fn a_value_goes_where_its_number_stands() {
    let bench = Bench::sqlite().await;
    let mut session = reader(&bench);
    let rows =
        session.all("SELECT ?2 AS b, ?1 AS a, ?2 AS c", &[1_i64, 2].map(Value::from)).unwrap();
    let get = |name| rows[0].get::<i64>(name).unwrap();
    assert_eq!((get("a"), get("b"), get("c")), (Some(1), Some(2), Some(2)));
    assert!(session.all("SELECT ?2 AS b", &[Value::from(1_i64)]).is_err(), "one is missing");
}

#[tokio::test]
async fn columns_have_their_names_after_another_process_has_added_one() {
    let bench = Bench::sqlite().await;
    bench.raw("CREATE TABLE t (one)").await;
    bench.raw("INSERT INTO t VALUES (1)").await;
    let mut session = reader(&bench);
    let mut last = || {
        let rows = session.all("SELECT *, 7 AS last FROM t", &[]).unwrap();
        rows[0].get::<i64>("last").unwrap()
    };
    assert_eq!(last(), Some(7));
    assert_eq!(last(), Some(7));
    bench.raw("ALTER TABLE t ADD COLUMN two DEFAULT 2").await;
    assert_eq!(last(), Some(7));
    assert_eq!(last(), Some(7));
}

#[tokio::test]
async fn columns_have_their_names_after_another_process_has_renamed_one() {
    let bench = Bench::sqlite().await;
    bench.raw("CREATE TABLE t (one)").await;
    bench.raw("INSERT INTO t VALUES (1)").await;
    let mut session = reader(&bench);
    let mut get = |name| session.all("SELECT * FROM t", &[]).unwrap()[0].get::<i64>(name);
    assert_eq!(get("one").unwrap(), Some(1));
    bench.raw("ALTER TABLE t RENAME COLUMN one TO two").await;
    assert_eq!(get("two").unwrap(), Some(1));
}

#[tokio::test]
async fn the_log_is_begun_anew_however_much_is_written() {
    let bench = Bench::sqlite().await;
    let acme = bench.tenant("acme").await;
    let entries: Vec<_> =
        (0..128).map(|n| AuditEntry::new("happened", json!({ "number": n }))).collect();
    let mut reading = Some(bench.store.read(acme).await.unwrap());
    let before = reading.as_mut().unwrap().audit_head().await.unwrap();
    for round in 0..160 {
        if let Some(reading) = &mut reading {
            assert_eq!(reading.audit_head().await.unwrap(), before);
        }
        // As long as somebody reads in it, it goes on.
        reading = reading.filter(|_| round < 40);
        let mut writing = bench.store.write(acme).await.unwrap();
        writing.audit_all(&entries).await.unwrap();
        writing.commit().await.unwrap();
    }
    let mut log = bench.path().into_os_string();
    log.push("-wal");
    // All that was written has 14 MB.
    let size = std::fs::metadata(log).unwrap().len();
    assert!(size < 7_000_000, "{size} bytes");
}
