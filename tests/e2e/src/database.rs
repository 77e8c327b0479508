use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use rusqlite::Connection as Sqlite;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use crate::World;

/// A row as text: each column with its value as SQL writes it.
pub type Row = BTreeMap<String, String>;

/// Everything that the database holds, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dump(BTreeMap<String, BTreeSet<Row>>);

/// What a refused answer of a card may change in a login: the challenge that it spends, and how many
/// there were.
const CHALLENGE: [&str; 4] = ["challenge_id", "challenge_at", "challenge_expires_at", "refusals"];

impl Dump {
    /// The rows of a table.
    pub fn rows(&self, table: &str) -> Vec<Row> {
        self.0.get(table).map(|rows| rows.iter().cloned().collect()).unwrap_or_default()
    }

    /// How `later` differs: each row that is gone behind a minus, each new one behind a plus.
    pub fn changes(&self, later: &Self) -> Vec<String> {
        let none = BTreeSet::new();
        let beyond = |some: &Self, others: &Self, sign: &str| -> Vec<String> {
            let tables = some.0.iter();
            let beyond = tables.flat_map(|(table, rows)| {
                let others = others.0.get(table).unwrap_or(&none);
                rows.difference(others).map(move |row| format!("{sign} {table} {row:?}"))
            });
            beyond.collect()
        };
        [beyond(self, later, "-"), beyond(later, self, "+")].concat()
    }

    /// The kinds of the audit events that `later` has on top, in their order.
    pub fn audited(&self, later: &Self) -> Vec<String> {
        let seq = |row: &Row| row.get("seq").and_then(|seq| seq.parse::<i64>().ok());
        let known: BTreeSet<Row> = self.rows("audit").into_iter().collect();
        let mut new: Vec<Row> =
            later.rows("audit").into_iter().filter(|row| !known.contains(row)).collect();
        new.sort_by_key(seq);
        let kind = |row: &Row| row.get("kind").map(|kind| kind.trim_matches('\'').to_owned());
        new.iter().filter_map(kind).collect()
    }

    /// The same without the audit trail and without what logins say about their challenge: what a
    /// refused answer must leave as it was.
    #[must_use]
    pub fn but_challenges_and_audit(mut self) -> Self {
        self.0.remove("audit");
        self.0.remove("audit_head");
        if let Some(logins) = self.0.remove("login") {
            let bare = logins.into_iter().map(|mut row| {
                row.retain(|column, _| !CHALLENGE.contains(&column.as_str()));
                row
            });
            self.0.insert("login".into(), bare.collect());
        }
        self
    }

    /// The same without some tables.
    #[must_use]
    pub fn without(mut self, tables: &[&str]) -> Self {
        self.0.retain(|table, _| !tables.contains(&table.as_str()));
        self
    }
}

/// Somebody who looks at the database again and again.
pub struct Watch {
    database: Database,
    tables: Tables,
    /// SQLite's count of what others have written; another engine does not tell.
    version: Option<String>,
    seen: Dump,
}

impl Watch {
    /// Everything that the database held at the last look.
    pub fn seen(&self) -> &Dump {
        &self.seen
    }

    /// Looks again: what was seen before, if something was written since. Costs next to nothing
    /// where the database tells that nothing was.
    pub async fn look(&mut self) -> Option<Dump> {
        let version = self.database.version().await;
        if version.is_some() && version == self.version {
            return None;
        }
        self.version = version;
        let now = self.database.dump(&self.tables).await;
        Some(std::mem::replace(&mut self.seen, now))
    }
}

impl World {
    /// Looks at the database, to look again later.
    pub async fn watch(&self) -> Watch {
        let mut database = self.database().await;
        let version = database.version().await;
        let tables = database.tables().await;
        let seen = database.dump(&tables).await;
        Watch { database, tables, version, seen }
    }

    /// Everything that the database holds now, of all tenants, written the same way on either
    /// engine.
    ///
    /// # Panics
    ///
    /// When the database cannot be read.
    pub async fn dump(&self) -> Dump {
        let mut database = self.database().await;
        let tables = database.tables().await;
        database.dump(&tables).await
    }

    /// Changes the database behind the server's back, such as a moment that would take long to
    /// come. Says how many rows were hit.
    ///
    /// # Panics
    ///
    /// When the database refuses.
    pub async fn sql(&self, statement: &str) -> u64 {
        self.database().await.execute(statement).await
    }

    /// From now on the database refuses every change of a row of `table`, also one that leaves it
    /// as it is.
    ///
    /// # Panics
    ///
    /// When the database refuses this.
    pub async fn refuse_updates(&self, table: &str) {
        let mut database = self.database().await;
        let refuse = match database {
            Database::Sqlite(_) => "BEGIN SELECT RAISE(ABORT, 'untouched'); END",
            Database::Postgres(_) => {
                let function = "CREATE FUNCTION untouched() RETURNS trigger LANGUAGE plpgsql AS \
                     $$ BEGIN RAISE EXCEPTION 'untouched'; END $$";
                database.execute(function).await;
                "FOR EACH ROW EXECUTE FUNCTION untouched()"
            }
        };
        let trigger = format!("CREATE TRIGGER untouched BEFORE UPDATE ON {table} {refuse}");
        database.execute(&trigger).await;
    }

