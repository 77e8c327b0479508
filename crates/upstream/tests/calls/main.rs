//! Calls to a provider on loopback that behaves well, badly or not at all.
#![expect(clippy::arithmetic_side_effects, reason = "in a test an overflow is a red test")]

mod answers;
mod gate;
mod guard;
mod keys;
mod provider;
mod sign_in;
