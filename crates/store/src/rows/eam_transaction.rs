use identity::Moment;
use ids::{CredentialId, LoginId, ProofId, UserId};
use login::{EntraAccount, ONE_TAP_LIFE};
use secrets::TokenHash;
use serde::{Deserialize, Serialize};

use crate::row::Row;
use crate::rows::{ConsumedProof, ProvedLogin};
use crate::sql::{json, statements, values};
use crate::{Rows, StoreError, Writing};

/// What Entra has asked for, under the hash of its hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EamTransaction {
    /// Hash of the hint, which begins one transaction.
    pub hint: TokenHash,
    /// The login at whose exit it is answered.
    pub login: LoginId,
    /// Hash of the handle by which its browser is known: that of the login.
    pub handle: TokenHash,
    /// Who is asked.
    pub person: UserId,
    /// The account for which Entra asks.
    pub account: EntraAccount,
    /// What else it asked.
    pub request: EamRequest,
    /// When it asked, by the database's clock.
    pub created_at: Moment,
    /// How long it waits.
    pub expires_at: Moment,
    /// What was proved, when something was.
    pub proved: Option<EamProved>,
}

/// What the answer to Entra needs of its request.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EamRequest {
    /// The client id that it came with: the `aud` of the answer.
    pub client_id: String,
    /// Where the answer goes: an address that was compared before.
    pub return_address: String,
    /// `sub` of the hint, and of the answer.
    pub sub: String,
    /// `nonce`, if one came.
    pub nonce: Option<String>,
    /// `state`, if one came.
    pub state: Option<String>,
    /// What is demanded: `claims` of the request, as far as it was understood.
    pub claims: String,
    /// `client-request-id`, for Microsoft's support.
    pub client_request_id: Option<String>,
    /// Authority of the cloud that asks.
    pub authority: String,
}

impl std::fmt::Debug for EamRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EamRequest").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// The proof of a transaction, and what the answer says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EamProved {
    /// The proof.
    pub proof: ProofId,
    /// The card.
    pub card: CredentialId,
    /// Whose card that is.
    pub card_of: UserId,
    /// Whether it was revoked since.
    pub revoked: bool,
    /// When, by the database's clock.
    pub at: Moment,
    /// The one `acr` of the answer.
    pub acr: String,
    /// The one `amr`.
    pub amr: String,
    /// Whether it has spared a second tap.
    pub used: bool,
}

/// A transaction to be made.
#[derive(Clone, Debug)]
pub struct NewEamTransaction {
    /// Hash of the hint.
    pub hint: TokenHash,
    /// Until when the hint is taken.
    pub valid_until: Moment,
    /// The login.
    pub login: LoginId,
    /// Hash of its handle.
    pub handle: TokenHash,
    /// Who is asked.
    pub person: UserId,
    /// The account for which Entra asks.
    pub account: EntraAccount,
    /// What else it asked.
    pub request: EamRequest,
    /// How long it waits.
    pub expires_at: Moment,
}

