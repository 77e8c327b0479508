//! A stand-in with one app registration, and a relying party that speaks to it.

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use entra_stand_in::{ACME, Arrival, Audience, Person, StandIn};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

pub(crate) const REDIRECT_URI: &str = "https://cardea.example/realms/acme/broker/azure/endpoint";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const DAY: i64 = 86_400;

/// A stand-in with one app registration of Acme.
pub(crate) struct Fixture {
    pub(crate) entra: StandIn,
    pub(crate) client_id: Uuid,
    pub(crate) secret: String,
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// Status, `error` and AADSTS number of an error body.
    pub(crate) fn error(&self) -> (u16, String, u64) {
        let body = self.json();
        (
            self.status,
            body["error"].as_str().unwrap().to_owned(),
            body["error_codes"][0].as_u64().unwrap(),
        )
    }
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::with_audience(Audience::SingleDirectory).await
    }

    pub(crate) async fn with_audience(audience: Audience) -> Self {
        let entra = StandIn::builder().start().await.unwrap();
        let client_id = entra.register_app(ACME, "Cardea", audience).client_id;
        entra.add_redirect_uri(client_id, REDIRECT_URI).unwrap();
        let secret = entra.add_secret(client_id, "test", 90 * DAY).unwrap().value;
        Self { entra, client_id, secret }
    }

    /// A good authorization request.
    pub(crate) fn request(&self) -> AuthorizationRequest {
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
        AuthorizationRequest {
            base: self.entra.base_url().to_owned(),
            authority: ACME.to_string(),
            parameters: Vec::new(),
        }
        .with("client_id", &self.client_id.to_string())
        .with("redirect_uri", REDIRECT_URI)
        .with("response_type", "code")
        .with("scope", "openid profile email")
        .with("state", "the state")
        .with("nonce", "the nonce")
        .with("code_challenge", &challenge)
        .with("code_challenge_method", "S256")
    }

    /// A good redemption of a code.
    pub(crate) fn redemption(&self, code: &str) -> Redemption {
        Redemption { form: Vec::new() }
            .with("grant_type", "authorization_code")
            .with("code", code)
            .with("redirect_uri", REDIRECT_URI)
            .with("client_id", &self.client_id.to_string())
            .with("client_secret", &self.secret)
            .with("code_verifier", VERIFIER)
    }

    pub(crate) fn token_endpoint(&self) -> String {
        format!("{}/{ACME}/oauth2/v2.0/token", self.entra.base_url())
    }

    pub(crate) async fn redeem(&self, redemption: &Redemption) -> Answer {
        post_form(&self.token_endpoint(), &redemption.form, &[]).await
    }

    /// Signs somebody in by a good request.
    pub(crate) async fn code_for(&self, username: &str) -> String {
        let mut person = Person::new(username);
        let arrival = person.sign_in(&self.request().url()).await.unwrap();
        parameter(&arrival.redirect(), "code").unwrap()
    }

    /// A good request of the application for a token of its own.
    pub(crate) fn client_credentials(&self) -> Redemption {
        Redemption { form: Vec::new() }
            .with("grant_type", "client_credentials")
            .with("client_id", &self.client_id.to_string())
            .with("client_secret", &self.secret)
            .with("scope", &format!("{}/.default", self.entra.base_url()))
    }

    /// The access token of the application itself, with what is granted now.
    pub(crate) async fn application_token(&self) -> String {
        self.application_token_at(ACME).await
    }

    pub(crate) async fn application_token_at(&self, directory: Uuid) -> String {
        let endpoint = format!("{}/{directory}/oauth2/v2.0/token", self.entra.base_url());
        access_token(&post_form(&endpoint, &self.client_credentials().form, &[]).await)
    }

    /// The access token of somebody who signs in with that scope, to which the administrator consents.
    pub(crate) async fn delegated_token(&self, username: &str, scope: &str) -> String {
        let scopes: Vec<&str> = scope.split(' ').collect();
        self.entra.update_app(self.client_id, |app| app.consents.clear()).unwrap();
        self.entra.grant_admin_consent(self.client_id, &scopes).unwrap();
        let url = self.request().with("scope", scope).url();
        let arrived = Person::new(username).sign_in(&url).await.unwrap().redirect();
        let code = parameter(&arrived, "code").unwrap();
        access_token(&self.redeem(&self.redemption(&code)).await)
    }

    /// The claims of somebody's ID token.
    pub(crate) async fn claims_for(&self, username: &str) -> Value {
        let code = self.code_for(username).await;
        let answer = self.redeem(&self.redemption(&code)).await;
        claims(answer.json()["id_token"].as_str().unwrap())
    }
}

