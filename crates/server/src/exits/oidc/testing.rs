//! A tenant with an application, and Mia who has signed in with her card.

use std::collections::BTreeMap;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use identity::{Moment, Person, PersonState, Tenant};
use ids::{CredentialId, UserId};
use openid_provider::client::{ClientAuthentication, ClientKind};
use openid_provider::code::Code;
use openid_provider::{Acr, ClientSettings, Scope};
use secrets::TokenHash;
use serde_json::Value as Json;
use store::{Client, Session, Writing};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::app::App;
use crate::test_app::{mia, test_app};
use crate::test_rows::{credential, session, signed_in, tenant, waiting};
use crate::{entropy, oidc, router};

pub(super) const SECRET: &str = "a secret of the application";
pub(super) const BACK: &str = "https://app.example/back";
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// Who plays.
pub(super) struct Place {
    pub(super) app: App,
    pub(super) tenant: Tenant,
    pub(super) mia: UserId,
    pub(super) card: CredentialId,
    pub(super) session: Session,
    _data: TempDir,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// A text of the answer.
    pub(super) fn text(&self, name: &str) -> String {
        let json = self.json();
        let text = json[name].as_str();
        text.unwrap_or_else(|| panic!("no {name} in {} {json}", self.status)).to_owned()
    }

    /// Status and `error`.
    pub(super) fn refusal(&self) -> (u16, String) {
        (self.status.as_u16(), self.text("error"))
    }
}

/// An application on a server, with a secret, that may have refresh tokens.
pub(super) fn settings() -> ClientSettings {
    ClientSettings {
        redirect_uris: vec![BACK.to_owned()],
        offline_access: true,
        ..ClientSettings::default()
    }
}

/// One in a browser.
pub(super) fn public() -> ClientSettings {
    ClientSettings {
        kind: ClientKind::SinglePage,
        authentication: ClientAuthentication::None,
        ..settings()
    }
}

pub(super) fn client(client_id: &str, settings: ClientSettings) -> Client {
    Client {
        client_id: client_id.to_owned(),
        name: "An application".to_owned(),
        home_url: None,
        settings: Some(settings),
        enabled: true,
        created_at: Moment(0),
    }
}

/// The header of an application that shows its secret there.
pub(super) fn basic(client_id: &str, secret: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    format!("Basic {}", STANDARD.encode(format!("{client_id}:{encoded}")))
}

impl Place {
    /// Mia has signed in, and `app` is registered so.
    pub(super) async fn with(settings: ClientSettings) -> Self {
        let (app, data) = test_app().await;
        let tenant = tenant("acme");
        app.store.create_tenant(&tenant).await.unwrap();
        let (mia, card) = (UserId(entropy::id()), CredentialId(entropy::id()));
        let mut tx = app.store.write(tenant.id).await.unwrap();
        tx.write_person(&person(mia)).await.unwrap();
        tx.insert_credential(&credential(card, mia)).await.unwrap();
        assert!(tx.add_client(&client("app", settings)).await.unwrap());
        let secret = TokenHash::of(SECRET.as_bytes());
        assert!(tx.add_client_secret("app", &secret).await.unwrap());
        let waiting = waiting(tenant.id, mia);
        assert!(tx.write_login(&waiting).await.unwrap());
        let session = signed_in(&mut tx, &waiting, card, session()).await;
        tx.commit().await.unwrap();
        Self { app, tenant, mia, card, session, _data: data }
    }

    pub(super) async fn write(&self) -> Writing {
        self.app.store.write(self.tenant.id).await.unwrap()
    }

    pub(super) async fn put(&self, client: &Client) {
        let mut tx = self.write().await;
        let added = tx.add_client(client).await.unwrap();
        assert!(added || tx.change_client(client).await.unwrap());
        tx.commit().await.unwrap();
    }

