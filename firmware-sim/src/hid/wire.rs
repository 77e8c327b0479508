//! What a key's reports go over.

use std::io;
use std::os::fd::BorrowedFd;

use super::packet::Report;

/// The way between a key and the programs that have it open.
pub(super) trait Wire: Send {
    /// The key is put in. Does nothing when it is in already.
    ///
    /// # Errors
    ///
    /// When the system does not take it.
    fn plug(&mut self) -> io::Result<()>;

    /// The key is out, and nobody has it open any more. Said again and again while it is out: who
    /// comes meanwhile is sent away.
    fn unplug(&mut self);

    /// What can be waited for: one is readable when there is something to hear.
    fn files(&self) -> Vec<BorrowedFd<'_>>;

    /// What was said to the key, at most one report of each program, so that they take turns.
    fn hear(&mut self) -> Vec<Report>;

    /// Says something to everybody. Who does not read loses what does not fit, as with a real node.
    fn tell(&mut self, reports: &[Report]);
}
