//! A small honest provider of external MFA, and every way in which a test makes it another.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::fixture::claims;

/// A signing key with its certificate. RSA keys take their time, so a test program makes each once.
pub(crate) struct Key {
    pair: RsaKeyPair,
    pub(crate) certificate: Vec<u8>,
}

impl Key {
    fn make(size: RsaKeySize) -> Self {
        let made = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, size).unwrap();
        let params = CertificateParams::new(vec!["provider".to_owned()]).unwrap();
        let certificate = params.self_signed(&made).unwrap().der().to_vec();
        Self { pair: RsaKeyPair::from_pkcs8(made.serialized_der()).unwrap(), certificate }
    }

    /// The key with which an honest provider signs.
    pub(crate) fn first() -> &'static Self {
        static KEY: OnceLock<Key> = OnceLock::new();
        KEY.get_or_init(|| Self::make(RsaKeySize::_2048))
    }

    /// Another one.
    pub(crate) fn second() -> &'static Self {
        static KEY: OnceLock<Key> = OnceLock::new();
        KEY.get_or_init(|| Self::make(RsaKeySize::_2048))
    }

    pub(crate) fn kid(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, &self.certificate))
    }

    pub(crate) fn jwk(&self) -> Value {
        // `RSAPublicKey` of a key of 2048 bits with the exponent 65537.
        let der = self.pair.public_key().as_ref();
        assert_eq!(der.len(), 270);
        let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid(),
            "x5t": text(digest(&SHA1_FOR_LEGACY_USE_ONLY, &self.certificate).as_ref()),
            "n": text(&der[9..265]), "e": text(&der[267..]),
            "x5c": [BASE64_STANDARD.encode(&self.certificate)],
        })
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }
}

/// How a document travels.
#[derive(Clone, Copy)]
pub(crate) enum Framing {
    Proper,
    Chunked,
    Compressed,
    Html,
    Redirect,
    Missing,
}

struct Behaviour {
    discovery: Value,
    jwks: Value,
    framing: [Framing; 2],
    fetched: AtomicUsize,
}

/// A provider that listens. It ends when it is dropped.
pub(crate) struct Provider {
    /// Its issuer.
    pub(crate) issuer: String,
    behaviour: Arc<Mutex<Behaviour>>,
    server: JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let issuer = format!("http://localhost:{port}/realms/acme/eam");
        let discovery = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/auth"),
            "jwks_uri": format!("{issuer}/certs"),
            "scopes_supported": ["openid"],
            "response_types_supported": ["id_token"],
            "response_modes_supported": ["form_post"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "grant_types_supported": ["implicit"],
            "claim_types_supported": ["normal"],
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "acr", "amr"],
        });
        let behaviour = Arc::new(Mutex::new(Behaviour {
            discovery,
            jwks: json!({"keys": [Key::first().jwk()]}),
            framing: [Framing::Proper; 2],
            fetched: AtomicUsize::new(0),
        }));
        let router = Router::new()
            .route("/realms/acme/eam/.well-known/openid-configuration", get(discovery_document))
            .route("/realms/acme/eam/certs", get(certs))
            .with_state(Arc::clone(&behaviour));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { issuer, behaviour, server }
    }

    pub(crate) fn discovery_url(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.issuer)
    }

    pub(crate) fn authorization_endpoint(&self) -> String {
        format!("{}/auth", self.issuer)
    }

    /// Sets a member of the discovery document; `null` removes it.
    pub(crate) fn set(&self, name: &str, value: Value) {
        let discovery = &mut self.behaviour.lock().unwrap().discovery;
        if value.is_null() {
            discovery.as_object_mut().unwrap().remove(name);
        } else {
            discovery[name] = value;
        }
    }

    /// Publishes these keys.
    pub(crate) fn publish(&self, keys: &[Value]) {
        self.behaviour.lock().unwrap().jwks = json!({"keys": keys});
    }

    /// Sets how the discovery document and the keys travel.
    pub(crate) fn frame(&self, framing: [Framing; 2]) {
        self.behaviour.lock().unwrap().framing = framing;
    }

    /// How many documents were fetched.
    pub(crate) fn fetched(&self) -> usize {
        self.behaviour.lock().unwrap().fetched.load(Ordering::SeqCst)
    }

    /// The token of an honest provider for a form that it received.
    pub(crate) fn token(&self, form: &[(String, String)], now: i64) -> Token {
        let hint = claims(field(form, "id_token_hint").unwrap());
        let mut token = Token {
            key: Key::first(),
            header: json!({"typ": "JWT", "alg": "RS256", "kid": Key::first().kid()}),
            claims: json!({
                "iss": self.issuer, "aud": field(form, "client_id"), "sub": hint["sub"],
                "iat": now, "nbf": now, "exp": now.saturating_add(300), "acr": "possessionorinherence", "amr": ["fido"],
            }),
        };
        if let Some(nonce) = field(form, "nonce") {
            token.claims["nonce"] = json!(nonce);
        }
        token
    }
}

/// A field of a form.
pub(crate) fn field<'f>(form: &'f [(String, String)], name: &str) -> Option<&'f str> {
    form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// A token that is about to be signed.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) key: &'static Key,
    pub(crate) header: Value,
    pub(crate) claims: Value,
}

impl Token {
    /// Sets a claim; `null` removes it.
    pub(crate) fn claim(mut self, name: &str, value: Value) -> Self {
        if value.is_null() {
            self.claims.as_object_mut().unwrap().remove(name);
        } else {
            self.claims[name] = value;
        }
        self
    }

    pub(crate) fn header(mut self, name: &str, value: Value) -> Self {
        self.header[name] = value;
        self
    }

    pub(crate) fn signed(&self) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&self.header), part(&self.claims));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.key.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    /// The form that takes it back.
    pub(crate) fn answers(&self, form: &[(String, String)]) -> Vec<(String, String)> {
        let mut answer = vec![("id_token".to_owned(), self.signed())];
        answer.extend(field(form, "state").map(|state| ("state".to_owned(), state.to_owned())));
        answer
    }
}

async fn discovery_document(State(behaviour): State<Arc<Mutex<Behaviour>>>) -> Response {
    let behaviour = behaviour.lock().unwrap();
    behaviour.fetched.fetch_add(1, Ordering::SeqCst);
    framed(&behaviour.discovery, behaviour.framing[0])
}

async fn certs(State(behaviour): State<Arc<Mutex<Behaviour>>>) -> Response {
    let behaviour = behaviour.lock().unwrap();
    behaviour.fetched.fetch_add(1, Ordering::SeqCst);
    framed(&behaviour.jwks, behaviour.framing[1])
}

fn framed(document: &Value, framing: Framing) -> Response {
    let text = document.to_string();
    let mut response = match framing {
        Framing::Missing => (StatusCode::NOT_FOUND, text).into_response(),
        Framing::Redirect => (StatusCode::FOUND, [("location", "/")], text).into_response(),
        Framing::Chunked => {
            let chunks = [Ok::<_, std::io::Error>(text)];
            Body::from_stream(futures_util::stream::iter(chunks)).into_response()
        }
        _ => text.into_response(),
    };
    let media_type =
        if matches!(framing, Framing::Html) { "text/html" } else { "application/json" };
    response.headers_mut().insert("content-type", HeaderValue::from_static(media_type));
    if matches!(framing, Framing::Compressed) {
        response.headers_mut().insert("content-encoding", HeaderValue::from_static("gzip"));
    }
    response
}
