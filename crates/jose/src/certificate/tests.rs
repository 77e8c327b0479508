use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use x509_parser::parse_x509_certificate;
use x509_parser::public_key::PublicKey;

use super::*;
use crate::key_set;
use crate::testing::{FIELDS, b64, certified, other_rsa, p256, rsa};

/// What is published for the key of RFC 7515 A.2.1 with this certificate, byte for byte.
const PUBLISHED: &str = include_str!("../testing/jwks.json");

#[test]
fn another_library_reads_what_the_certificate_says() {
    let der = rsa().self_signed_certificate(&FIELDS).unwrap();
    let (rest, certificate) = parse_x509_certificate(&der).unwrap();
    assert!(rest.is_empty());
    let names = [certificate.subject(), certificate.issuer()];
    assert_eq!(names.map(ToString::to_string), ["CN=Cardea EAM acme"; 2].map(str::to_owned));
    assert_eq!(certificate.serial.to_bytes_be(), FIELDS.serial);
    let validity = certificate.validity();
    assert_eq!(validity.not_before.timestamp(), FIELDS.not_before.0);
    assert_eq!(validity.not_after.timestamp(), FIELDS.not_after.0);
    assert!(!certificate.is_ca());
}

#[test]
fn the_certificate_is_signed_by_its_own_key() {
    let key = rsa();
    let der = key.self_signed_certificate(&FIELDS).unwrap();
    let (_, certificate) = parse_x509_certificate(&der).unwrap();
    let signed = certificate.tbs_certificate.as_ref();
    let verify = |key: &SigningKey| {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.rsa_public_key().unwrap())
            .verify(signed, &certificate.signature_value.data)
    };
    assert!(verify(&key).is_ok());
    assert!(verify(&other_rsa()).is_err());
}

#[test]
fn the_same_fields_give_the_same_certificate() {
    let make = |fields| rsa().self_signed_certificate(&fields).unwrap();
    assert_eq!(make(FIELDS), make(FIELDS));
    assert_ne!(make(FIELDS), make(CertificateFields { serial: [2; 16], ..FIELDS }));
}

#[test]
fn certificates_that_nobody_could_use_are_not_made() {
    let make = |key: SigningKey, from, to| {
        let (not_before, not_after) = (NumericDate(from), NumericDate(to));
        let fields = CertificateFields { not_before, not_after, ..FIELDS };
        key.self_signed_certificate(&fields).map(|_| ())
    };
    assert_eq!(make(rsa(), 0, 1), Ok(()));
    for (from, to) in [(1, 1), (2, 1), (-1, 1), (1, i64::MAX), (1, 253_402_300_800)] {
        assert_eq!(make(rsa(), from, to), Err(CertificateError::Validity), "{from} {to}");
    }
    assert_eq!(make(p256(), 0, 1), Err(CertificateError::Algorithm));
}

#[test]
fn t01_the_published_key_is_that_of_its_certificate() {
    let (key, der) = certified();
    let published: Value = serde_json::from_slice(&key_set([key.to_jwk()])).unwrap();
    let jwk = &published["keys"][0];
    assert_eq!(jwk["x5c"].as_array().unwrap().len(), 1);
    assert_eq!(STANDARD.decode(jwk["x5c"][0].as_str().unwrap()).unwrap(), der);
    assert_eq!(jwk["x5t"], b64(digest(&SHA1_FOR_LEGACY_USE_ONLY, &der)));
    let (_, certificate) = parse_x509_certificate(&der).unwrap();
    let PublicKey::RSA(public) = certificate.public_key().parsed().unwrap() else { panic!() };
    let octets = |name| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    // DER writes a zero in front of a number whose first bit is set; RFC 7518 §2 does not.
    assert_eq!(octets("n"), public.modulus.strip_prefix(&[0]).unwrap());
    assert_eq!(octets("e"), public.exponent);
}

#[test]
fn t01_the_published_set_is_always_the_same_bytes() {
    let (key, _) = certified();
    let published = String::from_utf8(key_set([key.to_jwk(), p256().to_jwk()])).unwrap();
    assert_eq!(published, PUBLISHED.trim_end());
}
