//! The smart card service, as far as the monitor needs it.

use std::ffi::CString;
use std::time::Duration;

use pcsc::{Context, Error, ReaderState, Scope};

/// Makes connections to the service.
pub(crate) trait Service: Send + Sync + 'static {
    type Connection: Connection;

    fn connect(&self) -> Result<Self::Connection, Error>;
}

/// A connection. It serves one call at a time, but for `cancel`; clones are the same one.
pub(crate) trait Connection: Clone + Send + 'static {
    /// Names of the readers that are there.
    fn names(&self) -> Result<Vec<CString>, Error>;

    /// Waits until a reader is in another state than in `states`; or until one has come or gone
    /// since the wait *began*, where [`pcsc::PNP_NOTIFICATION`] is among them.
    fn wait(&self, limit: Duration, states: &mut [ReaderState]) -> Result<(), Error>;

    /// Ends a wait. One that has not begun does not hear of it.
    fn cancel(&self);
}

/// PC/SC.
pub(crate) struct Pcsc;

impl Service for Pcsc {
    type Connection = Context;

    fn connect(&self) -> Result<Context, Error> {
        Context::establish(Scope::User)
    }
}

impl Connection for Context {
    fn names(&self) -> Result<Vec<CString>, Error> {
        match self.list_readers_owned() {
            Err(Error::NoReadersAvailable) => Ok(Vec::new()),
            names => names,
        }
    }

    fn wait(&self, limit: Duration, states: &mut [ReaderState]) -> Result<(), Error> {
        self.get_status_change(limit, states)
    }

    fn cancel(&self) {
        // Fails when the service is gone; then the wait finds that out by itself.
        let _ = Self::cancel(self);
    }
}
