//! There is no way around the card, and bad input changes nothing.

mod commits;
mod expired;
mod parallel;
mod refused;
mod spliced;
mod support;
