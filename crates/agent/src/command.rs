//! The commands, one file each.

pub(crate) mod devices;
pub(crate) mod doctor;
pub(crate) mod open;
pub(crate) mod pair;
pub(crate) mod pinentry;
pub(crate) mod run;
pub(crate) mod status;
mod table;
