use jose::{Compact, KeySet, key_set};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

use super::*;
use crate::testing::{CLIENT_ID, NOW, RETURN, issuer, our_key};
use crate::{Acr, Amr, Cloud};

/// What is signed for the tap of these tests, byte for byte.
const GOLDEN: &str = include_str!("../testing/id-token.txt");
const CHOICE: Choice = Choice { acr: Acr::PossessionOrInherence, amr: Amr::Fido };

fn signed(issuer: &Issuer, nonce: Option<&str>, key: &SigningKey) -> Result<Secret, IdTokenError> {
    let token = IdToken {
        issuer,
        client_id: CLIENT_ID,
        sub: "pairwise-for-the-integration",
        nonce,
        choice: CHOICE,
        proved_at: NumericDate(NOW),
    };
    token.sign(key)
}

fn token(nonce: Option<&str>) -> String {
    signed(&issuer(), nonce, &our_key()).unwrap().expose_text().unwrap().to_owned()
}

/// What another library reads, asking for all that Entra asks for.
fn read_by_another(token: &str) -> Value {
    let published = key_set([our_key().to_jwk()]);
    let keys: JwkSet = serde_json::from_slice(&published).unwrap();
    let header = decode_header(token).unwrap();
    assert_eq!((header.alg, header.typ.as_deref()), (Algorithm::RS256, Some("JWT")));
    let key = keys.find(&header.kid.unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&["https://cardea.example/realms/acme/eam"]);
    validation.set_audience(&[CLIENT_ID]);
    // The present of these tests is not that of the library.
    validation.validate_exp = false;
    decode(token, &DecodingKey::from_jwk(key).unwrap(), &validation).unwrap().claims
}

#[test]
fn t02_another_library_reads_what_entra_must_find() {
    assert_eq!(
        read_by_another(&token(Some("n"))),
        json!({
            "iss": "https://cardea.example/realms/acme/eam", "aud": CLIENT_ID,
            "sub": "pairwise-for-the-integration", "nonce": "n", "iat": NOW, "nbf": NOW,
            "exp": NOW + 300, "acr": "possessionorinherence", "amr": ["fido"],
        })
    );
}

#[test]
fn t02_we_verify_it_with_what_we_publish() {
    let keys = KeySet::parse(&key_set([our_key().to_jwk()])).unwrap();
    let token = token(None);
    let compact = Compact::split(&token).unwrap();
    let key = keys.find(&compact.header().unwrap().kid).unwrap();
    assert!(compact.verified_payload(key).is_ok());
}

#[test]
fn t03_a_nonce_that_did_not_come_is_absent() {
    assert_eq!(read_by_another(&token(None)).get("nonce"), None);
}

#[test]
fn the_same_tap_gives_the_same_bytes() {
    let nonce = Some("AwABEgEAAAADAOz_BQD0_wABAg");
    assert_eq!(token(nonce), token(nonce));
    assert_eq!(token(nonce), GOLDEN.trim_end());
}

#[test]
fn eam_05_only_an_rsa_key_signs() {
    let file = include_str!("../../../jose/src/testing/rfc7515-a3.pk8");
    let key = crate::testing::key(Alg::Es256, file);
    assert_eq!(signed(&issuer(), None, &key).unwrap_err(), IdTokenError::Algorithm);
}

fn answer(state: Option<&str>, outcome: Outcome) -> Answer {
    let return_address = Cloud::microsoft()[0].return_address().clone();
    Answer { addressee: Addressee { return_address, state: state.map(str::to_owned) }, outcome }
}

#[test]
fn t02_success_posts_the_token_and_the_state() {
    let answer = answer(Some("s\"<>"), Outcome::IdToken(Secret::from(token(None))));
    assert_eq!(answer.addressee.return_address.as_str(), RETURN);
    assert_eq!(answer.fields(), [("id_token", &*token(None)), ("state", "s\"<>")]);
}

#[test]
fn t03_failure_posts_the_error_and_no_state_that_did_not_come() {
    for (code, word) in [
        (ErrorCode::AccessDenied, "access_denied"),
        (ErrorCode::InvalidRequest, "invalid_request"),
        (ErrorCode::InvalidScope, "invalid_scope"),
        (ErrorCode::TemporarilyUnavailable, "temporarily_unavailable"),
        (ErrorCode::UnsupportedResponseType, "unsupported_response_type"),
    ] {
        assert_eq!(answer(None, Outcome::Error(code)).fields(), [("error", word)]);
    }
    let with_state = answer(Some("s"), Outcome::Error(ErrorCode::AccessDenied));
    assert_eq!(with_state.fields(), [("error", "access_denied"), ("state", "s")]);
}

#[test]
fn a_token_does_not_print() {
    let token = token(None);
    let printed = format!("{:?}", answer(None, Outcome::IdToken(Secret::from(token.clone()))));
    assert!(!printed.contains(&token[..20]), "{printed}");
}
