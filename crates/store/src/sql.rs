//! Statements and the values bound to them: one text for both engines.

use agent_protocol::MatchCode;
use identity::Moment;
use ids::{
    Alias, ChallengeId, CredentialId, DeviceId, GrantId, LoginId, MapperId, ProofId, SessionId,
    Slug, TenantId, TicketId, UserId,
};
use secrets::TokenHash;
use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use uuid::Uuid;

/// More than there are statements: a connection prepares none of them twice.
pub(crate) const STATEMENT_CACHE: usize = 256;

/// One statement. `$1` is the tenant in all that [`crate::Rows`] runs; it binds it itself.
pub(crate) struct Statement {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

/// A piece of a statement as SQLite has it. `NOW` is its clock in microseconds (it counts in
/// milliseconds), the same within one statement; `LOCK`, `KEEP` and `SKIP` are needless where one
/// writer is alone.
macro_rules! sqlite_piece {
    (NOW) => {
        "(CAST(unixepoch('subsec') * 1000 + 0.5 AS INTEGER) * 1000)"
    };
    (LOCK) => {
        ""
    };
    (KEEP) => {
        ""
    };
    (SKIP) => {
        ""
    };
    ($text:literal) => {
        $text
    };
}

/// The same as PostgreSQL has it. Its clock, too, stands still within one statement, so that an
/// index on an expiry is of use. `LOCK` lets others refer to the row meanwhile, as no key of it
/// changes; `KEEP` refers to the rows, so that nobody deletes them; `SKIP` passes over what somebody else
/// holds.
macro_rules! postgres_piece {
    (NOW) => {
        "(CAST(EXTRACT(EPOCH FROM statement_timestamp()) * 1000000 AS BIGINT))"
    };
    (LOCK) => {
        " FOR NO KEY UPDATE"
    };
    (KEEP) => {
        " FOR KEY SHARE"
    };
    (SKIP) => {
        " FOR UPDATE SKIP LOCKED"
    };
    ($text:literal) => {
        $text
    };
}

/// Declares statements of literals, `NOW`, `LOCK`, `KEEP` and `SKIP`, and lists them for the test that prepares
/// each of them on both engines.
macro_rules! statements {
    ($($name:ident: [$($piece:tt),+ $(,)?];)+) => {
        $(pub(crate) static $name: $crate::sql::Statement = $crate::sql::Statement {
            sqlite: $crate::sql::numbered!(concat!($($crate::sql::sqlite_piece!($piece)),+)),
            postgres: concat!($($crate::sql::postgres_piece!($piece)),+),
        };)+
        #[cfg(test)]
        pub(crate) static STATEMENTS: &[(&str, &$crate::sql::Statement)] =
            &[$((stringify!($name), &$name)),+];
    };
}

/// Parameters as SQLite numbers them, `?1` for `$1`: `$1` is a name to it, and has the number of the
/// place where it stands.
macro_rules! numbered {
    ($text:expr) => {{
        const TEXT: &str = $text;
        const NUMBERED: [u8; TEXT.len()] = $crate::sql::with_question_marks(TEXT);
        match std::str::from_utf8(&NUMBERED) {
            Ok(text) => text,
            Err(_) => panic!("a statement is UTF-8"),
        }
    }};
}

/// A text with `?` for each `$`. It does not compile where a `$` is no parameter.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "it runs in the compiler, where a panic is an error"
)]
pub(crate) const fn with_question_marks<const LENGTH: usize>(text: &str) -> [u8; LENGTH] {
    let (text, mut bytes, mut at) = (text.as_bytes(), [0; LENGTH], 0);
    while at < LENGTH {
        bytes[at] = if text[at] == b'$' {
            assert!(at + 1 < LENGTH && matches!(text[at + 1], b'1'..=b'9'), "`$` and a number");
            b'?'
        } else {
            text[at]
        };
        at += 1;
    }
    bytes
}

pub(crate) use {numbered, postgres_piece, sqlite_piece, statements};

/// A value to bind; each knows its type when it is NULL, which PostgreSQL asks for.
#[derive(Clone)]
pub(crate) enum Value {
    Bool(bool),
    Bytes(Option<Vec<u8>>),
    Int(Option<i64>),
    Text(Option<String>),
    Uuid(Option<Uuid>),
}

/// Binds any list of things that are a [`Value`].
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::sql::Value::from($value)),*] };
}
pub(crate) use values;

impl Statement {
    pub(crate) fn on_postgres(&self, values: Vec<Value>) -> Query<'static, Postgres, PgArguments> {
        values.into_iter().fold(sqlx::query(self.postgres), |query, value| match value {
            Value::Bool(value) => query.bind(value),
            Value::Bytes(value) => query.bind(value),
            Value::Int(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
            Value::Uuid(value) => query.bind(value),
        })
    }
}

/// PostgreSQL refuses U+0000 in a text and SQLite cuts there: neither may differ from the other, nor fail
/// on what a stranger sends.
fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// The one word that a unit variant is written as.
pub(crate) fn word<T: serde::Serialize>(value: &T) -> Value {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Value::Text(Some(word)),
        // Not a word: NULL, which the column refuses.
        _ => Value::Text(None),
    }
}

/// A value as JSON.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> Value {
    Value::Text(serde_json::to_string(value).ok())
}

macro_rules! value_from {
    ($($type:ty => $variant:ident, $name:ident => $raw:expr;)+) => {$(
        impl From<$type> for Value {
            fn from($name: $type) -> Self {
                Self::$variant(Some($raw))
            }
        }

        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                Self::$variant(value.map(|$name| $raw))
            }
        }
    )+};
}

value_from! {
    Moment => Int, moment => moment.0;
    i64 => Int, number => number;
    i32 => Int, number => number.into();
    u32 => Int, number => number.into();
    MatchCode => Int, code => code.number().into();
    String => Text, text => without_nul(text);
    &str => Text, text => without_nul(text.to_owned());
    &Slug => Text, slug => slug.as_str().to_owned();
    &Alias => Text, alias => alias.as_str().to_owned();
    Vec<u8> => Bytes, bytes => bytes;
    &[u8] => Bytes, bytes => bytes.to_vec();
    &TokenHash => Bytes, hash => hash.as_bytes().to_vec();
    &[u8; 32] => Bytes, hash => hash.to_vec();
    Uuid => Uuid, id => id;
    TenantId => Uuid, id => id.0;
    UserId => Uuid, id => id.0;
    CredentialId => Uuid, id => id.0;
    LoginId => Uuid, id => id.0;
    ChallengeId => Uuid, id => id.0;
    ProofId => Uuid, id => id.0;
    SessionId => Uuid, id => id.0;
    DeviceId => Uuid, id => id.0;
    TicketId => Uuid, id => id.0;
    MapperId => Uuid, id => id.0;
    GrantId => Uuid, id => id.0;
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
