//! The one writer of an SQLite database, with group commit.
//!
//! Who wants to write queues for the connection. The first one begins a transaction; each of the
//! others writes inside a savepoint of their own. Who commits while others wait leaves the
//! transaction open for the next; the last one, or the one that fills the batch, commits for all.
//! Nobody is told "committed" before the commit that holds their work. After it, a long log is moved
//! into the file.
//!
//! A batch cannot be stranded. Whoever leaves while others wait leaves it to them. Whoever leaves
//! while nobody waits has a task let those join who are on their way, and end the batch when nobody
//! has come. Whoever gives up as the last in the queue has a task do the same. Leaving waits for nothing,
//! so a caller that is cancelled cannot stop it half way; the commit, which waits for the disk, runs on a
//! thread of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::Instant;

use crate::StoreError;
use crate::sqlite::Session;

/// So many may share one commit: bounds how long the first of them waits for the last.
const BATCH: usize = 64;

/// So many may wait for their turn; more are turned away at once.
const QUEUE: usize = 1024;

/// How long a batch waits for another process that writes in the file, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(2);

/// So many rows written, and the log is moved into the file: the pages that many have changed are moved once.
/// A log that is longer costs all who read, and who starts after a power cut.
const ROWS_IN_LOG: u64 = 4096;

/// How long the moving of the log waits for those who read.
const PATIENCE_WITH_READERS: Duration = Duration::from_millis(20);

pub(crate) struct Writer {
    line: Arc<Mutex<Line>>,
    waiting: AtomicUsize,
    commits: AtomicU64,
    runtime: Handle,
}

/// What the one whose turn it is holds.
struct Line {
    /// Until it is closed.
    session: Option<Session>,
    /// Whether a transaction is open.
    began: bool,
    /// Turns taken in this batch.
    turns: usize,
    /// How many rows the connection had written when the log was last to be moved.
    written_then: u64,
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
    /// Takes over the only connection that writes. It must wait for no other process:
    /// [`Line::begin`] does.
    pub(crate) fn new(session: Session) -> Arc<Self> {
        let (session, members) = (Some(session), Vec::new());
        let line = Line { session, began: false, turns: 0, written_then: 0, members };
        Arc::new(Self {
            line: Arc::new(Mutex::new(line)),
            waiting: AtomicUsize::new(0),
            commits: AtomicU64::new(0),
            runtime: Handle::current(),
        })
    }

    /// Waits for a turn.
    pub(crate) async fn turn(self: &Arc<Self>) -> Result<Turn, StoreError> {
        let (asked, mut waiter) = (Instant::now(), Waiter::queue(self)?);
        let line = Arc::clone(&self.line).lock_owned().await;
        waiter.had_turn = true;
        drop(waiter);
        let mut turn = Turn { writer: Arc::clone(self), line: Some(line) };
        // From here on a cancelled caller drops the turn, and that cleans up behind it.
        turn.line()?.open(asked).await?;
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
    pub(crate) async fn close(self: &Arc<Self>) -> Result<(), StoreError> {
        let mut line = Arc::clone(&self.line).lock_owned().await;
        let writer = Arc::clone(self);
        let closed = self.runtime.spawn_blocking(move || {
            line.end_batch(&writer.commits);
            line.session.take().map_or(Ok(()), Session::close)
        });
        // Fails when the program ends meanwhile.
        closed.await.unwrap_or(Err(StoreError::Busy))
    }

    /// Commits the batch, on a thread that may wait for the disk.
    fn end_batch(self: &Arc<Self>, mut line: OwnedMutexGuard<Line>) -> JoinHandle<()> {
        let writer = Arc::clone(self);
        self.runtime.spawn_blocking(move || line.end_batch(&writer.commits))
    }

    /// Ends the batch when nobody waits who could go on with it, or when it is full.
    fn settle(self: &Arc<Self>, line: OwnedMutexGuard<Line>) {
        if line.began && (self.waiting() == 0 || line.turns >= BATCH) {
            // The task goes on by itself.
            drop(self.end_batch(line));
        }
    }

    /// The same once those are there who are on their way already: as long as others are at work, they
    /// go first. Where nobody is, that takes no time.
    fn settle_soon(self: &Arc<Self>, line: OwnedMutexGuard<Line>) {
        if !line.began || line.turns >= BATCH {
            return self.settle(line);
        }
        if self.waiting() > 0 {
            // The next one is there, and does the same.
            return;
        }
        drop(line);
        let writer = Arc::clone(self);
        self.runtime.spawn(async move {
            yield_now().await;
            let line = Arc::clone(&writer.line).lock_owned().await;
            writer.settle(line);
        });
    }

    /// Ends one turn, with somebody to tell when it is to be kept.
    fn leave(self: &Arc<Self>, mut line: OwnedMutexGuard<Line>, keep: Option<Member>) {
        line.leave(keep);
        self.settle_soon(line);
    }
}

impl Line {
    fn session(&mut self) -> Result<&mut Session, StoreError> {
        self.session.as_mut().ok_or(StoreError::Busy)
    }

