//! The one writer of an SQLite database, with group commit.
//!
//! Who wants to write queues for the connection. The first one begins a transaction; each writes
//! inside a savepoint of their own. Who commits while others wait releases the savepoint and
//! leaves the transaction open for the next; the last one, or the one that fills the batch,
//! commits for all. Nobody is told "committed" before the commit that holds their work.
//!
//! A batch cannot be stranded: whoever leaves, by commit, by drop or by giving up in the queue,
//! looks whether somebody is still waiting, and ends the batch when nobody is. Leaving runs in a
//! task of its own, so that a caller that is cancelled cannot stop it half way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use sqlx::{Connection, Executor, SqliteConnection};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use crate::StoreError;

/// So many may share one commit: bounds how long the first of them waits for the last.
const BATCH: usize = 64;

/// So many may wait for their turn; more are turned away at once.
const QUEUE: usize = 1024;

pub(crate) struct Writer {
    line: Arc<Mutex<Line>>,
    waiting: AtomicUsize,
    commits: AtomicU64,
    runtime: Handle,
}

/// What the one whose turn it is holds.
struct Line {
    /// Until it is closed.
    connection: Option<SqliteConnection>,
    /// Whether a transaction is open, or may be.
    began: bool,
    /// Turns taken in this batch.
    turns: usize,
    /// Whom to tell how the batch ends.
    members: Vec<Member>,
}

type Member = oneshot::Sender<Result<(), StoreError>>;

/// A place in the queue. Whoever leaves it without having had a turn may have been the one for
/// whom the batch was left open.
struct Waiter {
    writer: Arc<Writer>,
    had_turn: bool,
}

/// The turn to write. Dropped without [`Turn::commit`], all that was written in it is undone.
pub(crate) struct Turn {
    writer: Arc<Writer>,
    line: Option<OwnedMutexGuard<Line>>,
}

impl Writer {
    /// Takes over the only connection that writes.
    pub(crate) fn new(connection: SqliteConnection) -> Arc<Self> {
        let line =
            Line { connection: Some(connection), began: false, turns: 0, members: Vec::new() };
        Arc::new(Self {
            line: Arc::new(Mutex::new(line)),
            waiting: AtomicUsize::new(0),
            commits: AtomicU64::new(0),
            runtime: Handle::current(),
        })
    }

    /// Waits for a turn.
    pub(crate) async fn turn(self: &Arc<Self>) -> Result<Turn, StoreError> {
        let mut waiter = Waiter::queue(self)?;
        let line = Arc::clone(&self.line).lock_owned().await;
        waiter.had_turn = true;
        drop(waiter);
        let mut turn = Turn { writer: Arc::clone(self), line: Some(line) };
        // From here on a cancelled caller drops the turn, and that cleans up behind it.
        turn.line()?.open().await?;
        Ok(turn)
    }

    /// Transactions that were committed, each with one wait for the disk.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Those who wait for a turn.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Ends the batch that is open and closes the connection. The last one that closes moves the
    /// log into the database file and removes it, so that a copy of that file alone is whole.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        let mut line = self.line.lock().await;
        line.end_batch(&self.commits).await;
        match line.connection.take() {
            Some(connection) => Ok(connection.close().await?),
            None => Ok(()),
        }
    }

    /// Ends a turn in which something was found taken, and the batch with it: the one who took
    /// it may be a member, and who looks again must find what they wrote.
    async fn conflicted(&self, mut line: OwnedMutexGuard<Line>) {
        line.leave(None).await;
        line.end_batch(&self.commits).await;
    }

    /// Ends the batch when nobody waits who could go on with it, or when it is full.
    async fn settle(&self, line: &mut Line) {
        if self.waiting() == 0 || line.turns >= BATCH {
            line.end_batch(&self.commits).await;
        }
    }

    /// Ends one turn, with somebody to tell when it is to be kept.
    async fn leave(&self, mut line: OwnedMutexGuard<Line>, keep: Option<Member>) {
        line.leave(keep).await;
        self.settle(&mut line).await;
    }
}

