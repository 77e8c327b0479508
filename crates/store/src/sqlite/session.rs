use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::{FromSql, ToSqlOutput, Value as Cell, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags, Row, ToSql};

use crate::StoreError;
use crate::sql::{STATEMENT_CACHE, Value};

/// One connection.
///
/// The mutex is never waited for. It lets a reference to a session go to another thread, which a
/// connection alone does not.
pub(crate) struct Session(Mutex<Connection>);

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
        Ok(Self(Mutex::new(connection)))
    }

    /// How long it waits from now on for another process that holds the file.
    pub(crate) fn wait_at_most(&mut self, patience: Duration) -> Result<(), StoreError> {
        Ok(self.connection().busy_timeout(patience)?)
    }

    /// Closes it. The last one that closes moves the log into the file and removes it.
    pub(crate) fn close(self) -> Result<(), StoreError> {
        let connection = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        connection.close().map_err(|(_, error)| error.into())
    }

    /// The connection itself.
    pub(crate) fn connection(&mut self) -> &mut Connection {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// All rows that a statement answers; it runs to its end.
    pub(crate) fn all(
        &mut self,
        sql: &'static str,
        values: &[Value],
    ) -> Result<Vec<Cells>, StoreError> {
        let mut statement = self.bound(sql, values)?;
        let (mut rows, mut all, mut names) = (statement.raw_query(), Vec::new(), None);
        while let Some(row) = rows.next()? {
            // Not before the first step: it prepares anew what another process's migration has changed.
            let names = names.get_or_insert_with(|| {
                row.as_ref().column_names().into_iter().map(str::to_owned).collect()
            });
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
        let changed = self.bound(sql, values)?.raw_execute()?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    /// Runs a statement that has no values, such as a commit.
    pub(crate) fn run(&mut self, sql: &'static str) -> Result<(), StoreError> {
        self.execute(sql, &[]).map(drop)
    }

    /// A statement with its values. SQLite numbers parameters in the order in which they appear: so each
    /// gets its value by its name, `$1` the first.
    fn bound(
        &mut self,
        sql: &'static str,
        values: &[Value],
    ) -> Result<CachedStatement<'_>, StoreError> {
        let mut statement = self.connection().prepare_cached(sql)?;
        for index in 1..=statement.parameter_count() {
            let number = statement.parameter_name(index).and_then(|name| name.strip_prefix('$'));
            let place = number.and_then(|number| number.parse::<usize>().ok()?.checked_sub(1));
            let value = place.and_then(|place| values.get(place));
            let value = value.ok_or(rusqlite::Error::InvalidParameterCount(values.len(), index))?;
            statement.raw_bind_parameter(index, value)?;
        }
        Ok(statement)
    }
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
