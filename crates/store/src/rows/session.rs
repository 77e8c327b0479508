use std::time::Duration;

use identity::Moment;
use ids::{Alias, CredentialId, DeviceId, ProofId, SessionId, TicketId, UserId};
use secrets::TokenHash;
use serde::{Deserialize, Serialize};

use crate::row::Row;
use crate::rows::ConsumedProof;
use crate::sql::{Statement, Value, statements, values, word};
use crate::{Rows, StoreError, Writing};

/// A signed-in browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// What applications know it by: `sid`. One that has taken another's place keeps that one's.
    pub sid: SessionId,
    /// What it opens.
    pub kind: SessionKind,
    /// Who is signed in.
    pub person: UserId,
    /// With which card.
    pub credential: CredentialId,
    /// The proof that it rests on.
    pub proof: ProofId,
    /// `amr` of that proof (RFC 8176).
    pub amr: Vec<String>,
    /// When that proof was given.
    pub auth_time: Moment,
    /// The provider that vouched, if one did.
    pub provider: Option<Alias>,
    /// What the browser calls itself. A stranger's text.
    pub user_agent: String,
    /// The computer through whose agent the card answered, if one did.
    pub device: Option<DeviceId>,
    /// The request that the card answered there, if the session ends when the card leaves.
    pub ticket: Option<TicketId>,
    /// When it began.
    pub created_at: Moment,
    /// When it ends.
    pub expires_at: Moment,
}

/// What a session opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionKind {
    /// The account page of its person.
    Account,
    /// The console.
    Administrator,
}

/// A session to be made.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// What applications are to know it by: that of the session whose place it takes, or its id.
    pub sid: SessionId,
    /// What it opens.
    pub kind: SessionKind,
    /// Hash of the token that the browser is to hold.
    pub token: TokenHash,
    /// Hash of the handle by which the browser that began claims it, when the proof came
    /// another way.
    pub claim: Option<TokenHash>,
    /// The provider that vouched, if one did.
    pub provider: Option<Alias>,
    /// How long it lives, if `ends_by` does not come first.
    pub expires_in: Duration,
    /// When the session ends whose place it takes: taps alone make none of them longer.
    pub ends_by: Option<Moment>,
    /// What the browser calls itself. A stranger's text.
    pub user_agent: String,
    /// The computer through whose agent the card answered, if one did.
    pub device: Option<DeviceId>,
    /// The request that the card answered there, if the session is to end when the card leaves.
    pub ticket: Option<TicketId>,
}

/// What goes over to the session that takes the place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inheritance {
    /// What applications know both by.
    pub sid: SessionId,
    /// The provider that vouched, if one did.
    pub provider: Option<Alias>,
    /// When both end.
    pub ends_by: Moment,
}

// What a session needs to be alive stands three times, because a statement is a constant: its
// time has not come, its person is enabled, its card is not revoked.
statements! {
    BY_TOKEN: [
        "SELECT session.*, proof.amr, proof.verified_at FROM session ",
        "JOIN person ON person.tenant_id = session.tenant_id ",
        "AND person.person_id = session.person_id AND person.state = 'enabled' ",
        "JOIN credential ON credential.tenant_id = session.tenant_id ",
        "AND credential.credential_id = session.credential_id AND credential.revoked_at IS NULL ",
        "JOIN proof ON proof.tenant_id = session.tenant_id ",
        "AND proof.proof_id = session.proof_id ",
        "WHERE session.tenant_id = $1 AND session.expires_at > ", NOW,
        " AND session.token = $2 AND session.kind = $3"];
    BY_CLAIM: [
        "SELECT session.*, proof.amr, proof.verified_at FROM session ",
        "JOIN person ON person.tenant_id = session.tenant_id ",
        "AND person.person_id = session.person_id AND person.state = 'enabled' ",
        "JOIN credential ON credential.tenant_id = session.tenant_id ",
        "AND credential.credential_id = session.credential_id AND credential.revoked_at IS NULL ",
        "JOIN proof ON proof.tenant_id = session.tenant_id ",
        "AND proof.proof_id = session.proof_id ",
        "WHERE session.tenant_id = $1 AND session.expires_at > ", NOW,
        " AND session.claim = $2 AND session.created_at > ", NOW, " - 60000000"];
    OF_PERSON: [
        "SELECT session.*, proof.amr, proof.verified_at FROM session ",
        "JOIN person ON person.tenant_id = session.tenant_id ",
        "AND person.person_id = session.person_id AND person.state = 'enabled' ",
        "JOIN credential ON credential.tenant_id = session.tenant_id ",
        "AND credential.credential_id = session.credential_id AND credential.revoked_at IS NULL ",
        "JOIN proof ON proof.tenant_id = session.tenant_id ",
        "AND proof.proof_id = session.proof_id ",
        "WHERE session.tenant_id = $1 AND session.expires_at > ", NOW,
        " AND session.person_id = $2 ORDER BY session.created_at, session.session_id"];
    INSERT: [
        "INSERT INTO session (tenant_id, session_id, kind, token, claim, person_id, ",
        "credential_id, proof_id, provider, user_agent, device_id, ticket_id, sid, ",
        "created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, ",
        NOW, ", CASE WHEN CAST($15 AS BIGINT) < ", NOW, " + $14 THEN CAST($15 AS BIGINT) ELSE ",
        NOW, " + $14 END)"];
    END: ["DELETE FROM session WHERE tenant_id = $1 AND session_id = $2"];
    // Before it ends, or its end would be told to those for whom it goes on.
    HAND_OVER: [
        "UPDATE oidc_grant SET session_id = $3 WHERE tenant_id = $1 AND session_id = $2"];
    END_FOR_HEIR: [
        "DELETE FROM session WHERE tenant_id = $1 AND session_id = $2 ",
        "RETURNING COALESCE(sid, session_id) AS sid, provider, expires_at"];
    END_OF_PERSON: ["DELETE FROM session WHERE tenant_id = $1 AND person_id = $2"];
}

