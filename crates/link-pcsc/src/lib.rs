//! Turns a FIDO card in a PC/SC reader, contact or contactless, into a link that CTAP2 is spoken
//! over; and tells which readers and cards come and go.
//!
//! It knows APDUs and no commands, and asks nobody anything: whether a card that lay on the
//! reader before may answer is decided by the program, which hears from
//! [`InsertedCard::inserted_at`] whether somebody put it there.
//!
//! Sources: CTAP 2.1 §11.3 (ISO 7816, ISO 14443); ISO 7816-4; PC/SC part 5.
//!
//! The way in: [`Monitor::start`] or [`look()`], then [`PcscLink::new`] for an
//! [`Event::CardInserted`]. The framing alone, over anything that takes APDUs, is [`apdu`].

pub mod apdu;
mod connection;
mod error;
mod link;
mod look;
mod monitor;
mod readers;
mod restart;
mod service;
mod worker;

pub use error::{CardError, Fault, StatusWord};
pub use link::{Options, PcscLink};
pub use look::{ServiceError, look};
pub use monitor::Monitor;
pub use pcsc::Error as PcscError;
pub use readers::{Event, FLUTTER, InsertedCard};
