//! Turns a request of a relying party into commands to one authenticator, and its answers into a
//! WebAuthn response: a CTAP2 client, over any link.
//!
//! A link knows bytes and no commands; a command knows bytes and no links; [`execute`] joins
//! them. Above both stand whole ceremonies, [`register`] and [`authenticate`], which ask the
//! [`Person`] what they must.
//!
//! Where several authenticators are there, [`race`] finds the one that the person wants. Beside
//! them stand the errands of a holder: [`management`] for what is on the authenticator.
//!
//! A smart card that is no authenticator is another thing, with a port of its own: [`card_signer`].
//!
//! There is no I/O here, no clock and no generator of random numbers.
//!
//! Sources: CTAP 2.1 (2022-06-21 errata),
//! <https://fidoalliance.org/specs/fido-v2.1-ps-20210615/fido-client-to-authenticator-protocol-v2.1-ps-errata-20220621.html>,
//! and WebAuthn Level 3, <https://www.w3.org/TR/webauthn-3/>.

mod auth_data;
mod authenticator_config;
mod bio_enrollment;
pub mod card_signer;
mod cbor;
mod ceremony;
mod client_data;
mod client_pin;
mod command;
mod cose;
mod credential_management;
mod get_assertion;
pub mod get_info;
mod get_next_assertion;
mod json;
mod link;
mod make_credential;
pub mod management;
mod person;
mod pin;
mod pin_uv;
pub mod race;
mod request;
mod reset;
pub mod selection;
mod status;
mod subcommand;
mod wire_enum;

pub use ceremony::{CeremonyError, authenticate, register};
pub use command::{AnswerError, Command, execute};
pub use json::{
    Assertion, AssertionResponse, AttestationResponse, Base64Url, NoExtensions, Registration,
};
pub use link::{CeremonyLink, Control, CtapLink, Leave, LinkError, Unshared};
pub use person::{
    Account, FingerError, FingerPrompt, NewPinError, NewPinPrompt, Person, PinError, PinPrompt,
    Until,
};
pub use pin::{Pin, PinFormError};
pub use pin_uv::{Entropy, PinUvAuthProtocol};
pub use request::{
    AuthenticateRequest, RegisterRequest, RelyingParty, ResidentKey, User, UserVerification,
};
pub use status::{Keepalive, Status};

/// Why a command failed: the wire, or the authenticator.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// No answer came.
    #[error("cannot reach the authenticator")]
    Link(#[from] LinkError),
    /// The authenticator refused, or its answer makes no sense.
    #[error(transparent)]
    Answer(#[from] AnswerError),
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
