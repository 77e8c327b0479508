//! The HTTP server of Cardea: doors, the hallway's pages, exits, agents and the console.
//!
//! The module tree is the URL tree: one endpoint, one file. `app.rs` is the table of contents.
//! Everything that decides about a login is in the crate `login`; this crate carries it out.

mod account;
mod admin;
mod agents;
mod app;
mod authorities;
mod card_step;
pub mod cli;
mod config;
mod doors;
mod entropy;
mod exits;
mod hallway;
mod health;
mod help;
mod http;
mod limits;
mod listen;
mod logout_notices;
mod oidc;
mod overage;
mod owner;
pub mod pages;
mod paths;
mod quiet;
mod registration;
mod signing;
mod start;
mod statics;
mod sweep;
mod tabs;
#[cfg(test)]
mod test_app;
#[cfg(test)]
mod test_rows;
mod trail;

pub use app::{App, router, table};
pub use authorities::fetch::fetch_due;
pub use config::{Bounds, Cloud, Config, ConfigError, DatabaseUrl, Entra, Oidc, Tls, X509};
pub use http::access::{Access, RouteInfo};
pub use listen::{serve, serve_within};
pub use logout_notices::{tell_as_they_come, tell_due};
pub use owner::OwnerError;
pub use signing::roll_keys;
pub use start::{OPERATORS, StartError, invite, open};
pub use sweep::sweep_all;
