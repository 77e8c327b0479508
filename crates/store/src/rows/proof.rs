use identity::Moment;
use ids::{ChallengeId, CredentialId, LoginId, ProofId, TenantId, UserId};
use login::{Channel, Purpose};
use secrets::TokenHash;

use crate::sql::{json, statements, values, word};
use crate::{StoreError, Writing};

/// A login, or a stranger's challenge, that was spent in this transaction. Only the store makes
/// one, and only out of the row that it took.
#[derive(Debug)]
#[must_use]
pub struct TakenLogin {
    tenant: TenantId,
    transaction: u64,
    /// What the row said; a stranger has none.
    row: Option<TakenRow>,
}

#[derive(Debug)]
struct TakenRow {
    login: LoginId,
    person: UserId,
    challenge_at: Moment,
}

/// A login that was taken in this transaction whatever challenge was out: what was proved to Entra is
/// to prove it, and nothing else can. Only the store makes one.
#[derive(Debug)]
#[must_use]
pub struct ProvedLogin {
    pub(super) tenant: TenantId,
    pub(super) transaction: u64,
    pub(super) login: LoginId,
    pub(super) person: UserId,
}

/// What a card has proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Its id.
    pub id: ProofId,
    /// The login that it ends.
    pub login: LoginId,
    /// For whom.
    pub person: UserId,
    /// With which card.
    pub credential: CredentialId,
    /// What the card did.
    pub purpose: Purpose,
    /// Through whom its answer came.
    pub channel: Channel,
    /// `amr` of what was shown (RFC 8176).
    pub amr: Vec<String>,
    /// UV: the card checked PIN or finger.
    pub user_verified: bool,
    /// When the challenge was handed out.
    pub challenge_at: Moment,
}

/// A proof that is written and consumed in this transaction: what every exit asks for. Only the
/// store makes one.
#[derive(Debug)]
#[must_use]
pub struct ConsumedProof {
    pub(super) tenant: TenantId,
    pub(super) transaction: u64,
    pub(super) id: ProofId,
    pub(super) login: LoginId,
    pub(super) person: UserId,
    pub(super) credential: CredentialId,
    verified_at: Moment,
}

impl ConsumedProof {
    /// Its id.
    pub fn id(&self) -> ProofId {
        self.id
    }

    /// Who proved.
    pub fn person(&self) -> UserId {
        self.person
    }

    /// With which card.
    pub fn credential(&self) -> CredentialId {
        self.credential
    }

    /// When, by the database's clock: `auth_time`.
    pub fn verified_at(&self) -> Moment {
        self.verified_at
    }
}

statements! {
    TAKE_LOGIN: [
        "DELETE FROM login WHERE tenant_id = $1 AND login_id = $2 AND handle = $3 ",
        "AND challenge_id = $4 AND expires_at > ", NOW, " AND challenge_expires_at > ", NOW,
        " RETURNING person_id, challenge_at"];
    TAKE_LOGIN_PROVED: [
        "DELETE FROM login WHERE tenant_id = $1 AND login_id = $2 AND handle = $3 ",
        "AND expires_at > ", NOW, " RETURNING person_id"];
    // A proof of a disabled person or by a revoked card is none.
    INSERT: [
        "INSERT INTO proof (tenant_id, proof_id, login_id, person_id, credential_id, purpose, ",
        "channel, amr, user_verified, challenge_at, verified_at) ",
        "SELECT credential.tenant_id, $2, $3, credential.person_id, credential.credential_id, ",
        "$6, $7, $8, $9, $10, ", NOW, " FROM credential JOIN person ",
        "ON person.tenant_id = credential.tenant_id AND person.person_id = credential.person_id ",
        "WHERE credential.tenant_id = $1 AND credential.person_id = $4 ",
        "AND credential.credential_id = $5 AND credential.revoked_at IS NULL ",
        "AND person.state = 'enabled' RETURNING verified_at"];
}

