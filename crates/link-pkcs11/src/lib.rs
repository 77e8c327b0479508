//! Turns a PKCS#11 module into smart cards that hold certificates and sign with their keys.
//!
//! The module is somebody else's C code, loaded at run time. It runs in a child process, which is a
//! hidden command of the agent's own program: when the module crashes, hangs or writes where it
//! should not, the child ends, the agent goes on, and the next question gets a new child. The two
//! talk over the child's standard input and output; the PIN goes that way and no other.
//!
//! This is the only crate that knows PKCS#11. It verifies no certificate and asks nobody anything.
//!
//! Source: PKCS #11 Specification Version 3.1 (OASIS Standard).
//!
//! The way in: [`Modules::watch`] for what comes and goes, then [`Modules::signer`] for a
//! [`TokenId`]; in the child, [`child::run`]. What goes between the two, over anything that gives
//! bytes, is [`wire`].

pub mod child;
mod der;
mod frame;
mod message;
mod module;
mod process;
mod signer;
mod watch;
pub mod wire;

pub use message::TokenId;
pub use module::{Modules, Program, installed_module};
pub use process::ChildError;
pub use signer::TokenSigner;
pub use watch::{Event, Watch};
