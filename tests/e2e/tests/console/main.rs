//! The administrators' console, by its forms.
#![expect(
    clippy::as_conversions,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what goes wrong here is a red test"
)]

mod access;
mod audit;
mod clients;
mod external_mfa;
mod fresh;
mod graph;
mod groups;
mod help;
mod invitation;
mod linking;
mod people;
mod providers;
mod sick_provider;
mod smart_cards;
mod support;
mod tenants;
mod test_provider;
