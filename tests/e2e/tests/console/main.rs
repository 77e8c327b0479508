//! The administrators' console, by its forms.
#![expect(
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::items_after_statements,
    clippy::panic,
    clippy::similar_names,
    clippy::unwrap_used,
    reason = "what goes wrong here is a red test"
)]

mod access;
mod fresh;
mod groups;
mod people;
mod providers;
mod support;
mod tenants;
mod test_provider;
