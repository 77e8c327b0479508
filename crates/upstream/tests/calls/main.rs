//! Calls to a provider on loopback that behaves well, badly or not at all.
#![expect(clippy::arithmetic_side_effects, reason = "in a test an overflow is a red test")]

// `cfg(test)` tells clippy that what tests share is a test, too.
#[cfg(test)]
mod answers;
#[cfg(test)]
mod document;
#[cfg(test)]
mod gate;
#[cfg(test)]
mod graph;
#[cfg(test)]
mod guard;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod provider;
#[cfg(test)]
mod sign_in;
