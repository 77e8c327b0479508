use identity::Moment;

use crate::row::Row;
use crate::rows::credential;
use crate::sql::{statements, values};
use crate::{Credential, Rows, StoreError, Writing};

/// An authority whose cards a tenant takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardAuthority {
    /// SHA-256 of its certificate.
    pub fingerprint: [u8; 32],
    /// What administrators call it.
    pub name: String,
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
    /// Where its list of revoked certificates is fetched.
    pub list_url: Option<String>,
    /// When that was last tried.
    pub list_tried_at: Option<Moment>,
    /// Why it did not succeed then.
    pub list_error: Option<String>,
    /// When it was added.
    pub created_at: Moment,
}

/// A list of revoked certificates that is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptList {
    /// Whose: [`CardAuthority::fingerprint`].
    pub fingerprint: [u8; 32],
    /// The list, DER.
    pub list: Vec<u8>,
    /// When it was made.
    pub this_update: Moment,
    /// When the next one is there at the latest.
    pub next_update: Moment,
    /// When it came.
    pub fetched_at: Moment,
    /// The address that it came from; empty when somebody brought it.
    pub source: String,
}

statements! {
    AUTHORITIES: [
        "SELECT * FROM x509_authority WHERE tenant_id = $1 ORDER BY created_at, fingerprint"];
    LISTS: ["SELECT * FROM x509_list WHERE tenant_id = $1 ORDER BY fingerprint"];
    // A certificate that is there stays as it is, but for its name.
    PUT_AUTHORITY: [
        "INSERT INTO x509_authority (tenant_id, fingerprint, name, certificate, list_url, ",
        "list_tried_at, list_error, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ",
        "ON CONFLICT (tenant_id, fingerprint) DO UPDATE SET name = excluded.name"];
    DELETE_AUTHORITY: ["DELETE FROM x509_authority WHERE tenant_id = $1 AND fingerprint = $2"];
    SET_URL: [
        "UPDATE x509_authority SET list_url = $3, list_tried_at = NULL, list_error = NULL ",
        "WHERE tenant_id = $1 AND fingerprint = $2"];
    NOTE_FETCH: [
        "UPDATE x509_authority SET list_tried_at = ", NOW, ", list_error = $3 ",
        "WHERE tenant_id = $1 AND fingerprint = $2"];
    // By person: who ends what rests on several cards holds their people in one order.
    IN_USE: [
        "SELECT * FROM credential WHERE tenant_id = $1 AND kind = 'x509-card' ",
        "AND (EXISTS (SELECT 1 FROM session WHERE session.tenant_id = $1 ",
        "AND session.credential_id = credential.credential_id) ",
        "OR EXISTS (SELECT 1 FROM login JOIN proof ON proof.tenant_id = login.tenant_id ",
        "AND proof.login_id = login.login_id WHERE login.tenant_id = $1 ",
        "AND proof.credential_id = credential.credential_id)) ",
        "ORDER BY person_id, credential_id"];
    // An older list would bring back what was revoked since.
    PUT_LIST: [
        "INSERT INTO x509_list (tenant_id, fingerprint, list, this_update, next_update, ",
        "fetched_at, source) VALUES ($1, $2, $3, $4, $5, $6, $7) ",
        "ON CONFLICT (tenant_id, fingerprint) DO UPDATE SET list = excluded.list, ",
        "this_update = excluded.this_update, next_update = excluded.next_update, ",
        "fetched_at = excluded.fetched_at, source = excluded.source ",
        "WHERE x509_list.this_update <= excluded.this_update"];
}

impl Rows {
    /// The authorities whose cards the tenant takes, in the order in which they were added.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn card_authorities(&mut self) -> Result<Vec<CardAuthority>, StoreError> {
        self.all(&AUTHORITIES, values![]).await?.iter().map(read_authority).collect()
    }

    /// Their lists of revoked certificates.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn revocation_lists(&mut self) -> Result<Vec<KeptList>, StoreError> {
        self.all(&LISTS, values![]).await?.iter().map(read_list).collect()
    }

    /// The X.509 cards on which a session rests, or a waiting login that one has confirmed.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn x509_cards_in_use(&mut self) -> Result<Vec<Credential>, StoreError> {
        self.all(&IN_USE, values![]).await?.iter().map(credential::read).collect()
    }
}

impl Writing {
    /// Adds an authority, or gives one that is there another name.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn put_card_authority(
        &mut self,
        authority: &CardAuthority,
    ) -> Result<(), StoreError> {
        let a = authority.clone();
        let mut values = values![&a.fingerprint, a.name, a.certificate, a.list_url];
        values.extend(values![a.list_tried_at, a.list_error, a.created_at]);
        self.execute(&PUT_AUTHORITY, values).await?;
        Ok(())
    }

    /// Deletes an authority with its list. Cards that it has issued stay, and are not taken.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn delete_card_authority(
        &mut self,
        fingerprint: &[u8; 32],
    ) -> Result<bool, StoreError> {
        self.hits(&DELETE_AUTHORITY, values![fingerprint]).await
    }

    /// Sets where the list of an authority is fetched.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn set_list_url(
        &mut self,
        fingerprint: &[u8; 32],
        url: Option<&str>,
    ) -> Result<bool, StoreError> {
        self.hits(&SET_URL, values![fingerprint, url]).await
    }

    /// Notes that the list of an authority was asked for just now, and why it did not come.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn note_list_fetch(
        &mut self,
        fingerprint: &[u8; 32],
        error: Option<&str>,
    ) -> Result<bool, StoreError> {
        self.hits(&NOTE_FETCH, values![fingerprint, error]).await
    }

    /// Keeps a list in place of the one before. `false` when that one is newer.
    ///
    /// # Errors
    ///
    /// [`StoreError::Reference`] when there is no such authority.
    pub async fn put_revocation_list(&mut self, list: &KeptList) -> Result<bool, StoreError> {
        let l = list.clone();
        let mut values = values![&l.fingerprint, l.list, l.this_update, l.next_update];
        values.extend(values![l.fetched_at, l.source]);
        self.hits(&PUT_LIST, values).await
    }
}

fn read_authority(row: &Row) -> Result<CardAuthority, StoreError> {
    Ok(CardAuthority {
        fingerprint: row.get("fingerprint")?,
        name: row.get("name")?,
        certificate: row.get("certificate")?,
        list_url: row.maybe("list_url")?,
        list_tried_at: row.maybe("list_tried_at")?,
        list_error: row.maybe("list_error")?,
        created_at: row.get("created_at")?,
    })
}

fn read_list(row: &Row) -> Result<KeptList, StoreError> {
    Ok(KeptList {
        fingerprint: row.get("fingerprint")?,
        list: row.get("list")?,
        this_update: row.get("this_update")?,
        next_update: row.get("next_update")?,
        fetched_at: row.get("fetched_at")?,
        source: row.get("source")?,
    })
}
