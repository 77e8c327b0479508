//! P-256 keys: what signs, what verifies, and how a public key is written (RFC 7517, RFC 7638).

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    ParsedPublicKey,
};
use serde::{Deserialize, Serialize};

use crate::jws::{base64url, from_base64url};

/// What is wrong with a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not a P-256 private key in PKCS #8.
    #[error("not a p-256 private key")]
    NotPrivate,
    /// Not a P-256 public key: wrong type or curve, or no point of it.
    #[error("not a p-256 public key")]
    NotPublic,
    /// The claims cannot be written as JSON.
    #[error("cannot write the claims")]
    Claims(#[source] serde_json::Error),
    /// The library could not sign.
    #[error("cannot sign")]
    Sign,
}

/// The SHA-256 of a public key in its canonical form (RFC 7638), as base64url: its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Thumbprint(String);

impl Thumbprint {
    /// The text: 43 characters of base64url.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A public key as JSON (RFC 7517): P-256 only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicJwk {
    /// `EC`.
    pub kty: String,
    /// `P-256`.
    pub crv: String,
    /// 32 bytes, base64url.
    pub x: String,
    /// 32 bytes, base64url.
    pub y: String,
    /// The name by which a signature refers to the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
}

impl PublicJwk {
    /// Reads the key.
    ///
    /// # Errors
    ///
    /// [`KeyError::NotPublic`] for another type or curve, and for a point that is not on it.
    pub fn key(&self) -> Result<VerifyingKey, KeyError> {
        if self.kty != "EC" || self.crv != "P-256" {
            return Err(KeyError::NotPublic);
        }
        let coordinate = |text: &str| -> Result<[u8; 32], KeyError> {
            let bytes = from_base64url(text).map_err(|_| KeyError::NotPublic)?;
            bytes.try_into().map_err(|_| KeyError::NotPublic)
        };
        VerifyingKey::from_coordinates(coordinate(&self.x)?, coordinate(&self.y)?)
    }
}

/// A public P-256 key: a point of the curve, checked.
#[derive(Clone)]
pub struct VerifyingKey {
    key: ParsedPublicKey,
    x: [u8; 32],
    y: [u8; 32],
}

impl VerifyingKey {
    fn from_coordinates(x: [u8; 32], y: [u8; 32]) -> Result<Self, KeyError> {
        let point = [&[0x04][..], &x, &y].concat(); // SEC 1 §2.3.3, uncompressed
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .map_err(|_| KeyError::NotPublic)?;
        Ok(Self { key, x, y })
    }

    /// The key as JSON, named by its thumbprint.
    pub fn to_jwk(&self) -> PublicJwk {
        PublicJwk {
            kty: "EC".into(),
            crv: "P-256".into(),
            x: base64url(&self.x),
            y: base64url(&self.y),
            kid: Some(self.thumbprint().0),
        }
    }

    /// The name of the key (RFC 7638 §3): members in alphabetical order, no space.
    pub fn thumbprint(&self) -> Thumbprint {
        let (x, y) = (base64url(&self.x), base64url(&self.y));
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        Thumbprint(base64url(digest(&SHA256, canonical.as_bytes()).as_ref()))
    }

    /// Whether this key made `signature` (r and s, 64 bytes) over `message`.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }
}

impl std::fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VerifyingKey({})", self.thumbprint())
    }
}

/// A private P-256 key. It does not print.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    public: VerifyingKey,
}

impl SigningKey {
    /// Reads a key from PKCS #8, which the program generates and keeps.
    ///
    /// # Errors
    ///
    /// [`KeyError::NotPrivate`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
            .map_err(|_| KeyError::NotPrivate)?;
        let coordinate = |range: std::ops::Range<usize>| -> Result<[u8; 32], KeyError> {
            let bytes = pair.public_key().as_ref().get(range).ok_or(KeyError::NotPrivate)?;
            bytes.try_into().map_err(|_| KeyError::NotPrivate)
        };
        let public = VerifyingKey::from_coordinates(coordinate(1..33)?, coordinate(33..65)?)?;
        Ok(Self { pair, public })
    }

    /// The public half.
    pub fn public(&self) -> &VerifyingKey {
        &self.public
    }

    /// Signs: r and s, 64 bytes.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        // The library takes a generator and uses its own: ECDSA needs a fresh nonce inside.
        let signature =
            self.pair.sign(&SystemRandom::new(), message).map_err(|_| KeyError::Sign)?;
        Ok(signature.as_ref().to_vec())
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.public.thumbprint())
    }
}

/// SHA-256 as base64url: the form in which a proof names a body.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    base64url(digest(&SHA256, bytes).as_ref())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn new_key() -> SigningKey {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        SigningKey::from_pkcs8(pair.to_pkcs8v1().unwrap().as_ref()).unwrap()
    }

    /// The public key of RFC 7515 §A.3.
    fn rfc7515_key() -> PublicJwk {
        PublicJwk {
            kty: "EC".into(),
            crv: "P-256".into(),
            x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU".into(),
            y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0".into(),
            kid: None,
        }
    }

    #[test]
    fn verifies_the_example_of_rfc_7515() {
        let signed = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = from_base64url("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q").unwrap();
        let key = rfc7515_key().key().unwrap();
        assert!(key.verifies(signed.as_bytes(), &signature));
        assert!(!key.verifies(b"something else", &signature));
    }

    #[test]
    fn a_thumbprint_does_not_depend_on_the_key_id() {
        // Computed by hand from the canonical form of RFC 7638 §3.3 for this key.
        let named = PublicJwk { kid: Some("2026-11".into()), ..rfc7515_key() };
        assert_eq!(
            named.key().unwrap().thumbprint().as_str(),
            "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"
        );
    }

    #[test]
    fn refuses_what_is_no_point_of_p_256() {
        let good = rfc7515_key();
        for bad in [
            PublicJwk { kty: "OKP".into(), ..good.clone() },
            PublicJwk { crv: "P-384".into(), ..good.clone() },
            PublicJwk { x: good.y.clone(), ..good.clone() },
            PublicJwk { x: "AAAA".into(), ..good.clone() },
            PublicJwk { y: "not base64!".into(), ..good.clone() },
        ] {
            assert!(bad.key().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_key_survives_being_written_as_json() {
        let key = new_key();
        let json = serde_json::to_string(&key.public().to_jwk()).unwrap();
        let read: PublicJwk = serde_json::from_str(&json).unwrap();
        assert_eq!(read.key().unwrap().thumbprint(), key.public().thumbprint());
        assert_eq!(read.kid.as_deref(), Some(key.public().thumbprint().as_str()));
    }

    #[test]
    fn a_private_key_prints_only_its_name() {
        let key = new_key();
        let name = key.public().thumbprint();
        assert_eq!(format!("{key:?}"), format!("SigningKey({name})"));
        assert!(SigningKey::from_pkcs8(b"garbage").is_err());
    }
}
