//! Signed JSON of the JOSE family: turns a stranger's compact token and key set into a payload that
//! is verified, and keys of ours into tokens, published keys and certificates.
//!
//! Pure functions: no network, no clock. The engine draws what ECDSA and blinding need; RS256 gives
//! the same token for the same bytes. What stands in a payload is the matter of whoever asked for it:
//! `oidc`, `entra-eam` and `openid-provider`.
//!
//! Sources: RFC 7515 (JWS), RFC 7517 (JWK), RFC 7518 (JWA), RFC 7519 (JWT), RFC 7638 (thumbprints).
//!
//! The way in: [`Compact::split`] and [`KeySet::parse`] to verify, [`SigningKey`] to sign.

pub mod json;

mod alg;
mod certificate;
mod compact;
mod header;
mod jwk;
mod jwks;
mod numeric_date;
mod signing_key;
#[cfg(test)]
mod testing;

pub use alg::Alg;
pub use certificate::{CertificateError, CertificateFields};
pub use compact::{Compact, JwsError, MAX_COMPACT};
pub use header::Header;
pub use jwk::{Jwk, key_set};
pub use jwks::{Key, KeySet, KeySetError, MAX_KEY_SET};
pub use numeric_date::NumericDate;
pub use signing_key::{SignError, SigningKey, SigningKeyError};
