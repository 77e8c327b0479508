//! A provider on loopback, whose keys and faults the test holds.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::{StreamExt, stream};
use ids::TenantId;
use jose::NumericDate;
use oidc::discovery::{EntraCloud, Kind};
use oidc::id_token::Expected;
use secrets::Token;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use upstream::{Config, Upstream};
use url::Url;
use uuid::Uuid;

pub(crate) const TID: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
pub(crate) const OID: &str = "11112222-3333-4444-5555-666677778888";
pub(crate) const ACME: TenantId = TenantId(Uuid::from_u128(1));
pub(crate) const BIRCH: TenantId = TenantId(Uuid::from_u128(2));
pub(crate) const CLIENT: &str = "client";
pub(crate) const NOW: NumericDate = NumericDate(1_800_000_000);

static KEY: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());

/// A running provider; ends with the test.
pub(crate) struct Provider {
    pub(crate) origin: Url,
    pub(crate) world: Arc<World>,
    task: tokio::task::JoinHandle<()>,
}

/// What the test sets and sees.
pub(crate) struct World {
    /// Number of requests that came, to whatever path.
    hits: watch::Sender<usize>,
    /// Number of requests to `/stolen`.
    pub(crate) stolen: AtomicUsize,
    /// Status and body of `/keys` and of the metadata.
    keys: Mutex<(StatusCode, Value)>,
    /// Status and body of `/token`.
    token: Mutex<(StatusCode, Value)>,
    /// Each answer of `/keys` takes one of these.
    may_answer: Semaphore,
    /// The last form.
    pub(crate) form: Mutex<String>,
}

impl World {
    pub(crate) fn hits(&self) -> usize {
        *self.hits.borrow()
    }

    pub(crate) async fn wait_for_hits(&self, number: usize) {
        self.hits.subscribe().wait_for(|hits| *hits >= number).await.unwrap();
    }

    pub(crate) fn set_keys(&self, kids: &[&str]) {
        let keys: Vec<Value> = kids.iter().map(|kid| jwk(kid)).collect();
        *self.keys.lock().unwrap() = (StatusCode::OK, json!({ "keys": keys }));
    }

    pub(crate) fn fail_keys(&self, status: StatusCode) {
        *self.keys.lock().unwrap() = (status, json!({}));
    }

    pub(crate) fn set_token(&self, status: StatusCode, body: Value) {
        *self.token.lock().unwrap() = (status, body);
    }

    /// From now on `/keys` waits for [`World::release`].
    pub(crate) fn hold(&self) {
        self.may_answer.forget_permits(usize::MAX);
    }

    pub(crate) fn release(&self) {
        self.may_answer.add_permits(1_000);
    }

