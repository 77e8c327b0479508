//! Turns what other people's programs say about our simulators, and about our client, into tests.
//!
//! It starts programs and compares what became of each of their tests with a list of what is to be
//! expected. It installs nothing: `make interop` does, and runs the tests here that say so.

mod expected;
mod played;
mod suite;

pub use expected::{Differs, Expected, Figures};
pub use played::{Played, cardea_sim, passkey_key};
pub use suite::{Outcome, Record, device_tests, python};