#[derive(Clone)]
pub(crate) struct AuthorizationRequest {
    base: String,
    authority: String,
    parameters: Vec<(String, String)>,
}

impl AuthorizationRequest {
    pub(crate) fn at(mut self, authority: &str) -> Self {
        authority.clone_into(&mut self.authority);
        self
    }

    /// Sets a parameter, in place of an earlier value.
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        self.without(name).twice(name, value)
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.parameters.retain(|(n, _)| n != name);
        self
    }

    /// Adds a parameter beside an earlier value.
    pub(crate) fn twice(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn url(&self) -> String {
        let endpoint = format!("{}/{}/oauth2/v2.0/authorize", self.base, self.authority);
        Url::parse_with_params(&endpoint, &self.parameters).unwrap().to_string()
    }
}

pub(crate) struct Redemption {
    pub(crate) form: Vec<(String, String)>,
}

impl Redemption {
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        self.without(name).twice(name, value)
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.form.retain(|(n, _)| n != name);
        self
    }

    pub(crate) fn twice(mut self, name: &str, value: &str) -> Self {
        self.form.push((name.to_owned(), value.to_owned()));
        self
    }
}

fn access_token(answer: &Answer) -> String {
    answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

/// A query parameter of a redirect.
pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(n, _)| n == name).map(|(_, value)| value.into_owned())
}

/// `error` and AADSTS number of a redirect to the application.
pub(crate) fn redirected_error(arrival: Arrival) -> (String, u32) {
    let url = arrival.redirect();
    assert!(url.as_str().starts_with(REDIRECT_URI), "{url}");
    assert_eq!(parameter(&url, "state").as_deref(), Some("the state"));
    let description = parameter(&url, "error_description").unwrap();
    let code = description.strip_prefix("AADSTS").and_then(|text| text.split_once(':')).unwrap().0;
    (parameter(&url, "error").unwrap(), code.parse().unwrap())
}

/// The AADSTS number of an error page.
pub(crate) fn page_error(arrival: Arrival) -> u32 {
    match arrival {
        Arrival::Refused { code, text } => {
            assert!(text.contains(&format!("AADSTS{code}: ")), "{text}");
            code
        }
        other => panic!("expected an error page, got {other:?}"),
    }
}

/// The claims of a token, unverified.
pub(crate) fn claims(token: &str) -> Value {
    part(token, 1)
}

/// A part of a token: 0 the header, 1 the claims.
pub(crate) fn part(token: &str, number: usize) -> Value {
    let part = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

pub(crate) fn basic(id: &str, secret: &str) -> String {
    let escape =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", escape(id), escape(secret))))
}

pub(crate) async fn get(url: &str) -> Answer {
    send(Method::GET, url, &[], Bytes::new()).await.unwrap()
}

pub(crate) async fn post_form(
    url: &str,
    form: &[(String, String)],
    headers: &[(&str, &str)],
) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let headers = [headers, &[("content-type", "application/x-www-form-urlencoded")]].concat();
    send(Method::POST, url, &headers, body.into()).await.unwrap()
}

pub(crate) async fn post_json(url: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
    let headers = [headers, &[("content-type", "application/json")]].concat();
    send(Method::POST, url, &headers, body.to_string().into()).await.unwrap()
}

/// One exchange; an error when the connection breaks.
pub(crate) async fn send(
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> Result<Answer, String> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = client
        .request(request.body(Full::from(body)).unwrap())
        .await
        .map_err(|error| error.to_string())?;
    let (parts, body) = response.map(Body::new).into_parts();
    let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
    Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
}
