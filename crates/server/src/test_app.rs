//! A server's parts on an empty database, for tests inside of this crate.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Arc, Mutex};

use identity::{Moment, Person, PersonState};
use ids::UserId;
use secrets::KeyRing;
use tempfile::TempDir;
use tracing::subscriber::DefaultGuard;

use crate::config::{Bounds, Config, DatabaseUrl, Entra, Oidc, X509};
use crate::{App, open};

/// The parts, and the directory that must outlive them.
pub(crate) async fn test_app() -> (App, TempDir) {
    test_app_on(None).await
}

/// The same with a database at PostgreSQL.
pub(crate) async fn test_app_on_postgres() -> (App, TempDir) {
    test_app_on(Some(DatabaseUrl(test_postgres::server().database()))).await
}

async fn test_app_on(database: Option<DatabaseUrl>) -> (App, TempDir) {
    let data = tempfile::tempdir().unwrap();
    let config = Config {
        url: url::Url::parse("http://localhost:1").unwrap(),
        rp_id: "localhost".into(),
        listen: "127.0.0.1:1".parse().unwrap(),
        data: data.path().to_owned(),
        database,
        tls: None,
        trusted_proxies: Vec::new(),
        limits: Bounds::default(),
        entra: Entra::default(),
        x509: X509::default(),
        oidc: Oidc::default(),
    };
    let mut key = OpenOptions::new();
    let key = key.write(true).create_new(true).mode(0o600).open(config.master_key());
    key.unwrap().write_all(KeyRing::of([7; 32]).reveal().as_bytes()).unwrap();
    let _first = rustls::crypto::aws_lc_rs::default_provider().install_default();
    (open(config).await.unwrap(), data)
}

/// Mia, who has been nowhere.
pub(crate) fn mia(id: UserId) -> Person {
    Person {
        id,
        username: "mia@acme.example".into(),
        display_name: None,
        email: None,
        email_verified: false,
        attributes: BTreeMap::new(),
        state: PersonState::Enabled,
        administrator: false,
        conflict: None,
        groups_stale: false,
        card_was_revoked: false,
        enrolled_by_upstream: false,
        created_at: Moment(0),
        last_sign_in_at: None,
        last_upstream_at: None,
    }
}

/// What is logged on this thread.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<u8>>>);

impl Told {
    /// Listens until the guard is dropped.
    pub(crate) fn listen(&self) -> DefaultGuard {
        let writer = self.clone();
        let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone());
        tracing::subscriber::set_default(log.finish())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Told {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
