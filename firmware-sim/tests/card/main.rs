//! The simulated authenticator in its first two bodies.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests measure time and fail by panicking"
)]

mod common;
mod configured;
mod link;
mod pcsc;
mod traced;
