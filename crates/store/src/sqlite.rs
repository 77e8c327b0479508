//! SQLite, called where it is needed (`docs/adr/0020`).
//!
//! A statement on pages that are in memory takes some microseconds: less than to hand it to another
//! thread and back. So it runs on the thread of whoever needs it. What waits for the disk, the commit of
//! a batch, runs on a thread of its own.

mod migrate;
mod readers;
mod session;

pub(crate) use migrate::migrate;
pub(crate) use readers::{Reader, Readers};
pub(crate) use session::{Cells, Session};
