//! Codes that become grants (RFC 6749 §4.1.2): each once, and several in one transaction.

use std::time::Duration;

use identity::Moment;
use ids::{GrantId, ProofId, SessionId, TenantId, UserId};
use secrets::TokenHash;

use super::{Grant, read};
use crate::sql::{statements, values};
use crate::{AuditEntry, Store, StoreError, Writing};

/// What a code is to become. Whether it was made for this client is the caller's matter.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// Id of the grant that it becomes.
    pub id: GrantId,
    /// Hash of its text.
    pub code: TokenHash,
    /// When it was issued: of one code the same, whoever brings it.
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
    /// What the code is to become.
    pub grant: NewGrant,
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
    // All that a grant rests on, read and held (`KEEP`) until the commit, so that none of it is deleted. What
    // is the person's cannot change either: their row is locked. A client that is disabled after this look
    // counts from the next request on. The insert is a statement of its own: to answer what it has inserted
    // (`RETURNING`) costs SQLite a table.
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
        "AND NOT EXISTS (SELECT 1 FROM oidc_grant ",
        "WHERE oidc_grant.tenant_id = session.tenant_id AND oidc_grant.code_hash = $8) ",
        "AND CAST($7 AS BIGINT) > ", NOW, " - 60000000", KEEP];
    REDEEM: [
        "INSERT INTO oidc_grant (tenant_id, grant_id, client_id, person_id, credential_id, proof_id, ",
        "session_id, sid, code_hash, offline, generation, rotated_at, body, created_at, expires_at) ",
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $12, $11, $13) ",
        "ON CONFLICT (tenant_id, code_hash) DO NOTHING"];
    IS_REDEEMED: [
        "SELECT grant_id FROM oidc_grant WHERE tenant_id = $1 AND code_hash IN ($2, $3)"];
    END_OF_CODE: [
        "UPDATE oidc_grant SET ended_at = ", NOW, " WHERE tenant_id = $1 AND code_hash IN ($2, $3) ",
        "AND ended_at IS NULL RETURNING *"];
}

impl Store {
    /// Turns a code into what is granted for it ([`Writing::redeem_code`]) and writes the event of that, in a
    /// transaction that does nothing else and that others may share (`docs/adr/0025`). Returns when it would
    /// survive a power cut. Whoever stops waiting may have spent the code all the same.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then the code is not spent, but for [`Writing::commit`]'s reservation.
    pub async fn redeem(&self, tenant: TenantId, code: Redeeming) -> Result<Redeemed, StoreError> {
        let store = self.clone();
        let redeem = move |codes: Vec<Redeeming>| {
            let store = store.clone();
            async move { store.redeem_round(tenant, &codes).await }
        };
        self.codes().ask(tenant, code, redeem).await?
    }

    async fn redeem_round(
        &self,
        tenant: TenantId,
        codes: &[Redeeming],
    ) -> Result<Vec<Result<Redeemed, StoreError>>, StoreError> {
        match self.redeem_in_one(tenant, codes).await {
            Ok(redeemed) => Ok(redeemed.into_iter().map(Ok).collect()),
            // A commit of which nobody knows whether it is kept is not tried again.
            Err(error @ StoreError::Unavailable(_)) => Err(error),
            Err(error) if codes.len() < 2 => Err(error),
            // Nothing is kept. One that cannot be redeemed takes no other with it.
            Err(_) => Ok(self.redeem_each(tenant, codes).await),
        }
    }

    /// Each in a transaction of its own, all at once: one that waits for somebody holds up no other.
    async fn redeem_each(
        &self,
        tenant: TenantId,
        codes: &[Redeeming],
    ) -> Vec<Result<Redeemed, StoreError>> {
        let alone = |code: &Redeeming| {
            let (store, code) = (self.clone(), code.clone());
            tokio::spawn(async move {
                store.redeem_in_one(tenant, &[code]).await?.pop().ok_or(StoreError::Busy)
            })
        };
        let tasks: Vec<_> = codes.iter().map(alone).collect();
        let mut redeemed = Vec::with_capacity(tasks.len());
        for task in tasks {
            // Fails when the program ends meanwhile.
            redeemed.push(task.await.unwrap_or(Err(StoreError::Busy)));
        }
        redeemed
    }

