use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

use super::*;
use crate::key_set;
use crate::testing::{
    P256, P384, RSA, RSA_1024, b64, certified, other_rsa, p256, pkcs8, rsa, with,
};

fn text(token: &Secret) -> &str {
    token.expose_text().unwrap()
}

/// What another library reads in a token, with the keys that we publish.
fn read_by_another(token: &str, published: &[u8]) -> Value {
    let keys: JwkSet = serde_json::from_slice(published).unwrap();
    let header = decode_header(token).unwrap();
    let key = keys.find(&header.kid.unwrap()).unwrap();
    let mut validation = Validation::new(header.alg);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    decode(token, &DecodingKey::from_jwk(key).unwrap(), &validation).unwrap().claims
}

#[test]
fn an_rs256_signature_is_that_of_rfc_7515_a_2() {
    let input = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leG\
                 FtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    assert_eq!(
        b64(rsa().signature(input.as_bytes()).unwrap()),
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2\
         Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjt\
         QBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6\
         IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    );
}

#[test]
fn a_key_without_certificate_is_named_by_its_thumbprint_of_rfc_7638() {
    // §3.1 gives this key and its thumbprint.
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_\
             BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0\
             _FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWh\
             AI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    let members = format!(r#"{{"e":"AQAB","kty":"RSA","n":"{n}"}}"#);
    assert_eq!(kid(None, &members), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn a_key_with_certificate_is_named_by_the_certificate() {
    let (key, certificate) = certified();
    assert_eq!(key.kid(), b64(digest(&SHA256, &certificate)));
    assert_ne!(key.kid(), rsa().kid());
}

#[test]
fn the_header_names_type_algorithm_and_key() {
    for (key, alg) in [(rsa(), "RS256"), (p256(), "ES256")] {
        let token = key.sign("at+jwt", b"{}").unwrap();
        let (header, rest) = text(&token).split_once('.').unwrap();
        let kid = key.kid();
        assert_eq!(header, b64(format!(r#"{{"typ":"at+jwt","alg":"{alg}","kid":"{kid}"}}"#)));
        assert!(rest.starts_with("e30."), "{rest}");
    }
}

#[test]
fn the_same_bytes_give_the_same_rs256_token() {
    let sign = |payload: &[u8]| text(&rsa().sign("JWT", payload).unwrap()).to_owned();
    assert_eq!(sign(b"{}"), sign(b"{}"));
    assert_ne!(sign(b"{}"), sign(b"{ }"));
}

#[test]
fn another_library_verifies_what_we_sign_with_what_we_publish() {
    let (certified, _) = certified();
    let keys = [rsa(), p256(), other_rsa(), certified];
    let published = key_set(keys.iter().map(SigningKey::to_jwk));
    for key in &keys {
        let payload = json!({ "sub": "é", "n": key.kid() });
        let token = key.sign("JWT", payload.to_string().as_bytes()).unwrap();
        assert_eq!(read_by_another(text(&token), &published), payload, "{key:?}");
    }
}

#[test]
fn we_verify_what_we_sign_with_what_we_publish() {
    let keys = [rsa(), p256(), certified().0];
    let published = KeySet::parse(&key_set(keys.iter().map(SigningKey::to_jwk))).unwrap();
    assert_eq!((published.len(), published.skipped()), (3, 0));
    for key in &keys {
        let token = key.sign("JWT", b"{\"a\":1}").unwrap();
        let compact = Compact::split(text(&token)).unwrap();
        let header = compact.header().unwrap();
        assert_eq!(header.alg, Some(key.alg()));
        let public = published.find(&header.kid).unwrap();
        assert_eq!(compact.verified_payload(public).unwrap(), b"{\"a\":1}");
        assert_eq!(compact.unverified_payload().unwrap(), b"{\"a\":1}");
        for other in keys.iter().filter(|other| other.alg() != key.alg()) {
            let other = published.find(other.kid()).unwrap();
            assert!(compact.verified_payload(other).is_err(), "{key:?}");
        }
    }
}

#[test]
fn a_key_knows_whether_what_is_published_verifies_it() {
    let (key, _) = certified();
    let own = key_set([key.to_jwk()]);
    assert!(key.is_verified_by(&own));
    assert!(key.is_verified_by(&key_set([p256().to_jwk(), key.to_jwk()])));
    assert!(p256().is_verified_by(&key_set([p256().to_jwk()])));
    let jwk = serde_json::to_value(key.to_jwk()).unwrap();
    let swapped = with(&jwk, "n", serde_json::to_value(other_rsa().to_jwk()).unwrap()["n"].clone());
    for (name, published) in [
        ("nothing", Vec::new()),
        ("no key", key_set([])),
        ("another key", key_set([other_rsa().to_jwk()])),
        ("the same key under another name", key_set([rsa().to_jwk()])),
        ("another key under its name", json!({ "keys": [swapped] }).to_string().into_bytes()),
    ] {
        assert!(!key.is_verified_by(&published), "{name}");
    }
}

#[test]
fn bytes_that_are_no_such_key_are_refused() {
    let cases = [
        ("nothing", Alg::Rs256, Secret::new(Vec::new())),
        ("P-256 for RS256", Alg::Rs256, pkcs8(P256)),
        ("RSA for ES256", Alg::Es256, pkcs8(RSA)),
        ("RSA of 1024 bits", Alg::Rs256, pkcs8(RSA_1024)),
        ("P-384", Alg::Es256, pkcs8(P384)),
        ("half a key", Alg::Rs256, Secret::new(pkcs8(RSA).expose()[..600].to_vec())),
    ];
    for (name, alg, der) in cases {
        let refused = SigningKey::from_pkcs8(alg, &der, None).unwrap_err();
        assert_eq!(refused, SigningKeyError::Key, "{name}");
    }
}

#[test]
fn a_certificate_that_is_not_the_keys_is_refused() {
    let (_, certificate) = certified();
    let of_another = other_rsa().self_signed_certificate(&crate::testing::FIELDS).unwrap();
    let longer = [certificate.as_slice(), &[0]].concat();
    let refused = |alg, key: &str, certificate: &[u8]| {
        SigningKey::from_pkcs8(alg, &pkcs8(key), Some(certificate)).unwrap_err()
    };
    let cases: [(&str, &[u8]); 4] = [
        ("nothing", b""),
        ("text", b"-----BEGIN CERTIFICATE-----"),
        ("half", &certificate[..300]),
        ("a byte more", &longer),
    ];
    for (name, bytes) in cases {
        assert_eq!(refused(Alg::Rs256, RSA, bytes), SigningKeyError::Certificate, "{name}");
    }
    assert_eq!(refused(Alg::Rs256, RSA, &of_another), SigningKeyError::CertificateOfAnother);
    assert_eq!(refused(Alg::Es256, P256, &certificate), SigningKeyError::CertificateForAnother);
}

#[test]
fn a_key_does_not_print() {
    assert_eq!(format!("{:?}", rsa()), format!("SigningKey(RS256 {})", rsa().kid()));
}
