use identity::Moment;
use secrets::TokenHash;

use crate::row::Row;
use crate::sql::{statements, values};
use crate::{Rows, StoreError, Writing};

/// A secret of an application, known by its hash only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSecret {
    /// Hash of its text.
    pub hash: TokenHash,
    /// When it was made.
    pub created_at: Moment,
}

statements! {
    OF_CLIENT: [
        "SELECT hash, created_at FROM client_secret WHERE tenant_id = $1 AND client_id = $2 ",
        "ORDER BY created_at, hash"];
    ALL: [
        "SELECT client_id, hash, created_at FROM client_secret WHERE tenant_id = $1 ",
        "ORDER BY client_id, created_at, hash"];
    // Of two that add one at once, the second sees what the first has added.
    HOLD: [
        "SELECT client_id FROM client WHERE tenant_id = $1 AND client_id = $2 ",
        "AND settings IS NOT NULL", LOCK];
    INSERT: [
        "INSERT INTO client_secret (tenant_id, client_id, hash, created_at) ",
        "SELECT $1, $2, $3, ", NOW, " WHERE (SELECT COUNT(*) FROM client_secret ",
        "WHERE tenant_id = $1 AND client_id = $2) < 2"];
    DELETE: [
        "DELETE FROM client_secret WHERE tenant_id = $1 AND client_id = $2 AND hash = $3"];
}

impl Rows {
    /// The secrets of an application, the oldest first: two at most.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn client_secrets(
        &mut self,
        client_id: &str,
    ) -> Result<Vec<ClientSecret>, StoreError> {
        self.all(&OF_CLIENT, values![client_id]).await?.iter().map(read).collect()
    }

    /// The secrets of all applications, each with the application's id.
    pub(crate) async fn all_client_secrets(
        &mut self,
    ) -> Result<Vec<(String, ClientSecret)>, StoreError> {
        let rows = self.all(&ALL, values![]).await?;
        rows.iter().map(|row| Ok((row.get("client_id")?, read(row)?))).collect()
    }
}

impl Writing {
    /// Keeps a new secret of an application. `false` when it has two, or there is no such application.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when it has this secret.
    pub async fn add_client_secret(
        &mut self,
        client_id: &str,
        hash: &TokenHash,
    ) -> Result<bool, StoreError> {
        if self.one(&HOLD, values![client_id]).await?.is_none() {
            return Ok(false);
        }
        self.hits(&INSERT, values![client_id, hash]).await
    }

    /// Forgets a secret of an application. `false` when it has no such secret.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn remove_client_secret(
        &mut self,
        client_id: &str,
        hash: &TokenHash,
    ) -> Result<bool, StoreError> {
        self.hits(&DELETE, values![client_id, hash]).await
    }
}

fn read(row: &Row) -> Result<ClientSecret, StoreError> {
    Ok(ClientSecret { hash: row.get("hash")?, created_at: row.get("created_at")? })
}
