//! The token endpoint (RFC 6749 §3.2; OpenID Connect Core 1.0 §3.1.3, §9, §12): who calls, with what,
//! whether it belongs together, and the answer. Revocation, introspection and pushed requests
//! authenticate their callers alike.

mod assertion;
mod check;
mod credential;
mod error;
mod grant;
mod response;

pub use assertion::AssertionError;
pub use check::{Authenticated, Spent, check};
pub use credential::{ClientCredential, Presented, credential};
pub use error::{TokenError, WWW_AUTHENTICATE};
pub use grant::{GrantRequest, grant_request, redeem};
pub use response::TokenResponse;
