//! Kills the server at each moment that counts, and judges what is left.
//!
//! The server is a process under `strace`, which sends SIGKILL at the n-th call that waits for the
//! disk, or at the n-th that sends something, before the call is made; for each system call by its
//! name, and for every n from the first until the flow completes. Each [`Story`] has its own flow: a
//! first sign-in with enrolment and a second one; or one by a link, whose answer waits until its browser
//! has come back. Afterwards the server starts again, the [`judge`] looks at the database and at what the
//! client was told, what was under way goes on as far as it can, and the person signs in once more.
//!
//! strace counts the calls of each thread apart. On SQLite one thread makes all of a name, so each is
//! hit, 24 in all, in about a minute. On PostgreSQL, where there are some hundreds of sends, the n-th
//! call is that of the thread which comes to n first: while the starting thread has some left, the
//! worker's of the same number are not hit.
//!
//! What a killed process wrote stays in the kernel's cache: this finds wrong orders and half
//! states, not what a power cut loses.

mod desk;
mod evidence;
pub mod judge;
mod story;
mod sweep;

pub use evidence::Evidence;
pub use story::{ByLink, InBrowser, Story};
pub use sweep::{Outcome, SENDS, SYNCS, Sweep, Threads};

/// What goes wrong in a test itself.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
