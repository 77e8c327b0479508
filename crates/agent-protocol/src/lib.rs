//! Turns what a desktop agent and a Cardea server say to each other into types, and back.
//!
//! It sends nothing, reads no clock and makes no random bytes: the moment and the `jti` of a
//! signature are arguments. Source: this project's own protocol, version 1, on JWS compact
//! serialisation (RFC 7515, ES256 of RFC 7518), JWK thumbprints (RFC 7638) and the proof of
//! possession of `DPoP` (RFC 9449).
//!
//! The way in, for a server: [`DeviceProof::verify`] on every call of an agent,
//! [`SignedRequest::sign`] for the answer to a claim, [`ServerMessage::encode`] for the channel.
//! For an agent: [`DeviceProof::sign`], [`SignedRequest::verify`], [`ServerMessage::parse`].

pub mod channel;
pub mod codes;
mod device_proof;
mod enrolment;
mod jws;
mod keys;
pub mod limits;
mod link;
mod outcome;
pub mod paths;
mod return_token;
mod signed_request;
mod ticket;
pub mod x509_statement;

pub use channel::{AgentMessage, ServerMessage};
pub use codes::{CodeError, EnrolmentCode, MatchCode};
pub use device_proof::{DeviceProof, ExpectedCall, PROOF_HEADER, ProofError, VerifiedProof};
pub use enrolment::{
    EnrolAnswer, EnrolRequest, EnrolmentState, NonceAnswer, WaitAnswer, rp_id_fits_host,
};
pub use jws::{Jti, Malformed};
pub use keys::{KeyError, PublicJwk, SigningKey, Thumbprint, VerifyingKey};
pub use link::{Link, LinkError, Selector};
pub use outcome::{ClaimAnswer, ClaimRequest, Outcome, Refused, ResultAnswer, ResultRequest};
pub use return_token::ReturnToken;
pub use signed_request::{
    Ceremony, Context, Create, CredentialDescriptor, CredentialParameter, Enrolled, FIDO2, Purpose,
    RequestError, ResidentKey, SignedRequest, User, UserVerification, VerifiedRequest, WhenLifted,
};
pub use ticket::{Ticket, TicketError};
pub use x509_statement::{X509_CARD, X509Statement};