    fn hit(&self) {
        self.hits.send_modify(|hits| *hits += 1);
    }
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let world = Arc::new(World {
            hits: watch::Sender::new(0),
            stolen: AtomicUsize::new(0),
            keys: Mutex::new((StatusCode::OK, json!({ "keys": [jwk("first")] }))),
            token: Mutex::new((StatusCode::OK, json!({}))),
            may_answer: Semaphore::new(1_000),
            form: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let app = Router::new()
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/stolen", get(stolen).post(stolen))
            .route("/fault/{fault}", get(fault).post(fault))
            .with_state(world.clone());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { origin, world, task }
    }

    pub(crate) fn at(&self, path: &str) -> String {
        self.origin.join(path).unwrap().into()
    }

    pub(crate) fn cloud(&self) -> EntraCloud {
        EntraCloud { name: "Loopback".to_owned(), authority: self.origin.clone(), graph: None }
    }

    pub(crate) fn issuer(&self) -> String {
        self.at(&format!("/{TID}/v2.0"))
    }

    /// A client for which this provider is one of the operator's clouds.
    pub(crate) fn upstream(&self) -> Upstream {
        self.upstream_with(Duration::from_secs(4))
    }

    pub(crate) fn upstream_with(&self, deadline: Duration) -> Upstream {
        new(Config { clouds: vec![self.cloud()], deadline, ..Config::default() })
    }

    /// Ends it, and waits until its port is closed.
    pub(crate) async fn stop(mut self) {
        self.task.abort();
        assert!((&mut self.task).await.unwrap_err().is_cancelled());
    }

    /// An ID token signed by the key named `kid`.
    pub(crate) fn id_token(&self, kid: &str) -> String {
        let claims = json!({
            "iss": self.issuer(), "aud": CLIENT, "sub": "s", "tid": TID, "oid": OID, "ver": "2.0",
            "iat": NOW.0, "exp": NOW.0 + 3600, "nonce": nonce().reveal(),
        });
        let part = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", part(json!({ "alg": "RS256", "kid": kid })), part(claims));
        let mut signature = vec![0; 256];
        KEY.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn new(config: Config) -> Upstream {
    // A second test finds the provider of the first.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Upstream::new(config).unwrap()
}

pub(crate) fn nonce() -> Token {
    Token::new([7; 32])
}

pub(crate) fn kind() -> Kind {
    Kind::Entra { tid: TID.to_owned() }
}

pub(crate) fn expected<'a>(
    issuer: &'a str,
    nonce: &'a Token,
    kind: &'a Kind,
    now: NumericDate,
) -> Expected<'a> {
    Expected { issuer, client_id: CLIENT, nonce, kind, access_token: None, now }
}

fn jwk(kid: &str) -> Value {
    let der = KEY.public_key().as_ref();
    let modulus = URL_SAFE_NO_PAD.encode(&der[9..265]);
    json!({ "kty": "RSA", "use": "sig", "kid": kid, "n": modulus, "e": "AQAB" })
}

fn answer((status, body): (StatusCode, Value)) -> Response {
    (status, axum::Json(body)).into_response()
}

async fn keys(State(world): State<Arc<World>>) -> Response {
    world.hit();
    world.may_answer.acquire().await.unwrap().forget();
    let keys = world.keys.lock().unwrap().clone();
    answer(keys)
}

async fn token(State(world): State<Arc<World>>, form: String) -> Response {
    world.hit();
    *world.form.lock().unwrap() = form;
    let token = world.token.lock().unwrap().clone();
    answer(token)
}

async fn stolen(State(world): State<Arc<World>>) -> Response {
    world.stolen.fetch_add(1, Ordering::SeqCst);
    answer((StatusCode::OK, json!({ "keys": [jwk("stolen")] })))
}

async fn fault(State(world): State<Arc<World>>, Path(fault): Path<String>) -> Response {
    world.hit();
    let typed = |content_type: &'static str, body: String| {
        ([(header::CONTENT_TYPE, content_type)], body).into_response()
    };
    let good = json!({ "keys": [jwk("first")] }).to_string();
    let json_type = [(header::CONTENT_TYPE, "application/json")];
    match fault.as_str() {
        "silent" => std::future::pending().await,
        "drip" => {
            let drop = stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"{")) });
            (json_type, Body::from_stream(drop.chain(stream::pending()))).into_response()
        }
        "huge" => {
            let chunk = || Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 64 * 1024]));
            let chunks = stream::repeat_with(chunk);
            (json_type, Body::from_stream(chunks)).into_response()
        }
        "cut" => {
            let cut = stream::iter([Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("x"))]);
            (json_type, Body::from_stream(cut)).into_response()
        }
        "limit" => {
            typed("application/json", format!("{good}{}", " ".repeat(oidc::MAX_BODY - good.len())))
        }
        "over" => typed(
            "application/json",
            format!("{good}{}", " ".repeat(oidc::MAX_BODY + 1 - good.len())),
        ),
        "html" => typed("text/html", "<!DOCTYPE html>".to_owned()),
        "text" => typed("text/plain", good),
        "untyped" => Body::from(good).into_response(),
        "charset" => typed("application/json; charset=utf-8", good),
        "jwk-set" => typed("application/jwk-set+json", good),
        "not-json" => typed("application/json", "<html>".to_owned()),
        "moved" => (StatusCode::FOUND, [(header::LOCATION, "/stolen")]).into_response(),
        "kept" => (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, "/stolen")]).into_response(),
        "error" => (StatusCode::INTERNAL_SERVER_ERROR, json_type, "{}").into_response(),
        "html-error" => (StatusCode::BAD_GATEWAY, "<html>").into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
