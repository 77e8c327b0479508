//! What Entra refuses, the stand-in refuses; what Entra sends, it sends.

#![expect(
    clippy::default_trait_access,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what sets a test up fails the test when it fails"
)]

mod application;
mod authorize;
mod control;
mod external;
mod faults;
mod fixture;
mod graph;
mod id_tokens;
mod metadata;
mod portal;
mod program;
mod sign_in;
mod sign_out;
mod token;
