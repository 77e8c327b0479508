//! What Entra needs of each key in the set (EAM-05).

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value as Json;

/// The ids of the keys of a set in which nothing is wrong.
///
/// # Errors
///
/// What is.
pub(super) fn check(body: &[u8]) -> Result<Vec<String>, String> {
    let set: Json = serde_json::from_slice(body).map_err(|_| "it is not JSON")?;
    let keys = set.get("keys").and_then(Json::as_array).ok_or("it is no key set")?;
    if keys.is_empty() {
        return Err("there is no key in it".into());
    }
    keys.iter().map(key).collect()
}

fn key(jwk: &Json) -> Result<String, String> {
    let member = |name: &str| jwk.get(name).and_then(Json::as_str).unwrap_or_default();
    let kid = member("kid");
    let wrong = |what: &str| Err(format!("key {kid:?}: {what}"));
    if member("kty") != "RSA" || member("use") != "sig" {
        return wrong("it is no RSA key for signatures");
    }
    let Some(certificate) = jwk.pointer("/x5c/0").and_then(Json::as_str) else {
        return wrong("it has no certificate (x5c)");
    };
    let Ok(der) = STANDARD.decode(certificate) else {
        return wrong("its certificate (x5c) is not base64");
    };
    if member("x5t") != URL_SAFE_NO_PAD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &der)) {
        return wrong("x5t is not the thumbprint of its certificate");
    }
    if kid != URL_SAFE_NO_PAD.encode(digest(&SHA256, &der)) {
        return wrong("kid is not the one of its certificate");
    }
    let modulus = URL_SAFE_NO_PAD.decode(member("n")).unwrap_or_default();
    // 2048 bits are the least.
    let within = modulus.len() >= 256 && der.windows(modulus.len()).any(|part| part == modulus);
    if within { Ok(kid.to_owned()) } else { wrong("its certificate is of another key") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A modulus with something around it: only where it stands is asked.
    fn good() -> Json {
        let modulus = vec![0xab; 256];
        let der = [b"before".as_slice(), &modulus, b"after"].concat();
        json!({
            "kty": "RSA", "use": "sig", "x5c": [STANDARD.encode(&der)],
            "kid": URL_SAFE_NO_PAD.encode(digest(&SHA256, &der)),
            "x5t": URL_SAFE_NO_PAD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &der)),
            "n": URL_SAFE_NO_PAD.encode(&modulus), "e": "AQAB",
        })
    }

    fn checked(keys: &[Json]) -> Result<Vec<String>, String> {
        check(json!({ "keys": keys }).to_string().as_bytes())
    }

    #[test]
    fn a_key_that_entra_takes_has_its_certificate_and_the_ids_of_it() {
        assert_eq!(checked(&[good()]).unwrap().len(), 1);
        assert!(checked(&[]).is_err());
        for (member, value) in [
            ("kty", json!("EC")),
            ("use", json!("enc")),
            ("kid", json!("0193b5f0-0000-7000-8000-000000000000")),
            ("x5t", json!("AA")),
            ("x5c", json!([])),
            ("x5c", json!(["-----BEGIN CERTIFICATE-----"])),
            ("n", json!(URL_SAFE_NO_PAD.encode([0xcd; 256]))),
            ("n", json!(URL_SAFE_NO_PAD.encode([0xab; 128]))),
        ] {
            let mut key = good();
            key[member] = value;
            assert!(checked(&[good(), key]).is_err(), "{member}");
        }
    }
}
