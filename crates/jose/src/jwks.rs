//! The key set of an upstream, RFC 7517: turned once into keys that verify.
//!
//! A key that we cannot use (another kind, too weak, malformed) is left out and counted; the rest
//! of the set works.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};

use crate::{Alg, json};

/// Largest key set that is read at all, in bytes.
pub const MAX_KEY_SET: usize = 512 * 1024;

/// Most keys of one set.
const MAX_KEYS: usize = 100;
/// Longest `kid`, in bytes.
const MAX_KID: usize = 512;
/// RSA moduli that are neither too weak nor a way to keep us busy, in bytes: 2048 to 8192 bits.
const RSA_MODULUS: core::ops::RangeInclusive<usize> = 256..=1024;
/// A coordinate of P-256, in bytes.
const P256_COORDINATE: usize = 32;

/// What the `issuer` of an Entra key has in place of a directory when it serves many.
const TENANT_TEMPLATE: &str = "{tenantid}";

/// Keys that verify tokens, found by `kid`.
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: Vec<Key>,
    skipped: usize,
}

/// One key that verifies.
#[derive(Clone, Debug)]
pub struct Key {
    kid: String,
    /// What a signature by this key is made with. A property of the key, never of a token.
    alg: Alg,
    /// The directory that this key serves (Entra only): an issuer, or a template with `{tenantid}`.
    issuer: Option<String>,
    verifier: DecodingKey,
    /// The key itself, to notice when one `kid` stands for two keys.
    material: Vec<u8>,
}

/// The answer is not a key set that we can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetError {
    /// Larger than 512 KiB.
    #[error("key set is larger than 512 KiB")]
    TooLarge,
    /// Not one JSON object.
    #[error("key set is not a JSON object")]
    NotJson,
    /// No list `keys`.
    #[error("key set has no list of keys")]
    NoKeys,
    /// More keys than any provider has.
    #[error("key set has more than 100 keys")]
    TooManyKeys,
    /// All of its keys were left out.
    #[error("key set has no key that we can use")]
    NoUsableKey,
}

impl KeySet {
    /// Reads a key set.
    ///
    /// # Errors
    ///
    /// See [`KeySetError`].
    ///
    /// # Security
    ///
    /// When one `kid` stands for two different keys, neither is used: which of them verifies a
    /// token would depend on their order.
    pub fn parse(body: &[u8]) -> Result<Self, KeySetError> {
        if body.len() > MAX_KEY_SET {
            return Err(KeySetError::TooLarge);
        }
        let document = json::object(body).ok_or(KeySetError::NotJson)?;
        let list = document.get("keys").and_then(Value::as_array).ok_or(KeySetError::NoKeys)?;
        if list.len() > MAX_KEYS {
            return Err(KeySetError::TooManyKeys);
        }
        let read: Vec<Key> =
            list.iter().filter_map(Value::as_object).filter_map(read_key).collect();
        let mut keys: Vec<Key> = Vec::new();
        for key in &read {
            let unambiguous =
                read.iter().all(|other| other.kid != key.kid || other.material == key.material);
            if unambiguous && keys.iter().all(|other| other.kid != key.kid) {
                keys.push(key.clone());
            }
        }
        if keys.is_empty() {
            return Err(KeySetError::NoUsableKey);
        }
        let skipped = list.len().saturating_sub(keys.len());
        Ok(Self { keys, skipped })
    }

    /// The key that `kid` names.
    pub fn find(&self, kid: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.kid == kid)
    }

    /// How many keys can be used.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key can be used; [`KeySet::parse`] makes no such set.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// How many keys of the document were left out.
    pub fn skipped(&self) -> usize {
        self.skipped
    }
}

impl Key {
    /// What a signature by this key is made with.
    pub fn alg(&self) -> Alg {
        self.alg
    }

    /// Whether an Entra key serves the directory `tid` (a GUID in lower case), whose tokens are of
    /// `issuer`: it names that issuer, or many by a template, or none.
    ///
    /// # Security
    ///
    /// Without this question, a key of personal accounts signs for every directory.
    pub fn serves(&self, tid: &str, issuer: &str) -> bool {
        let named = self.issuer.as_deref();
        named.is_none_or(|named| named.replace(TENANT_TEMPLATE, tid) == issuer)
    }

    /// Whether `signature`, base64url, is that of this key over `signed`.
    pub(crate) fn has_signed(&self, signed: &str, signature: &str) -> bool {
        let algorithm = self.alg.algorithm();
        let verdict =
            jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &self.verifier, algorithm);
        verdict.unwrap_or(false)
    }
}

fn read_key(jwk: &Map<String, Value>) -> Option<Key> {
    if !is_for_signatures(jwk) {
        return None;
    }
    let kid = json::text(jwk, "kid").filter(|kid| (1..=MAX_KID).contains(&kid.len()))?.to_owned();
    let (alg, verifier, material) = match json::text(jwk, "kty")? {
        "RSA" => rsa_key(jwk)?,
        "EC" if json::text(jwk, "crv") == Some("P-256") => p256_key(jwk)?,
        _ => return None,
    };
    let announced = match jwk.get("alg") {
        None => Some(alg),
        Some(text) => text.as_str().and_then(Alg::parse),
    };
    let issuer = match jwk.get("issuer") {
        None => None,
        // An issuer that is no text is not "no issuer": the key is left out.
        Some(issuer) => Some(issuer.as_str()?.to_owned()),
    };
    (announced == Some(alg)).then_some(Key { kid, alg, issuer, verifier, material })
}

/// RFC 7517 §4.2 and §4.3: `use` and `key_ops`, where they are there, allow to verify.
fn is_for_signatures(jwk: &Map<String, Value>) -> bool {
    let key_use = jwk.get("use").is_none_or(|key_use| key_use.as_str() == Some("sig"));
    let key_ops = !jwk.contains_key("key_ops")
        || json::texts(jwk, "key_ops").is_some_and(|ops| ops.contains(&"verify"));
    key_use && key_ops
}

fn rsa_key(jwk: &Map<String, Value>) -> Option<(Alg, DecodingKey, Vec<u8>)> {
    let n = number(jwk, "n")?;
    let e = number(jwk, "e")?;
    let odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
    let public_exponent = odd(&e) && e.len() <= 4 && e != [1];
    if !(RSA_MODULUS.contains(&n.len()) && odd(&n) && public_exponent) {
        return None;
    }
    let key = DecodingKey::from_rsa_raw_components(&n, &e);
    Some((Alg::Rs256, key, [n, e].concat()))
}

fn p256_key(jwk: &Map<String, Value>) -> Option<(Alg, DecodingKey, Vec<u8>)> {
    let (x, y) = (octets(jwk, "x")?, octets(jwk, "y")?);
    if x.len() != P256_COORDINATE || y.len() != P256_COORDINATE {
        return None;
    }
    // SEC 1 §2.3.3: an uncompressed point. Whether it lies on the curve is asked at each use.
    let point = [vec![0x04], x, y].concat();
    Some((Alg::Es256, DecodingKey::from_ec_der(&point), point))
}

/// `Base64urlUInt` of RFC 7518 §2. Leading zero octets are not allowed there and common; dropped.
fn number(jwk: &Map<String, Value>, name: &str) -> Option<Vec<u8>> {
    let octets = octets(jwk, name)?;
    Some(octets.into_iter().skip_while(|octet| *octet == 0).collect())
}

fn octets(jwk: &Map<String, Value>, name: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(json::text(jwk, name)?).ok()
}

#[cfg(test)]
mod tests;
