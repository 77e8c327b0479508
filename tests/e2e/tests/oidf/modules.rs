//! What each module does, by the standard's own chapters.

pub(crate) mod back_channel;
pub(crate) mod claims;
pub(crate) mod discovery;
pub(crate) mod flow;
pub(crate) mod grants;
pub(crate) mod hints;
pub(crate) mod logout;
pub(crate) mod request_objects;
pub(crate) mod sessions;
