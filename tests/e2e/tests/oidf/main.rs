//! The modules of the OpenID Foundation's conformance plans for providers, under the names that they have
//! there: a module `oidcc-prompt-login` is the test `oidcc_prompt_login` of its plan, and asserts what the
//! module does. `plans.json` is the list; no module of it can be left out, see [`list`].
//!
//! What the Foundation's suite has a person judge by a picture, such as an error page, is judged here by
//! the page's text. Applications are registered by an administrator: that is its variant `static_client`.
//! A module that does not exist in that variant, or is about what is not supported, asserts the refusal.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what goes wrong here is a red test"
)]

mod agent;
mod client;
mod list;
mod modules;
mod place;
mod plans;
mod tokens;