    /// The database, past the server, and on PostgreSQL past row-level security.
    #[expect(clippy::expect_used, reason = "fixtures")]
    async fn database(&self) -> Database {
        match &self.config.database {
            None => {
                let file = Sqlite::open(self.config.sqlite()).expect("the database");
                Database::Sqlite(Arc::new(Mutex::new(file)))
            }
            Some(url) => {
                let url = test_postgres::server().superuser(&url.0);
                Database::Postgres(PgConnection::connect(&url).await.expect("the database"))
            }
        }
    }
}

enum Database {
    Sqlite(Arc<Mutex<Sqlite>>),
    Postgres(PgConnection),
}

/// Each table of the product with its columns: name, and the expression that is its value as text.
type Tables = BTreeMap<String, Vec<(String, String)>>;

/// Table, column and type of each column.
const SQLITE_COLUMNS: &str = "SELECT tables.name, columns.name, columns.type FROM sqlite_master \
     AS tables JOIN pragma_table_info(tables.name) AS columns WHERE tables.type = 'table' \
     AND tables.name NOT LIKE 'sqlite%' AND tables.name NOT LIKE '_sqlx%'";

const POSTGRES_COLUMNS: &str = "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), \
     CAST(data_type AS TEXT) FROM information_schema.columns WHERE table_schema = 'public' \
     AND table_name NOT LIKE '_sqlx%'";

impl Database {
    async fn dump(&mut self, tables: &Tables) -> Dump {
        let mut dump = BTreeMap::new();
        for (table, columns) in tables {
            let values: Vec<&str> = columns.iter().map(|(_, value)| value.as_str()).collect();
            let rows = self.rows(format!("SELECT {} FROM {table}", values.join(", "))).await;
            let names = || columns.iter().map(|(name, _)| name.clone());
            dump.insert(
                table.clone(),
                rows.into_iter().map(|row| names().zip(row).collect()).collect(),
            );
        }
        Dump(dump)
    }

    /// Changes when another connection has written, on SQLite.
    async fn version(&mut self) -> Option<String> {
        match self {
            Self::Sqlite(_) => {
                let select = "SELECT CAST(data_version AS TEXT) FROM pragma_data_version";
                self.rows(select.to_owned()).await.pop()?.pop()
            }
            Self::Postgres(_) => None,
        }
    }

    async fn tables(&mut self) -> Tables {
        let select = match self {
            Self::Sqlite(_) => SQLITE_COLUMNS,
            Self::Postgres(_) => POSTGRES_COLUMNS,
        };
        let mut tables = Tables::new();
        for row in self.rows(select.to_owned()).await {
            let Ok([table, name, kind]) = <[String; 3]>::try_from(row) else { continue };
            let value = self.as_text(&name, &kind);
            tables.entry(table).or_default().push((name, value));
        }
        tables
    }

    /// The value of a column as SQLite's `quote` writes what the store keeps there.
    fn as_text(&self, column: &str, kind: &str) -> String {
        if matches!(self, Self::Sqlite(_)) {
            return format!("quote({column})");
        }
        let text = match kind {
            "uuid" => format!("'X''' || upper(replace(CAST({column} AS TEXT), '-', '')) || ''''"),
            "bytea" => format!("'X''' || upper(encode({column}, 'hex')) || ''''"),
            "boolean" => format!("CAST(CAST({column} AS INTEGER) AS TEXT)"),
            "text" => format!("'''' || replace({column}, '''', '''''') || ''''"),
            _ => format!("CAST({column} AS TEXT)"),
        };
        format!("COALESCE({text}, 'NULL')")
    }

    /// What a query answers, all of it text.
    #[expect(clippy::expect_used, reason = "a database that cannot be read is a red test")]
    async fn rows(&mut self, select: String) -> Vec<Vec<String>> {
        match self {
            Self::Sqlite(file) => {
                beside(file, move |file| {
                    let mut statement = file.prepare(&select).expect("a query");
                    let columns = statement.column_count();
                    let row =
                        |row: &rusqlite::Row<'_>| (0..columns).map(|at| row.get(at)).collect();
                    let rows = statement.query_map([], row);
                    rows.and_then(Iterator::collect).expect("rows")
                })
                .await
            }
            Self::Postgres(server) => {
                let query = sqlx::raw_sql(AssertSqlSafe(select));
                let rows = query.fetch_all(server).await.expect("rows");
                rows.iter().map(|row| (0..row.len()).map(|at| row.get(at)).collect()).collect()
            }
        }
    }

    #[expect(clippy::expect_used, reason = "fixtures")]
    async fn execute(&mut self, statement: &str) -> u64 {
        match self {
            Self::Sqlite(file) => {
                let statement = statement.to_owned();
                beside(file, move |file| {
                    file.execute_batch(&statement).expect("a statement");
                    file.changes()
                })
                .await
            }
            Self::Postgres(server) => {
                let query = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()));
                query.execute(server).await.expect("a statement").rows_affected()
            }
        }
    }
}

/// Works with the file on a thread of its own: the server, which may hold it, may need this one.
#[expect(clippy::expect_used, reason = "fixtures")]
async fn beside<T: Send + 'static>(
    file: &Arc<Mutex<Sqlite>>,
    work: impl FnOnce(&mut Sqlite) -> T + Send + 'static,
) -> T {
    let file = Arc::clone(file);
    let done = tokio::task::spawn_blocking(move || work(&mut file.lock().expect("the file")));
    done.await.expect("a thread")
}
