//! Puts the server together: keys, store, and the tenant of the operators.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use agent_protocol::SigningKey;
use identity::{CardFirst, Tenant, TenantPolicy};
use ids::{Slug, TenantId};
use oidc::discovery::EntraCloud;
use passkeys::Passkeys;
use secrets::{KeyRing, Secret, Token};
use store::{Code, CodePurpose, Location, Store, StoreError};
use upstream::Upstream;
use zeroize::Zeroizing;

use crate::agents::Agents;
use crate::app::{App, Parts};
use crate::config::{Config, ConfigError};
use crate::doors::eam::last_refused::LastRefused;
use crate::entropy;
use crate::hallway::events::Pages;
use crate::limits::Limits;
use crate::overage::Turns;
use crate::owner::{self, OwnerError};
use crate::quiet::Quiet;
use crate::signing::Signing;
use crate::tabs::Tabs;
use crate::trail::{self, Seen, Stretch, Walked};

/// Slug of the tenant in which the operators of the installation live.
pub const OPERATORS: &str = "operators";

/// How long an invitation lives.
const INVITATION_LIFE: Duration = Duration::from_secs(600);

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The master key cannot be read.
    #[error("cannot read the master key {path}; without it nothing that is sealed can be opened")]
    KeyFile {
        /// Where it should be.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others on this machine can read the master key, or change it.
    #[error(
        "the master key {path} is open to others than its owner (mode {mode:03o}); say `chmod 600 \
         {path}`, and think about who may have read it"
    )]
    KeyOpen {
        /// Where it is.
        path: std::path::PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The master key is not one.
    #[error("the master key is damaged; put back the copy of your backup")]
    Key(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The data is another user's.
    #[error(transparent)]
    Owner(#[from] OwnerError),
    /// The store does not open.
    #[error("the store does not open")]
    Store(#[from] StoreError),
    /// The configuration does not fit together.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The address does not suit WebAuthn.
    #[error(
        "url and rp_id do not suit WebAuthn; rp_id must be the host of url, or a parent domain of it"
    )]
    Passkeys(#[from] passkeys::PasskeyError),
    /// The client for upstream providers cannot be made.
    #[error("cannot make the client for upstream providers")]
    Upstream(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Opens everything that the configuration names. Changes nothing but what is new: migrations,
/// and the operators' tenant at the first start.
///
/// # Errors
///
/// See [`StartError`]; a wrong master key refuses, and overwrites nothing.
pub async fn open(config: Config) -> Result<App, StartError> {
    let ring = Arc::new(read_ring(&config)?);
    let store = open_store(&config, Arc::clone(&ring)).await?;
    operators(&store).await?;
    let up_since = store.now().await?;
    let passkeys = Passkeys::new(&config.rp_id, &config.url, "Cardea")?;
    let request_key = request_key(&ring)?;
    let upstream = upstream(&config)?;
    let clouds = config.eam_clouds()?;
    Ok(App::new(Parts {
        store,
        passkeys,
        upstream,
        clouds,
        signing: Signing::default(),
        request_key,
        pages: Pages::default(),
        tabs: Tabs::default(),
        up_since,
        agents: Agents::default(),
        limits: Limits::new(config.limits),
        graph_turns: Turns::default(),
        quiet: Quiet::new(config.limits.log_pause()),
        last_refused: LastRefused::default(),
        ring,
        config,
    }))
}

fn read_ring(config: &Config) -> Result<KeyRing, StartError> {
    let path = config.master_key();
    let (mode, text) = match read_key_file(&path) {
        Ok(read) => read,
        Err(source) => return Err(StartError::KeyFile { path, source }),
    };
    if mode & 0o077 != 0 {
        return Err(StartError::KeyOpen { path, mode });
    }
    KeyRing::parse(&text).map_err(|error| StartError::Key(error.into()))
}

/// The mode and the text of one and the same file, whatever the path names a moment later.
fn read_key_file(path: &Path) -> std::io::Result<(u32, Zeroizing<String>)> {
    let mut file = File::open(path)?;
    let mode = file.metadata()?.permissions().mode() & 0o7777;
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text)?;
    Ok((mode, text))
}

async fn open_store(config: &Config, ring: Arc<KeyRing>) -> Result<Store, StartError> {
    owner::check(config)?;
    let location = match &config.database {
        Some(url) => Location::Postgres(Secret::from(url.0.clone())),
        None => Location::Sqlite(config.sqlite()),
    };
    Ok(Store::open(location, ring).await?)
}

/// The operators' tenant; made at the first start.
async fn operators(store: &Store) -> Result<Tenant, StoreError> {
    let Ok(slug) = Slug::try_from(OPERATORS.to_owned()) else {
        return Err(StoreError::Corrupt("slug"));
    };
    if let Some(tenant) = store.tenant(&slug).await? {
        return Ok(tenant);
    }
    let tenant = Tenant {
        id: TenantId(entropy::id()),
        slug: slug.clone(),
        display_name: "Cardea operators".into(),
        // Operators have no upstream: the card is the way in, and the invitation the way back.
        policy: TenantPolicy { card_first: CardFirst::On, ..TenantPolicy::default() },
        created_at: entropy::now(),
    };
    match store.create_tenant(&tenant).await {
        // Another node was faster.
        Err(StoreError::Conflict(_)) => {
            store.tenant(&slug).await?.ok_or(StoreError::Corrupt("slug"))
        }
        made => made.map(|()| tenant),
    }
}

/// Makes an invitation for a first administrator, or for the way back in. It is written down only
/// as a hash; the text returned is all there is of it.
///
/// # Errors
///
/// See [`StartError`].
pub async fn invite(config: &Config) -> Result<String, StartError> {
    let ring = Arc::new(read_ring(config)?);
    let store = open_store(config, ring).await?;
    let tenant = operators(&store).await?;
    let token: Token = entropy::token();
    let code = Code {
        person: None,
        purpose: CodePurpose::Invitation,
        expires_at: store.now().await?.plus(INVITATION_LIFE),
        issued_by: None,
    };
    let mut tx = store.write(tenant.id).await?;
    tx.put_code(&token.hash(), &code).await?;
    tx.audit(&store::AuditEntry {
        kind: "admin.invited",
        person: None,
        actor: None,
        login: None,
        detail: serde_json::json!({ "from": "host" }),
    })
    .await?;
    tx.commit().await?;
    store.close().await?;
    // In the fragment, so that no log of a server or proxy has it.
    Ok(config.address(&format!("/admin/invite#{}", token.reveal())))
}

/// Walks along the whole audit trail of a tenant; `None` when there is no such tenant.
///
/// # Errors
///
/// See [`StartError`].
pub(crate) async fn walk_audit(
    config: &Config,
    tenant: &Slug,
    seen: Option<Seen>,
) -> Result<Option<Walked>, StartError> {
    let store = open_store(config, Arc::new(read_ring(config)?)).await?;
    let walked = match store.tenant(tenant).await? {
        Some(tenant) => {
            let all = Stretch { events: i64::MAX, kept: 1 };
            Some(trail::walk(&store, tenant.id, &all, seen).await?)
        }
        None => None,
    };
    store.close().await?;
    Ok(walked)
}

/// The key that signs requests to agents, computed from the master key: every node has the same,
/// and there is nothing to keep.
fn request_key(ring: &KeyRing) -> Result<SigningKey, StartError> {
    // RFC 5208 and RFC 5915 around 32 bytes of private key on P-256.
    const PKCS8: [u8; 35] = [
        0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
        0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25,
        0x02, 0x01, 0x01, 0x04, 0x20,
    ];
    let scalar = ring.derive("agent request key", b"1");
    let scalar = scalar.map_err(|error| StartError::Key(error.into()))?;
    let der = Secret::new([PKCS8.as_slice(), scalar.expose()].concat());
    SigningKey::from_pkcs8(der.expose()).map_err(|error| StartError::Key(error.into()))
}

fn upstream(config: &Config) -> Result<Upstream, StartError> {
    let clouds = config.entra.cloud.iter().map(|cloud| EntraCloud {
        name: cloud.authority.host_str().unwrap_or_default().to_owned(),
        authority: cloud.authority.clone(),
        graph: cloud.graph.clone(),
    });
    let list_origins = config.x509.list_origins.clone();
    let logout_origins = config.oidc.logout_origins.clone();
    let clouds = clouds.collect();
    let config = upstream::Config { clouds, list_origins, logout_origins, ..Default::default() };
    Upstream::new(config).map_err(|error| StartError::Upstream(error.into()))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;
    use crate::test_app::test_app;

    #[tokio::test]
    async fn a_master_key_that_others_may_read_is_refused() {
        let (app, data) = test_app().await;
        let key = app.config.master_key();
        for mode in [0o640, 0o604, 0o620, 0o610, 0o666] {
            std::fs::set_permissions(&key, Permissions::from_mode(mode)).unwrap();
            let refused = read_ring(&app.config).unwrap_err();
            assert!(matches!(refused, StartError::KeyOpen { mode: said, .. } if said == mode));
            let text = refused.to_string();
            let (mode, key) = (format!("mode {mode:o}"), format!("chmod 600 {}", key.display()));
            assert!(text.contains(&mode) && text.contains(&key), "{text}");
        }
        for mode in [0o600, 0o400] {
            std::fs::set_permissions(&key, Permissions::from_mode(mode)).unwrap();
            read_ring(&app.config).unwrap();
        }
        drop(data);
    }

    #[test]
    fn the_request_key_is_the_same_on_every_node_and_another_for_every_master_key() {
        let thumbprint =
            |key: u8| request_key(&KeyRing::of([key; 32])).unwrap().public().thumbprint();
        assert_eq!(thumbprint(1), thumbprint(1));
        assert_ne!(thumbprint(1), thumbprint(2));
    }
}
