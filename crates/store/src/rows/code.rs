use identity::Moment;
use ids::{LoginId, UserId};
use secrets::TokenHash;
use serde::{Deserialize, Serialize};

use crate::row::Row;
use crate::sql::{statements, values, word};
use crate::{Rows, StoreError, Writing};

/// A one-time code or an invitation that is out. Its value is known by its hash only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// For whom; an invitation may be for somebody who is still to be made.
    pub person: Option<UserId>,
    /// What for.
    pub purpose: CodePurpose,
    /// When it ends.
    pub expires_at: Moment,
    /// The administrator who issued it; `None` for one that was made on the host.
    pub issued_by: Option<UserId>,
}

/// What a one-time code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CodePurpose {
    /// Lets a person for whom an upstream has vouched enrol their first card.
    FirstCard,
    /// Makes an administrator: by a command on the host only.
    Invitation,
}

statements! {
    BY_HASH: ["SELECT * FROM code WHERE tenant_id = $1 AND hash = $2 AND expires_at > ", NOW];
    DELETE_OLDER: ["DELETE FROM code WHERE tenant_id = $1 AND person_id = $2 AND purpose = $3"];
    INSERT: [
        "INSERT INTO code (tenant_id, hash, person_id, purpose, issued_by, expires_at) ",
        "VALUES ($1, $2, $3, $4, $5, $6)"];
    TAKE: [
        "DELETE FROM code WHERE tenant_id = $1 AND hash = $2 ",
        "AND person_id IS NOT DISTINCT FROM $3 AND expires_at > ", NOW];
    TRIES: ["SELECT code_tries FROM login WHERE tenant_id = $1 AND login_id = $2"];
    COUNT_TRY: [
        "UPDATE login SET code_tries = code_tries + 1 WHERE tenant_id = $1 AND login_id = $2 ",
        "RETURNING code_tries"];
}

impl Rows {
    /// A code that is out and alive.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn code(&mut self, hash: &TokenHash) -> Result<Option<Code>, StoreError> {
        self.one(&BY_HASH, values![hash]).await?.as_ref().map(read).transpose()
    }

    /// How many tries of a code there were in a login; the largest number for one that is gone.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn code_tries(&mut self, login: LoginId) -> Result<u32, StoreError> {
        match self.one(&TRIES, values![login]).await? {
            Some(row) => row.get("code_tries"),
            None => Ok(u32::MAX),
        }
    }
}

impl Writing {
    /// Writes a code; an older one of that person for the same purpose ends.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the same code is out already.
    pub async fn put_code(&mut self, hash: &TokenHash, code: &Code) -> Result<(), StoreError> {
        let Code { person, purpose, expires_at, issued_by } = code;
        let mut older = values![*person];
        older.push(word(purpose));
        self.execute(&DELETE_OLDER, older).await?;
        let mut values = values![hash, *person];
        values.push(word(purpose));
        values.extend(values![*issued_by, *expires_at]);
        self.execute(&INSERT, values).await?;
        Ok(())
    }

    /// Takes a code that was issued for `person`: once, and while it lives.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn take_code(
        &mut self,
        hash: &TokenHash,
        person: Option<UserId>,
    ) -> Result<bool, StoreError> {
        self.hits(&TAKE, values![hash, person]).await
    }

    /// Counts one try of a code in a login, and tells how many there were with it. For a login
    /// that is gone the largest number: no further try is due.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn count_code_try(&mut self, login: LoginId) -> Result<u32, StoreError> {
        match self.one(&COUNT_TRY, values![login]).await? {
            Some(row) => row.get("code_tries"),
            None => Ok(u32::MAX),
        }
    }
}

fn read(row: &Row) -> Result<Code, StoreError> {
    Ok(Code {
        person: row.maybe("person_id")?,
        purpose: row.word("purpose")?,
        expires_at: row.get("expires_at")?,
        issued_by: row.maybe("issued_by")?,
    })
}
