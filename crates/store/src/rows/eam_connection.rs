use identity::Moment;

use crate::row::Row;
use crate::sql::{json, statements, values};
use crate::{Rows, StoreError, Writing};

/// Entra directories that may ask this tenant for external MFA, under one client id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EamConnection {
    /// The client id that Entra was given: what its requests come with and our answers go to.
    pub client_id: String,
    /// Application (client) ID of the integration's registration in Entra.
    pub app_id: String,
    /// Authority of the cloud that they are in, such as `https://login.microsoftonline.com`.
    pub authority: String,
    /// The directories (`tid`) that may ask. Empty: none.
    pub directories: Vec<String>,
    /// Whether they may ask now.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Moment,
}

statements! {
    BY_ID: ["SELECT * FROM eam_connection WHERE tenant_id = $1 AND client_id = $2"];
    ALL: ["SELECT * FROM eam_connection WHERE tenant_id = $1 ORDER BY created_at, client_id"];
    UPSERT: [
        "INSERT INTO eam_connection (tenant_id, client_id, app_id, authority, directories, ",
        "enabled, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ",
        "ON CONFLICT (tenant_id, client_id) DO UPDATE SET app_id = excluded.app_id, ",
        "authority = excluded.authority, directories = excluded.directories, ",
        "enabled = excluded.enabled"];
    DELETE: ["DELETE FROM eam_connection WHERE tenant_id = $1 AND client_id = $2"];
}

impl Rows {
    /// The connection with this client id, enabled or not.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn eam_connection(
        &mut self,
        client_id: &str,
    ) -> Result<Option<EamConnection>, StoreError> {
        self.one(&BY_ID, values![client_id]).await?.as_ref().map(read).transpose()
    }

    /// All connections, in the order in which they were made.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn eam_connections(&mut self) -> Result<Vec<EamConnection>, StoreError> {
        self.all(&ALL, values![]).await?.iter().map(read).collect()
    }
}

impl Writing {
    /// Writes a connection, new or known.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn put_eam_connection(
        &mut self,
        connection: &EamConnection,
    ) -> Result<(), StoreError> {
        let c = connection.clone();
        let mut values = values![c.client_id, c.app_id, c.authority];
        values.push(json(&c.directories));
        values.extend(values![c.enabled, c.created_at]);
        self.execute(&UPSERT, values).await?;
        Ok(())
    }

    /// Deletes a connection. What was asked for under it before is not touched.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn delete_eam_connection(&mut self, client_id: &str) -> Result<bool, StoreError> {
        self.hits(&DELETE, values![client_id]).await
    }
}

fn read(row: &Row) -> Result<EamConnection, StoreError> {
    Ok(EamConnection {
        client_id: row.get("client_id")?,
        app_id: row.get("app_id")?,
        authority: row.get("authority")?,
        directories: row.json("directories")?,
        enabled: row.get("enabled")?,
        created_at: row.get("created_at")?,
    })
}