// 120000000: `login::ONE_TAP_LIFE` in microseconds; a test compares them.
statements! {
    BY_HINT: [
        "SELECT eam_transaction.*, proof.credential_id, credential.person_id AS card_of, ",
        "credential.revoked_at FROM eam_transaction ",
        "LEFT JOIN proof ON proof.tenant_id = eam_transaction.tenant_id ",
        "AND proof.proof_id = eam_transaction.proof_id ",
        "LEFT JOIN credential ON credential.tenant_id = proof.tenant_id ",
        "AND credential.credential_id = proof.credential_id ",
        "WHERE eam_transaction.tenant_id = $1 AND eam_transaction.hint_hash = $2 ",
        "AND eam_transaction.remembered_until > ", NOW];
    BY_HANDLE: [
        "SELECT eam_transaction.*, proof.credential_id, credential.person_id AS card_of, ",
        "credential.revoked_at FROM eam_transaction ",
        "LEFT JOIN proof ON proof.tenant_id = eam_transaction.tenant_id ",
        "AND proof.proof_id = eam_transaction.proof_id ",
        "LEFT JOIN credential ON credential.tenant_id = proof.tenant_id ",
        "AND credential.credential_id = proof.credential_id ",
        "WHERE eam_transaction.tenant_id = $1 AND eam_transaction.handle = $2 ",
        "AND eam_transaction.expires_at > ", NOW];
    // Neither of the two rows is needed for it, and both are long.
    WAITS: [
        "SELECT EXISTS (SELECT 1 FROM login WHERE login.tenant_id = $1 AND login.handle = $2 ",
        "AND login.expires_at > ", NOW, ") AS waits FROM eam_transaction ",
        "WHERE eam_transaction.tenant_id = $1 AND eam_transaction.handle = $2 ",
        "AND eam_transaction.expires_at > ", NOW];
    // Entra may have waited to the end before it sent the browser back.
    FOR_ONE_TAP: [
        "SELECT eam_transaction.*, proof.credential_id, credential.person_id AS card_of, ",
        "credential.revoked_at FROM eam_transaction ",
        "JOIN proof ON proof.tenant_id = eam_transaction.tenant_id ",
        "AND proof.proof_id = eam_transaction.proof_id ",
        "JOIN credential ON credential.tenant_id = proof.tenant_id ",
        "AND credential.credential_id = proof.credential_id ",
        "WHERE eam_transaction.tenant_id = $1 AND eam_transaction.handle = $2 ",
        "AND eam_transaction.used_at IS NULL AND eam_transaction.proved_at > ", NOW,
        " - 120000000"];
    INSERT: [
        "INSERT INTO eam_transaction (tenant_id, hint_hash, login_id, handle, person_id, tid, ",
        "oid, body, expires_at, remembered_until, created_at) ",
        "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, ", NOW, " WHERE CAST($11 AS BIGINT) > ",
        NOW, " ON CONFLICT (tenant_id, hint_hash) DO NOTHING"];
    PROVE: [
        "UPDATE eam_transaction SET proof_id = $4, proved_at = $5, acr = $6, amr = $7 ",
        "WHERE tenant_id = $1 AND login_id = $2 AND person_id = $3 AND proof_id IS NULL ",
        "AND expires_at > ", NOW];
    USE: [
        "UPDATE eam_transaction SET used_at = ", NOW, " WHERE tenant_id = $1 AND hint_hash = $2 ",
        "AND person_id = $3 AND used_at IS NULL AND proved_at > ", NOW,
        " - 120000000 RETURNING proof_id"];
    // The same card at the same moment, now of the login for which nobody tapped. As with any proof,
    // one of a disabled person or by a revoked card is none.
    COPY_PROOF: [
        "INSERT INTO proof (tenant_id, proof_id, login_id, person_id, credential_id, purpose, ",
        "channel, amr, user_verified, challenge_at, verified_at) ",
        "SELECT proof.tenant_id, $2, $3, proof.person_id, proof.credential_id, 'authenticate', ",
        "proof.channel, proof.amr, proof.user_verified, proof.challenge_at, proof.verified_at ",
        "FROM proof JOIN credential ON credential.tenant_id = proof.tenant_id ",
        "AND credential.credential_id = proof.credential_id ",
        "AND credential.person_id = proof.person_id JOIN person ",
        "ON person.tenant_id = proof.tenant_id AND person.person_id = proof.person_id ",
        "WHERE proof.tenant_id = $1 AND proof.proof_id = $4 AND proof.person_id = $5 ",
        "AND credential.revoked_at IS NULL AND person.state = 'enabled' ",
        "RETURNING credential_id, verified_at"];
}

impl Rows {
    /// The transaction that this hint has begun, as long as it must be known.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn eam_transaction_by_hint(
        &mut self,
        hint: &TokenHash,
    ) -> Result<Option<EamTransaction>, StoreError> {
        self.one(&BY_HINT, values![hint]).await?.as_ref().map(read).transpose()
    }

    /// The transaction of the browser that holds this handle, as long as Entra waits for it.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn eam_transaction_by_handle(
        &mut self,
        handle: &TokenHash,
    ) -> Result<Option<EamTransaction>, StoreError> {
        self.one(&BY_HANDLE, values![handle]).await?.as_ref().map(read).transpose()
    }

    /// Whether the login still waits that the browser with this handle came for. `None` when it holds no
    /// transaction.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn eam_login_waits(
        &mut self,
        handle: &TokenHash,
    ) -> Result<Option<bool>, StoreError> {
        self.one(&WAITS, values![handle]).await?.map(|row| row.get("waits")).transpose()
    }

    /// The transaction of the browser that holds this handle, if something was proved in it a moment
    /// ago that has not spared a second tap yet.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn eam_transaction_for_one_tap(
        &mut self,
        handle: &TokenHash,
    ) -> Result<Option<EamTransaction>, StoreError> {
        self.one(&FOR_ONE_TAP, values![handle]).await?.as_ref().map(read).transpose()
    }
}

