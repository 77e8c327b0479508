use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::Session;
use crate::StoreError;

/// Connections that read.
const MOST: u8 = 4;

/// How long a request waits for a connection before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(3);

/// The connections that read a file, opened as they are needed.
pub(crate) struct Readers {
    path: PathBuf,
    patience: Duration,
    idle: Mutex<Vec<Session>>,
    free: Arc<Semaphore>,
}

/// One of them, as long as it is in use.
pub(crate) struct Reader {
    readers: Arc<Readers>,
    /// Until it is given back.
    session: Option<Session>,
    _one_of_few: OwnedSemaphorePermit,
}

impl Readers {
    /// Those of a file. `patience`: as in [`Session::reader`].
    pub(crate) fn new(path: &Path, patience: Duration) -> Arc<Self> {
        let free = Arc::new(Semaphore::new(MOST.into()));
        Arc::new(Self { path: path.to_owned(), patience, idle: Mutex::default(), free })
    }

    /// Takes one that is free.
    pub(crate) async fn take(self: &Arc<Self>) -> Result<Reader, StoreError> {
        let one = timeout(PATIENCE, Arc::clone(&self.free).acquire_owned()).await;
        let one = one.map_err(|_| StoreError::Busy)?.map_err(|_| StoreError::Busy)?;
        let idle = self.idle().pop();
        let session = match idle {
            Some(session) => session,
            None => Session::reader(&self.path, self.patience)?,
        };
        Ok(Reader { readers: Arc::clone(self), session: Some(session), _one_of_few: one })
    }

    /// Closes them, once those in use are given back.
    pub(crate) async fn close(&self) {
        // Fails when they are closed already.
        let _all = self.free.acquire_many(MOST.into()).await;
        self.free.close();
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    pub(crate) fn session(&mut self) -> Result<&mut Session, StoreError> {
        self.session.as_mut().ok_or(StoreError::Busy)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.readers.idle().extend(self.session.take());
    }
}
