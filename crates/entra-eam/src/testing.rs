//! Entra's and our keys, a connection, a hint and a form, for the tests of this crate.

use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ids::Slug;
use jose::{Alg, CertificateFields, NumericDate, SigningKey};
use secrets::Secret;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::{Connection, Issuer};

pub(crate) const AUTHORITY: &str = "https://login.microsoftonline.com";
pub(crate) const RETURN: &str =
    "https://login.microsoftonline.com/common/federation/externalauthprovider";
pub(crate) const TID: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
pub(crate) const SECOND_TID: &str = "ccccdddd-2222-eeee-3333-ffff4444aaaa";
pub(crate) const OTHER_TID: &str = "bbbbcccc-1111-dddd-2222-eeee3333ffff";
pub(crate) const OID: &str = "11112222-3333-4444-5555-666677778888";
pub(crate) const CLIENT_ID: &str = "00001111-aaaa-2222-bbbb-3333cccc4444";
pub(crate) const APP_ID: &str = "99990000-bbbb-4444-cccc-5555dddd6666";
pub(crate) const NOW: i64 = 1_800_000_000;

/// One of Entra's keys, made once.
pub(crate) static ENTRA: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
/// The key of somebody else.
pub(crate) static STRANGER: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());

pub(crate) fn connection() -> Connection {
    Connection {
        client_id: CLIENT_ID.to_owned(),
        app_id: APP_ID.to_owned(),
        authority: AUTHORITY.to_owned(),
        directories: vec![TID.to_owned(), SECOND_TID.to_owned()],
    }
}

pub(crate) fn issuer() -> Issuer {
    let acme = Slug::try_from("acme".to_owned()).unwrap();
    Issuer::new("https://cardea.example", &acme).unwrap()
}

/// The issuer of a directory.
pub(crate) fn issuer_of(tid: &str) -> String {
    format!("{AUTHORITY}/{tid}/v2.0")
}

/// Our own key: that of RFC 7515 A.2.1, with a certificate.
pub(crate) fn our_key() -> SigningKey {
    let file = include_str!("../../jose/src/testing/rfc7515-a2.pk8");
    let fields = CertificateFields {
        subject: "Cardea EAM acme",
        serial: [0x91; 16],
        not_before: NumericDate(NOW),
        not_after: NumericDate(1_900_000_000),
    };
    let certificate = key(Alg::Rs256, file).self_signed_certificate(&fields).unwrap();
    SigningKey::from_pkcs8(Alg::Rs256, &pkcs8(file), Some(&certificate)).unwrap()
}

/// What stands in a file of keys: PKCS#8 in base64.
fn pkcs8(file: &str) -> Secret {
    Secret::new(STANDARD.decode(file.replace('\n', "")).unwrap())
}

/// The key of such a file, without a certificate.
pub(crate) fn key(alg: Alg, file: &str) -> SigningKey {
    SigningKey::from_pkcs8(alg, &pkcs8(file), None).unwrap()
}

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The published form of a key pair, named `kid`.
pub(crate) fn jwk(kid: &str, pair: &RsaKeyPair) -> Value {
    let der = Secret::new(pair.as_der().unwrap().as_ref().to_vec());
    let key = SigningKey::from_pkcs8(Alg::Rs256, &der, None).unwrap();
    with(&serde_json::to_value(key.to_jwk()).unwrap(), "kid", json!(kid))
}

pub(crate) fn sign(pair: &RsaKeyPair, message: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; 256];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
    signature
}

/// A compact token of any two texts.
pub(crate) fn compact(header: &str, payload: &str, pair: &RsaKeyPair) -> String {
    let signed = format!("{}.{}", b64(header), b64(payload));
    format!("{signed}.{}", b64(sign(pair, signed.as_bytes())))
}

pub(crate) fn header() -> Value {
    json!({ "typ": "JWT", "alg": "RS256", "kid": "entra" })
}

/// A hint's claims as Entra issues them: expired from the beginning.
pub(crate) fn claims() -> Value {
    json!({
        "ver": "2.0", "iss": issuer_of(TID), "sub": "pairwise-for-the-integration", "aud": APP_ID,
        "exp": NOW - 1, "iat": NOW, "nbf": NOW, "name": "Ann", "oid": OID, "tid": TID,
        "preferred_username": "ann@contoso.example",
    })
}

/// A hint as Entra signs it.
pub(crate) fn hint() -> String {
    compact(&header().to_string(), &claims().to_string(), &ENTRA)
}

/// What Entra demands after a password.
pub(crate) fn demand() -> String {
    json!({ "id_token": {
        "acr": { "essential": true, "values": ["possessionorinherence"] },
        "amr": { "essential": true, "values": [
            "face", "fido", "fpt", "hwk", "iris", "otp", "pop", "retina", "sc", "sms", "swk", "tel",
            "vbm",
        ] },
    } })
    .to_string()
}

/// The parameters that Entra posts.
pub(crate) fn parameters() -> Vec<(&'static str, String)> {
    vec![
        ("scope", "openid".to_owned()),
        ("response_type", "id_token".to_owned()),
        ("response_mode", "form_post".to_owned()),
        ("client_id", CLIENT_ID.to_owned()),
        ("redirect_uri", RETURN.to_owned()),
        ("nonce", "AwABEgEAAAADAOz_BQD0_wABAg".to_owned()),
        ("state", "q\"<b>&=+ %~".to_owned()),
        ("id_token_hint", hint()),
        ("claims", demand()),
        ("client-request-id", "AAAABBBB-0000-4444-8888-CCCCDDDDEEEE".to_owned()),
    ]
}

/// The body in which parameters are posted.
pub(crate) fn encoded(parameters: &[(&str, String)]) -> Vec<u8> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(parameters).finish().into_bytes()
}

/// The parameters, one of them with another value, or without it.
pub(crate) fn parameters_with(name: &str, value: Option<&str>) -> Vec<(&'static str, String)> {
    let mut parameters = parameters();
    match value {
        Some(value) => {
            for (_, old) in parameters.iter_mut().filter(|(other, _)| *other == name) {
                value.clone_into(old);
            }
        }
        None => parameters.retain(|(other, _)| *other != name),
    }
    parameters
}

/// A copy of `object` in which `name` has another value, or none when it is `null`.
pub(crate) fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    let map = object.as_object_mut().unwrap();
    map.remove(name);
    if !value.is_null() {
        map.insert(name.to_owned(), value);
    }
    object
}
