use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::{Header, Key};

/// Longest compact token that is looked at, in bytes.
pub const MAX_COMPACT: usize = 128 * 1024;

/// A compact JWS (RFC 7515 §7.1), split into its parts. Nothing of it is verified yet.
#[derive(Clone, Copy)]
pub struct Compact<'a> {
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
    signed: &'a str,
}

/// The text is no token that we would verify, or its signature is not that of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwsError {
    /// Not three parts of base64url, or too long.
    #[error("not a compact token")]
    NotCompact,
    /// Five parts: encrypted (RFC 7516). We never ask for that.
    #[error("encrypted token")]
    Encrypted,
    /// The header is not a JSON object, or names one thing twice.
    #[error("header is not a JSON object")]
    Header,
    /// The header demands an extension (`crit`, RFC 7515 §4.1.11); we know none.
    #[error("header demands an extension")]
    Critical,
    /// The header names no key.
    #[error("header names no key")]
    NoKid,
    /// The signature is not that key's.
    #[error("signature does not verify")]
    Signature,
}

impl<'a> Compact<'a> {
    /// Splits a token.
    ///
    /// # Errors
    ///
    /// [`JwsError::NotCompact`], [`JwsError::Encrypted`].
    pub fn split(compact: &'a str) -> Result<Self, JwsError> {
        if compact.len() > MAX_COMPACT {
            return Err(JwsError::NotCompact);
        }
        if compact.split('.').count() == 5 {
            return Err(JwsError::Encrypted);
        }
        let (signed, signature) = compact.rsplit_once('.').ok_or(JwsError::NotCompact)?;
        let (header, payload) = signed.split_once('.').ok_or(JwsError::NotCompact)?;
        if payload.contains('.') {
            return Err(JwsError::NotCompact);
        }
        Ok(Self { header, payload, signature, signed })
    }

    /// The header: which key and which algorithm the token claims.
    ///
    /// # Errors
    ///
    /// See [`JwsError`].
    pub fn header(&self) -> Result<Header, JwsError> {
        Header::parse(&decode(self.header)?)
    }

    /// The payload, once `key` is found to have signed it. What the key signs with is a property
    /// of the key; that the header agrees is for the caller to ask, see [`Header::alg`].
    ///
    /// # Errors
    ///
    /// [`JwsError::Signature`]; [`JwsError::NotCompact`] for a payload that is not base64url.
    pub fn verified_payload(&self, key: &Key) -> Result<Vec<u8>, JwsError> {
        if !key.has_signed(self.signed, self.signature) {
            return Err(JwsError::Signature);
        }
        decode(self.payload)
    }

    /// The payload as a stranger sent it.
    ///
    /// # Security
    ///
    /// Whoever decides anything by it believes anybody. The one use is to find out which keys to
    /// ask for.
    ///
    /// # Errors
    ///
    /// [`JwsError::NotCompact`].
    pub fn unverified_payload(&self) -> Result<Vec<u8>, JwsError> {
        decode(self.payload)
    }

    /// `header.payload`, as it stands in the token: what is signed. One token has one such text,
    /// however its signature is written.
    pub fn signed(&self) -> &'a str {
        self.signed
    }
}

fn decode(part: &str) -> Result<Vec<u8>, JwsError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| JwsError::NotCompact)
}
