//! Cardea as OpenID provider: turns what applications and their browsers send into checked requests,
//! and a session that rests on a card into codes, tokens and claims.
//!
//! Pure functions: no network, no clock, no randomness. Knows no login and no page: whoever calls
//! finds the client, the session and the keys.
//!
//! Sources: OpenID Connect Core 1.0 (errata set 2), Discovery 1.0, RP-Initiated Logout 1.0,
//! Back-Channel Logout 1.0; RFC 6749, 6750, 7009, 7523, 7636, 7662, 8252, 8414, 9068, 9126, 9207, 9700.
//!
//! The way in, in the order in which the server goes:
//!
//! 1. [`Parameters::parse`]: limits, no parameter twice.
//! 2. [`authorization::target`]: which client, and where an answer may go. A failure until here is a page
//!    of ours.
//! 3. [`authorization::request`]: what is asked. From here on a failure is sent to the client.
//! 4. [`authorization::Request::wants`]: whether a session is enough, or a card is to be tapped.
//! 5. [`code::Code`]: what the browser carries to the client, sealed by the server.
//! 6. [`token`]: who calls the token endpoint, and with what; [`claims`]: what is said about whom;
//!    [`bearer`]: who brings an access token.

pub mod authorization;
pub mod bearer;
pub mod claims;
pub mod client;
pub mod code;
pub mod discovery;
pub mod logout;
pub mod par;
pub mod token;

mod acr;
#[cfg(test)]
mod changed;
mod error;
mod parameters;
mod pkce;
mod redirect_uri;
mod scope;
#[cfg(test)]
mod testing;

pub use acr::{Acr, AcrRequest};
pub use client::{Client, ClientSettings};
pub use discovery::{Issuer, IssuerError};
pub use error::ErrorCode;
pub use parameters::{MAX_BODY, Name, Parameters, ParametersError};
pub use scope::{Scope, ScopeWord};
