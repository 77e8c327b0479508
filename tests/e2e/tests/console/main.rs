//! The administrators' console, by its forms.

mod access;
mod guide;
mod people;
mod providers;
mod support;
mod tenants;
mod test_provider;
