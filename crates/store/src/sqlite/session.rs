use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::{FromSql, ToSqlOutput, Value as Cell, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags, Row, Statement, StatementStatus, ToSql};

use crate::StoreError;
use crate::sql::{STATEMENT_CACHE, Value};

/// Pages of the log (64 MiB) at which SQLite moves it by itself. [`Session::move_log`] nearly always comes
/// before.
const LOG_OF_PAGES: u32 = 16_384;

/// One connection.
///
/// The mutex is never waited for. It lets a reference to a session go to another thread, which a
/// connection alone does not.
pub(crate) struct Session {
    connection: Mutex<Connection>,
    columns: Columns,
}

/// The names of each statement's columns, by where its text stands, with the number of times that SQLite
/// had prepared it anew: it does so when another process's migration has changed what `*` stands for. That
/// number is the prepared statement's own; so it holds because a connection drops none
/// ([`STATEMENT_CACHE`]).
#[derive(Default)]
struct Columns(HashMap<(usize, usize), Named>);

struct Named {
    prepared: i32,
    names: Arc<[String]>,
}

/// One row that a statement has answered.
pub(crate) struct Cells {
    names: Arc<[String]>,
    cells: Vec<Cell>,
}

impl Session {
    /// Opens a file that is there, to write in it. Whoever finds it locked by another process is told so
    /// after `patience`.
    pub(crate) fn writer(path: &Path, patience: Duration) -> Result<Self, StoreError> {
        let mut session = Self::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, patience)?;
        let pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL";
        session.connection().execute_batch(pragmas)?;
        session.connection().pragma_update(None, "wal_autocheckpoint", LOG_OF_PAGES)?;
        Ok(session)
    }

    /// The same, to read in it.
    pub(crate) fn reader(path: &Path, patience: Duration) -> Result<Self, StoreError> {
        Self::open(path, OpenFlags::SQLITE_OPEN_READ_ONLY, patience)
    }

    fn open(path: &Path, mode: OpenFlags, patience: Duration) -> Result<Self, StoreError> {
        let flags = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(patience)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
        Ok(Self { connection: Mutex::new(connection), columns: Columns::default() })
    }

    /// How many rows it has written.
    pub(crate) fn written(&mut self) -> u64 {
        self.connection().total_changes()
    }

    /// Moves the log into the file, so that the next who writes begins it anew. Waits so long for those who
    /// read in it; if they take longer, nothing is begun anew, and that is no error. For a connection that
    /// otherwise waits for nobody.
    pub(crate) fn move_log(&mut self, patience: Duration) -> Result<(), StoreError> {
        self.wait_at_most(patience)?;
        let moved = self.all("PRAGMA wal_checkpoint(RESTART)", &[]);
        self.wait_at_most(Duration::ZERO)?;
        moved.map(drop)
    }

    /// How long it waits from now on for another process that holds the file.
    pub(crate) fn wait_at_most(&mut self, patience: Duration) -> Result<(), StoreError> {
        Ok(self.connection().busy_timeout(patience)?)
    }

    /// Closes it. The last one that closes moves the log into the file and removes it.
    pub(crate) fn close(self) -> Result<(), StoreError> {
        let connection = self.connection.into_inner().unwrap_or_else(PoisonError::into_inner);
        connection.close().map_err(|(_, error)| error.into())
    }

    /// The connection itself.
    pub(crate) fn connection(&mut self) -> &mut Connection {
        self.connection.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// All rows that a statement answers; it runs to its end.
    pub(crate) fn all(
        &mut self,
        sql: &'static str,
        values: &[Value],
    ) -> Result<Vec<Cells>, StoreError> {
        let Self { connection, columns } = self;
        let connection = connection.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut statement = bound(connection, sql, values)?;
        let (mut rows, mut all, mut names) = (statement.raw_query(), Vec::new(), None);
        while let Some(row) = rows.next()? {
            // Not before the first step: it prepares anew what has changed.
            let names = names.get_or_insert_with(|| columns.of(sql, row.as_ref()));
            all.push(Cells::of(row, names)?);
        }
        Ok(all)
    }

    /// Runs a statement that answers no rows. How many it changed.
    pub(crate) fn execute(
        &mut self,
        sql: &'static str,
        values: &[Value],
    ) -> Result<u64, StoreError> {
        let changed = bound(self.connection(), sql, values)?.raw_execute()?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    /// Runs a statement that has no values, such as a commit.
    pub(crate) fn run(&mut self, sql: &'static str) -> Result<(), StoreError> {
        self.execute(sql, &[]).map(drop)
    }
}

impl Columns {
    fn of(&mut self, sql: &'static str, statement: &Statement<'_>) -> Arc<[String]> {
        let prepared = statement.get_status(StatementStatus::RePrepare);
        let place = (sql.as_ptr().addr(), sql.len());
        if let Some(Named { prepared: then, names }) = self.0.get(&place)
            && (*then, names.len()) == (prepared, statement.column_count())
        {
            return names.clone();
        }
        let names: Arc<[String]> =
            statement.column_names().into_iter().map(str::to_owned).collect();
        self.0.insert(place, Named { prepared, names: names.clone() });
        names
    }
}

/// A statement with its values: `?1` is the first.
fn bound<'c>(
    connection: &'c Connection,
    sql: &str,
    values: &[Value],
) -> Result<CachedStatement<'c>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let wanted = statement.parameter_count();
    if values.len() < wanted {
        return Err(rusqlite::Error::InvalidParameterCount(values.len(), wanted).into());
    }
    for (index, value) in (1..=wanted).zip(values) {
        statement.raw_bind_parameter(index, value)?;
    }
    Ok(statement)
}

impl Cells {
    fn of(row: &Row<'_>, names: &Arc<[String]>) -> Result<Self, StoreError> {
        let cell = |index| row.get::<_, Cell>(index);
        let cells = (0..names.len()).map(cell).collect::<Result<_, _>>()?;
        Ok(Self { names: names.clone(), cells })
    }

    /// The value of a column, `None` for NULL.
    pub(crate) fn get<T: FromSql>(&self, column: &'static str) -> Result<Option<T>, StoreError> {
        let named = self.names.iter().zip(&self.cells).find(|(name, _)| *name == column);
        let (_, cell) = named.ok_or(StoreError::Corrupt(column))?;
        FromSql::column_result(ValueRef::from(cell)).map_err(|_| StoreError::Corrupt(column))
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Bool(value) => ToSqlOutput::from(*value),
            Self::Bytes(value) => ToSqlOutput::Borrowed(value.as_deref().into()),
            Self::Int(value) => {
                ToSqlOutput::Borrowed((*value).map_or(ValueRef::Null, ValueRef::Integer))
            }
            Self::Text(value) => ToSqlOutput::Borrowed(value.as_deref().into()),
            Self::Uuid(value) => {
                ToSqlOutput::Borrowed(value.as_ref().map(|id| &id.as_bytes()[..]).into())
            }
        })
    }
}
