use std::error::Error;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use identity::{
    CardFirst, FirstCard, GroupsSent, Moment, Provider, ProviderEndpoints, ProviderKind, Seen,
    SyncMode, Tenant, TenantPolicy,
};
use ids::{Alias, MapperId, Slug, TenantId};
use secrets::{KeyRing, Secret};
use store::{Location, Store};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{Directory, Port};

/// The slug of the tenant that an installation comes with.
pub const TENANT: &str = "acme";

/// The master key of every installation here: copies open what the first one sealed.
const MASTER_KEY: [u8; 32] = [7; 32];

type Failure = Box<dyn Error + Send + Sync>;

/// Configuration, master key and database, in a directory that ends with this.
#[derive(Debug)]
pub struct Installation {
    folder: TempDir,
    entra: Cloud,
    database: Option<String>,
}

/// The stand-in: its authority, and where it takes answers of external MFA.
#[derive(Clone, Debug)]
struct Cloud {
    authority: String,
    return_address: String,
}

impl Installation {
    /// Makes an installation with one tenant, connected to `directory`: on SQLite, or in an empty
    /// PostgreSQL database. The tenant enrols a first card after a fresh sign-in at Entra, and
    /// lets a card alone sign in for a day.
    ///
    /// # Errors
    ///
    /// When the database cannot be made.
    pub async fn prepare(directory: &Directory, database: Option<String>) -> Result<Self, Failure> {
        let (authority, return_address) =
            (directory.stand_in.base_url().into(), directory.stand_in.external_return_address());
        let installation = Self::empty(Cloud { authority, return_address }, database)?;
        let store = installation.store().await?;
        seed(&store, directory).await?;
        store.close().await?;
        Ok(installation)
    }

    /// A copy on SQLite; nothing may have the original open.
    ///
    /// # Errors
    ///
    /// When it is not on SQLite, or the disk is full.
    pub fn copy(&self) -> Result<Self, Failure> {
        if self.database.is_some() {
            return Err("a database of PostgreSQL is not copied".into());
        }
        let copy = Self::empty(self.entra.clone(), None)?;
        for entry in fs::read_dir(self.data())? {
            let entry = entry?;
            fs::copy(entry.path(), copy.data().join(entry.file_name()))?;
        }
        Ok(copy)
    }

    fn empty(entra: Cloud, database: Option<String>) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("cardea-load-").tempdir()?;
        let installation = Self { folder, entra, database };
        fs::create_dir(installation.data())?;
        let key = KeyRing::of(MASTER_KEY).reveal();
        let file = installation.data().join("master.key");
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
        file.write_all(key.as_bytes())?;
        Ok(installation)
    }

    /// Writes the configuration for a server behind `port`; its path.
    ///
    /// # Errors
    ///
    /// When the disk is full.
    pub fn configure(&self, port: &Port) -> Result<PathBuf, Failure> {
        let database = self.database.as_ref().map(|url| format!("database = '{url}'\n"));
        let text = format!(
            "url = 'http://localhost:{number}'\nrp_id = 'localhost'\n\
             listen = '127.0.0.1:{number}'\ndata = '{data}'\n{database}\
             [[entra.cloud]]\nauthority = '{authority}'\n\
             external_mfa_return = '{return_address}'\n",
            number = port.number(),
            data = self.data().display(),
            database = database.unwrap_or_default(),
            authority = self.entra.authority,
            return_address = self.entra.return_address,
        );
        let path = self.folder.path().join("cardea.toml");
        fs::write(&path, text)?;
        Ok(path)
    }

    /// The database, opened beside the server or without it.
    ///
    /// # Errors
    ///
    /// When it does not open.
    pub async fn store(&self) -> Result<Store, Failure> {
        let location = match &self.database {
            Some(url) => Location::Postgres(Secret::from(url.clone())),
            None => Location::Sqlite(self.sqlite()),
        };
        Ok(Store::open(location, Arc::new(KeyRing::of(MASTER_KEY))).await?)
    }

    /// The SQLite file.
    pub fn sqlite(&self) -> PathBuf {
        self.data().join("cardea.sqlite")
    }

    /// URL of the PostgreSQL database, if that is where it is.
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where it all is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

async fn seed(store: &Store, directory: &Directory) -> Result<(), Failure> {
    let tenant = Tenant {
        id: TenantId(Uuid::new_v4()),
        slug: Slug::try_from(TENANT.to_owned())?,
        display_name: "Acme".into(),
        policy: TenantPolicy {
            first_card: FirstCard::FreshEntraSignIn,
            card_first: CardFirst::WithinDays(1),
            ..TenantPolicy::default()
        },
        created_at: Moment(0),
    };
    store.create_tenant(&tenant).await?;
    let provider = provider(directory)?;
    let mut tx = store.write(tenant.id).await?;
    tx.put_provider(&provider).await?;
    for mapper in identity::mapping::entra_template_mappers(|| MapperId(Uuid::new_v4())) {
        tx.put_mapper(&provider.alias, &mapper).await?;
    }
    Ok(tx.commit().await?)
}

fn provider(directory: &Directory) -> Result<Provider, Failure> {
    let base = directory.base();
    Ok(Provider {
        alias: Alias::try_from("azure".to_owned())?,
        display_name: "Azure".into(),
        kind: ProviderKind::Entra,
        endpoints: ProviderEndpoints {
            discovery: directory.stand_in.metadata_url(entra_stand_in::ACME),
            issuer: format!("{base}/v2.0"),
            authorization: format!("{base}/oauth2/v2.0/authorize"),
            token: format!("{base}/oauth2/v2.0/token"),
            jwks: format!("{base}/discovery/v2.0/keys"),
            userinfo: None,
            end_session: None,
        },
        client_id: directory.client_id.to_string(),
        client_secret: Some(Secret::from(directory.secret.clone())),
        client_secret_expires_at: None,
        sync_mode: SyncMode::Import,
        groups_sent: GroupsSent::Unknown,
        enabled: true,
        hidden: false,
        position: 0,
        seen: Seen::default(),
        created_at: Moment(0),
    })
}
