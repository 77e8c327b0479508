//! What every endpoint shares: cookies, headers, errors, and who may call what.

pub(crate) mod access;
pub(crate) mod around;
pub(crate) mod body;
pub(crate) mod cookies;
pub(crate) mod cors;
pub(crate) mod headers;
pub(crate) mod origin;
pub(crate) mod page;
pub(crate) mod params;
pub(crate) mod peer;
pub(crate) mod problem;
pub(crate) mod problem_page;
pub(crate) mod tenant;
