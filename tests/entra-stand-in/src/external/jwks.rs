//! The keys of a provider: RSA alone, each with its certificate.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;
use uuid::Uuid;

use crate::der;

/// RSA-2048.
const SHORTEST_MODULUS: usize = 256;

/// A key that verifies.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) kid: String,
    n: Vec<u8>,
    e: Vec<u8>,
}

impl Key {
    /// Whether this key made that RS256 signature.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = RsaPublicKeyComponents { n: &self.n, e: &self.e };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
    }
}

/// Reads a JWKS. One key that cannot be used spoils it: nobody should rely on its being skipped.
pub(super) fn read(document: &Value) -> Result<Vec<Key>, String> {
    let listed = document.get("keys").and_then(Value::as_array).ok_or("the JWKS has no keys")?;
    let keys: Vec<Key> = listed.iter().map(key).collect::<Result<_, _>>()?;
    let twice =
        |(at, key): (usize, &Key)| keys.iter().skip(at.saturating_add(1)).any(|k| k.kid == key.kid);
    if keys.is_empty() {
        return Err("the JWKS is empty".to_owned());
    }
    if keys.iter().enumerate().any(twice) {
        return Err("two keys of the JWKS have the same kid".to_owned());
    }
    Ok(keys)
}

fn key(jwk: &Value) -> Result<Key, String> {
    let kid = jwk.get("kid").and_then(Value::as_str).unwrap_or_default();
    check_kid(kid)?;
    let wrong = |what: &str| format!("the key {kid} {what}");
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    if text("kty") != Some("RSA") {
        return Err(wrong("is no RSA key"));
    }
    if text("use") != Some("sig") || text("alg").is_some_and(|alg| alg != "RS256") {
        return Err(wrong("is not for RS256 signatures"));
    }
    let number = |name| BASE64_URL_SAFE_NO_PAD.decode(text(name).unwrap_or_default()).ok();
    let (n, e) = number("n").zip(number("e")).ok_or_else(|| wrong("has no n or no e"))?;
    if n.len() < SHORTEST_MODULUS {
        return Err(wrong("is shorter than 2048 bits"));
    }
    let certificate = certificate(jwk).ok_or_else(|| wrong("has no x5c"))?;
    if der::certificate_key(&certificate) != Some((n.as_slice(), e.as_slice())) {
        return Err(wrong("is not the key of its x5c"));
    }
    let thumbprint = digest(&SHA1_FOR_LEGACY_USE_ONLY, &certificate);
    if text("x5t") != Some(BASE64_URL_SAFE_NO_PAD.encode(thumbprint).as_str()) {
        return Err(wrong("has an x5t that is not that of its x5c"));
    }
    Ok(Key { kid: kid.to_owned(), n, e })
}

/// A UUID would pass for base64 text by its letters, and yet is what goes wrong in the field.
fn check_kid(kid: &str) -> Result<(), String> {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '/' | '=');
    if kid.is_empty() || !kid.chars().all(letter) || Uuid::parse_str(kid).is_ok() {
        return Err(format!("the kid '{kid}' is no base64 text"));
    }
    Ok(())
}

/// The first certificate of `x5c`: standard base64 of DER, without lines.
fn certificate(jwk: &Value) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(jwk.get("x5c")?.as_array()?.first()?.as_str()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// `SubjectPublicKeyInfo` of an RSA key of 1024 bits.
    fn short_spki(n: &[u8; 128]) -> Vec<u8> {
        let head: &[u8] =
            &[0x30, 0x81, 0x9F, 0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D];
        let rest: &[u8] = &[0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x81, 0x8D, 0x00, 0x30, 0x81, 0x89];
        [head, rest, &[0x02, 0x81, 0x81, 0x00], n, &[0x02, 0x03, 0x01, 0x00, 0x01]].concat()
    }

    #[test]
    fn a_key_of_1024_bits_is_refused_although_it_is_that_of_its_certificate() {
        let n = [0xC5; 128];
        let certificate = der::certificate("short", &[1; 16], &short_spki(&n), |_| vec![0; 128]);
        assert_eq!(der::certificate_key(&certificate), Some((&n[..], &[1, 0, 1][..])));
        let thumbprint = digest(&SHA1_FOR_LEGACY_USE_ONLY, &certificate);
        let jwk = json!({
            "kty": "RSA", "use": "sig", "kid": "short", "e": "AQAB",
            "n": BASE64_URL_SAFE_NO_PAD.encode(n), "x5t": BASE64_URL_SAFE_NO_PAD.encode(thumbprint),
            "x5c": [BASE64_STANDARD.encode(&certificate)],
        });
        let refused = read(&json!({"keys": [jwk]})).unwrap_err();
        assert_eq!(refused, "the key short is shorter than 2048 bits");
    }
}
