//! OpenID Connect messages and checks of a relying party: turns what an upstream provider sends
//! into types that cannot be wrong, and our requests into bytes; for Entra also what Microsoft Graph
//! says about groups.
//!
//! Pure functions: no network, no clock, no randomness. Signatures are verified by `jose`;
//! everything else about an ID token is checked here, step by step ([`id_token::verify`]).
//!
//! Sources: OpenID Connect Core 1.0 incorporating errata set 2,
//! <https://openid.net/specs/openid-connect-core-1_0.html>; OpenID Connect Discovery 1.0
//! incorporating errata set 2; RFC 6749, RFC 7519, RFC 7636, RFC 9207.

pub mod aadsts;
pub mod authorization;
pub mod callback;
pub mod discovery;
pub mod graph;
pub mod id_token;
pub mod token_response;

#[cfg(test)]
mod testing;

/// Largest answer of an upstream that is read at all, in bytes.
pub const MAX_BODY: usize = 512 * 1024;

/// SHA-256 (RFC 6234).
fn sha256(bytes: &[u8]) -> [u8; 32] {
    *secrets::TokenHash::of(bytes).as_bytes()
}
