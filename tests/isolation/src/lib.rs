//! Turns the router's table of routes into calls by every kind of caller: nobody, somebody half
//! signed in, a person of another tenant, a person who is no administrator, cookies in each other's
//! places, and administrators of the console with and without their card.
//!
//! It judges nothing; the tests do. The list of routes is the server's own, so that a new route
//! is called without anybody thinking of it.

mod calls;
mod cast;

pub use calls::{Call, Origin, Shape, calls};
pub use cast::{Cast, PRINCIPALS, Principal};
