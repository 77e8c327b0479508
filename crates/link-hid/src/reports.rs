use std::io;
use std::time::Duration;

/// Length of a report either way. The keys that exist have no other.
pub const REPORT_SIZE: usize = 64;

/// What goes over the wire at once.
pub type Report = [u8; REPORT_SIZE];

/// The wire to one key: reports out, reports in, in order. Other programs may hold a wire to the
/// same key; each of them reads every report that the key sends.
pub trait Reports: Send {
    /// Sends a report. Blocks for a second at most.
    ///
    /// # Errors
    ///
    /// See [`ReportError`].
    fn write(&mut self, report: &Report) -> Result<(), ReportError>;

    /// Waits for a report; `None` when none came within `timeout`.
    ///
    /// # Errors
    ///
    /// See [`ReportError`].
    fn read(&mut self, timeout: Duration) -> Result<Option<Report>, ReportError>;
}

/// Why the wire does not work.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The key was unplugged.
    #[error("key is gone")]
    Gone(#[source] io::Error),
    /// Anything else.
    #[error("cannot exchange reports with the key")]
    Io(#[source] io::Error),
}
