//! What every link must do, once: [`conformance`] runs the same claims over a card in a reader, a
//! key on USB and the simulator's own link; and in the virtual machine of `tests/vm` over a key that the
//! kernel shows.
//! [`faults`] lets each of them meet all that can go wrong, and [`packets`] a key what can go wrong in the
//! middle of its answers; [`traces`] records and replays them.
//!
//! A new link is a new [`Body`].

#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "tests measure time and fail by panicking"
)]

mod bodies;
pub mod conformance;
pub mod faults;
pub mod packets;
mod requests;
pub mod traces;

pub use bodies::{Body, CardInReader, InProcess, KeyOfKernel, KeyOnUsb};
