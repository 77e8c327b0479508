//! Applications that sign people in by OpenID Connect: the way through the browser, up to the code, and
//! what must be refused on it. The application is a small one of the tests' own.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what goes wrong here is a red test"
)]

mod back_channel;
mod by_other_ways;
mod discovery;
mod logout;
mod pages;
mod refused;
mod sign_in;
mod silent;
mod step_up;
mod support;
mod who;