impl Line {
    async fn execute(&mut self, statement: &'static str) -> Result<(), StoreError> {
        self.connection()?.execute(statement).await?;
        Ok(())
    }

    fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        self.connection.as_mut().ok_or(StoreError::Busy)
    }

    async fn open(&mut self) -> Result<(), StoreError> {
        if !self.began {
            self.began = true;
            if let Err(error) = self.execute("BEGIN IMMEDIATE").await {
                self.undo(&error).await;
                return Err(error);
            }
        }
        self.turns = self.turns.saturating_add(1);
        self.execute("SAVEPOINT turn").await?;
        Ok(())
    }

    /// Ends one turn's savepoint, with somebody to tell when it is to be kept.
    async fn leave(&mut self, keep: Option<Member>) {
        let how = if keep.is_some() { "RELEASE turn" } else { "ROLLBACK TO turn; RELEASE turn" };
        let left = self.execute(how).await;
        self.members.extend(keep);
        if let Err(error) = left {
            // The engine has ended the transaction by itself, or it is in a state that nobody
            // knows: none of the batch is kept, and each member learns it.
            self.undo(&error).await;
        }
    }

    /// Commits the batch, if one is open, and tells its members.
    async fn end_batch(&mut self, commits: &AtomicU64) {
        if !self.began {
            return;
        }
        if self.members.is_empty() {
            return self.undo(&StoreError::Spoiled).await;
        }
        match self.execute("COMMIT").await {
            Ok(()) => {
                commits.fetch_add(1, Ordering::Relaxed);
                self.end(&Ok(()));
            }
            Err(error) => self.undo(&error).await,
        }
    }

    /// Undoes the batch and tells its members why.
    async fn undo(&mut self, why: &StoreError) {
        // Fails when the engine has rolled back already, which is as good.
        let _gone = self.execute("ROLLBACK").await;
        self.end(&Err(why.clone()));
    }

    fn end(&mut self, outcome: &Result<(), StoreError>) {
        self.began = false;
        self.turns = 0;
        for member in self.members.drain(..) {
            // Who was cancelled meanwhile does not want to know.
            let _cancelled = member.send(outcome.clone());
        }
    }
}

impl Waiter {
    fn queue(writer: &Arc<Writer>) -> Result<Self, StoreError> {
        let before = writer.waiting.fetch_add(1, Ordering::SeqCst);
        let waiter = Self { writer: Arc::clone(writer), had_turn: false };
        if before < QUEUE { Ok(waiter) } else { Err(StoreError::Busy) }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let before = self.writer.waiting.fetch_sub(1, Ordering::SeqCst);
        if !self.had_turn && before == 1 {
            let writer = Arc::clone(&self.writer);
            self.writer.runtime.spawn(async move {
                let mut line = writer.line.lock().await;
                writer.settle(&mut line).await;
            });
        }
    }
}

impl Turn {
    fn line(&mut self) -> Result<&mut Line, StoreError> {
        self.line.as_deref_mut().ok_or(StoreError::Spoiled)
    }

    pub(crate) fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        self.line()?.connection()
    }

    /// Gives the turn up because something was found taken; returns when whoever took it is
    /// there for all to see.
    pub(crate) async fn conflicted(&mut self) {
        if let Some(line) = self.line.take() {
            let writer = Arc::clone(&self.writer);
            let left = self.writer.runtime.spawn(async move { writer.conflicted(line).await });
            // Fails only when the program ends meanwhile.
            let _ended = left.await;
        }
    }

    /// Keeps what was written; returns when it is on the disk.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        let line = self.line.take().ok_or(StoreError::Spoiled)?;
        let (tell, told) = oneshot::channel();
        let writer = Arc::clone(&self.writer);
        self.writer.runtime.spawn(async move { writer.leave(line, Some(tell)).await });
        // Nobody tells us when the program ends meanwhile.
        told.await.unwrap_or(Err(StoreError::Busy))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(line) = self.line.take() {
            let writer = Arc::clone(&self.writer);
            self.writer.runtime.spawn(async move { writer.leave(line, None).await });
        }
    }
}
