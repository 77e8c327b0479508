use identity::Moment;
use ids::{CredentialId, UserId};
use uuid::Uuid;

use crate::row::Row;
use crate::sql::{Value, json, statements, values};
use crate::{Rows, StoreError, Writing};

/// A card, a key or a passkey of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its id here.
    pub id: CredentialId,
    /// Whose it is.
    pub person: UserId,
    /// Its credential id, unique in its tenant: WebAuthn's, or that of an X.509 card's key.
    pub webauthn_id: Vec<u8>,
    /// Its name for people.
    pub label: String,
    /// What it is, and what only such a thing has. A verifier of the one gets nothing of the other.
    pub kind: CredentialKind,
    /// Who let it be enrolled: `code`, `fresh-sign-in`, `invitation` or `fresh-tap`.
    pub permit: String,
    /// When it was enrolled.
    pub created_at: Moment,
    /// When it was last used.
    pub last_used_at: Option<Moment>,
    /// When it was revoked; from then on it is history.
    pub revoked_at: Option<Moment>,
}

/// The types of credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// `fido2`: a WebAuthn credential.
    Fido2(Passkey),
    /// `x509-card`: the key of a certificate on a smart card. Never counts as FIDO2.
    X509Card(CardCertificate),
}

/// A WebAuthn credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// The verifier's record of it, as `passkeys` wrote it.
    pub record: String,
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
}

/// What is kept of the certificate of an X.509 card: what names it, and what people read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardCertificate {
    /// Its issuer's name, DER.
    pub issuer: Vec<u8>,
    /// Its serial number, the bytes of the INTEGER.
    pub serial: Vec<u8>,
    /// SHA-256 of both, unique in its tenant.
    pub name_hash: [u8; 32],
    /// Its subject, for people. Identifies nobody.
    pub subject: String,
    /// Its issuer's name, for people.
    pub issuer_name: String,
    /// Until when it is valid.
    pub not_after: Moment,
}

impl Credential {
    /// What is FIDO2 of it.
    pub fn passkey(&self) -> Option<&Passkey> {
        match &self.kind {
            CredentialKind::Fido2(passkey) => Some(passkey),
            CredentialKind::X509Card(_) => None,
        }
    }

    /// The certificate, if it is an X.509 card.
    pub fn certificate(&self) -> Option<&CardCertificate> {
        match &self.kind {
            CredentialKind::X509Card(certificate) => Some(certificate),
            CredentialKind::Fido2(_) => None,
        }
    }
}

const FIDO2: &str = "fido2";
const X509_CARD: &str = "x509-card";

statements! {
    BY_ID: ["SELECT * FROM credential WHERE tenant_id = $1 AND credential_id = $2"];
    BY_WEBAUTHN_ID: ["SELECT * FROM credential WHERE tenant_id = $1 AND webauthn_id = $2"];
    OF_PERSON: [
        "SELECT * FROM credential WHERE tenant_id = $1 AND person_id = $2 ",
        "ORDER BY created_at, credential_id"];
    INSERT: [
        "INSERT INTO credential (tenant_id, credential_id, person_id, webauthn_id, label, ",
        "permit, created_at, last_used_at, revoked_at, kind, ",
        "passkey, counter, aaguid, transports, backup_eligible, hardware_attested, ",
        "issuer, serial, name_hash, subject, issuer_name, not_after) ",
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, ",
        "$18, $19, $20, $21, $22)"];
    // The key stays, so the credential id does. A revoked one is not brought back by a new name.
    RENEW: [
        "UPDATE credential SET issuer = $3, serial = $4, name_hash = $5, subject = $6, ",
        "issuer_name = $7, not_after = $8 WHERE tenant_id = $1 AND credential_id = $2 ",
        "AND kind = 'x509-card' AND revoked_at IS NULL"];
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
    END_CONFIRMED: [
        "DELETE FROM login WHERE tenant_id = $1 AND login_id IN ",
        "(SELECT login_id FROM proof WHERE tenant_id = $1 AND credential_id = $2)"];
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
    /// [`StoreError::Conflict`] when its credential id, or issuer and serial number of its
    /// certificate, are known in this tenant.
    pub async fn insert_credential(&mut self, credential: &Credential) -> Result<(), StoreError> {
        let c = credential.clone();
        let mut values = values![c.id, c.person, c.webauthn_id, c.label, c.permit, c.created_at];
        values.extend(values![c.last_used_at, c.revoked_at]);
        values.extend(kind_values(c.kind));
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

    /// Notes the certificate that an X.509 card has got for its key. `false` when there is no such
    /// card that counts.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when another credential of this tenant has the certificate.
    pub async fn renew_certificate(
        &mut self,
        id: CredentialId,
        certificate: &CardCertificate,
    ) -> Result<bool, StoreError> {
        self.lock_person_of_card(id).await?;
        let mut values = values![id];
        values.extend(certificate_values(Some(certificate.clone())));
        self.hits(&RENEW, values).await
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

    /// Ends the sessions of a credential, what applications were granted with it, and the waiting logins
    /// that it has confirmed. How many sessions and logins; it stays in force.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn end_what_rests_on(&mut self, id: CredentialId) -> Result<u64, StoreError> {
        self.lock_person_of_card(id).await?;
        let logins = self.execute(&END_CONFIRMED, values![id]).await?;
        let sessions = self.ending(&END_SESSIONS, values![id]).await?;
        self.end_grants_of_card(id).await?;
        Ok(logins.saturating_add(sessions))
    }

    /// Revokes a credential. `false` when it was revoked before. Its sessions end with what applications
    /// were granted in them, and so do all waiting logins of its person: one of them may rest on a tap of
    /// this very card.
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
        self.ending(&END_SESSIONS, values![id]).await?;
        self.end_grants_of_card(id).await?;
        self.end_logins_of(person).await?;
        Ok(true)
    }
}

