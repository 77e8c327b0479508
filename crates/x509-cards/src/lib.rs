//! X.509 smart cards, the verifier's half: turns the statement that a card's key has signed into a
//! verified certificate. No I/O, and the time is an argument.
//!
//! Two questions, answered apart: [`Statement::verify`] says that the key of this certificate
//! signed for this login and no other; [`Trust::check`] says that one of the tenant's own
//! authorities issued the certificate for people to sign in with, and has not revoked it. The path
//! is `webpki`'s (RFC 5280 §6, name constraints and CRLs); what it leaves out is here:
//! certificate policies, key usages, the authorities' own validity and path length. The server's
//! other question, whose certificate it is, is answered by issuer, serial number and key, never by
//! a name.

mod authority;
mod certificate;
mod error;
mod oid;
mod revocation;
mod statement;
mod trust;

#[cfg(test)]
mod tests;

pub use agent_protocol::x509_statement::{StatementBytes, StatementType};
pub use authority::Authority;
pub use certificate::Certificate;
pub use error::X509Error;
pub use oid::Oid;
pub use revocation::{MAX_LIST, RevocationList, list_from_pem};
pub use statement::{Expected, Statement};
pub use trust::{Revocation, Trust};
