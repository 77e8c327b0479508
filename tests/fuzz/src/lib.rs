//! What a device may say, however wrong, what a smart card's module may, what an agent says of smart
//! cards, what is posted in Entra's name, and what applications and their browsers send: one function per parser, which panics when the parser
//! does something that it must not. `cargo xtask fuzz TARGET` looks for such input; `corpus/` keeps
//! what was found and what real devices say, and the tests replay it, and a few thousand changed
//! forms of it.
//!
//! A new target is a function here, a line in [`TARGETS`], a program in `src/bin` and a folder in
//! `corpus`.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what is found is told by panicking"
)]

mod apdu;
mod certificate;
mod ctap2;
mod ctaphid;
mod eam;
mod frames;
mod openid;
mod person;
mod pkcs11_child;

pub use apdu::apdu;
pub use certificate::{Come, EXPECTED, NOW, certificate, judged};
pub use ctap2::{ceremony, ctap2, errand, what_is_passed_on};
pub use ctaphid::{NONCE, ctaphid};
pub use eam::{Asked, CLIENT_ID, DIRECTORY, asked, eam, key as eam_key};
pub use frames::framed;
pub use openid::{Served, issuer as openid_issuer, key as openid_key, openid, served};
pub use pkcs11_child::{pkcs11_child, understood};

/// Takes any input, and panics when it finds something wrong.
pub type Target = fn(&[u8]);

/// The targets by name.
pub const TARGETS: &[(&str, Target)] = &[
    ("apdu", apdu),
    ("certificate", certificate),
    ("ctap2", ctap2),
    ("ctaphid", ctaphid),
    ("pkcs11-child", pkcs11_child),
    ("eam", eam),
    ("openid", openid),
];