/// The columns of each type; what the other has is empty.
fn kind_values(kind: CredentialKind) -> Vec<Value> {
    match kind {
        CredentialKind::Fido2(p) => {
            let mut values = values![FIDO2, p.record, p.counter, p.aaguid];
            values.push(json(&p.transports));
            values.extend(values![p.backup_eligible, p.hardware_attested]);
            values.extend(certificate_values(None));
            values
        }
        CredentialKind::X509Card(certificate) => {
            let mut values = values![X509_CARD, "", 0_u32, None::<Uuid>, "[]", false, false];
            values.extend(certificate_values(Some(certificate)));
            values
        }
    }
}

fn certificate_values(certificate: Option<CardCertificate>) -> Vec<Value> {
    let Some(c) = certificate else {
        let (bytes, text) = (None::<Vec<u8>>, None::<String>);
        return values![bytes.clone(), bytes.clone(), bytes, text.clone(), text, None::<Moment>,];
    };
    values![c.issuer, c.serial, &c.name_hash, c.subject, c.issuer_name, c.not_after]
}

pub(super) fn read(row: &Row) -> Result<Credential, StoreError> {
    let kind: String = row.get("kind")?;
    Ok(Credential {
        id: row.get("credential_id")?,
        person: row.get("person_id")?,
        webauthn_id: row.get("webauthn_id")?,
        label: row.get("label")?,
        kind: match kind.as_str() {
            FIDO2 => CredentialKind::Fido2(read_passkey(row)?),
            X509_CARD => CredentialKind::X509Card(read_certificate(row)?),
            _ => return Err(StoreError::Corrupt("kind")),
        },
        permit: row.get("permit")?,
        created_at: row.get("created_at")?,
        last_used_at: row.maybe("last_used_at")?,
        revoked_at: row.maybe("revoked_at")?,
    })
}

fn read_passkey(row: &Row) -> Result<Passkey, StoreError> {
    Ok(Passkey {
        record: row.get("passkey")?,
        counter: row.get("counter")?,
        aaguid: row.maybe("aaguid")?,
        transports: row.json("transports")?,
        backup_eligible: row.get("backup_eligible")?,
        hardware_attested: row.get("hardware_attested")?,
    })
}

fn read_certificate(row: &Row) -> Result<CardCertificate, StoreError> {
    Ok(CardCertificate {
        issuer: row.get("issuer")?,
        serial: row.get("serial")?,
        name_hash: row.get("name_hash")?,
        subject: row.get("subject")?,
        issuer_name: row.get("issuer_name")?,
        not_after: row.get("not_after")?,
    })
}
