use ids::{ChallengeId, LoginId, SessionId};
use login::{Challenge, Vouched, Waiting};
use secrets::TokenHash;

use crate::row::Row;
use crate::sql::{Statement, json, statements, values};
use crate::{Rows, StoreError, Writing};

statements! {
    BY_ID: ["SELECT * FROM login WHERE tenant_id = $1 AND login_id = $2 AND expires_at > ", NOW];
    BY_ID_LOCKED: [
        "SELECT * FROM login WHERE tenant_id = $1 AND login_id = $2 AND expires_at > ", NOW, LOCK];
    BY_HANDLE: [
        "SELECT * FROM login WHERE tenant_id = $1 AND handle = $2 AND expires_at > ", NOW];
    BY_HANDLE_LOCKED: [
        "SELECT * FROM login WHERE tenant_id = $1 AND handle = $2 AND expires_at > ", NOW, LOCK];
    UPSERT: [
        "INSERT INTO login (tenant_id, login_id, handle, person_id, challenge_id, challenge_at, ",
        "challenge_expires_at, expires_at, body, session_id, code_tries, refusals) ",
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0) ",
        "ON CONFLICT (tenant_id, login_id) DO UPDATE SET challenge_id = excluded.challenge_id, ",
        "challenge_at = excluded.challenge_at, ",
        "challenge_expires_at = excluded.challenge_expires_at, body = excluded.body ",
        "WHERE login.handle = excluded.handle AND login.person_id = excluded.person_id ",
        "AND login.expires_at > ", NOW];
    END: ["DELETE FROM login WHERE tenant_id = $1 AND login_id = $2"];
    TAKE_LATE: [
        "DELETE FROM login WHERE tenant_id = $1 AND handle = $2 AND expires_at <= ", NOW,
        " RETURNING *"];
    END_CHANGE: ["DELETE FROM login WHERE tenant_id = $1 AND session_id = $2"];
    SPEND_CHALLENGE: [
        "UPDATE login SET challenge_id = NULL, challenge_at = NULL, challenge_expires_at = NULL, ",
        "refusals = refusals + 1 ",
        "WHERE tenant_id = $1 AND login_id = $2 AND challenge_id = $3"];
}

impl Rows {
    /// A waiting login that is alive. In a transaction it stays as it is until its end.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn login(&mut self, id: LoginId) -> Result<Option<Waiting>, StoreError> {
        self.lock_person_of_login(id).await?;
        let statement = self.locking(&BY_ID, &BY_ID_LOCKED);
        self.one(statement, values![id]).await?.as_ref().map(read).transpose()
    }

    /// The waiting login that is alive and held by this handle. In a transaction it stays as it
    /// is until its end.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn login_by_handle(
        &mut self,
        handle: &TokenHash,
    ) -> Result<Option<Waiting>, StoreError> {
        self.lock_person_of_handle(handle).await?;
        let statement = self.locking(&BY_HANDLE, &BY_HANDLE_LOCKED);
        self.one(statement, values![handle]).await?.as_ref().map(read).transpose()
    }

    fn locking(&self, plain: &'static Statement, locked: &'static Statement) -> &'static Statement {
        if self.locks() { locked } else { plain }
    }
}

impl Writing {
    /// Takes the login of this handle whose time is over, once: so that an answer that comes too
    /// late is on record, and a hundred of them are one entry.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn take_late_login(
        &mut self,
        handle: &TokenHash,
    ) -> Result<Option<Waiting>, StoreError> {
        self.lock_person_of_handle(handle).await?;
        self.one(&TAKE_LATE, values![handle]).await?.as_ref().map(read).transpose()
    }

    /// Writes a waiting login, new or as the step left it. `false` when it has expired, or is
    /// held by another handle or for another person: then nothing is written.
    ///
    /// # Security
    ///
    /// Write only what this same transaction has read, or what is new: a login that another
    /// transaction took must not come back.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn write_login(&mut self, waiting: &Waiting) -> Result<bool, StoreError> {
        let challenge = waiting.challenge.as_ref();
        let mut values = values![waiting.started.id, &waiting.handle, waiting.person];
        values.extend(values![
            challenge.map(|challenge| challenge.id),
            challenge.map(|challenge| challenge.issued_at),
            challenge.map(|challenge| challenge.expires_at),
            waiting.started.expires_at,
        ]);
        values.push(json(waiting));
        values.extend(values![session_of(waiting)]);
        self.hits(&UPSERT, values).await
    }

    /// Ends a waiting login.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn end_login(&mut self, id: LoginId) -> Result<bool, StoreError> {
        self.hits(&END, values![id]).await
    }

    /// Ends the waiting login that a session has begun, if it has. One session has one at most.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn end_change_of(&mut self, session: SessionId) -> Result<bool, StoreError> {
        self.hits(&END_CHANGE, values![session]).await
    }

    /// Takes only the challenge out of a waiting login, and counts: an answer to it did not verify.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn spend_challenge(
        &mut self,
        login: LoginId,
        challenge: ChallengeId,
    ) -> Result<bool, StoreError> {
        self.hits(&SPEND_CHALLENGE, values![login, challenge]).await
    }
}

/// The session that has begun the login, if one did.
fn session_of(waiting: &Waiting) -> Option<SessionId> {
    match waiting.vouched {
        Vouched::Session { session } => Some(session),
        Vouched::Upstream { .. }
        | Vouched::Invitation
        | Vouched::Hint { .. }
        | Vouched::Pairing { .. } => None,
    }
}

/// The columns are what statements judge by; where the body says otherwise, they hold.
fn read(row: &Row) -> Result<Waiting, StoreError> {
    let mut waiting: Waiting = row.json("body")?;
    waiting.started.expires_at = row.get("expires_at")?;
    waiting.refusals = row.get("refusals")?;
    waiting.challenge = match (row.maybe("challenge_id")?, waiting.challenge) {
        (Some(id), Some(challenge)) if challenge.id == id => Some(Challenge {
            issued_at: row.get("challenge_at")?,
            expires_at: row.get("challenge_expires_at")?,
            ..challenge
        }),
        _ => None,
    };
    Ok(waiting)
}
