//! "Test this provider": a real round trip that imports nothing.

mod checks;
pub(crate) mod page;
mod report;
pub(crate) mod result;
mod run;
mod sealed;
pub(crate) mod start;