    fn run(&mut self, statement: &'static str) -> Result<(), StoreError> {
        self.session()?.run(statement)
    }

    async fn open(&mut self, asked: Instant) -> Result<(), StoreError> {
        if self.began {
            self.run("SAVEPOINT turn")?;
        } else {
            self.begin(asked).await?;
            self.began = true;
        }
        self.turns = self.turns.saturating_add(1);
        Ok(())
    }

    /// Begins a transaction that may write, for who has asked for it then.
    async fn begin(&mut self, asked: Instant) -> Result<(), StoreError> {
        loop {
            match self.run("BEGIN IMMEDIATE") {
                Err(StoreError::Busy) if self.session.is_some() && asked.elapsed() < PATIENCE => {
                    tokio::time::sleep(LOOK).await;
                }
                begun => return begun,
            }
        }
    }

    /// Ends one turn, with somebody to tell when it is to be kept.
    fn leave(&mut self, keep: Option<Member>) {
        if !self.began {
            return;
        }
        let left = match (&keep, self.turns) {
            // The first has no savepoint: it costs a copy of each page that is changed, and until the
            // second comes the transaction is theirs alone.
            (Some(_), ..=1) => self.still_open(),
            (None, ..=1) => return self.undo(&StoreError::Spoiled),
            (Some(_), _) => self.run("RELEASE turn"),
            (None, _) => self.run("ROLLBACK TO turn").and_then(|()| self.run("RELEASE turn")),
        };
        self.members.extend(keep);
        if let Err(error) = left {
            // The engine has ended the transaction by itself, or it is in a state that nobody
            // knows: none of the batch is kept, and each member learns it.
            self.undo(&error);
        }
    }

    /// That the engine has not ended the transaction by itself, which a savepoint would have told: the next
    /// one's would begin another.
    fn still_open(&mut self) -> Result<(), StoreError> {
        let is_open = !self.session()?.connection().is_autocommit();
        if is_open { Ok(()) } else { Err(StoreError::Spoiled) }
    }

    /// Commits the batch, if one is open, and tells its members.
    fn end_batch(&mut self, commits: &AtomicU64) {
        if !self.began {
            return;
        }
        if self.members.is_empty() {
            return self.undo(&StoreError::Spoiled);
        }
        match self.run("COMMIT") {
            Ok(()) => {
                commits.fetch_add(1, Ordering::Relaxed);
                self.end(&Ok(()));
                self.move_log();
            }
            Err(error) => self.undo(&error),
        }
    }

    /// Moves what is in the log into the file, when it is much.
    fn move_log(&mut self) {
        let Some(session) = &mut self.session else { return };
        let written = session.written();
        if written.saturating_sub(self.written_then) >= ROWS_IN_LOG {
            self.written_then = written;
            // What cannot be moved now is moved with what comes.
            let _moved = session.move_log(PATIENCE_WITH_READERS);
        }
    }

    /// Undoes the batch and tells its members why.
    fn undo(&mut self, why: &StoreError) {
        // Fails when the engine has rolled back already, which is as good.
        let _gone = self.run("ROLLBACK");
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
                let line = Arc::clone(&writer.line).lock_owned().await;
                writer.settle(line);
            });
        }
    }
}

impl Turn {
    fn line(&mut self) -> Result<&mut Line, StoreError> {
        self.line.as_deref_mut().ok_or(StoreError::Spoiled)
    }

    pub(crate) fn session(&mut self) -> Result<&mut Session, StoreError> {
        self.line()?.session()
    }

    /// Gives the turn up because something was found taken; returns when whoever took it is
    /// there for all to see.
    pub(crate) async fn conflicted(&mut self) {
        if let Some(mut line) = self.line.take() {
            line.leave(None);
            // Fails only when the program ends meanwhile.
            let _ended = self.writer.end_batch(line).await;
        }
    }

    /// Keeps what was written; returns when it is on the disk.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        let line = self.line.take().ok_or(StoreError::Spoiled)?;
        let (tell, told) = oneshot::channel();
        self.writer.leave(line, Some(tell));
        // Nobody tells us when the program ends meanwhile.
        told.await.unwrap_or(Err(StoreError::Busy))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(line) = self.line.take() {
            self.writer.leave(line, None);
        }
    }
}
