//! What Cardea keeps, in SQLite or PostgreSQL: one SQL text for both.
//!
//! [`Store::read`], [`Store::write`] and a [`Look`] are the ways to a tenant's rows, and each sees
//! that tenant alone ([`Store::append`] writes one event in its chain, [`Store::redeem`] turns one
//! code into a grant): every statement binds its id, and on PostgreSQL row-level security is the
//! second wall. Every expiry is judged by the database's clock. Single use is an `INSERT` into, or a
//! `DELETE` out of, a table with a unique key, in the transaction that makes use of it.
//! What an exit issues needs a [`ConsumedProof`], which only this crate makes.
//!
//! Decides nothing about people: that is `login`. Knows nothing of HTTP.

mod endings;
mod error;
mod heads;
mod looks;
mod open;
mod row;
mod rows;
mod sql;
mod sqlite;
mod store;
mod together;
mod writer;

pub use error::StoreError;
pub use looks::{Look, Registered};
pub use open::Location;
pub use rows::{
    AuditEntry, AuditEvent, AuditHead, CardAuthority, CardCertificate, Client, ClientSecret, Code,
    CodePurpose, ConsumedProof, Credential, CredentialKind, Device, DeviceState, EamConnection,
    EamProved, EamRequest, EamTransaction, EndedSession, Grant, HeldAnswer, Inheritance, KeptList,
    KeyDates, KeyIssuer, KeyState, LEASE, LogoutNotice, MissingGroups, NewEamTransaction, NewGrant,
    NewSession, Page, Pairing, Passkey, PeopleFilter, PeopleOnly, PersonRow, Proof, ProvedLogin,
    Reading, Redeemed, Redeeming, RefreshToken, Rotated, Rows, Session, SessionKind, SigningKey,
    TakenLogin, Ticket, TicketState, Writing,
};
pub use store::{Figures, Store};

#[cfg(test)]
#[expect(clippy::similar_names, reason = "`writing` and `waiting` are the words for what they are")]
mod tests;
