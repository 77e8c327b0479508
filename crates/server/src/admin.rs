//! The console: what administrators see and change.

pub(crate) mod home;
pub(crate) mod invite;
pub(crate) mod session;

use crate::http::access::Routes;

/// The console's routes. Every one of them asks for an administrator's session.
pub(crate) fn routes() -> Routes {
    Routes::new()
}
