//! Keys for the tests of this crate.

use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::RsaKeyPair;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrets::Secret;
use serde_json::{Map, Value};

use crate::{Alg, CertificateFields, NumericDate, SigningKey};

/// The RSA key of RFC 7515 A.2.1.
pub(crate) const RSA: &str = include_str!("testing/rfc7515-a2.pk8");
/// The P-256 key of RFC 7515 A.3.1.
pub(crate) const P256: &str = include_str!("testing/rfc7515-a3.pk8");
pub(crate) const RSA_1024: &str = include_str!("testing/rsa-1024.pk8");
pub(crate) const P384: &str = include_str!("testing/p384.pk8");

/// What stands in a file of keys: PKCS#8 in base64.
pub(crate) fn pkcs8(file: &str) -> Secret {
    Secret::new(STANDARD.decode(file.replace('\n', "")).unwrap())
}

/// The key of RFC 7515 A.2.1, without a certificate.
pub(crate) fn rsa() -> SigningKey {
    SigningKey::from_pkcs8(Alg::Rs256, &pkcs8(RSA), None).unwrap()
}

/// Another RSA key, made once.
pub(crate) fn other_rsa() -> SigningKey {
    static OTHER: LazyLock<Secret> = LazyLock::new(|| {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        Secret::new(pair.as_der().unwrap().as_ref().to_vec())
    });
    SigningKey::from_pkcs8(Alg::Rs256, &OTHER, None).unwrap()
}

/// The key of RFC 7515 A.3.1.
pub(crate) fn p256() -> SigningKey {
    SigningKey::from_pkcs8(Alg::Es256, &pkcs8(P256), None).unwrap()
}

/// What the certificates of these tests say.
pub(crate) const FIELDS: CertificateFields<'static> = CertificateFields {
    subject: "Cardea EAM acme",
    serial: [0x91; 16],
    not_before: NumericDate(1_800_000_000),
    not_after: NumericDate(1_900_000_000),
};

/// The key of RFC 7515 A.2.1 with a certificate.
pub(crate) fn certified() -> (SigningKey, Vec<u8>) {
    let certificate = rsa().self_signed_certificate(&FIELDS).unwrap();
    let key = SigningKey::from_pkcs8(Alg::Rs256, &pkcs8(RSA), Some(&certificate)).unwrap();
    (key, certificate)
}

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The published form of `key` under another name, and without what names its algorithm.
pub(crate) fn jwk(kid: &str, key: &SigningKey) -> Value {
    let jwk = serde_json::to_value(key.to_jwk()).unwrap();
    with(&with(&jwk, "kid", kid.into()), "alg", Value::Null)
}

/// A copy of `object` in which `name` has another value, or none when it is `null`.
pub(crate) fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    let map: &mut Map<String, Value> = object.as_object_mut().unwrap();
    map.remove(name);
    if !value.is_null() {
        map.insert(name.to_owned(), value);
    }
    object
}