impl Writing {
    /// Begins a transaction. `false` when its hint has begun one before, or is not taken any more.
    ///
    /// # Errors
    ///
    /// [`StoreError::Reference`] when there is no such person.
    pub async fn begin_eam_transaction(
        &mut self,
        new: &NewEamTransaction,
    ) -> Result<bool, StoreError> {
        // Longer than the hint, or it could be posted again; and than what may be proved with it.
        let remembered = new.valid_until.max(new.expires_at.plus(ONE_TAP_LIFE));
        let mut values = values![&new.hint, new.login, &new.handle, new.person];
        values.extend(values![new.account.tid.as_str(), new.account.oid.as_str()]);
        values.push(json(&new.request));
        values.extend(values![new.expires_at, remembered, new.valid_until]);
        self.hits(&INSERT, values).await
    }

    /// Answers the transaction of the login whose proof this is: once, for its person, and while
    /// Entra waits. `false` when there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Mismatch`] for a proof that was not consumed here.
    pub async fn prove_eam_transaction(
        &mut self,
        proof: &ConsumedProof,
        acr: &str,
        amr: &str,
    ) -> Result<bool, StoreError> {
        if proof.tenant != self.tenant || proof.transaction != self.transaction {
            return Err(self.spoil(StoreError::Mismatch).await);
        }
        let mut values = values![proof.login, proof.person, proof.id, proof.verified_at()];
        values.extend(values![acr, amr]);
        self.hits(&PROVE, values).await
    }

    /// Lets what was proved to Entra prove the login that was taken: once, for the person who proved
    /// it, within [`ONE_TAP_LIFE`]. `None` when it does not.
    ///
    /// # Errors
    ///
    /// [`StoreError::Mismatch`] when the login was not taken here, the card is revoked or the person
    /// disabled; [`StoreError::Conflict`] when the login has a proof already.
    pub async fn take_eam_proof(
        &mut self,
        taken: ProvedLogin,
        hint: &TokenHash,
        id: ProofId,
    ) -> Result<Option<ConsumedProof>, StoreError> {
        let ProvedLogin { tenant, transaction, login, person } = taken;
        if tenant != self.tenant || transaction != self.transaction {
            return Err(self.spoil(StoreError::Mismatch).await);
        }
        let Some(row) = self.one(&USE, values![hint, person]).await? else { return Ok(None) };
        let proof: ProofId = row.get("proof_id")?;
        let Some(row) = self.one(&COPY_PROOF, values![id, login, proof, person]).await? else {
            return Err(self.spoil(StoreError::Mismatch).await);
        };
        let (credential, verified_at) = (row.get("credential_id")?, row.get("verified_at")?);
        Ok(Some(self.consumed(id, login, (person, credential), verified_at)))
    }
}

fn read(row: &Row) -> Result<EamTransaction, StoreError> {
    Ok(EamTransaction {
        hint: row.get("hint_hash")?,
        login: row.get("login_id")?,
        handle: row.get("handle")?,
        person: row.get("person_id")?,
        account: EntraAccount { tid: row.get("tid")?, oid: row.get("oid")? },
        request: row.json("body")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        proved: read_proved(row)?,
    })
}

fn read_proved(row: &Row) -> Result<Option<EamProved>, StoreError> {
    let Some(proof) = row.maybe("proof_id")? else { return Ok(None) };
    let revoked_at: Option<Moment> = row.maybe("revoked_at")?;
    let used_at: Option<Moment> = row.maybe("used_at")?;
    Ok(Some(EamProved {
        proof,
        card: row.get("credential_id")?,
        card_of: row.get("card_of")?,
        revoked: revoked_at.is_some(),
        at: row.get("proved_at")?,
        acr: row.get("acr")?,
        amr: row.get("amr")?,
        used: used_at.is_some(),
    }))
}
