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

/// One of them, as long as it is in use. All that it reads is as of one moment, in one transaction: to take
/// the locks of a statement costs more than to find a row, so they are taken once.
pub(crate) struct Reader {
    readers: Arc<Readers>,
    /// Until it is given back.
    session: Option<Session>,
    /// Whether its transaction is open.
    began: bool,
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
        let (readers, session) = (Arc::clone(self), Some(session));
        Ok(Reader { readers, session, began: false, _one_of_few: one })
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
    /// The connection, in a transaction.
    pub(crate) fn session(&mut self) -> Result<&mut Session, StoreError> {
        let session = self.session.as_mut().ok_or(StoreError::Busy)?;
        if !self.began {
            session.run("BEGIN")?;
            self.began = true;
        }
        Ok(session)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Some(mut session) = self.session.take() else { return };
        // One that does not come out of its transaction would show the next what was then: it is closed.
        if !self.began || session.run("COMMIT").is_ok() {
            self.readers.idle().push(session);
        }
    }
}
