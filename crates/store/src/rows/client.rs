use identity::{Moment, Tenant};
use openid_provider::ClientSettings;

use crate::row::Row;
use crate::sql::{statements, values};
use crate::{Rows, StoreError, Writing};

/// An application of the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its id in protocols, such as `account`.
    pub client_id: String,
    /// Its name for people.
    pub name: String,
    /// Where people start a page of ours: a path of our own. Of an application, see [`Client::home`].
    pub home_url: Option<String>,
    /// How it is registered for OpenID Connect. A page of ours, such as the account page, is not.
    pub settings: Option<ClientSettings>,
    /// Whether it is served. One that is not keeps its registration and gets nothing.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Moment,
}

impl Client {
    /// The account page, which every tenant has.
    pub fn account(tenant: &Tenant) -> Self {
        Self {
            client_id: "account".to_owned(),
            name: "Account".to_owned(),
            home_url: Some(format!("/realms/{}/account/", tenant.slug)),
            settings: None,
            enabled: true,
            created_at: tenant.created_at,
        }
    }

    /// Where people start it: of an application, as it is registered.
    pub fn home(&self) -> Option<&str> {
        match &self.settings {
            Some(settings) => settings.home_uri.as_deref(),
            None => self.home_url.as_deref(),
        }
    }

    /// As the protocol sees it, if it is served there.
    pub fn served(&self) -> Option<openid_provider::Client> {
        let settings = self.settings.clone().filter(|_| self.enabled)?;
        let (client_id, name) = (self.client_id.clone(), self.name.clone());
        Some(openid_provider::Client { client_id, name, settings })
    }
}

// A page of ours is neither made an application nor removed, and the other way round.
statements! {
    BY_ID: ["SELECT * FROM client WHERE tenant_id = $1 AND client_id = $2"];
    // That others add one does not change a row that is there: the tenant's own is what they wait at.
    TENANT_TO_ADD_TO: ["SELECT tenant_id FROM tenant WHERE tenant_id = $1", LOCK];
    ANY_APPLICATION: [
        "SELECT client_id FROM client WHERE tenant_id = $1 AND settings IS NOT NULL LIMIT 1"];
    ALL: ["SELECT * FROM client WHERE tenant_id = $1 ORDER BY client_id"];
    INSERT: [
        "INSERT INTO client (tenant_id, client_id, name, home_url, settings, enabled, created_at) ",
        "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant_id, client_id) DO NOTHING"];
    BY_ID_TO_CHANGE: ["SELECT * FROM client WHERE tenant_id = $1 AND client_id = $2", LOCK];
    CHANGE: [
        "UPDATE client SET name = $3, home_url = $4, settings = $5, enabled = $6 ",
        "WHERE tenant_id = $1 AND client_id = $2 ",
        "AND (settings IS NULL) = (CAST($5 AS TEXT) IS NULL)"];
    DELETE: [
        "DELETE FROM client WHERE tenant_id = $1 AND client_id = $2 AND settings IS NOT NULL"];
}

impl Rows {
    /// One application.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn client(&mut self, client_id: &str) -> Result<Option<Client>, StoreError> {
        self.one(&BY_ID, values![client_id]).await?.as_ref().map(read).transpose()
    }

    /// Whether there is an application, enabled or not; pages of ours do not count.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn has_applications(&mut self) -> Result<bool, StoreError> {
        Ok(self.one(&ANY_APPLICATION, values![]).await?.is_some())
    }

    /// All applications, by id.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn clients(&mut self) -> Result<Vec<Client>, StoreError> {
        self.all(&ALL, values![]).await?.iter().map(read).collect()
    }
}

impl Writing {
    /// How many applications there are; pages of ours do not count. Who asks is about to add one: nobody
    /// else is told before the end of the transaction.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn count_applications_to_add(&mut self) -> Result<usize, StoreError> {
        self.one(&TENANT_TO_ADD_TO, values![]).await?;
        let clients = self.clients().await?;
        Ok(clients.iter().filter(|client| client.settings.is_some()).count())
    }

    /// Keeps a new application. `false` when its id is taken.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn add_client(&mut self, client: &Client) -> Result<bool, StoreError> {
        let mut values = changeable(client)?;
        values.extend(values![client.created_at]);
        self.hits(&INSERT, values).await
    }

    /// One application that is to be changed: nobody else changes or removes it until the end of the
    /// transaction.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn client_to_change(
        &mut self,
        client_id: &str,
    ) -> Result<Option<Client>, StoreError> {
        self.one(&BY_ID_TO_CHANGE, values![client_id]).await?.as_ref().map(read).transpose()
    }

    /// Writes an application that is there; `created_at` stays. One that is not served any more, or
    /// wants to hear of no logout, is told of none that were before. `false` when it is not there, or
    /// would make a page of ours an application, or an application a page of ours.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn change_client(&mut self, client: &Client) -> Result<bool, StoreError> {
        let changed = self.hits(&CHANGE, changeable(client)?).await?;
        let told = client.served().and_then(|served| served.settings.backchannel_logout_uri);
        if changed && told.is_none() {
            self.forget_logout_notices(&client.client_id).await?;
        }
        Ok(changed)
    }

    /// Removes an application with its secrets and all that it was granted. `false` when there is none:
    /// a page of ours cannot be removed. What is written down about it comes after.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn remove_client(&mut self, client_id: &str) -> Result<bool, StoreError> {
        self.hits(&DELETE, values![client_id]).await
    }
}

/// What a change may change, behind the id.
fn changeable(client: &Client) -> Result<Vec<crate::sql::Value>, StoreError> {
    let settings = client.settings.as_ref().map(serde_json::to_string).transpose();
    let settings = settings.map_err(|_| StoreError::Corrupt("settings"))?;
    let Client { client_id, name, home_url, enabled, .. } = client;
    Ok(values![client_id.as_str(), name.as_str(), home_url.as_deref(), settings, *enabled])
}

fn read(row: &Row) -> Result<Client, StoreError> {
    let settings: Option<String> = row.maybe("settings")?;
    let settings = settings.map(|text| serde_json::from_str(&text)).transpose();
    Ok(Client {
        client_id: row.get("client_id")?,
        name: row.get("name")?,
        home_url: row.maybe("home_url")?,
        settings: settings.map_err(|_| StoreError::Corrupt("settings"))?,
        enabled: row.get("enabled")?,
        created_at: row.get("created_at")?,
    })
}