    /// What Mia's browser would carry to `app`.
    pub(super) async fn code(&self, scope: &str) -> Code {
        Code {
            client_id: "app".into(),
            redirect_uri: BACK.into(),
            code_challenge: Some(challenge(VERIFIER)),
            nonce: Some("nonce".into()),
            scope: Scope::parse(scope),
            claims: openid_provider::authorization::ClaimsRequest::default(),
            person: self.mia,
            session: self.session.id,
            sid: None,
            proof: self.session.proof,
            auth_time: self.session.auth_time.unix_seconds(),
            acr: Acr::PhishingResistant,
            amr: self.session.amr.clone(),
            issued_at: self.app.store.now().await.unwrap().0,
        }
    }

    pub(super) fn sealed(&self, code: &Code) -> String {
        let sealed = oidc::seal_code(&self.app, &self.tenant, code).unwrap();
        sealed.expose_text().unwrap().to_owned()
    }

    /// The form that redeems a code.
    pub(super) fn form(&self, code: &Code) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            ("grant_type", "authorization_code".to_owned()),
            ("code", self.sealed(code)),
            ("redirect_uri", BACK.to_owned()),
            ("code_verifier", VERIFIER.to_owned()),
            ("client_id", "app".to_owned()),
            ("client_secret", SECRET.to_owned()),
        ])
    }

    /// Mia signs in to `app` with this scope.
    pub(super) async fn tokens(&self, scope: &str) -> Answer {
        let form = self.form(&self.code(scope).await);
        let answer = self.post("token", &form, None).await;
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        answer
    }

    pub(super) async fn refresh(&self, token: &str) -> Answer {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.call("token", &form).await
    }

    /// A call of `app` with its secret in the body.
    pub(super) async fn call(&self, end: &str, form: &[(&'static str, &str)]) -> Answer {
        let own = [("client_id", "app"), ("client_secret", SECRET)];
        let all = form.iter().chain(&own).map(|(name, value)| (*name, (*value).to_owned()));
        self.post(end, &all.collect(), None).await
    }

    pub(super) async fn post(
        &self,
        end: &str,
        form: &BTreeMap<&'static str, String>,
        authorization: Option<&str>,
    ) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request = Request::post(self.path(end))
            .header("content-type", "application/x-www-form-urlencoded");
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    pub(super) async fn userinfo(&self, token: &str) -> Answer {
        let request = Request::get(self.path("userinfo"));
        let request = request.header("authorization", format!("Bearer {token}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(super) fn path(&self, end: &str) -> String {
        format!("/realms/{}/protocol/openid-connect/{end}", self.tenant.slug)
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let response = router(&self.app).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Whether an access token is good: at userinfo and at introspection alike.
    pub(super) async fn is_good(&self, access: &str) -> bool {
        let told = self.userinfo(access).await.status == 200;
        let active = self.call("introspect", &[("token", access)]).await;
        if active.status == 200 {
            assert_eq!(active.json()["active"], told, "both ask the same");
        }
        told
    }

    /// How often something stands in the audit trail.
    pub(super) async fn audited(&self, kind: &str) -> usize {
        let mut rows = self.app.store.read(self.tenant.id).await.unwrap();
        let events = rows.audit(0, 1000).await.unwrap();
        events.iter().filter(|event| event.kind == kind).count()
    }

    /// How many events there are.
    pub(super) async fn events(&self) -> usize {
        self.app.store.read(self.tenant.id).await.unwrap().audit(0, 1000).await.unwrap().len()
    }
}

pub(super) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(TokenHash::of(verifier.as_bytes()).as_bytes())
}

/// The payload of a token, whoever has signed it.
pub(super) fn payload(token: &str) -> Json {
    let payload = jose::Compact::split(token).unwrap().unverified_payload().unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// Mia, who is in a group.
pub(super) fn person(id: UserId) -> Person {
    Person {
        display_name: Some("Mia Fox".into()),
        email: Some("mia@acme.example".into()),
        email_verified: true,
        attributes: BTreeMap::from([("group".to_owned(), vec!["staff".to_owned()])]),
        state: PersonState::Enabled,
        ..mia(id)
    }
}
