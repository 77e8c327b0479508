//! ID tokens with each claim, each header member and the signature wrong in turn.

use e2e::World;
use entra_stand_in::{IdTokenFault, Signature};
use serde_json::{Value, json};

use crate::support::{ACME, assert_clear, assert_unchanged, mia};

type Case = (&'static str, fn() -> IdTokenFault);

fn claim(name: &str, value: impl Into<Value>) -> IdTokenFault {
    IdTokenFault::claim(name, value)
}

fn header(name: &str, value: impl Into<Value>) -> IdTokenFault {
    IdTokenFault::header(name, value)
}

const OTHER: &str = "c0a86d35-2e47-4b19-8f6a-d94e0b7c1a52";

const CASES: &[Case] = &[
    ("iss missing", || claim("iss", Value::Null)),
    ("iss of another", || claim("iss", "https://evil.test/v2.0")),
    ("iss of Microsoft itself", || claim("iss", "https://login.microsoftonline.com/common/v2.0")),
    ("iss the template", || claim("iss", "https://login.microsoftonline.com/{tenantid}/v2.0")),
    ("iss empty", || claim("iss", "")),
    ("iss a list", || claim("iss", json!(["https://evil.test"]))),
    ("iss a number", || claim("iss", 7)),
    ("iss an object", || claim("iss", json!({"a": 1}))),
    ("aud missing", || claim("aud", Value::Null)),
    ("aud of another client", || claim("aud", OTHER)),
    ("aud empty", || claim("aud", "")),
    ("aud an empty list", || claim("aud", json!([]))),
    ("aud a list of another", || claim("aud", json!([OTHER]))),
    ("aud a list with a number", || claim("aud", json!([7]))),
    ("aud a number", || claim("aud", 7)),
    ("aud an object", || claim("aud", json!({"a": 1}))),
    ("azp of another client", || claim("azp", OTHER)),
    ("azp empty", || claim("azp", "")),
    ("azp a list", || claim("azp", json!([OTHER]))),
    ("nonce missing", || claim("nonce", Value::Null)),
    ("nonce of another request", || claim("nonce", "A".repeat(43))),
    ("nonce empty", || claim("nonce", "")),
    ("nonce a number", || claim("nonce", 7)),
    ("nonce a list", || claim("nonce", json!(["A"]))),
    ("nonce very long", || claim("nonce", "A".repeat(5000))),
    ("tid missing", || claim("tid", Value::Null)),
    ("tid of another directory", || claim("tid", OTHER)),
    ("tid empty", || claim("tid", "")),
    ("tid no GUID", || claim("tid", "acme.example")),
    ("tid of personal accounts", || claim("tid", "9188040d-6c67-4c5b-b112-36a304b66dad")),
    ("tid in braces", || claim("tid", "{5f1d2c7e-90b4-4c63-9d0e-7a3b1c5e8f24}x")),
    ("tid a number", || claim("tid", 7)),
    ("oid missing", || claim("oid", Value::Null)),
    ("oid empty", || claim("oid", "")),
    ("oid no GUID", || claim("oid", "mia")),
    ("oid a number", || claim("oid", 7)),
    ("oid a list", || claim("oid", json!([OTHER]))),
    ("sub missing", || claim("sub", Value::Null)),
    ("sub empty", || claim("sub", "")),
    ("sub of 256 bytes", || claim("sub", "s".repeat(256))),
    ("sub beyond ASCII", || claim("sub", "m\u{ef}a")),
    ("sub a number", || claim("sub", 7)),
    ("ver missing", || claim("ver", Value::Null)),
    ("ver 1.0", || claim("ver", "1.0")),
    ("ver 2", || claim("ver", "2")),
    ("ver a number", || claim("ver", 2.0)),
    ("exp missing", || claim("exp", Value::Null)),
    ("exp long ago", || claim("exp", 1)),
    ("exp zero", || claim("exp", 0)),
    ("exp negative", || claim("exp", -1)),
    ("exp just beyond the leeway", || IdTokenFault::shifted("exp", -3600 - 125)),
    ("exp a text", || claim("exp", "9999999999")),
    ("exp a list", || claim("exp", json!([9_999_999_999_u64]))),
    ("exp true", || claim("exp", true)),
    ("nbf in an hour", || IdTokenFault::shifted("nbf", 3900)),
    ("nbf just beyond the leeway", || IdTokenFault::shifted("nbf", 300 + 125)),
    ("nbf a text", || claim("nbf", "0")),
    ("iat missing", || claim("iat", Value::Null)),
    ("iat in an hour", || IdTokenFault::shifted("iat", 3900)),
    ("iat just beyond the leeway", || IdTokenFault::shifted("iat", 300 + 125)),
    ("iat a text", || claim("iat", "now")),
    ("auth_time a text", || claim("auth_time", "now")),
    ("auth_time an object", || claim("auth_time", json!({"a": 1}))),
    ("at_hash of another token", || claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA")),
    ("at_hash empty", || claim("at_hash", "")),
    ("at_hash a number", || claim("at_hash", 7)),
    ("alg missing", || header("alg", Value::Null)),
    ("alg none", || IdTokenFault::signed(Signature::None)),
    ("alg none in capitals", || header("alg", "NONE")),
    ("alg none over a good signature", || header("alg", "none")),
    ("alg HS256 with the public key", || IdTokenFault::signed(Signature::Hs256)),
    ("alg HS256 over a good signature", || header("alg", "HS256")),
    ("alg RS384", || header("alg", "RS384")),
    ("alg RS512", || header("alg", "RS512")),
    ("alg PS256", || header("alg", "PS256")),
    ("alg ES256", || header("alg", "ES256")),
    ("alg EdDSA", || header("alg", "EdDSA")),
    ("alg in small letters", || header("alg", "rs256")),
    ("alg empty", || header("alg", "")),
    ("alg a list", || header("alg", json!(["RS256"]))),
    ("kid missing", || header("kid", Value::Null)),
    ("kid empty", || header("kid", "")),
    ("kid unknown", || header("kid", "nobody")),
    ("kid a path", || header("kid", "../../../../dev/null")),
    ("kid an injection", || header("kid", "' OR 1=1 --")),
    ("kid a number", || header("kid", 7)),
    ("crit", || header("crit", json!(["exp"]))),
    ("crit empty", || header("crit", json!([]))),
    ("b64 false", || header("b64", false)),
    ("signed by a key that nobody published", || IdTokenFault::signed(Signature::ForeignKey)),
    ("one bit of the signature changed", || IdTokenFault::signed(Signature::Broken)),
];

/// Odd, and yet good: what refuses the cases above is what is wrong in them.
const GOOD: &[Case] = &[
    ("nothing changed", IdTokenFault::default),
    ("exp within the leeway", || IdTokenFault::shifted("exp", -3600 - 60)),
    ("nbf within the leeway", || IdTokenFault::shifted("nbf", 300 + 60)),
    ("iat within the leeway", || IdTokenFault::shifted("iat", 300 + 60)),
    ("nbf missing", || claim("nbf", Value::Null)),
    ("typ missing", || header("typ", Value::Null)),
    ("a key of the token's own", || header("jwk", json!({"kty": "oct", "k": "AAAA"}))),
    ("an address of keys", || header("jku", "https://evil.test/keys")),
    ("a claim that nobody knows", || claim("x", json!({"y": [1]}))),
];

pub(super) fn names() -> Vec<&'static str> {
    CASES.iter().map(|(name, _)| *name).collect()
}

#[tokio::test]
async fn no_wrong_id_token_signs_in_or_changes_anything() {
    let world = World::start().await;
    let mut person = mia();
    let before = world.dump().await;
    for (name, fault) in CASES {
        let mut browser = world.browser();
        let callback = ACME.to_callback(&mut browser, &mut person).await;
        world.stand_in.spoil_next_id_token(fault());
        let answer = browser.get(&callback).await;
        assert_clear(name, &answer);
        assert_eq!(answer.title(), "The sign-in could not be checked", "{name}");
        assert!(browser.cookie("__Host-card-acme").is_none(), "{name}");
        assert_unchanged(name, &before, &world.dump().await);
    }
}

#[tokio::test]
async fn odd_and_good_id_tokens_lead_to_the_card_step() {
    let world = World::start().await;
    for (name, fault) in GOOD {
        let mut browser = world.browser();
        let callback = ACME.to_callback(&mut browser, &mut mia()).await;
        world.stand_in.spoil_next_id_token(fault());
        let answer = browser.get(&callback).await;
        assert_eq!(answer.location, Some(ACME.path("login/card")), "{name}: {answer:?}");
    }
}
