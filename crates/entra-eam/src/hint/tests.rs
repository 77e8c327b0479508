mod claims;
mod signature;

use aws_lc_rs::signature::RsaKeyPair;
use serde_json::{Value, json};

use super::*;
use crate::testing::{
    APP_ID, AUTHORITY, CLIENT_ID, ENTRA, NOW, OID, OTHER_TID, SECOND_TID, STRANGER, TID, b64,
    compact, connection, header, hint, issuer_of, jwk, with,
};
use crate::{ErrorCode, Refusal, Reply};

fn keys() -> KeySet {
    let of = |kid, issuer: String| with(&jwk(kid, &ENTRA), "issuer", json!(issuer));
    let keys = json!({ "keys": [
        of("entra", issuer_of("{tenantid}")),
        of("this-directory", issuer_of(TID)),
        of("other-directory", issuer_of(OTHER_TID)),
        of("personal", issuer_of("9188040d-6c67-4c5b-b112-36a304b66dad")),
        of("other-cloud", "https://login.microsoftonline.us/{tenantid}/v2.0".to_owned()),
        jwk("plain", &ENTRA),
        jwk("foreign", &STRANGER),
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "kid": "ec",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        }),
    ]});
    KeySet::parse(keys.to_string().as_bytes()).unwrap()
}

fn check_at(hint: &str, now: i64) -> Result<Hint, HintError> {
    let expected = Expected { connection: &connection(), now: NumericDate(now) };
    verify(&Secret::from(hint.to_owned()), &keys(), &expected)
}

fn check(hint: &str) -> Result<Hint, HintError> {
    check_at(hint, NOW)
}

fn signed(header: &Value, claims: &Value, pair: &RsaKeyPair) -> String {
    compact(&header.to_string(), &claims.to_string(), pair)
}

fn check_claims(claims: &Value) -> Result<Hint, HintError> {
    check(&signed(&header(), claims, &ENTRA))
}

#[test]
fn t02_a_good_hint_tells_whom_entra_vouches_for() {
    let hint = check(&hint()).unwrap();
    assert_eq!((&*hint.tid, &*hint.oid), (TID, OID));
    assert_eq!((&*hint.sub, hint.iat), ("pairwise-for-the-integration", NumericDate(NOW)));
    assert_eq!(hint.name.as_deref(), Some("Ann"));
    assert_eq!(hint.preferred_username.as_deref(), Some("ann@contoso.example"));
    assert_eq!((hint.given_name, hint.family_name, hint.upn), (None, None, None));
}

#[test]
fn eam_14_one_hint_has_one_hash() {
    let hash = |claims: &Value| check_claims(claims).unwrap().hash;
    let claims = crate::testing::claims();
    let first = hash(&claims);
    assert!(hash(&claims) == first);
    assert!(hash(&with(&claims, "iat", json!(NOW + 1))) != first);
    let again = check_at(&hint(), NOW + 60).unwrap().hash;
    assert!(again == first);
}

#[test]
fn a_hint_does_not_print_the_person() {
    let printed = format!("{:?}", check(&hint()).unwrap());
    assert_eq!(printed, format!("Hint(of directory {TID})"));
}

#[test]
fn every_refused_hint_is_posted_as_access_denied() {
    for error in [HintError::TooOld, HintError::Signature, HintError::Claim("sub")] {
        let refusal = Refusal::from(error);
        assert_eq!(refusal.reply, Reply::Post(ErrorCode::AccessDenied));
        assert_eq!((refusal.rule, refusal.reason), (error.rule(), error.to_string()));
    }
}
