//! The exchange of an external MFA provider with Microsoft Entra (EAM): turns what Entra posts into a
//! checked request and a person whom Entra vouches for, and a tap into the answer that is posted back.
//!
//! Pure functions: no network, no clock, no randomness. Knows no login, no person of ours and no
//! page: whoever calls finds the connection, the keys and the card.
//!
//! Source: Microsoft Entra ID, external method provider reference (2026-02-23),
//! <https://learn.microsoft.com/entra/identity/authentication/concept-authentication-external-method-provider>;
//! OpenID Connect Core 1.0 (errata set 2). Rule ids, `EAM-01` and on, stand in each refusal.
//!
//! The way in, in the order of EAM-17:
//!
//! 1. [`Form::parse`]: limits (EAM-44).
//! 2. [`Form::addressee`]: where an answer may go. A failure until here is a page of ours.
//! 3. [`Form::request`]: what Entra asks. From here on a failure is posted.
//! 4. [`hint::verify`]: for whom.
//! 5. [`Demand::parse`], [`Demand::choose`]: with what, and what is said about it.
//! 6. [`IdToken::sign`] and [`Answer`]: the form that is posted.

pub mod hint;

mod answer;
mod cloud;
mod connection;
mod discovery;
mod method;
mod refusal;
mod request;
#[cfg(test)]
mod testing;

pub use answer::{Answer, IdToken, IdTokenError, LIFE, Outcome};
pub use cloud::{Cloud, CloudError, ReturnAddress};
pub use connection::Connection;
pub use discovery::{Issuer, IssuerError};
pub use hint::{Hint, HintError};
pub use method::{Acr, Amr, Choice, Credential, Demand, KeyStorage, MethodError};
pub use refusal::{ErrorCode, Refusal, Reply};
pub use request::{Addressee, AddresseeError, AuthorizationRequest, Form, FormError, RequestError};