impl Rows {
    /// The session of that kind whose token this is, as long as it lives, its person is enabled
    /// and its card is not revoked.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn session(
        &mut self,
        token: &TokenHash,
        kind: SessionKind,
    ) -> Result<Option<Session>, StoreError> {
        let mut values = values![token];
        values.push(word(&kind));
        self.one(&BY_TOKEN, values).await?.as_ref().map(read).transpose()
    }

    /// The living session that the browser with this handle may claim: within a minute.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn session_by_claim(
        &mut self,
        claim: &TokenHash,
    ) -> Result<Option<Session>, StoreError> {
        self.one(&BY_CLAIM, values![claim]).await?.as_ref().map(read).transpose()
    }

    /// The living sessions of a person, the oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn sessions(&mut self, person: UserId) -> Result<Vec<Session>, StoreError> {
        self.all(&OF_PERSON, values![person]).await?.iter().map(read).collect()
    }
}

impl Writing {
    /// Makes a session on a proof that was consumed in this transaction.
    ///
    /// # Errors
    ///
    /// [`StoreError::Mismatch`] for a proof of another transaction.
    pub async fn insert_session(
        &mut self,
        proof: &ConsumedProof,
        session: NewSession,
    ) -> Result<(), StoreError> {
        if proof.tenant != self.tenant || proof.transaction != self.transaction {
            return Err(self.spoil(StoreError::Mismatch).await);
        }
        let lives = i64::try_from(session.expires_in.as_micros()).unwrap_or(0);
        let mut values = values![session.id];
        values.push(word(&session.kind));
        values.extend(values![&session.token, session.claim.as_ref()]);
        values.extend(values![proof.person, proof.credential, proof.id]);
        values.extend(values![session.provider.as_ref(), session.user_agent]);
        values.extend(values![session.device, session.ticket, session.sid, lives, session.ends_by]);
        self.execute(&INSERT, values).await?;
        Ok(())
    }

    /// Ends a session, and the change that it has begun. Applications that were granted something in it
    /// are to be told, as with whatever else ends one.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn end_session(&mut self, id: SessionId) -> Result<bool, StoreError> {
        // Who redeems a code in it at this moment comes before or after, or what they get would be
        // told of to nobody.
        self.lock_person_of_session(id).await?;
        Ok(self.ending(&END, values![id]).await? > 0)
    }

    /// Ends a session whose place another takes, which is to be made in this transaction with the id
    /// `heir` and what is answered: what applications were granted goes on in it, and they are told
    /// nothing. `None` when the session is not there any more.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn end_session_for(
        &mut self,
        id: SessionId,
        heir: SessionId,
    ) -> Result<Option<Inheritance>, StoreError> {
        self.lock_person_of_session(id).await?;
        self.execute(&HAND_OVER, values![id, heir]).await?;
        let Some(ended) = self.one(&END_FOR_HEIR, values![id]).await? else { return Ok(None) };
        let (sid, provider, ends_by) =
            (ended.get("sid")?, ended.maybe("provider")?, ended.get("expires_at")?);
        Ok(Some(Inheritance { sid, provider, ends_by }))
    }

    /// Runs a statement that ends sessions: how many. When the transaction is kept, somebody hears that
    /// there may be applications to be told.
    pub(super) async fn ending(
        &mut self,
        statement: &'static Statement,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let ended = self.execute(statement, values).await?;
        self.ended |= ended > 0;
        Ok(ended)
    }

    /// Ends all sessions of a person, and their waiting logins, which may rest on one of them; and
    /// the agents that were enrolled in their logins, whose browsers may be somebody else's, and what
    /// applications were granted. How many sessions there were.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn end_sessions_of(&mut self, person: UserId) -> Result<u64, StoreError> {
        self.lock_person(person).await?;
        self.end_logins_of(person).await?;
        let ended = self.ending(&END_OF_PERSON, values![person]).await?;
        self.end_grants_of(person).await?;
        self.revoke_devices_of(person, None).await?;
        Ok(ended)
    }
}

fn read(row: &Row) -> Result<Session, StoreError> {
    let id = row.get("session_id")?;
    Ok(Session {
        id,
        // A node of the version before writes none.
        sid: row.maybe("sid")?.unwrap_or(id),
        kind: row.word("kind")?,
        person: row.get("person_id")?,
        credential: row.get("credential_id")?,
        proof: row.get("proof_id")?,
        amr: row.json("amr")?,
        auth_time: row.get("verified_at")?,
        provider: row.maybe("provider")?,
        user_agent: row.get("user_agent")?,
        device: row.maybe("device_id")?,
        ticket: row.maybe("ticket_id")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
    })
}
