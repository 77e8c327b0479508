//! Applications that sign to show who they are (RFC 7523).

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jose::{Alg, SigningKey};
use openid_provider::ClientSettings;
use openid_provider::client::ClientAuthentication;
use secrets::Secret;
use serde_json::json;

use crate::entropy;
use crate::exits::oidc::testing::{Answer, Place, settings};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn key() -> SigningKey {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let private = Secret::new(pair.to_pkcs8v1().unwrap().as_ref().to_vec());
    SigningKey::from_pkcs8(Alg::Es256, &private, None).unwrap()
}

async fn place(key: &SigningKey) -> Place {
    let keys = String::from_utf8(jose::key_set([key.to_jwk()])).unwrap();
    Place::with(ClientSettings {
        authentication: ClientAuthentication::PrivateKeyJwt,
        jwks: Some(keys),
        ..settings()
    })
    .await
}

fn assertion(key: &SigningKey, jti: &str) -> String {
    let now = entropy::now().unix_seconds();
    let claims = json!({
        "iss": "app", "sub": "app", "aud": "http://localhost:1/realms/acme", "jti": jti,
        "iat": now, "exp": now.saturating_add(60),
    });
    let token = key.sign("JWT", claims.to_string().as_bytes()).unwrap();
    token.expose_text().unwrap().to_owned()
}

async fn bring(place: &Place, end: &str, assertion: &str, more: &[(&'static str, &str)]) -> Answer {
    let own = [("client_assertion_type", TYPE), ("client_assertion", assertion)];
    let all = more.iter().chain(&own).map(|(name, value)| (*name, (*value).to_owned()));
    place.post(end, &all.collect(), None).await
}

#[tokio::test]
async fn an_assertion_counts_once_at_whichever_endpoint() {
    let key = key();
    let place = place(&key).await;
    let own = [("grant_type", "client_credentials")];
    let first = assertion(&key, "first");
    let answer = bring(&place, "token", &first, &own).await;
    assert_eq!(answer.status, 200);
    let token = answer.text("access_token");
    for end in ["token", "introspect", "revoke"] {
        let more = [own[0], ("token", token.as_str())];
        let again = bring(&place, end, &first, &more).await;
        assert_eq!(again.refusal(), (401, "invalid_client".into()), "{end}");
        let fresh = assertion(&key, end);
        assert_eq!(bring(&place, end, &fresh, &more).await.status, 200, "{end}");
        let again = bring(&place, end, &fresh, &more).await;
        assert_eq!(again.refusal(), (401, "invalid_client".into()), "{end}");
    }
    assert_eq!(place.audited("oidc.client-token").await, 2);
}

#[tokio::test]
async fn an_assertion_that_came_before_spends_no_code() {
    let key = key();
    let place = place(&key).await;
    let used = assertion(&key, "used");
    assert_eq!(bring(&place, "introspect", &used, &[("token", "x")]).await.status, 200);
    let form = place.form(&place.code("openid").await);
    let code = ["grant_type", "code", "redirect_uri", "code_verifier"];
    let code = code.map(|name| (name, form[name].as_str()));
    let refused = bring(&place, "token", &used, &code).await;
    assert_eq!(refused.refusal(), (401, "invalid_client".into()));
    let answer = bring(&place, "token", &assertion(&key, "fresh"), &code).await;
    assert_eq!(answer.status, 200, "the code was not spent");
}

#[tokio::test]
async fn what_another_key_has_signed_shows_nothing() {
    let place = place(&key()).await;
    let own = [("grant_type", "client_credentials")];
    let answer = bring(&place, "token", &assertion(&key(), "x"), &own).await;
    assert_eq!(answer.refusal(), (401, "invalid_client".into()));
}

#[tokio::test]
async fn an_assertion_that_came_before_spends_no_refresh_token() {
    let key = key();
    let place = place(&key).await;
    let form = place.form(&place.code("openid offline_access").await);
    let code = ["grant_type", "code", "redirect_uri", "code_verifier"];
    let code = code.map(|name| (name, form[name].as_str()));
    let used = assertion(&key, "used");
    let first = bring(&place, "token", &used, &code).await.text("refresh_token");
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", first.as_str())];
    let refused = bring(&place, "token", &used, &refresh).await;
    assert_eq!(refused.refusal(), (401, "invalid_client".into()));
    let answer = bring(&place, "token", &assertion(&key, "fresh"), &refresh).await;
    assert_eq!(answer.status, 200, "the refresh token was not spent");
}
