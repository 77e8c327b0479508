use identity::{Moment, Tenant};

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
    /// Where people start it: a path of our own or a URL.
    pub home_url: Option<String>,
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
            created_at: tenant.created_at,
        }
    }
}

statements! {
    BY_ID: ["SELECT * FROM client WHERE tenant_id = $1 AND client_id = $2"];
    ALL: ["SELECT * FROM client WHERE tenant_id = $1 ORDER BY client_id"];
    UPSERT: [
        "INSERT INTO client (tenant_id, client_id, name, home_url, created_at) ",
        "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id, client_id) DO UPDATE SET ",
        "name = excluded.name, home_url = excluded.home_url"];
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
    /// Writes an application, new or known.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn put_client(&mut self, client: &Client) -> Result<(), StoreError> {
        let Client { client_id, name, home_url, created_at } = client.clone();
        let values = values![client_id, name, home_url, created_at];
        self.execute(&UPSERT, values).await?;
        Ok(())
    }
}

fn read(row: &Row) -> Result<Client, StoreError> {
    Ok(Client {
        client_id: row.get("client_id")?,
        name: row.get("name")?,
        home_url: row.maybe("home_url")?,
        created_at: row.get("created_at")?,
    })
}
