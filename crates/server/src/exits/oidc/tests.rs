//! The endpoints for applications, through the router, with codes that the test seals itself.

mod at_once;
mod by_key;
mod good;
mod refused;
mod revoked;
mod slow;
mod taken_away;
