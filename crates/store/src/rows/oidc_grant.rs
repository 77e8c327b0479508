//! What applications were granted: a code becomes one once, and a refresh token becomes the next.

mod refresh;

#[cfg(test)]
pub(crate) use refresh::STATEMENTS as REFRESH_STATEMENTS;
pub use refresh::{RefreshToken, Rotated};

use std::time::Duration;

use identity::Moment;
use ids::{CredentialId, GrantId, ProofId, SessionId, UserId};
use secrets::TokenHash;

use crate::row::Row;
use crate::sql::{statements, values};
use crate::{AuditEntry, Rows, StoreError, Writing};

/// What an application was granted, with all tokens that follow from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// To which application.
    pub client_id: String,
    /// For whom.
    pub person: UserId,
    /// With which card.
    pub credential: CredentialId,
    /// The proof that it rests on.
    pub proof: ProofId,
    /// The session in which it was given, or that has taken its place.
    pub session: SessionId,
    /// What the application knows that session by.
    pub sid: SessionId,
    /// Whether it outlives that session, and has refresh tokens.
    pub offline: bool,
    /// Which of its refresh tokens is good: 0 for the first.
    pub generation: u32,
    /// What else the server keeps of it, JSON.
    pub body: String,
    /// When it was given.
    pub created_at: Moment,
    /// When it ends by itself.
    pub expires_at: Moment,
    pub(crate) code: TokenHash,
}

/// A code to be redeemed. Whether it was made for this client is the caller's matter.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// Id of the grant that it becomes.
    pub id: GrantId,
    /// Hash of its text.
    pub code: TokenHash,
    /// When it was issued.
    pub issued_at: Moment,
    /// The application.
    pub client_id: String,
    /// The session in which it was issued.
    pub session: SessionId,
    /// Whose session that is.
    pub person: UserId,
    /// The proof that the session rests on.
    pub proof: ProofId,
    /// Whether the grant is to outlive the session.
    pub offline: bool,
    /// Whether nothing else may have been granted on the proof.
    pub alone: bool,
    /// What else is to be kept, JSON.
    pub body: String,
}

/// A code to be redeemed, and what is written of that.
#[derive(Clone, Debug)]
pub struct Redeeming {
    /// The code.
    pub code: NewGrant,
    /// The event that tells of what became of it, if any does.
    pub event: fn(&Redeemed) -> Option<AuditEntry>,
}

/// What became of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// It was good, and is spent.
    Granted(Grant),
    /// It was redeemed before: what it became has ended now, if it had not before.
    Again(Option<Grant>),
    /// Too late; or its session, its client, its person or its card is not there any more.
    Refused,
}

/// The life of an offline grant.
const OFFLINE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

