//! JWS compact serialisation (RFC 7515 §3.1), ES256 (RFC 7518 §3.4) and nothing else.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as B64;
use serde::{Deserialize, Serialize};

use crate::keys::{KeyError, SigningKey, Thumbprint, VerifyingKey};

/// The only algorithm. It is compared, never chosen by what a header says.
const ALG: &str = "ES256";

/// Not a compact JWS, or its parts are not the JSON they should be. Does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed signed object")]
pub struct Malformed;

/// The unique name of one signature, to be spent once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Jti(String);

impl Jti {
    /// Makes a `jti` of 16 random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(B64.encode(bytes))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Jti {
    type Error = Malformed;

    /// 16 to 64 characters of base64url: enough to be unique, short enough to be kept.
    fn try_from(text: String) -> Result<Self, Malformed> {
        let legal = (16..=64).contains(&text.len()) && text.bytes().all(is_base64url);
        if legal { Ok(Self(text)) } else { Err(Malformed) }
    }
}

impl From<Jti> for String {
    fn from(jti: Jti) -> Self {
        jti.0
    }
}

/// Whether `byte` may stand in base64url without padding (RFC 4648 §5).
pub(crate) fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// Encodes bytes as base64url without padding.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    B64.encode(bytes)
}

/// Decodes base64url without padding.
pub(crate) fn from_base64url(text: &str) -> Result<Vec<u8>, Malformed> {
    B64.decode(text).map_err(|_| Malformed)
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
    /// RFC 7515 §4.1.11: extensions that must be understood. We understand none.
    #[serde(default, skip_serializing)]
    crit: Option<serde_json::Value>,
}

/// A compact JWS whose signature nobody has checked yet.
pub(crate) struct Jws<'a> {
    header: Header,
    payload: Vec<u8>,
    signature: Vec<u8>,
    signed: &'a str,
}

impl<'a> Jws<'a> {
    /// Splits `text` of at most `limit` bytes into its three parts.
    pub(crate) fn parse(text: &'a str, limit: usize) -> Result<Self, Malformed> {
        if text.len() > limit {
            return Err(Malformed);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Malformed)?;
        // A fourth part would put a dot into the payload, which base64url refuses.
        let header = serde_json::from_slice(&from_base64url(header)?).map_err(|_| Malformed)?;
        let (payload, signature) = (from_base64url(payload)?, from_base64url(signature)?);
        Ok(Self { header, payload, signature, signed })
    }

    /// The key id that the signature claims.
    pub(crate) fn kid(&self) -> &str {
        &self.header.kid
    }

    /// Whether the header is exactly ours: algorithm, type and no extension.
    pub(crate) fn is_of_type(&self, typ: &str) -> bool {
        self.header.alg == ALG && self.header.typ == typ && self.header.crit.is_none()
    }

    /// Whether `key` made the signature.
    pub(crate) fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        key.verifies(self.signed.as_bytes(), &self.signature)
    }

    /// Reads the claims.
    pub(crate) fn claims<T: serde::de::DeserializeOwned>(&self) -> Result<T, Malformed> {
        serde_json::from_slice(&self.payload).map_err(|_| Malformed)
    }
}

/// Signs `claims` as a compact JWS.
pub(crate) fn sign<T: Serialize>(
    typ: &str,
    kid: &Thumbprint,
    claims: &T,
    key: &SigningKey,
) -> Result<String, KeyError> {
    let header = Header { alg: ALG.into(), typ: typ.into(), kid: kid.as_str().into(), crit: None };
    let json = |error: serde_json::Error| KeyError::Claims(error);
    let header = serde_json::to_vec(&header).map_err(json)?;
    let payload = serde_json::to_vec(claims).map_err(json)?;
    let signed = format!("{}.{}", base64url(&header), base64url(&payload));
    let signature = key.sign(signed.as_bytes())?;
    Ok(format!("{signed}.{}", base64url(&signature)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Signs any header and claims: what an attacker who has the key could write.
    pub(crate) fn sign_raw(
        header: &serde_json::Value,
        claims: &serde_json::Value,
        key: &SigningKey,
    ) -> String {
        let part = |value: &serde_json::Value| base64url(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = key.sign(signed.as_bytes()).unwrap();
        format!("{signed}.{}", base64url(&signature))
    }

    #[test]
    fn a_compact_jws_has_exactly_three_parts_of_base64url() {
        let header = base64url(br#"{"alg":"ES256","typ":"t","kid":"k"}"#);
        let good = format!("{header}.e30.AAAA");
        assert!(Jws::parse(&good, 1000).is_ok());
        for bad in [
            String::new(),
            "..".into(),
            header.clone(),
            format!("{header}.e30"),
            format!("{header}.e30.AAAA.AAAA"),
            format!("{header}.e30.AA=="),
            format!("{header}.e3 0.AAAA"),
            format!("e30.{header}.AAAA"),
        ] {
            assert!(Jws::parse(&bad, 1000).is_err(), "{bad}");
        }
        assert!(Jws::parse(&good, good.len() - 1).is_err(), "longer than its limit");
    }

    #[test]
    fn a_header_with_another_algorithm_or_a_critical_extension_is_not_ours() {
        let with = |header: &[u8]| format!("{}.e30.AAAA", base64url(header));
        for bad in [
            &br#"{"alg":"none","typ":"t","kid":"k"}"#[..],
            br#"{"alg":"HS256","typ":"t","kid":"k"}"#,
            br#"{"alg":"ES256","typ":"u","kid":"k"}"#,
            br#"{"alg":"ES256","typ":"t","kid":"k","crit":["b64"]}"#,
        ] {
            let text = with(bad);
            assert!(!Jws::parse(&text, 1000).unwrap().is_of_type("t"), "{text}");
        }
        let text = with(br#"{"alg":"ES256","typ":"t","kid":"k"}"#);
        assert!(Jws::parse(&text, 1000).unwrap().is_of_type("t"));
    }

    #[test]
    fn a_jti_is_long_enough_to_be_unique_and_short_enough_to_be_kept() {
        for (length, legal) in [(15, false), (16, true), (64, true), (65, false)] {
            assert_eq!(Jti::try_from("a".repeat(length)).is_ok(), legal, "{length}");
        }
        assert!(Jti::try_from("a b c d e f g h i".to_owned()).is_err());
    }
}