impl Writing {
    /// Takes the waiting login out of its table. `None` unless it is there, alive, held by this
    /// handle, with this challenge out and alive.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn take_login(
        &mut self,
        login: LoginId,
        handle: &TokenHash,
        challenge: ChallengeId,
    ) -> Result<Option<TakenLogin>, StoreError> {
        self.lock_person_of_login(login).await?;
        let Some(row) = self.one(&TAKE_LOGIN, values![login, handle, challenge]).await? else {
            return Ok(None);
        };
        let (person, challenge_at) = (row.get("person_id")?, row.get("challenge_at")?);
        Ok(Some(self.taken(Some(TakenRow { login, person, challenge_at }))))
    }

    /// Takes the waiting login out of its table, whatever challenge is out: for
    /// [`Writing::take_eam_proof`]. `None` unless it is there, alive, held by this handle.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn take_login_proved(
        &mut self,
        login: LoginId,
        handle: &TokenHash,
    ) -> Result<Option<ProvedLogin>, StoreError> {
        self.lock_person_of_login(login).await?;
        let Some(row) = self.one(&TAKE_LOGIN_PROVED, values![login, handle]).await? else {
            return Ok(None);
        };
        let (tenant, transaction) = (self.tenant, self.transaction);
        let person = row.get("person_id")?;
        Ok(Some(ProvedLogin { tenant, transaction, login, person }))
    }

    /// Spends the challenge of a stranger, who has no row to take ("Use your card"). `None` for
    /// a replay, and when `until` has passed.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn spend_challenge_of_stranger(
        &mut self,
        value: &TokenHash,
        until: Moment,
    ) -> Result<Option<TakenLogin>, StoreError> {
        let spent = self.spend(value, until).await?;
        Ok(spent.then(|| self.taken(None)))
    }

    /// Writes a proof, consumed in the same stroke.
    ///
    /// # Errors
    ///
    /// [`StoreError::Mismatch`] when it is not the proof of what was taken in this transaction,
    /// by a card of that person which is not revoked, of a person who is enabled;
    /// [`StoreError::Conflict`] when the login has a proof of this purpose already.
    pub async fn consume_proof(
        &mut self,
        taken: TakenLogin,
        proof: &Proof,
    ) -> Result<ConsumedProof, StoreError> {
        let fits = taken.tenant == self.tenant
            && taken.transaction == self.transaction
            && taken.row.is_none_or(|row| {
                row.login == proof.login
                    && row.person == proof.person
                    && row.challenge_at == proof.challenge_at
            });
        let written = if fits { self.insert_proof(proof).await? } else { None };
        let Some(verified_at) = written else {
            return Err(self.spoil(StoreError::Mismatch).await);
        };
        let of = (proof.person, proof.credential);
        Ok(self.consumed(proof.id, proof.login, of, verified_at))
    }

    /// A proof that was written in this transaction.
    pub(super) fn consumed(
        &self,
        id: ProofId,
        login: LoginId,
        (person, credential): (UserId, CredentialId),
        verified_at: Moment,
    ) -> ConsumedProof {
        let (tenant, transaction) = (self.tenant, self.transaction);
        ConsumedProof { tenant, transaction, id, login, person, credential, verified_at }
    }

    async fn insert_proof(&mut self, proof: &Proof) -> Result<Option<Moment>, StoreError> {
        let mut values = values![proof.id, proof.login, proof.person, proof.credential];
        values.push(word(&proof.purpose));
        values.extend([json(&proof.channel), json(&proof.amr)]);
        values.extend(values![proof.user_verified, proof.challenge_at]);
        let row = self.one(&INSERT, values).await?;
        row.map(|row| row.get("verified_at")).transpose()
    }

    fn taken(&self, row: Option<TakenRow>) -> TakenLogin {
        TakenLogin { tenant: self.tenant, transaction: self.transaction, row }
    }
}
