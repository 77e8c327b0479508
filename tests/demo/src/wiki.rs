//! "Wiki": a small application that signs people in by OpenID Connect, in the demo's own process. It
//! believes nobody: PKCE, `state` and `nonce` are new for each sign-in, and the ID token is verified.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::{COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::trouble::{Trouble, cannot};

/// The name of its cookie.
const COOKIE_NAME: &str = "wiki";

/// What Cardea has told it when it was registered.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) client_id: String,
    pub(crate) secret: String,
    pub(crate) discovery: String,
}

/// The application. It ends when this goes.
#[derive(Debug)]
pub(crate) struct Wiki {
    base: String,
    served: tokio::task::JoinHandle<()>,
}

struct Inner {
    base: String,
    registered: Registered,
    /// The provider's metadata (OpenID Connect Discovery 1.0).
    provider: Value,
    http: reqwest::Client,
    /// Sign-ins under way, by `state`.
    begun: Mutex<HashMap<String, Begun>>,
    /// Who is signed in, by cookie.
    people: Mutex<HashMap<String, Signed>>,
}

struct Begun {
    verifier: String,
    nonce: String,
}

#[derive(Clone)]
struct Signed {
    claims: Value,
    id_token: String,
}

impl Wiki {
    /// Where it comes back to from Cardea, and from a logout, when it is at `base`.
    pub(crate) fn addresses(base: &str) -> [String; 2] {
        [format!("{base}/callback"), format!("{base}/bye")]
    }

    /// Starts it at a port.
    pub(crate) async fn start(port: u16, registered: Registered) -> Result<Self, Trouble> {
        let http = reqwest::Client::builder().no_proxy().build();
        let http = http.map_err(|error| Trouble::new("an HTTP client", error))?;
        let provider = json(http.get(&registered.discovery)).await?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        let listener = listener.map_err(cannot("a port for Wiki"))?;
        let base = base(port);
        let (begun, people) = (Mutex::default(), Mutex::default());
        let inner = Inner { base: base.clone(), registered, provider, http, begun, people };
        let router = Router::new()
            .route("/", get(home))
            .route("/sign-in", get(sign_in))
            .route("/confirm", get(confirm))
            .route("/callback", get(callback))
            .route("/sign-out", get(sign_out))
            .route("/bye", get(bye))
            .with_state(Arc::new(inner));
        let served = tokio::spawn(async move {
            let _ends_with_us = axum::serve(listener, router).await;
        });
        Ok(Self { base, served })
    }

    /// Its address, without a slash at the end.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }
}

impl Drop for Wiki {
    fn drop(&mut self) {
        self.served.abort();
    }
}

