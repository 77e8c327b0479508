//! `cardea serve` ends TLS itself, with the certificate that the configuration names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::{Server, cardea, connect, free_port, get, init};

/// A certificate of `localhost`, which lies with the agent's tests.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../agent/tests/agent/tls").join(name)
}

fn client() -> ClientConnection {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file("authority.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    ClientConnection::new(Arc::new(config), name).unwrap()
}

#[test]
fn the_program_speaks_https_with_the_certificate_of_its_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("cardea.toml");
    let port = free_port();
    assert!(init(&config, &format!("https://localhost:{port}"), port).status.success());
    let (certificate, key) = (file("localhost.pem"), file("localhost.key"));
    let tls = [
        ("CARDEA_TLS_CERTIFICATE", certificate.to_str().unwrap()),
        ("CARDEA_TLS_KEY", key.to_str().unwrap()),
    ];
    let _server = Server::start(&config, &tls);
    let answer = get(StreamOwned::new(client(), connect(port)), port, "/realms/operators/login");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("<h1>Sign in to Cardea operators</h1>"), "{answer}");
}

#[test]
fn a_certificate_that_cannot_be_read_is_named_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("cardea.toml");
    let port = free_port();
    assert!(init(&config, &format!("https://localhost:{port}"), port).status.success());
    let mut serve = cardea(&config);
    serve.arg("serve").env("CARDEA_TLS_CERTIFICATE", "/nowhere/chain.pem");
    let refused = serve.env("CARDEA_TLS_KEY", "/nowhere/key.pem").output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success(), "{said}");
    assert!(said.contains("/nowhere/chain.pem") && said.contains("/nowhere/key.pem"), "{said}");
}
