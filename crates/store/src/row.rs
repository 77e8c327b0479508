//! One row of either engine, read by the names of its columns.

use agent_protocol::MatchCode;
use identity::Moment;
use ids::{
    Alias, ChallengeId, CredentialId, DeviceId, GrantId, LoginId, MapperId, ProofId, SessionId,
    Slug, TenantId, TicketId, UserId,
};
use rusqlite::types::FromSql;
use secrets::TokenHash;
use serde::de::DeserializeOwned;
use sqlx::postgres::PgRow;
use sqlx::{Decode, Postgres, Row as _, Type};
use uuid::Uuid;

use crate::StoreError;
use crate::sqlite::Cells;

/// One row.
pub(crate) enum Row {
    Postgres(PgRow),
    Sqlite(Cells),
}

/// What both engines know.
pub(crate) trait Native: FromSql + for<'r> Decode<'r, Postgres> + Type<Postgres> {}
impl Native for bool {}
impl Native for i64 {}
impl Native for String {}
impl Native for Uuid {}
impl Native for Vec<u8> {}

/// What a column can be read as.
pub(crate) trait Column: Sized {
    type Raw: Native;

    /// `None` when the column holds what we never write.
    fn from_raw(raw: Self::Raw) -> Option<Self>;
}

impl Row {
    /// The value of a column that is not NULL.
    pub(crate) fn get<T: Column>(&self, column: &'static str) -> Result<T, StoreError> {
        self.maybe(column)?.ok_or(StoreError::Corrupt(column))
    }

    /// The value of a column, `None` for NULL.
    pub(crate) fn maybe<T: Column>(&self, column: &'static str) -> Result<Option<T>, StoreError> {
        let raw: Option<T::Raw> = match self {
            Self::Postgres(row) => row.try_get(column)?,
            Self::Sqlite(row) => row.get(column)?,
        };
        raw.map(|raw| T::from_raw(raw).ok_or(StoreError::Corrupt(column))).transpose()
    }

    /// A value that was written by [`crate::sql::json`].
    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        let text: String = self.get(column)?;
        serde_json::from_str(&text).map_err(|_| StoreError::Corrupt(column))
    }

    /// A value that was written by [`crate::sql::word`].
    pub(crate) fn word<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        let word = serde_json::Value::String(self.get(column)?);
        serde_json::from_value(word).map_err(|_| StoreError::Corrupt(column))
    }
}

macro_rules! columns {
    ($($type:ty: $raw:ty, $name:ident => $value:expr;)+) => {$(
        impl Column for $type {
            type Raw = $raw;

            fn from_raw($name: $raw) -> Option<Self> {
                $value
            }
        }
    )+};
}

columns! {
    bool: bool, raw => Some(raw);
    i64: i64, raw => Some(raw);
    i32: i64, raw => raw.try_into().ok();
    u32: i64, raw => raw.try_into().ok();
    MatchCode: i64, raw => u8::try_from(raw).ok()?.try_into().ok();
    Moment: i64, raw => Some(Self(raw));
    String: String, raw => Some(raw);
    Slug: String, raw => raw.try_into().ok();
    Alias: String, raw => raw.try_into().ok();
    Vec<u8>: Vec<u8>, raw => Some(raw);
    [u8; 32]: Vec<u8>, raw => raw.try_into().ok();
    TokenHash: Vec<u8>, raw => raw.try_into().ok().map(Self::from_bytes);
    Uuid: Uuid, raw => Some(raw);
    TenantId: Uuid, raw => Some(Self(raw));
    UserId: Uuid, raw => Some(Self(raw));
    CredentialId: Uuid, raw => Some(Self(raw));
    LoginId: Uuid, raw => Some(Self(raw));
    ChallengeId: Uuid, raw => Some(Self(raw));
    ProofId: Uuid, raw => Some(Self(raw));
    SessionId: Uuid, raw => Some(Self(raw));
    DeviceId: Uuid, raw => Some(Self(raw));
    TicketId: Uuid, raw => Some(Self(raw));
    MapperId: Uuid, raw => Some(Self(raw));
    GrantId: Uuid, raw => Some(Self(raw));
}
