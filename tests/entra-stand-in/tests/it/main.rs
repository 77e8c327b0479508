//! What Entra refuses, the stand-in refuses; what Entra sends, it sends.

mod authorize;
mod control;
mod faults;
mod fixture;
mod id_tokens;
mod metadata;
mod portal;
mod program;
mod sign_in;
mod sign_out;
mod token;
