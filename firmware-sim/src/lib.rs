//! Turns the firmware of real security keys into authenticators on a desktop: with a scripted
//! person, as a link in the same process, a card in a virtual PC/SC reader or a key on USB.
//!
//! The firmware is `fido-authenticator` on Trussed, as in Nitrokey 3 and Solo 2: FIDO 2.1 with PIN
//! protocols 1 and 2, discoverable credentials, ES256 and `EdDSA`, *self* attestation. It has no
//! built-in user verification. On the same service a card may have `piv-authenticator`, a smart card
//! with certificates. The product never depends on this crate.
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//! use std::time::{Duration, Instant};
//! use authenticator::{Control, CtapLink};
//! use firmware_sim::{Config, Simulator, Touch};
//!
//! let simulator = Simulator::start(Config::seeded(1))?;
//! simulator.holder().touches(Touch::After(Duration::from_millis(300)));
//! let mut control = Control {
//!     deadline: Instant::now() + Duration::from_secs(5),
//!     cancel: &AtomicBool::new(false),
//!     on_keepalive: &mut |_| {},
//! };
//! let info = simulator.link().call(&[0x04], &mut control)?;
//! assert_eq!(info[0], 0x00);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod apdu;
mod attestation;
pub mod cli;
mod config;
pub mod control;
mod dispatch;
mod factory;
mod fault;
mod firmware;
mod flash;
mod hid;
mod holder;
pub mod isolated;
mod leftover;
mod link;
mod loopback;
pub mod namespace;
mod narrow;
mod pcscd;
pub mod pinentry;
mod piv;
mod platform;
mod replay;
mod shared;
mod shown;
mod simulator;
mod trace;
mod vpcd;

pub use config::{Algorithm, Attestation, Config, PinPolicy, Transport};
pub use fault::{Body, Fault, FaultRefused, PacketFault};
pub use hid::VirtualKey;
pub use holder::{Holder, Moment, Touch};
pub use link::SimLink;
pub use pcscd::{FIRST_PORT, Pcscd, ReaderPort, SOCKET_VARIABLE};
pub use replay::Difference;
pub use shown::when_shown;
pub use simulator::Simulator;
pub use trace::{Recording, RecordingError};
pub use vpcd::VirtualCard;
