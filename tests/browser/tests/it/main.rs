//! What people do in a browser, with the real server, the stand-in for Entra, and a virtual key.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what goes wrong here is a red test"
)]

mod account;
mod agent;
mod cards;
mod console;
mod expiry;
mod gallery;
mod guide;
mod keyboard;
mod layout;
mod links;
mod refusals;
mod sign_in;
mod steps;
mod tabs;
mod without_script;
