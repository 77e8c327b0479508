use sqlx::{Executor, SqlStr};

use crate::sql::Statement;
use crate::tests::support::Bench;

fn all() -> impl Iterator<Item = (&'static str, &'static Statement)> {
    let lists = crate::rows::STATEMENTS.iter().copied();
    let further = [crate::open::STATEMENTS, crate::store::STATEMENTS];
    lists.chain(further).flatten().copied()
}

#[tokio::test]
async fn sqlite_prepares_every_statement() {
    let bench = Bench::sqlite().await;
    let connection = bench.raw_sqlite();
    for (name, statement) in all() {
        let prepared = connection.prepare(statement.sqlite);
        assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
    }
}

#[tokio::test]
async fn postgres_prepares_every_statement() {
    let bench = Bench::postgres().await;
    let mut connection = bench.raw_postgres().await;
    for (name, statement) in all() {
        let prepared = connection.prepare(SqlStr::from_static(statement.postgres)).await;
        assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
    }
}

#[test]
fn a_connection_keeps_them_all() {
    // Those of transactions and of the migration are in no list.
    assert!(all().count() + 16 < crate::sql::STATEMENT_CACHE);
}

#[test]
fn every_statement_on_a_tenants_rows_names_the_tenant() {
    for (name, statement) in crate::rows::STATEMENTS.iter().copied().flatten() {
        let directory = ["LOGIN_BY_AGENT_CODE", "DEVICE_BY_THUMBPRINT", "TENANT_BY_SLUG"];
        let lists = ["TENANTS", "TENANTS_TO_SWEEP", "SEEN"];
        if directory.contains(name) || lists.contains(name) {
            continue;
        }
        let text = statement.postgres;
        let named = text.contains("tenant_id = $1") || text.contains("(tenant_id, ");
        assert!(named && text.contains("$1"), "{name}: {text}");
    }
}