    async fn redeem_in_one(
        &self,
        tenant: TenantId,
        codes: &[Redeeming],
    ) -> Result<Vec<Redeemed>, StoreError> {
        let mut writing = self.write(tenant).await?;
        let redeemed = writing.redeem_all(codes).await?;
        writing.commit().await?;
        Ok(redeemed)
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
            && self.insert_grant(&grant).await?
        {
            return Ok(Redeemed::Granted(grant));
        }
        let names = || values![&self.known_by(new), &new.code];
        let (ended, known) = (names(), names());
        if let Some(row) = self.one(&END_OF_CODE, ended).await? {
            return read(&row).map(|grant| Redeemed::Again(Some(grant)));
        }
        let again = self.one(&IS_REDEEMED, known).await?.is_some();
        Ok(if again { Redeemed::Again(None) } else { Redeemed::Refused })
    }

    /// Redeems a code with [`Self::redeem_code`], and writes the event of that.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn redeem(&mut self, redeeming: &Redeeming) -> Result<Redeemed, StoreError> {
        let redeemed = self.redeem_code(&redeeming.grant).await?;
        if let Some(event) = (redeeming.event)(&redeemed) {
            self.audit(&event).await?;
        }
        Ok(redeemed)
    }

    /// The same for several codes. What became of them, in their order.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub(crate) async fn redeem_all(
        &mut self,
        codes: &[Redeeming],
    ) -> Result<Vec<Redeemed>, StoreError> {
        // Whoever holds several people takes them in the order of their ids: nobody waits in a circle.
        let mut in_turn: Vec<_> = codes.iter().enumerate().collect();
        in_turn.sort_by_key(|(_, redeeming)| redeeming.grant.person.0);
        let (mut outcomes, mut events) = (Vec::with_capacity(codes.len()), Vec::new());
        for (place, Redeeming { grant, event }) in in_turn {
            let outcome = self.redeem_code(grant).await?;
            events.extend(event(&outcome));
            outcomes.push((place, outcome));
        }
        self.audit_all(&events).await?;
        outcomes.sort_by_key(|(place, _)| *place);
        Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
    }

    /// What a code becomes, if all that it rests on is there.
    async fn allowed(&mut self, new: &NewGrant) -> Result<Option<Grant>, StoreError> {
        let mut values = values![new.client_id.as_str(), new.session, new.person, new.proof];
        values.extend(values![new.alone, new.issued_at, &new.code]);
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
            code: self.known_by(new),
        }))
    }

    /// Writes what a code has become; whether that was the first time.
    async fn insert_grant(&mut self, grant: &Grant) -> Result<bool, StoreError> {
        let mut values = values![grant.id, grant.client_id.as_str(), grant.person];
        values.extend(values![grant.credential, grant.proof, grant.session, grant.sid]);
        values.extend(values![&grant.code, grant.offline, grant.created_at]);
        values.extend(values![grant.body.as_str(), grant.expires_at]);
        self.hits(&REDEEM, values).await
    }

    /// What a code is known by in the rows. On PostgreSQL its hash, since nodes of the version before may run
    /// beside this one; what they have written is asked for on SQLite too. There it is when the code was issued
    /// (8 bytes), then the last 24 bytes of its hash: so the unique index of redeemed codes grows at its end,
    /// and each new one does not touch a page of its own.
    fn known_by(&self, new: &NewGrant) -> TokenHash {
        if self.locks() {
            return new.code;
        }
        let mut name = *new.code.as_bytes();
        if let Some(time) = name.first_chunk_mut() {
            *time = new.issued_at.0.to_be_bytes();
        }
        TokenHash::from_bytes(name)
    }
}
