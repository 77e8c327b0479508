//! There is no way around the card, and bad input changes nothing.

mod bad_input;
mod codes;
mod commits;
mod expired;
mod parallel;
mod refused;
mod sick;
mod spliced;
mod support;
