use std::collections::{BTreeMap, BTreeSet};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Row as _, SqliteConnection};

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
        let rows = |dump: &Self| -> BTreeSet<(String, Row)> {
            let each = dump.0.iter();
            each.flat_map(|(table, rows)| rows.iter().map(|row| (table.clone(), row.clone())))
                .collect()
        };
        let (before, after) = (rows(self), rows(later));
        let gone = before.difference(&after).map(|(table, row)| format!("- {table} {row:?}"));
        let new = after.difference(&before).map(|(table, row)| format!("+ {table} {row:?}"));
        gone.chain(new).collect()
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

impl World {
    /// Everything that the database holds now.
    ///
    /// # Panics
    ///
    /// When the database cannot be read.
    #[expect(clippy::expect_used, reason = "a database that cannot be read is a red test")]
    pub async fn dump(&self) -> Dump {
        let mut database = self.database().await;
        let tables = "SELECT name FROM sqlite_master WHERE type = 'table' \
                      AND name NOT LIKE 'sqlite%' AND name NOT LIKE '_sqlx%'";
        let tables: Vec<String> =
            sqlx::query_scalar(tables).fetch_all(&mut database).await.expect("the tables");
        let mut dump = BTreeMap::new();
        for table in tables {
            let columns = format!("SELECT name FROM pragma_table_info('{table}')");
            let columns: Vec<String> = sqlx::query_scalar(AssertSqlSafe(columns))
                .fetch_all(&mut database)
                .await
                .expect("the columns");
            let quoted: Vec<String> =
                columns.iter().map(|column| format!("quote({column})")).collect();
            let rows = format!("SELECT {} FROM {table}", quoted.join(", "));
            let rows =
                sqlx::query(AssertSqlSafe(rows)).fetch_all(&mut database).await.expect("the rows");
            let row = |row: &sqlx::sqlite::SqliteRow| -> Row {
                let value = |(index, column): (usize, &String)| (column.clone(), row.get(index));
                columns.iter().enumerate().map(value).collect()
            };
            dump.insert(table, rows.iter().map(row).collect());
        }
        Dump(dump)
    }

    /// Changes the database behind the server's back, such as a moment that would take long to
    /// come. Says how many rows were hit.
    ///
    /// # Panics
    ///
    /// When the database refuses.
    #[expect(clippy::expect_used, reason = "fixtures")]
    pub async fn sql(&self, statement: &str) -> u64 {
        let statement = sqlx::query(AssertSqlSafe(statement.to_owned()));
        let done = statement.execute(&mut self.database().await).await;
        done.expect("a statement").rows_affected()
    }

    #[expect(clippy::expect_used, reason = "fixtures")]
    async fn database(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.config.sqlite());
        options.connect().await.expect("the database")
    }
}
