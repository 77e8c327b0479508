//! Entra external MFA: the conformance tests T01 to T24 of the design, one tap that serves two, and
//! what happens between the steps. The stand-in plays Entra, and judges each answer in full.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what goes wrong here is a red test"
)]

mod agent;
mod between;
mod discovery;
mod keys;
mod methods;
mod one_tap;
mod people;
mod refused;
mod replay;
mod round_trip;
mod support;
mod time;
