//! The way to a code, and from the code to tokens.

use openid_provider::client::ClientSettings;
use serde_json::{Value, json};

use crate::agent::Took;
use crate::client::{Shows, Suite};

pub(crate) async fn oidcc_server(suite: &mut Suite) {
    let asked = suite.asks();
    let visit = suite.visit(&asked).await;
    assert_eq!(visit.took, Took::Login);
    let tokens = suite.completes(&asked, &visit).await;
    assert!(tokens.claims["auth_time"].is_i64(), "{}", tokens.claims);
}

/// RFC 6749, 3.1.1.
pub(crate) async fn oidcc_response_type_missing(suite: &mut Suite) {
    let asked = suite.asks().without("response_type");
    let visit = suite.visit(&asked).await;
    let back = suite.back(&asked, &visit.answer);
    assert!(matches!(back.error(), "invalid_request" | "unsupported_response_type"), "{back:?}");
}

/// Who registers nothing about it gets ID tokens with RS256, and the key is named.
pub(crate) async fn oidcc_idtoken_signature(suite: &mut Suite) {
    let asked = suite.asks();
    let visit = suite.visit(&asked).await;
    let tokens = suite.completes(&asked, &visit).await;
    let header = header(&tokens.id_token);
    assert_eq!(header["alg"], "RS256");
    assert!(header["kid"].as_str().is_some_and(|kid| !kid.is_empty()), "{header}");
}

/// Unsigned ID tokens are not supported: nobody can be registered for them, nor is told that they could.
pub(crate) async fn oidcc_idtoken_unsigned(suite: &mut Suite) {
    let unsigned = json!({ "signing_alg": "none" });
    assert!(serde_json::from_value::<ClientSettings>(unsigned).is_err());
    assert!(serde_json::from_value::<ClientSettings>(json!({ "signing_alg": "ES256" })).is_ok());
    let algorithms = suite.server["id_token_signing_alg_values_supported"].as_array().unwrap();
    assert!(!algorithms.iter().any(|alg| alg == "none"), "{algorithms:?}");
}

pub(crate) async fn oidcc_ensure_request_without_nonce_succeeds_for_code_flow(suite: &mut Suite) {
    let asked = suite.asks().without("nonce");
    let visit = suite.visit(&asked).await;
    let tokens = suite.completes(&asked, &visit).await;
    assert!(tokens.claims.get("nonce").is_none(), "{}", tokens.claims);
}

/// RFC 6749, 3.3: neither the order of scopes counts nor that of parameters.
pub(crate) async fn oidcc_alternate_happy_flow(suite: &mut Suite) {
    let mut asked = suite.asks().with("scope", "email openid");
    asked.fields.sort_by(|(one, _), (other, _)| other.cmp(one));
    let visit = suite.visit(&asked).await;
    let tokens = suite.completes(&asked, &visit).await;
    assert_eq!(tokens.scope, "openid email");
    let info = suite.userinfo(&tokens.access_token).await;
    assert!(info["email"].is_string() && info.get("name").is_none(), "{info}");
}

/// An address that nobody has registered: a page, whether somebody is signed in or not.
pub(crate) async fn oidcc_ensure_registered_redirect_uri(suite: &mut Suite) {
    let asked = suite.asks();
    let bad = format!("{}/f2e8a1", asked.get("redirect_uri").unwrap());
    let visit = suite.visit(&asked.clone().with("redirect_uri", &bad)).await;
    let page = visit.answer;
    assert_eq!((visit.took, page.status, page.location.as_ref()), (Took::Nothing, 400, None));
    assert!(page.title().contains("address is not registered here"), "{page:?}");
    suite.visit(&asked).await;
    let again = suite.visit(&asked.with("redirect_uri", &bad)).await;
    assert_eq!((again.answer.status, again.answer.location), (400, None));
}

/// OpenID Connect Core, 3.1.2.1.
pub(crate) async fn oidcc_ensure_post_request_succeeds(suite: &mut Suite) {
    let asked = suite.asks();
    let visit = suite.visit_by_form(&asked).await;
    assert_eq!(visit.took, Took::Login);
    suite.completes(&asked, &visit).await;
}

pub(crate) async fn oidcc_server_client_secret_post(suite: &mut Suite) {
    let asked = suite.asks();
    let visit = suite.visit(&asked).await;
    let back = suite.back(&asked, &visit.answer);
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", back.code()),
        ("redirect_uri", asked.get("redirect_uri").unwrap()),
    ];
    let answer = suite.asks_for_tokens(&suite.client, Shows::Post, &fields).await;
    let tokens = suite.tokens(&asked, &answer).await;
    suite.userinfo(&tokens.access_token).await;
}

/// RFC 7636, with the example of its appendix B; and for an application that must.
pub(crate) async fn oidcc_ensure_request_with_valid_pkce_succeeds(suite: &mut Suite) {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    for without_pkce in [true, false] {
        suite.client = suite.register(|settings| settings.without_pkce = without_pkce).await;
        let asked = suite.asks().with("code_challenge", challenge);
        let asked = asked.with("code_challenge_method", "S256");
        let visit = suite.visit(&asked).await;
        let back = suite.back(&asked, &visit.answer);
        let answer = suite.redeems(&asked, back.code(), &[("code_verifier", verifier)]).await;
        let tokens = suite.tokens(&asked, &answer).await;
        suite.userinfo(&tokens.access_token).await;
    }
}

fn header(token: &str) -> Value {
    use base64::Engine;
    let header = token.split('.').next().unwrap();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).unwrap();
    serde_json::from_slice(&header).unwrap()
}