// 60000000: the life of a code in microseconds, `openid_provider::code::LIFE`.
statements! {
    // All that a grant rests on, while it is there. The person is held: what is theirs stays as it is; and a
    // client that is referred to is not removed. What is answered goes into a statement of its own: to have
    // SQLite answer what it has inserted costs it a table.
    ALLOWED: [
        "SELECT session.credential_id, COALESCE(session.sid, session.session_id) AS sid, ",
        "session.expires_at, ", NOW, " AS at FROM session ",
        "JOIN person ON person.tenant_id = session.tenant_id ",
        "AND person.person_id = session.person_id AND person.state = 'enabled' ",
        "JOIN credential ON credential.tenant_id = session.tenant_id ",
        "AND credential.credential_id = session.credential_id AND credential.revoked_at IS NULL ",
        "JOIN client ON client.tenant_id = session.tenant_id AND client.client_id = $2 ",
        "AND client.enabled AND client.settings IS NOT NULL ",
        "WHERE session.tenant_id = $1 AND session.session_id = $3 AND session.person_id = $4 ",
        "AND session.proof_id = $5 AND session.kind = 'account' AND session.expires_at > ", NOW,
        " AND NOT (CAST($6 AS BOOLEAN) AND EXISTS (SELECT 1 FROM oidc_grant ",
        "WHERE oidc_grant.tenant_id = session.tenant_id ",
        "AND oidc_grant.session_id = session.session_id ",
        "AND oidc_grant.proof_id = session.proof_id)) ",
        "AND CAST($7 AS BIGINT) > ", NOW, " - 60000000", KEEP];
    REDEEM: [
        "INSERT INTO oidc_grant (tenant_id, grant_id, client_id, person_id, credential_id, proof_id, ",
        "session_id, sid, code_hash, offline, generation, rotated_at, body, created_at, expires_at) ",
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $12, $11, $13) ",
        "ON CONFLICT (tenant_id, code_hash) DO NOTHING"];
    OF_PROOF: [
        "SELECT grant_id FROM oidc_grant WHERE tenant_id = $1 AND session_id = $2 ",
        "AND proof_id = $3 LIMIT 1"];
    IS_REDEEMED: ["SELECT grant_id FROM oidc_grant WHERE tenant_id = $1 AND code_hash = $2"];
    LIVING: [
        "SELECT oidc_grant.* FROM oidc_grant ",
        "JOIN client ON client.tenant_id = oidc_grant.tenant_id ",
        "AND client.client_id = oidc_grant.client_id AND client.enabled ",
        "JOIN person ON person.tenant_id = oidc_grant.tenant_id ",
        "AND person.person_id = oidc_grant.person_id AND person.state = 'enabled' ",
        "JOIN credential ON credential.tenant_id = oidc_grant.tenant_id ",
        "AND credential.credential_id = oidc_grant.credential_id AND credential.revoked_at IS NULL ",
        "WHERE oidc_grant.tenant_id = $1 AND oidc_grant.grant_id = $2 ",
        "AND oidc_grant.ended_at IS NULL AND oidc_grant.expires_at > ", NOW,
        " AND (oidc_grant.offline OR EXISTS (SELECT 1 FROM session ",
        "WHERE session.tenant_id = oidc_grant.tenant_id ",
        "AND session.session_id = oidc_grant.session_id AND session.expires_at > ", NOW, "))"];
    END: [
        "UPDATE oidc_grant SET ended_at = ", NOW, " WHERE tenant_id = $1 AND grant_id = $2 ",
        "AND client_id = $3 AND ended_at IS NULL RETURNING *"];
    END_OF_CODE: [
        "UPDATE oidc_grant SET ended_at = ", NOW, " WHERE tenant_id = $1 AND code_hash = $2 ",
        "AND ended_at IS NULL RETURNING *"];
    END_OF_PERSON: [
        "UPDATE oidc_grant SET ended_at = ", NOW, " WHERE tenant_id = $1 AND person_id = $2 ",
        "AND ended_at IS NULL"];
    END_OF_CARD: [
        "UPDATE oidc_grant SET ended_at = ", NOW, " WHERE tenant_id = $1 AND credential_id = $2 ",
        "AND ended_at IS NULL"];
    END_OF_SESSION: [
        "UPDATE oidc_grant SET ended_at = ", NOW, " WHERE tenant_id = $1 AND person_id = $2 ",
        "AND session_id = $3 AND ended_at IS NULL"];
    END_OF_OTHERS: [
        "UPDATE oidc_grant SET ended_at = ", NOW, " WHERE tenant_id = $1 AND person_id = $2 ",
        "AND session_id <> $3 AND ended_at IS NULL"];
    LOCK_OF_GRANT: [
        "SELECT person_id FROM person WHERE tenant_id = $1 AND person_id = (SELECT person_id ",
        "FROM oidc_grant WHERE tenant_id = $1 AND grant_id = $2)", LOCK];
}

impl Rows {
    /// A grant, as long as it lives: it has not ended, its client is enabled, its person too, its card
    /// is not revoked, and its session is there still unless it is offline.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn grant(&mut self, id: GrantId) -> Result<Option<Grant>, StoreError> {
        self.one(&LIVING, values![id]).await?.as_ref().map(read).transpose()
    }

    /// Whether an application was granted something on this proof, on which the session rests.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn is_granted_on(
        &mut self,
        session: SessionId,
        proof: ProofId,
    ) -> Result<bool, StoreError> {
        Ok(self.one(&OF_PROOF, values![session, proof]).await?.is_some())
    }

    /// Holds the person for whom this was granted.
    async fn lock_person_of_grant(&mut self, id: GrantId) -> Result<(), StoreError> {
        if self.locks() {
            self.one(&LOCK_OF_GRANT, values![id]).await?;
        }
        Ok(())
    }
}

