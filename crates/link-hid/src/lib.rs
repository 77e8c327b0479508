//! Turns a security key on USB into a link that CTAP2 is spoken over; and tells which keys come
//! and go.
//!
//! It knows packets and no commands, and asks nobody anything. The framing stands on a small
//! port, [`Reports`]; the device nodes and the kernel's events behind it are Linux'.
//!
//! Sources: CTAP 2.1 §11.2 (USB); USB HID 1.11 §6.2.2 (report descriptors); Linux'
//! `Documentation/hid/hidraw.rst`.
//!
//! The way in: [`Monitor::start`] or [`look`], then [`Hidraw::open`] and [`HidLink::new`] for an
//! [`Event::KeyInserted`].

mod channel;
mod descriptor;
mod devices;
mod error;
mod hidraw;
mod link;
mod monitor;
mod packet;
mod reports;
mod uevent;
mod watch;

pub use devices::SecurityKey;
pub use error::{ErrorCode, HidError};
pub use hidraw::{Hidraw, NodeId};
pub use link::{Capabilities, HidLink, Identity};
pub use monitor::{Monitor, look};
pub use packet::Command;
pub use reports::{REPORT_SIZE, Report, ReportError, Reports};
pub use watch::Event;
