use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::http::StatusCode;
use oidc::callback::ErrorCode;
use oidc::id_token::{Claims, IdTokenError};
use oidc::token_response::{TokenRequest, TokenResponseError};
use secrets::{Secret, Token};
use serde_json::json;
use upstream::{Upstream, UpstreamError};

use crate::provider::{ACME, CLIENT, NOW, OID, Provider, expected, kind, nonce};

async fn sign_in(
    provider: &Provider,
    upstream: &Upstream,
    token_path: &str,
    keys_path: &str,
) -> Result<Claims, UpstreamError> {
    let (issuer, nonce, kind) = (provider.issuer(), nonce(), kind());
    let (code, secret) = (Secret::from("c0de".to_owned()), Secret::from("s3cret".to_owned()));
    let request = TokenRequest {
        client_id: CLIENT,
        client_secret: Some(&secret),
        code: &code,
        redirect_uri: "https://cardea.example/realms/acme/broker/azure/endpoint",
        verifier: &Token::new([3; 32]),
    };
    let expected = expected(&issuer, &nonce, &kind, NOW);
    let (token, keys) = (provider.at(token_path), provider.at(keys_path));
    upstream.sign_in(ACME, &token, &keys, &request, &expected).await
}

fn tokens(provider: &Provider) -> serde_json::Value {
    json!({ "token_type": "Bearer", "id_token": provider.id_token("first"), "access_token": "a" })
}

#[tokio::test]
async fn a_code_becomes_verified_claims() {
    let provider = Provider::start().await;
    provider.world.set_token(StatusCode::OK, tokens(&provider));
    let claims = sign_in(&provider, &provider.upstream(), "/token", "/keys").await.unwrap();
    assert_eq!(claims.oid.as_deref(), Some(OID));
    let form = provider.world.form.lock().unwrap().clone();
    for field in ["grant_type=authorization_code", "code=c0de", "client_secret=s3cret"] {
        assert!(form.contains(field), "{form}");
    }
}

#[tokio::test]
async fn what_the_provider_refuses_is_told_in_its_words() {
    let provider = Provider::start().await;
    let body = json!({ "error": "invalid_client", "error_codes": [7_000_215] });
    provider.world.set_token(StatusCode::UNAUTHORIZED, body);
    let refused = sign_in(&provider, &provider.upstream(), "/token", "/keys").await;
    let Err(UpstreamError::Token(TokenResponseError::Refused(refusal))) = refused else {
        panic!("not refused: {refused:?}")
    };
    assert_eq!(refusal.error, ErrorCode::InvalidClient);
    assert_eq!(refusal.report.aadsts, Some(7_000_215));
}

#[tokio::test]
async fn a_token_that_does_not_verify_signs_nobody_in() {
    let provider = Provider::start().await;
    let mut body = tokens(&provider);
    body["id_token"] = json!(format!("{}A", provider.id_token("first")));
    provider.world.set_token(StatusCode::OK, body);
    let refused = sign_in(&provider, &provider.upstream(), "/token", "/keys").await;
    assert_eq!(refused.unwrap_err(), IdTokenError::Signature.into());
}

#[tokio::test]
async fn code_and_secret_do_not_follow_a_redirect() {
    let provider = Provider::start().await;
    for path in ["/fault/moved", "/fault/kept"] {
        let refused = sign_in(&provider, &provider.upstream(), path, "/keys").await;
        assert_eq!(refused.unwrap_err(), UpstreamError::Redirected, "{path}");
    }
    assert_eq!(provider.world.stolen.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn faults_of_the_token_endpoint_have_their_own_errors() {
    let provider = Provider::start().await;
    let upstream = provider.upstream();
    for (fault, error) in [
        ("html", UpstreamError::ContentType),
        ("huge", UpstreamError::TooLarge),
        ("not-json", TokenResponseError::NotJson.into()),
        ("html-error", TokenResponseError::Status(502).into()),
        ("error", TokenResponseError::Status(500).into()),
        ("charset", TokenResponseError::TokenType.into()),
    ] {
        let refused = sign_in(&provider, &upstream, &format!("/fault/{fault}"), "/keys").await;
        assert_eq!(refused.unwrap_err(), error, "{fault}");
    }
}

#[tokio::test]
async fn token_and_keys_share_one_deadline() {
    let provider = Provider::start().await;
    let upstream = provider.upstream_with(Duration::from_millis(250));
    provider.world.set_token(StatusCode::OK, tokens(&provider));
    for (token, keys) in [("/fault/silent", "/keys"), ("/token", "/fault/drip")] {
        let late = sign_in(&provider, &upstream, token, keys).await;
        assert_eq!(late.unwrap_err(), UpstreamError::Deadline, "{token} {keys}");
    }
}
