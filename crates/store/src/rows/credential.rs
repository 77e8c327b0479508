use identity::Moment;
use ids::{CredentialId, UserId};
use uuid::Uuid;

use crate::row::Row;
use crate::sql::{json, statements, values};
use crate::{Rows, StoreError, Writing};

/// A card, a key or a passkey of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its id here.
    pub id: CredentialId,
    /// Whose it is.
    pub person: UserId,
    /// Its WebAuthn credential id, unique in its tenant.
    pub webauthn_id: Vec<u8>,
    /// Its name for people.
    pub label: String,
    /// The verifier's record of it, as `passkeys` wrote it.
    pub passkey: String,
    /// Signature counter of its last answer; 0 when it keeps none.
    pub counter: u32,
    /// Its model, when attestation told.
    pub aaguid: Option<Uuid>,
    /// How it can be reached, as the client told (`usb`, `nfc`, `internal`, …).
    pub transports: Vec<String>,
    /// BE: whether the key may be copied to other devices.
    pub backup_eligible: bool,
    /// Whether attestation shows that the key cannot leave its hardware.
    pub hardware_attested: bool,
    /// Who let it be enrolled: `code`, `fresh-sign-in`, `invitation` or `fresh-tap`.
    pub permit: String,
    /// When it was enrolled.
    pub created_at: Moment,
    /// When it was last used.
    pub last_used_at: Option<Moment>,
    /// When it was revoked; from then on it is history.
    pub revoked_at: Option<Moment>,
}

statements! {
    BY_ID: ["SELECT * FROM credential WHERE tenant_id = $1 AND credential_id = $2"];
    BY_WEBAUTHN_ID: ["SELECT * FROM credential WHERE tenant_id = $1 AND webauthn_id = $2"];
    OF_PERSON: [
        "SELECT * FROM credential WHERE tenant_id = $1 AND person_id = $2 ",
        "ORDER BY created_at, credential_id"];
    INSERT: [
        "INSERT INTO credential (tenant_id, credential_id, person_id, webauthn_id, label, ",
        "passkey, counter, aaguid, transports, backup_eligible, hardware_attested, permit, ",
        "created_at, last_used_at, revoked_at) ",
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"];
    RENAME: ["UPDATE credential SET label = $3 WHERE tenant_id = $1 AND credential_id = $2"];
    // A counter that does not rise is a copy, unless the card keeps none and never did.
    SWAP_COUNTER: [
        "UPDATE credential SET counter = $3, last_used_at = ", NOW,
        " WHERE tenant_id = $1 AND credential_id = $2 AND revoked_at IS NULL ",
        "AND (counter < $3 OR (counter = 0 AND $3 = 0))"];
    REVOKE: [
        "UPDATE credential SET revoked_at = ", NOW, " WHERE tenant_id = $1 ",
        "AND credential_id = $2 AND revoked_at IS NULL RETURNING person_id"];
    MARK_REVOKED: [
        "UPDATE person SET card_was_revoked = TRUE WHERE tenant_id = $1 AND person_id = $2"];
    END_SESSIONS: ["DELETE FROM session WHERE tenant_id = $1 AND credential_id = $2"];
}

impl Rows {
    /// One credential, revoked or not.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn credential(&mut self, id: CredentialId) -> Result<Option<Credential>, StoreError> {
        self.one(&BY_ID, values![id]).await?.as_ref().map(read).transpose()
    }

    /// The credential with this WebAuthn credential id, revoked or not.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn credential_by_id(
        &mut self,
        webauthn_id: &[u8],
    ) -> Result<Option<Credential>, StoreError> {
        self.one(&BY_WEBAUTHN_ID, values![webauthn_id]).await?.as_ref().map(read).transpose()
    }

    /// All credentials of a person, the oldest first, revoked ones included. In a transaction
    /// they stay as they are until its end.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn credentials(&mut self, person: UserId) -> Result<Vec<Credential>, StoreError> {
        self.lock_person(person).await?;
        self.all(&OF_PERSON, values![person]).await?.iter().map(read).collect()
    }
}

impl Writing {
    /// Keeps a new credential.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when its WebAuthn credential id is known in this tenant.
    pub async fn insert_credential(&mut self, credential: &Credential) -> Result<(), StoreError> {
        let c = credential.clone();
        let mut values = values![c.id, c.person, c.webauthn_id, c.label, c.passkey, c.counter];
        values.extend(values![c.aaguid]);
        values.push(json(&c.transports));
        values.extend(values![c.backup_eligible, c.hardware_attested, c.permit, c.created_at]);
        values.extend(values![c.last_used_at, c.revoked_at]);
        self.execute(&INSERT, values).await?;
        Ok(())
    }

    /// Gives a credential another name for people.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn rename_credential(
        &mut self,
        id: CredentialId,
        label: &str,
    ) -> Result<bool, StoreError> {
        self.hits(&RENAME, values![id, label]).await
    }

    /// Compares and swaps the signature counter, and notes the use. `false` for a counter that
    /// did not rise (both 0 is no counter, and good) and for a revoked credential.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn swap_counter(
        &mut self,
        id: CredentialId,
        counter: u32,
    ) -> Result<bool, StoreError> {
        self.lock_person_of_card(id).await?;
        self.hits(&SWAP_COUNTER, values![id, counter]).await
    }

    /// Revokes a credential. `false` when it was revoked before. Its sessions end, and so do all
    /// waiting logins of its person: one of them may rest on a tap of this very card.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn revoke_credential(&mut self, id: CredentialId) -> Result<bool, StoreError> {
        self.lock_person_of_card(id).await?;
        let Some(row) = self.one(&REVOKE, values![id]).await? else {
            return Ok(false);
        };
        let person: UserId = row.get("person_id")?;
        self.execute(&MARK_REVOKED, values![person]).await?;
        self.execute(&END_SESSIONS, values![id]).await?;
        self.end_logins_of(person).await?;
        Ok(true)
    }
}

fn read(row: &Row) -> Result<Credential, StoreError> {
    Ok(Credential {
        id: row.get("credential_id")?,
        person: row.get("person_id")?,
        webauthn_id: row.get("webauthn_id")?,
        label: row.get("label")?,
        passkey: row.get("passkey")?,
        counter: row.get("counter")?,
        aaguid: row.maybe("aaguid")?,
        transports: row.json("transports")?,
        backup_eligible: row.get("backup_eligible")?,
        hardware_attested: row.get("hardware_attested")?,
        permit: row.get("permit")?,
        created_at: row.get("created_at")?,
        last_used_at: row.maybe("last_used_at")?,
        revoked_at: row.maybe("revoked_at")?,
    })
}