/// Its address at a port.
pub(crate) fn base(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

type Fields = Query<HashMap<String, String>>;

async fn home(State(wiki): State<Arc<Inner>>, headers: HeaderMap) -> Response {
    let Some(signed) = wiki.signed(&headers) else {
        return page("<p>Nobody is signed in.</p><p><a href=\"/sign-in\">Sign in</a></p>");
    };
    let text = |name: &str| signed.claims.get(name).map(Value::to_string).unwrap_or_default();
    let mut told = String::new();
    for name in ["preferred_username", "name", "acr", "amr", "auth_time"] {
        // Writing to a text does not fail.
        let _always = write!(told, "<dt>{name}</dt><dd>{}</dd>", escaped(&text(name)));
    }
    page(&format!(
        "<p>Signed in. Cardea says:</p><dl>{told}</dl>\
         <p><a href=\"/confirm\">Confirm with your card</a></p><p><a href=\"/sign-out\">Sign out</a></p>"
    ))
}

async fn sign_in(State(wiki): State<Arc<Inner>>) -> Response {
    wiki.begin(&[])
}

/// For something that wants more than a session: `prompt=login` (Core 1.0, 3.1.2.1), which is one tap.
async fn confirm(State(wiki): State<Arc<Inner>>) -> Response {
    wiki.begin(&[("prompt", "login")])
}

async fn callback(State(wiki): State<Arc<Inner>>, Query(fields): Fields) -> Response {
    match wiki.come_back(&fields).await {
        Ok(signed) => {
            let cookie = word();
            lock(&wiki.people).insert(cookie.clone(), signed);
            let cookie = format!("{COOKIE_NAME}={cookie}; Path=/; HttpOnly; SameSite=Lax");
            (StatusCode::SEE_OTHER, [(LOCATION, "/".to_owned()), (SET_COOKIE, cookie)])
                .into_response()
        }
        Err(trouble) => {
            let text = escaped(&trouble.to_string());
            (StatusCode::BAD_REQUEST, page(&format!("<p>Not signed in: {text}</p>")))
                .into_response()
        }
    }
}

/// RP-Initiated Logout 1.0.
async fn sign_out(State(wiki): State<Arc<Inner>>, headers: HeaderMap) -> Response {
    let Some(signed) = wiki.signed(&headers) else { return to("/") };
    if let Some(cookie) = cookie(&headers) {
        lock(&wiki.people).remove(cookie);
    }
    let [_, bye] = Wiki::addresses(&wiki.base);
    let fields =
        [("id_token_hint", signed.id_token.as_str()), ("post_logout_redirect_uri", bye.as_str())];
    to(&with(wiki.endpoint("end_session_endpoint"), &fields))
}

async fn bye() -> Response {
    page("<p>Signed out, here and at Cardea.</p><p><a href=\"/sign-in\">Sign in</a></p>")
}

impl Inner {
    fn begin(&self, more: &[(&str, &str)]) -> Response {
        let (state, nonce, verifier) = (word(), word(), word());
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        let [callback, _] = Wiki::addresses(&self.base);
        let mut fields = vec![
            ("client_id", self.registered.client_id.as_str()),
            ("redirect_uri", callback.as_str()),
            ("response_type", "code"),
            ("scope", "openid profile"),
            ("state", state.as_str()),
            ("nonce", nonce.as_str()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        fields.extend(more);
        let response = to(&with(self.endpoint("authorization_endpoint"), &fields));
        lock(&self.begun).insert(state, Begun { verifier, nonce });
        response
    }

    /// Redeems the code of a sign-in that has begun here, and verifies what comes.
    async fn come_back(&self, fields: &HashMap<String, String>) -> Result<Signed, Trouble> {
        let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
        let begun = lock(&self.begun).remove(field("state"));
        let begun = begun.ok_or_else(|| Trouble::new("a state of mine", field("state")))?;
        if !fields.contains_key("code") {
            return Err(Trouble::new("a code", field("error_description")));
        }
        let [callback, _] = Wiki::addresses(&self.base);
        let form = [
            ("grant_type", "authorization_code"),
            ("code", field("code")),
            ("redirect_uri", &callback),
            ("code_verifier", &begun.verifier),
        ];
        let Registered { client_id, secret, .. } = &self.registered;
        let request = self.http.post(self.endpoint("token_endpoint"));
        let tokens = json(request.basic_auth(client_id, Some(secret)).form(&form)).await?;
        let id_token = tokens.get("id_token").and_then(Value::as_str);
        let id_token = id_token.ok_or_else(|| Trouble::new("an ID token", &tokens))?.to_owned();
        let claims = self.verified(&id_token).await?;
        if claims.get("nonce").and_then(Value::as_str) != Some(begun.nonce.as_str()) {
            return Err(Trouble::new("the nonce of this sign-in", &claims));
        }
        Ok(Signed { claims, id_token })
    }

    /// The claims of an ID token, by the keys that are published now (Core 1.0, 3.1.3.7).
    async fn verified(&self, id_token: &str) -> Result<Value, Trouble> {
        let wrong = |error: jsonwebtoken::errors::Error| Trouble::new("a good ID token", error);
        let keys = json(self.http.get(self.endpoint("jwks_uri"))).await?;
        let keys: JwkSet =
            serde_json::from_value(keys).map_err(|error| Trouble::new("a key set", error))?;
        let kid = decode_header(id_token).map_err(wrong)?.kid.unwrap_or_default();
        let key = keys.find(&kid).ok_or_else(|| Trouble::new("a published key", &kid))?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&[&self.registered.client_id]);
        validation.set_issuer(&[self.endpoint("issuer")]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let key = DecodingKey::from_jwk(key).map_err(wrong)?;
        Ok(decode::<Value>(id_token, &key, &validation).map_err(wrong)?.claims)
    }

    fn endpoint(&self, name: &str) -> &str {
        self.provider.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn signed(&self, headers: &HeaderMap) -> Option<Signed> {
        lock(&self.people).get(cookie(headers)?).cloned()
    }
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get(COOKIE)?.to_str().ok()?;
    let mut pairs = all.split("; ").filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value)
}

async fn json(request: reqwest::RequestBuilder) -> Result<Value, Trouble> {
    let answered = async { request.send().await?.text().await };
    let text = answered.await.map_err(|error| Trouble::new("an answer of Cardea", error))?;
    serde_json::from_str(&text).map_err(|_| Trouble::new("JSON", text))
}

fn with(endpoint: &str, fields: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    format!("{endpoint}?{}", query.extend_pairs(fields).finish())
}

fn to(address: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, address.to_owned())]).into_response()
}

fn page(body: &str) -> Response {
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Wiki</title>\
         <h1>Wiki</h1>{body}</html>"
    ))
    .into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// 43 characters that nobody guesses.
fn word() -> String {
    let mut random = [0; 32];
    // The operating system always has some.
    let filled = rand::fill(&mut random);
    debug_assert!(filled.is_ok(), "no randomness");
    URL_SAFE_NO_PAD.encode(random)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
