//! What applications were granted: a code becomes one once, and a refresh token becomes the next.

mod redeem;
mod refresh;

#[cfg(test)]
pub(crate) use redeem::STATEMENTS as REDEEM_STATEMENTS;
pub use redeem::{NewGrant, Redeemed, Redeeming};
#[cfg(test)]
pub(crate) use refresh::STATEMENTS as REFRESH_STATEMENTS;
pub use refresh::{RefreshToken, Rotated};

use identity::Moment;
use ids::{CredentialId, GrantId, ProofId, SessionId, UserId};
use secrets::TokenHash;

use crate::row::Row;
use crate::sql::{statements, values};
use crate::{Rows, StoreError, Writing};

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
    /// What its code is known by in the rows ([`redeem`]).
    pub(crate) code: TokenHash,
}

statements! {
    OF_PROOF: [
        "SELECT grant_id FROM oidc_grant WHERE tenant_id = $1 AND session_id = $2 ",
        "AND proof_id = $3 LIMIT 1"];
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
