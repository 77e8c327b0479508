//! What a device may say, however wrong, and what an agent says of smart cards: one function per
//! parser, which panics when the parser does something that it must not. `cargo xtask fuzz TARGET` looks for such input;
//! `corpus/` keeps what was found and what real devices say, and the tests replay it, and a few
//! thousand changed forms of it.
//!
//! A new target is a function here, a line in [`TARGETS`], a program in `src/bin` and a folder in
//! `corpus`.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "what is found is told by panicking"
)]

mod apdu;
mod certificate;
mod ctap2;
mod ctaphid;
mod frames;
mod person;

pub use apdu::apdu;
pub use certificate::{Come, EXPECTED, NOW, certificate, judged};
pub use ctap2::{ceremony, ctap2};
pub use ctaphid::{NONCE, ctaphid};
pub use frames::framed;

/// Takes any input, and panics when it finds something wrong.
pub type Target = fn(&[u8]);

/// The targets by name.
pub const TARGETS: &[(&str, Target)] =
    &[("apdu", apdu), ("certificate", certificate), ("ctap2", ctap2), ("ctaphid", ctaphid)];
