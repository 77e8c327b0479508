//! The account page: what a signed-in person sees and changes.

pub(crate) mod change;
pub(crate) mod computers;
pub(crate) mod events;
pub(crate) mod model;
pub(crate) mod page;
pub(crate) mod rename;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod sign_out;
