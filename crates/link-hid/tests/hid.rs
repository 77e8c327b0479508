//! A simulated key behind its socket: the link, its faults, and what both kinds of link must do.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests measure time and fail by panicking"
)]

#[path = "hid/faults.rs"]
mod faults;
#[path = "hid/link.rs"]
mod link;
#[path = "hid/support.rs"]
mod support;
