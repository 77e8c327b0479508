//! Work that many ask for at once, done once for all who wait (`docs/adr/0019`, `0025`).
//!
//! Who asks while such work is under way waits for the next round of it: nobody is given what was looked
//! at before they asked, and nobody is told "done" before it is. Alone, one asks and is served at once.
//!
//! A round runs in a task of its own, so that an asker who is cancelled cannot stop it half way. If that
//! task ends early, with its runtime or by a panic, all who wait are told [`StoreError::Busy`].

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::task::yield_now;

use crate::StoreError;

/// So many share one round: bounds how long the first of them waits for the last.
const MOST: usize = 128;

/// So many may wait under one key; more are turned away at once.
const QUEUE: usize = 1024;

type Tell<O> = oneshot::Sender<Result<O, StoreError>>;

type Asker<I, O> = (I, Tell<O>);

/// Those who wait, by what they ask for. A key stands here as long as somebody works for it.
pub(crate) struct Together<K, I, O>(Mutex<HashMap<K, Vec<Asker<I, O>>>>);

impl<K, I, O> Default for Together<K, I, O> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K, I, O> Together<K, I, O>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    I: Send + 'static,
    O: Send + 'static,
{
    /// Gives `item` to the next round of `work` for this key, and waits for what comes of it. `work` of
    /// whoever comes first does the rounds; all bring the same. Its answers stand in the order of the items,
    /// one for each.
    ///
    /// # Errors
    ///
    /// What `work` fails with; [`StoreError::Busy`] when too many wait, when its task ends early, or where it
    /// has left out an answer.
    pub(crate) async fn ask<W, F>(
        self: &Arc<Self>,
        key: K,
        item: I,
        work: W,
    ) -> Result<O, StoreError>
    where
        W: Fn(Vec<I>) -> F + Send + 'static,
        F: Future<Output = Result<Vec<O>, StoreError>> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        if self.join(&key, (item, tell))? {
            let rounds = Rounds { of: Arc::clone(self), key, cut_off: true };
            tokio::spawn(async move { rounds.run(work).await });
        }
        told.await.unwrap_or(Err(StoreError::Busy))
    }

    /// Joins those who wait; whether somebody must begin to work for them.
    fn join(&self, key: &K, asker: Asker<I, O>) -> Result<bool, StoreError> {
        let mut all = self.lock();
        match all.get_mut(key) {
            Some(waiting) if waiting.len() < QUEUE => {
                waiting.push(asker);
                Ok(false)
            }
            Some(_) => Err(StoreError::Busy),
            None => {
                all.insert(key.clone(), vec![asker]);
                Ok(true)
            }
        }
    }

    /// Those of the next round; with nobody left, nobody works for this key any more.
    fn next(&self, key: &K) -> Option<Vec<Asker<I, O>>> {
        let mut all = self.lock();
        let waiting = all.get_mut(key)?;
        if waiting.is_empty() {
            all.remove(key);
            return None;
        }
        let rest = waiting.split_off(waiting.len().min(MOST));
        Some(std::mem::replace(waiting, rest))
    }
}

impl<K, I, O> Together<K, I, O> {
    /// How many wait for the next round.
    pub(crate) fn waiting(&self, key: &K) -> usize
    where
        K: Eq + Hash,
    {
        self.lock().get(key).map_or(0, Vec::len)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Vec<Asker<I, O>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who works for a key.
struct Rounds<K: Eq + Hash, I, O> {
    of: Arc<Together<K, I, O>>,
    key: K,
    /// Until the last round is done.
    cut_off: bool,
}

impl<K, I, O> Rounds<K, I, O>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    I: Send + 'static,
    O: Send + 'static,
{
    async fn run<W, F>(mut self, work: W)
    where
        W: Fn(Vec<I>) -> F,
        F: Future<Output = Result<Vec<O>, StoreError>>,
    {
        loop {
            self.gather().await;
            let Some(askers) = self.of.next(&self.key) else { break };
            let (items, tell): (Vec<I>, Vec<_>) = askers.into_iter().unzip();
            answer(tell, work(items).await);
        }
        self.cut_off = false;
    }

    /// Lets those join who are on their way already: as long as more do, the others go first. Where nobody
    /// else is at work, that takes no time.
    async fn gather(&self) {
        let (mut waiting, mut next) = (0, self.of.waiting(&self.key));
        while waiting < next && next < MOST {
            waiting = next;
            yield_now().await;
            next = self.of.waiting(&self.key);
        }
    }
}

/// Tells each asker of a round what came of it. Who was cancelled meanwhile does not want to know.
fn answer<O>(tell: Vec<Tell<O>>, outcome: Result<Vec<O>, StoreError>) {
    match outcome {
        Ok(outcomes) => {
            for (asker, outcome) in tell.into_iter().zip(outcomes) {
                let _cancelled = asker.send(Ok(outcome));
            }
        }
        Err(error) => {
            for asker in tell {
                let _cancelled = asker.send(Err(error.clone()));
            }
        }
    }
}

impl<K: Eq + Hash, I, O> Drop for Rounds<K, I, O> {
    fn drop(&mut self) {
        // Nobody would work for those who wait, nor for those who come. After the last round nobody waits,
        // and perhaps somebody else works already.
        if self.cut_off {
            self.of.lock().remove(&self.key);
        }
    }
}
