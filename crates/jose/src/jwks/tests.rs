use serde_json::json;

use super::*;
use crate::testing::{b64, jwk, other_rsa, p256, with};

fn parse(keys: &[Value]) -> Result<KeySet, KeySetError> {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes())
}

fn rsa() -> Value {
    jwk("a", &crate::testing::rsa())
}

#[test]
fn finds_keys_by_name() {
    let keys = parse(&[rsa(), jwk("b", &other_rsa()), jwk("c", &p256())]).unwrap();
    assert_eq!((keys.len(), keys.skipped()), (3, 0));
    assert_eq!(keys.find("a").unwrap().alg(), Alg::Rs256);
    assert_eq!(keys.find("c").unwrap().alg(), Alg::Es256);
    assert!(keys.find("d").is_none());
    assert!(keys.find("").is_none());
}

#[test]
fn a_key_may_say_what_it_is_for_in_every_legal_way() {
    for (name, key) in [
        ("alg", with(&rsa(), "alg", json!("RS256"))),
        ("no use", with(&rsa(), "use", Value::Null)),
        ("key_ops", with(&rsa(), "key_ops", json!(["verify"]))),
        ("a modulus with a leading zero", {
            let modulus = URL_SAFE_NO_PAD.decode(rsa()["n"].as_str().unwrap()).unwrap();
            with(&rsa(), "n", json!(b64([vec![0], modulus].concat())))
        }),
        ("x5c and x5t", with(&with(&rsa(), "x5c", json!(["MII"])), "x5t", json!("a"))),
    ] {
        assert!(parse(&[key]).is_ok(), "{name}");
    }
}

#[test]
fn keys_that_cannot_be_used_are_left_out() {
    let ec = jwk("a", &p256());
    let cases = [
        ("a MAC key", json!({ "kty": "oct", "kid": "a", "k": "AAAA" })),
        ("an unknown kind", json!({ "kty": "AKP", "kid": "a", "alg": "ML-DSA-65", "pub": "AA" })),
        ("Ed25519", json!({ "kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "AA" })),
        ("no object", json!("key")),
        ("kty missing", with(&rsa(), "kty", Value::Null)),
        ("kid missing", with(&rsa(), "kid", Value::Null)),
        ("kid empty", with(&rsa(), "kid", json!(""))),
        ("kid a number", with(&rsa(), "kid", json!(7))),
        ("kid too long", with(&rsa(), "kid", json!("k".repeat(MAX_KID + 1)))),
        ("for encryption", with(&rsa(), "use", json!("enc"))),
        ("use a list", with(&rsa(), "use", json!(["sig"]))),
        ("only to sign", with(&rsa(), "key_ops", json!(["sign"]))),
        ("key_ops a text", with(&rsa(), "key_ops", json!("verify"))),
        ("for another algorithm", with(&rsa(), "alg", json!("RS512"))),
        ("for HMAC", with(&rsa(), "alg", json!("HS256"))),
        ("for ES256, and RSA", with(&rsa(), "alg", json!("ES256"))),
        ("alg a number", with(&rsa(), "alg", json!(256))),
        ("issuer a list", with(&rsa(), "issuer", json!(["x"]))),
        ("n missing", with(&rsa(), "n", Value::Null)),
        ("n in another alphabet", with(&rsa(), "n", json!("+/=="))),
        ("n of 1024 bits", with(&rsa(), "n", json!(b64([0xFF; 128])))),
        ("n of 16384 bits", with(&rsa(), "n", json!(b64([0xFF; 2048])))),
        ("n even", with(&rsa(), "n", json!(b64([[0xFF; 255].as_slice(), &[0xFE]].concat())))),
        ("e missing", with(&rsa(), "e", Value::Null)),
        ("e is one", with(&rsa(), "e", json!("AQ"))),
        ("e is zero", with(&rsa(), "e", json!("AA"))),
        ("e even", with(&rsa(), "e", json!("BA"))),
        ("e of 40 bits", with(&rsa(), "e", json!("AQAAAAE"))),
        ("another curve", with(&ec, "crv", json!("P-384"))),
        ("secp256k1", with(&ec, "crv", json!("secp256k1"))),
        ("x missing", with(&ec, "x", Value::Null)),
        ("x short", with(&ec, "x", json!(b64([1; 31])))),
        ("y long", with(&ec, "y", json!(b64([1; 33])))),
    ];
    for (name, key) in cases {
        assert_eq!(
            parse(std::slice::from_ref(&key)).unwrap_err(),
            KeySetError::NoUsableKey,
            "{name}"
        );
        let keys = parse(&[key, jwk("good", &other_rsa())]).unwrap();
        assert_eq!((keys.len(), keys.skipped()), (1, 1), "{name}");
    }
}

#[test]
fn a_name_that_stands_for_two_keys_stands_for_none() {
    let keys = parse(&[rsa(), jwk("a", &other_rsa()), jwk("b", &other_rsa())]).unwrap();
    assert!(keys.find("a").is_none());
    assert!(keys.find("b").is_some());
    let same = parse(&[rsa(), rsa()]).unwrap();
    assert_eq!((same.len(), same.skipped()), (1, 1));
}

#[test]
fn documents_that_are_no_key_set_are_refused() {
    let many = vec![rsa(); MAX_KEYS + 1];
    assert_eq!(parse(&many).unwrap_err(), KeySetError::TooManyKeys);
    assert!(parse(&many[1..]).is_ok());
    for (name, body, error) in [
        ("nothing", String::new(), KeySetError::NotJson),
        ("HTML", "<!DOCTYPE html>".to_owned(), KeySetError::NotJson),
        ("a list", "[]".to_owned(), KeySetError::NotJson),
        ("keys twice", r#"{"keys":[],"keys":[]}"#.to_owned(), KeySetError::NotJson),
        ("no keys", "{}".to_owned(), KeySetError::NoKeys),
        ("keys an object", r#"{"keys":{}}"#.to_owned(), KeySetError::NoKeys),
        ("empty", r#"{"keys":[]}"#.to_owned(), KeySetError::NoUsableKey),
        ("too large", " ".repeat(MAX_KEY_SET + 1), KeySetError::TooLarge),
    ] {
        assert_eq!(KeySet::parse(body.as_bytes()).unwrap_err(), error, "{name}");
    }
}

#[test]
fn a_key_serves_the_directory_that_it_names() {
    let tid = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
    let of = |tid: &str| format!("https://login.microsoftonline.com/{tid}/v2.0");
    let serves = |issuer: Value| {
        let keys = parse(&[with(&rsa(), "issuer", issuer)]).unwrap();
        keys.find("a").unwrap().serves(tid, &of(tid))
    };
    for issuer in [Value::Null, json!(of(tid)), json!(of("{tenantid}"))] {
        assert!(serves(issuer.clone()), "{issuer}");
    }
    for issuer in [
        json!(of("9188040d-6c67-4c5b-b112-36a304b66dad")),
        json!("https://login.microsoftonline.us/{tenantid}/v2.0"),
        json!("{tenantid}"),
        json!(""),
    ] {
        assert!(!serves(issuer.clone()), "{issuer}");
    }
}
