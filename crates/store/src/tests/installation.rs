use std::sync::Arc;

use secrets::{KeyRing, Secret};

use crate::tests::support::{Bench, id, on_both, ring, tenant};
use crate::{Location, Store, StoreError};

on_both! {
    async fn a_wrong_master_key_refuses_to_start_and_changes_nothing(bench) {
        bench.tenant("acme").await;
        let wrong = Arc::new(KeyRing::of([8; 32]));
        let refused = Store::open(bench.location.clone(), wrong).await;
        assert!(matches!(refused, Err(StoreError::WrongKey)), "{:?}", refused.err());
        let again = Store::open(bench.location.clone(), ring()).await.unwrap();
        assert!(again.tenant(&tenant("acme").slug).await.unwrap().is_some());
        assert_eq!(bench.count("installation").await, 1);
    }

    async fn a_wrong_master_key_is_noticed_before_the_schema_is_touched(bench) {
        bench.raw("DELETE FROM _sqlx_migrations").await;
        let wrong = Arc::new(KeyRing::of([8; 32]));
        let refused = Store::open(bench.location.clone(), wrong).await;
        assert!(matches!(refused, Err(StoreError::WrongKey)), "{:?}", refused.err());
        assert_eq!(bench.count("_sqlx_migrations").await, 0);
    }

    async fn a_ring_with_a_newer_key_still_opens_it(bench) {
        let newer = KeyRing::of([9; 32]).reveal().replacen("1:", "2:", 1);
        let both = KeyRing::parse(&format!("{}{newer}", *ring().reveal())).unwrap();
        assert!(Store::open(bench.location.clone(), Arc::new(both)).await.is_ok());
    }

    async fn a_database_without_a_check_value_gets_one_and_keeps_it(bench) {
        bench.raw("DELETE FROM installation").await;
        let other = Arc::new(KeyRing::of([8; 32]));
        assert!(Store::open(bench.location.clone(), other).await.is_ok());
        let refused = Store::open(bench.location.clone(), ring()).await;
        assert!(matches!(refused, Err(StoreError::WrongKey)), "{:?}", refused.err());
    }

    async fn a_schema_that_a_newer_version_has_changed_is_left_alone(bench) {
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, \
                     execution_time) SELECT 9999, 'newer', success, checksum, 0 \
                     FROM _sqlx_migrations WHERE version = 1";
        assert_eq!(bench.raw(newer).await, 1);
        let refused = Store::open(bench.location.clone(), ring()).await;
        assert!(matches!(refused, Err(StoreError::Migration(_))), "{:?}", refused.err());
    }

    async fn a_step_whose_text_has_changed_since_it_was_taken_is_refused(bench) {
        let changed = "UPDATE _sqlx_migrations SET checksum = (SELECT checksum FROM \
                       _sqlx_migrations WHERE version = 1) WHERE version = 2";
        assert_eq!(bench.raw(changed).await, 1);
        let refused = Store::open(bench.location.clone(), ring()).await;
        assert!(matches!(refused, Err(StoreError::Migration(_))), "{:?}", refused.err());
    }

    async fn a_closed_store_opens_again_with_all_it_had(bench) {
        bench.tenant("acme").await;
        bench.store.close().await.unwrap();
        let again = Store::open(bench.location.clone(), ring()).await.unwrap();
        assert!(again.tenant(&tenant("acme").slug).await.unwrap().is_some());
    }

    async fn a_closed_store_writes_no_more(bench) {
        let tenant = bench.tenant("acme").await;
        bench.store.close().await.unwrap();
        assert!(bench.store.write(tenant).await.is_err());
    }
}

/// Whoever copies the file of a store that is closed has all of it.
#[tokio::test]
async fn a_closed_store_leaves_one_file() {
    let bench = Bench::sqlite().await;
    bench.tenant("acme").await;
    bench.store.close().await.unwrap();
    for suffix in ["-wal", "-shm"] {
        let path = format!("{}{suffix}", bench.path().display());
        assert!(!std::fs::exists(&path).unwrap(), "{path}");
    }
}

#[tokio::test]
async fn the_file_and_its_log_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::sqlite().await;
    bench.tenant("acme").await;
    for suffix in ["", "-wal", "-shm"] {
        let path = format!("{}{suffix}", bench.path().display());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{path}");
    }
}

#[tokio::test]
async fn a_file_that_others_may_read_is_closed_to_them() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::sqlite().await;
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(bench.path(), open).unwrap();
    Store::open(bench.location.clone(), ring()).await.unwrap();
    assert_eq!(std::fs::metadata(bench.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_role_that_ignores_the_wall_is_refused() {
    let bench = Bench::postgres().await;
    let Location::Postgres(url) = &bench.location else { panic!("PostgreSQL") };
    let url = test_postgres::server().superuser(url.expose_text().unwrap());
    let refused = Store::open(Location::Postgres(Secret::from(url)), ring()).await;
    assert!(matches!(refused, Err(StoreError::MightyRole)), "{:?}", refused.err());
}

#[tokio::test]
async fn an_error_of_the_url_does_not_repeat_it() {
    let location = Location::Postgres(Secret::from("postgres://u:canary@[".to_owned()));
    assert!(!format!("{location:?}").contains("canary"));
    let refused = Store::open(location, ring()).await.err().unwrap();
    assert!(matches!(refused, StoreError::Url), "{refused:?}");
    assert!(!format!("{refused} {refused:?}").contains("canary"));
}

#[tokio::test]
async fn sqlite_waits_for_the_disk_and_minds_foreign_keys() {
    let bench = Bench::sqlite().await;
    let cast = bench.cast("acme").await;
    let mut writing = cast.write().await;
    let crate::rows::Link::SqliteWriter(turn) = &mut writing.rows.link else { panic!("SQLite") };
    let connection = turn.session().unwrap().connection();
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    assert_eq!(pragma("synchronous"), Ok(2));
    assert_eq!(pragma("foreign_keys"), Ok(1));
    let mode = connection.pragma_query_value(None, "journal_mode", |row| row.get(0));
    assert_eq!(mode, Ok("wal".to_owned()));
}

/// Each on a connection of its own, as from processes that a supervisor started twice.
#[tokio::test(flavor = "multi_thread")]
async fn many_that_open_a_new_file_at_once_take_turns() {
    for _ in 0..8 {
        let directory = std::env::temp_dir().join(format!("cardea-store-{}", id()));
        std::fs::create_dir(&directory).unwrap();
        let location = Location::Sqlite(directory.join("cardea.db"));
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..4 {
            all.spawn(Store::open(location.clone(), ring()));
        }
        for opened in all.join_all().await {
            assert!(opened.is_ok(), "{:?}", opened.err());
        }
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