impl Writing {
    /// Turns a code into what is granted for it: once, and while all that it rests on is there. Who
    /// brings it a second time ends what it has become (RFC 6749 §4.1.2); that is to be committed.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn redeem_code(&mut self, new: &NewGrant) -> Result<Redeemed, StoreError> {
        self.lock_person(new.person).await?;
        if let Some(grant) = self.allowed(new).await?
            && self.redeemed(&grant).await?
        {
            return Ok(Redeemed::Granted(grant));
        }
        if let Some(row) = self.one(&END_OF_CODE, values![&name(new)]).await? {
            return read(&row).map(|grant| Redeemed::Again(Some(grant)));
        }
        let again = self.one(&IS_REDEEMED, values![&name(new)]).await?.is_some();
        Ok(if again { Redeemed::Again(None) } else { Redeemed::Refused })
    }

    /// What a code becomes, if all that it rests on is there.
    async fn allowed(&mut self, new: &NewGrant) -> Result<Option<Grant>, StoreError> {
        let mut values = values![new.client_id.as_str(), new.session, new.person, new.proof];
        values.extend(values![new.alone, new.issued_at]);
        let Some(row) = self.one(&ALLOWED, values).await? else { return Ok(None) };
        let at: Moment = row.get("at")?;
        let expires_at = if new.offline { at.plus(OFFLINE) } else { row.get("expires_at")? };
        Ok(Some(Grant {
            id: new.id,
            client_id: new.client_id.clone(),
            person: new.person,
            credential: row.get("credential_id")?,
            proof: new.proof,
            session: new.session,
            sid: row.get("sid")?,
            offline: new.offline,
            generation: 0,
            body: new.body.clone(),
            created_at: at,
            expires_at,
            code: name(new),
        }))
    }

    /// Writes what a code has become; whether that was the first time.
    async fn redeemed(&mut self, grant: &Grant) -> Result<bool, StoreError> {
        let mut values = values![grant.id, grant.client_id.as_str(), grant.person];
        values.extend(values![grant.credential, grant.proof, grant.session, grant.sid]);
        values.extend(values![&grant.code, grant.offline, grant.created_at]);
        values.extend(values![grant.body.as_str(), grant.expires_at]);
        self.hits(&REDEEM, values).await
    }

    /// Redeems codes with [`Self::redeem_code`], each with its event. What became of them, in their order.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn redeem_all(&mut self, codes: &[Redeeming]) -> Result<Vec<Redeemed>, StoreError> {
        // Whoever holds several people takes them in the order of their ids: nobody waits in a circle.
        let mut in_turn: Vec<_> = codes.iter().enumerate().collect();
        in_turn.sort_by_key(|(_, redeeming)| redeeming.code.person.0);
        let (mut redeemed, mut events) = (Vec::with_capacity(codes.len()), Vec::new());
        for (place, Redeeming { code, event }) in in_turn {
            let became = self.redeem_code(code).await?;
            events.extend(event(&became));
            redeemed.push((place, became));
        }
        self.audit_all(&events).await?;
        redeemed.sort_by_key(|(place, _)| *place);
        Ok(redeemed.into_iter().map(|(_, became)| became).collect())
    }

    /// Ends a grant of this client, and all its tokens. `None` when it has ended before, or there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn end_grant(
        &mut self,
        id: GrantId,
        client_id: &str,
    ) -> Result<Option<Grant>, StoreError> {
        self.lock_person_of_grant(id).await?;
        self.one(&END, values![id, client_id]).await?.as_ref().map(read).transpose()
    }

    /// Ends all that applications were granted in one session of a person, also what would outlive it.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn end_grants_of_session(
        &mut self,
        person: UserId,
        session: SessionId,
    ) -> Result<(), StoreError> {
        self.lock_person(person).await?;
        self.execute(&END_OF_SESSION, values![person, session]).await.map(drop)
    }

    /// Ends all that applications were granted for a person, but for what they got in this session: also
    /// what has outlived its own.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn end_grants_but_of(
        &mut self,
        person: UserId,
        session: SessionId,
    ) -> Result<(), StoreError> {
        self.lock_person(person).await?;
        self.execute(&END_OF_OTHERS, values![person, session]).await.map(drop)
    }

    /// Ends all that was granted for a person, whom the transaction holds.
    pub(super) async fn end_grants_of(&mut self, person: UserId) -> Result<(), StoreError> {
        self.execute(&END_OF_PERSON, values![person]).await.map(drop)
    }

    /// Ends all that was granted with a card, whose person the transaction holds.
    pub(super) async fn end_grants_of_card(&mut self, id: CredentialId) -> Result<(), StoreError> {
        self.execute(&END_OF_CARD, values![id]).await.map(drop)
    }
}

/// What a code is known by in the rows: when it was issued, and 192 bits of its hash. So the index of all that
/// were redeemed grows at one end, and not in a page of its own for each.
fn name(new: &NewGrant) -> TokenHash {
    let mut name = *new.code.as_bytes();
    if let Some(time) = name.first_chunk_mut() {
        *time = new.issued_at.0.to_be_bytes();
    }
    TokenHash::from_bytes(name)
}

fn read(row: &Row) -> Result<Grant, StoreError> {
    let session = row.get("session_id")?;
    Ok(Grant {
        id: row.get("grant_id")?,
        client_id: row.get("client_id")?,
        person: row.get("person_id")?,
        credential: row.get("credential_id")?,
        proof: row.get("proof_id")?,
        session,
        // A node of the version before writes none.
        sid: row.maybe("sid")?.unwrap_or(session),
        offline: row.get("offline")?,
        generation: row.get("generation")?,
        body: row.get("body")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        code: row.get("code_hash")?,
    })
}
