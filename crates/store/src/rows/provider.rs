use aws_lc_rs::rand;
use identity::{GroupsQuestion, GroupsSent, Provider, ProviderEndpoints, Seen};
use ids::Alias;
use secrets::Secret;

use crate::row::Row;
use crate::sql::{json, statements, values, word};
use crate::{Rows, StoreError, Writing};

statements! {
    BY_ALIAS: ["SELECT * FROM provider WHERE tenant_id = $1 AND alias = $2"];
    ALL: ["SELECT * FROM provider WHERE tenant_id = $1 ORDER BY position, alias"];
    // What tokens have shown is not written here: a form does not know better.
    UPSERT: [
        "INSERT INTO provider (tenant_id, alias, display_name, kind, endpoints, client_id, ",
        "client_secret, client_secret_expires_at, sync_mode, groups_sent, enabled, hidden, ",
        "position, groups_question, created_at) ",
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'closed', $14) ",
        "ON CONFLICT (tenant_id, alias) DO UPDATE SET display_name = excluded.display_name, ",
        "kind = excluded.kind, endpoints = excluded.endpoints, client_id = excluded.client_id, ",
        "client_secret = COALESCE(excluded.client_secret, provider.client_secret), ",
        "client_secret_expires_at = excluded.client_secret_expires_at, ",
        "sync_mode = excluded.sync_mode, groups_sent = excluded.groups_sent, ",
        "enabled = excluded.enabled, hidden = excluded.hidden, position = excluded.position"];
    NOTE_AUTH_TIME: [
        "UPDATE provider SET auth_time_seen = $3 WHERE tenant_id = $1 AND alias = $2"];
    DELETE: ["DELETE FROM provider WHERE tenant_id = $1 AND alias = $2"];
    LEARN_GROUPS_SENT: [
        "UPDATE provider SET groups_sent = 'yes' ",
        "WHERE tenant_id = $1 AND alias = $2 AND groups_sent = 'unknown'"];
}

impl Rows {
    /// One provider, with its client secret opened.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn provider(&mut self, alias: &Alias) -> Result<Option<Provider>, StoreError> {
        let row = self.one(&BY_ALIAS, values![alias]).await?;
        row.map(|row| self.read_provider(&row)).transpose()
    }

    /// All providers, in the order of the login page.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn providers(&mut self) -> Result<Vec<Provider>, StoreError> {
        let rows = self.all(&ALL, values![]).await?;
        rows.iter().map(|row| self.read_provider(row)).collect()
    }

    fn read_provider(&self, row: &Row) -> Result<Provider, StoreError> {
        let alias: Alias = row.get("alias")?;
        let sealed: Option<Vec<u8>> = row.maybe("client_secret")?;
        let secret = sealed.map(|sealed| {
            let opened = self.ring.open(&self.place(&alias), &sealed);
            opened.map_err(|_| StoreError::Corrupt("client_secret"))
        });
        let endpoints: ProviderEndpoints = row.json("endpoints")?;
        Ok(Provider {
            client_secret: secret.transpose()?,
            endpoints,
            display_name: row.get("display_name")?,
            kind: row.word("kind")?,
            client_id: row.get("client_id")?,
            client_secret_expires_at: row.maybe("client_secret_expires_at")?,
            sync_mode: row.word("sync_mode")?,
            groups_sent: row.word("groups_sent")?,
            enabled: row.get("enabled")?,
            hidden: row.get("hidden")?,
            position: row.get("position")?,
            seen: Seen {
                auth_time: row.maybe("auth_time_seen")?,
                groups: row.word("groups_question")?,
            },
            created_at: row.get("created_at")?,
            alias,
        })
    }

    /// Where a client secret stands: it opens nowhere else.
    fn place(&self, alias: &Alias) -> String {
        format!("{}|provider|client_secret|{alias}", self.tenant)
    }

    fn seal(&self, alias: &Alias, secret: &Secret) -> Result<Vec<u8>, StoreError> {
        let failed = StoreError::Corrupt("client_secret");
        let mut nonce = [0; 24];
        rand::fill(&mut nonce).map_err(|_| failed.clone())?;
        self.ring.seal(&self.place(alias), nonce, secret.expose()).map_err(|_| failed)
    }
}

impl Writing {
    /// Writes a provider, new or known. Without a client secret, or with an empty one, the one
    /// that is stored stays; so does what tokens have shown, except that a question about groups
    /// is over when groups are not sent.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn put_provider(&mut self, provider: &Provider) -> Result<(), StoreError> {
        let p = provider;
        let secret = p.client_secret.as_ref().filter(|secret| !secret.expose().is_empty());
        let sealed = secret.map(|secret| self.seal(&p.alias, secret)).transpose()?;
        let mut values = values![&p.alias, p.display_name.as_str()];
        values.extend([word(&p.kind), json(&p.endpoints)]);
        values.extend(values![p.client_id.as_str(), sealed, p.client_secret_expires_at]);
        values.extend([word(&p.sync_mode), word(&p.groups_sent)]);
        values.extend(values![p.enabled, p.hidden, p.position, p.created_at]);
        self.execute(&UPSERT, values).await?;
        if p.groups_sent == GroupsSent::Yes {
            return Ok(());
        }
        self.set_groups_question(&p.alias, GroupsQuestion::Closed).await
    }

    /// Deletes a provider and its mappers.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn delete_provider(&mut self, alias: &Alias) -> Result<bool, StoreError> {
        self.hits(&DELETE, values![alias]).await
    }

    /// Notes that the provider sends the `groups` claim. `false` when that was known, or set by
    /// an administrator.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn learn_groups_sent(&mut self, alias: &Alias) -> Result<bool, StoreError> {
        self.hits(&LEARN_GROUPS_SENT, values![alias]).await
    }

    /// Notes whether the last token of the provider had `auth_time`.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn note_auth_time(&mut self, alias: &Alias, sent: bool) -> Result<bool, StoreError> {
        self.hits(&NOTE_AUTH_TIME, values![alias, sent]).await
    }
}
