//! There is no way around the card, and bad input changes nothing.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    clippy::unwrap_used,
    reason = "what goes wrong here is a red test"
)]

mod away;
mod bad_input;
mod certificates;
mod codes;
mod commits;
mod device;
mod expired;
mod lifted;
mod links;
mod meanwhile;
mod once;
mod pairing;
mod parallel;
mod refused;
mod return_step;
mod sick;
mod spliced;
mod strangers;
mod support;
