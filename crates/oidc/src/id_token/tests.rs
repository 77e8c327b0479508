mod claims;
mod signature;

use aws_lc_rs::hmac;
use jose::MAX_COMPACT;
use secrets::{Secret, Token};
use serde_json::{Value, json};

use super::*;
use crate::testing::{
    EC, OTHER_RSA, RSA, b64, compact, ec_jwk, rsa_jwk, sign_es256, sign_rs256, with,
};

const TID: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
const OTHER_TID: &str = "bbbbcccc-1111-dddd-2222-eeee3333ffff";
const OID: &str = "11112222-3333-4444-5555-666677778888";
const CLIENT: &str = "00001111-aaaa-2222-bbbb-3333cccc4444";
const NOW: i64 = 1_800_000_000;

fn issuer(tid: &str) -> String {
    format!("https://login.microsoftonline.com/{tid}/v2.0")
}

fn nonce() -> Token {
    Token::new([7; 32])
}

/// Claims as Entra sends them: dated back by five minutes, valid for 65.
fn claims() -> Value {
    json!({
        "iss": issuer(TID), "aud": CLIENT, "sub": "pairwise", "tid": TID, "oid": OID, "ver": "2.0",
        "iat": NOW - 300, "nbf": NOW - 300, "exp": NOW + 3600, "nonce": nonce().reveal(),
        "name": "Ann", "preferred_username": "ann@contoso.example",
    })
}

fn header() -> Value {
    json!({ "typ": "JWT", "alg": "RS256", "kid": "rsa" })
}

fn keys() -> KeySet {
    let template = issuer("{tenantid}");
    let of = |kid, issuer: String| with(&rsa_jwk(kid, &RSA), "issuer", json!(issuer));
    let keys = json!({ "keys": [
        with(&rsa_jwk("rsa", &RSA), "issuer", json!(template)),
        of("this-directory", issuer(TID)),
        of("other-directory", issuer(OTHER_TID)),
        of("personal", issuer("9188040d-6c67-4c5b-b112-36a304b66dad")),
        rsa_jwk("plain", &RSA),
        rsa_jwk("foreign", &OTHER_RSA),
        ec_jwk("ec", &EC),
    ]});
    KeySet::parse(keys.to_string().as_bytes()).unwrap()
}

fn rs256(header: &Value, claims: &Value) -> String {
    compact(header.to_string().as_bytes(), claims.to_string().as_bytes(), |m| sign_rs256(&RSA, m))
}

/// Verifies as for the Entra directory, at `now`.
fn check_at(token: &str, now: i64) -> Result<Claims, IdTokenError> {
    let expected = Expected {
        issuer: &issuer(TID),
        client_id: CLIENT,
        nonce: &nonce(),
        kind: &Kind::Entra { tid: TID.to_owned() },
        access_token: None,
        now: NumericDate(now),
    };
    verify(token, &keys(), &expected)
}

fn check(token: &str) -> Result<Claims, IdTokenError> {
    check_at(token, NOW)
}

fn check_claims(claims: &Value) -> Result<Claims, IdTokenError> {
    check(&rs256(&header(), claims))
}

/// Verifies as for a provider that is not Entra.
fn check_generic(token: &str, access_token: Option<&Secret>) -> Result<Claims, IdTokenError> {
    let expected = Expected {
        issuer: "https://id.example",
        client_id: CLIENT,
        nonce: &nonce(),
        kind: &Kind::Oidc,
        access_token,
        now: NumericDate(NOW),
    };
    verify(token, &keys(), &expected)
}

fn generic_claims() -> Value {
    json!({
        "iss": "https://id.example", "aud": [CLIENT], "sub": "248289761001", "iat": NOW,
        "exp": NOW + 300, "nonce": nonce().reveal(), "auth_time": NOW - 5,
    })
}

#[test]
fn accepts_a_token_of_the_directory() {
    let claims = check_claims(&claims()).unwrap();
    assert_eq!((claims.tid.as_deref(), claims.oid.as_deref()), (Some(TID), Some(OID)));
    assert_eq!((claims.sub.as_str(), claims.exp), ("pairwise", NumericDate(NOW + 3600)));
    assert_eq!(claims.all.get("name"), Some(&json!("Ann")));
}

#[test]
fn accepts_a_token_of_another_provider() {
    let claims = check_generic(&rs256(&header(), &generic_claims()), None).unwrap();
    assert_eq!(claims.auth_time, Some(NumericDate(NOW - 5)));
    assert_eq!(claims.tid, None);
}

#[test]
fn guids_are_compared_without_case_and_kept_in_lower_case() {
    let upper = with(&claims(), "oid", json!(OID.to_uppercase()));
    let upper = with(&upper, "tid", json!(TID.to_uppercase()));
    let claims = check_claims(&upper).unwrap();
    assert_eq!((claims.tid.as_deref(), claims.oid.as_deref()), (Some(TID), Some(OID)));
}
