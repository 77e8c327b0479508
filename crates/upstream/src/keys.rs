//! The cache of key sets.
//!
//! Keyed by the address of the set and by nothing else: what stands in it depends on that alone,
//! so a tenant that claims another's issuer with keys of its own gets its own entry.
//!
//! Kept for a day, asked for again after an hour while the old ones serve, and when a
//! token names a key that is not there, at most every five minutes. One request at a time per set;
//! whoever comes meanwhile shares its result, unless that is that time ran out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jose::{KeySet, NumericDate};
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};
use tokio::time::timeout;
use url::Url;

use crate::UpstreamError;
use crate::fetch::Fetcher;

/// From this age on, in seconds, keys are asked for again while they serve.
const REFRESH_AFTER: i64 = 60 * 60;
/// Keys of this age, in seconds, serve no more: a key that was withdrawn must end some day.
const END_AFTER: i64 = 24 * 60 * 60;
/// At most so often, in seconds, does an unknown key make us ask (Microsoft's figure).
const UNKNOWN_KEY_FLOOR: i64 = 5 * 60;
/// At most so often, in seconds, is an old set asked for again while that fails.
const RETRY_FLOOR: i64 = 60;
/// Key sets that are remembered.
const MAX_SETS: usize = 4096;

pub(crate) struct KeyCache {
    fetcher: Arc<Fetcher>,
    deadline: Duration,
    sets: Mutex<HashMap<Url, Arc<Set>>>,
}

/// One key set.
#[derive(Default)]
struct Set {
    held: Mutex<Held>,
    /// Whoever holds it fetches.
    turn: Arc<Turn<()>>,
}

#[derive(Default)]
struct Held {
    keys: Option<(Arc<KeySet>, NumericDate)>,
    /// The last attempt: when, and what became of it.
    last: Option<(NumericDate, Result<(), UpstreamError>)>,
    /// Number of attempts that have ended.
    attempts: u64,
    /// When an unknown key last made us ask.
    unknown_key_at: Option<NumericDate>,
    used_at: Option<NumericDate>,
}

impl Held {
    /// Keys that still serve, and whether they are young.
    fn serving(&self, now: NumericDate) -> Option<(Arc<KeySet>, bool)> {
        let (keys, fetched_at) = self.keys.as_ref()?;
        // A clock that went back makes keys neither young for ever nor useless.
        let age = now.since(*fetched_at).saturating_abs();
        (age < END_AFTER).then(|| (keys.clone(), age < REFRESH_AFTER))
    }

    fn may_retry(&self, now: NumericDate) -> bool {
        self.last.as_ref().is_none_or(|(at, _)| now.since(*at).saturating_abs() >= RETRY_FLOOR)
    }

    /// Whether the last attempt got no answer in time. It began before whoever waited for it, so
    /// that says little about now.
    fn ran_out(&self) -> bool {
        matches!(self.last, Some((_, Err(UpstreamError::Deadline))))
    }

    fn may_ask_for_unknown_key(&self, now: NumericDate) -> bool {
        let since = |at: NumericDate| now.since(at).saturating_abs();
        self.unknown_key_at.is_none_or(|at| since(at) >= UNKNOWN_KEY_FLOOR)
    }
}

impl KeyCache {
    pub(crate) fn new(fetcher: Arc<Fetcher>, deadline: Duration) -> Self {
        Self { fetcher, deadline, sets: Mutex::default() }
    }

    /// The keys at `url`.
    pub(crate) async fn current(
        &self,
        url: &Url,
        now: NumericDate,
    ) -> Result<Arc<KeySet>, UpstreamError> {
        // Waiting for somebody else's fetch and fetching: both before the one deadline.
        let keys = timeout(self.deadline, self.current_unhurried(url, now)).await;
        keys.unwrap_or(Err(UpstreamError::Deadline))
    }

    /// Newer keys than `used`, which lack the key that a token names; the same ones when they were
    /// asked for less than five minutes ago.
    pub(crate) async fn newer_than(
        &self,
        used: &Arc<KeySet>,
        url: &Url,
        now: NumericDate,
    ) -> Result<Arc<KeySet>, UpstreamError> {
        let keys = timeout(self.deadline, self.newer_unhurried(used, url, now)).await;
        keys.unwrap_or(Err(UpstreamError::Deadline))
    }

    async fn current_unhurried(
        &self,
        url: &Url,
        now: NumericDate,
    ) -> Result<Arc<KeySet>, UpstreamError> {
        let set = self.set(url, now);
        let (serving, attempts, may_retry) = {
            let held = set.held();
            (held.serving(now), held.attempts, held.may_retry(now))
        };
        match serving {
            Some((keys, true)) => Ok(keys),
            Some((keys, false)) => {
                if let Ok(turn) = set.turn.clone().try_lock_owned()
                    && may_retry
                {
                    drop(self.fetch(&set, url, now, turn));
                }
                Ok(keys)
            }
            None => {
                let turn = set.turn.clone().lock_owned().await;
                let nobody_asked = set.held().attempts == attempts;
                if nobody_asked || set.held().ran_out() {
                    self.fetch(&set, url, now, turn).await;
                }
                set.outcome(now)
            }
        }
    }

    async fn newer_unhurried(
        &self,
        used: &Arc<KeySet>,
        url: &Url,
        now: NumericDate,
    ) -> Result<Arc<KeySet>, UpstreamError> {
        let set = self.set(url, now);
        let turn = set.turn.clone().lock_owned().await;
        let ask = {
            let mut held = set.held();
            let replaced = held.keys.as_ref().is_some_and(|(keys, _)| !Arc::ptr_eq(keys, used));
            let ask = !replaced && held.may_ask_for_unknown_key(now);
            if ask {
                held.unknown_key_at = Some(now);
            }
            ask
        };
        if ask {
            self.fetch(&set, url, now, turn).await;
        }
        set.held().serving(now).map(|(keys, _)| keys).ok_or(UpstreamError::Unreachable)
    }

    /// Fetches in a task of its own: a browser that goes away must not end what others wait for.
    fn fetch(
        &self,
        set: &Arc<Set>,
        url: &Url,
        now: NumericDate,
        turn: OwnedMutexGuard<()>,
    ) -> impl Future<Output = ()> + use<> {
        let (fetcher, set, url) = (self.fetcher.clone(), set.clone(), url.clone());
        let task = tokio::spawn(async move {
            let answer = fetcher.get(&url).await;
            let keys = answer.and_then(|body| Ok(KeySet::parse(&body)?));
            if let Err(error) = &keys {
                tracing::warn!(%url, %error, "cannot fetch the keys of an upstream");
            }
            set.record(keys, now);
            drop(turn);
        });
        async move {
            // The task cannot fail but by the end of the runtime; then nobody waits.
            task.await.unwrap_or_default();
        }
    }

    fn set(&self, url: &Url, now: NumericDate) -> Arc<Set> {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        if sets.len() >= MAX_SETS && !sets.contains_key(url) {
            let oldest = sets.iter().min_by_key(|(_, set)| set.held().used_at);
            if let Some(oldest) = oldest.map(|(url, _)| url.clone()) {
                sets.remove(&oldest);
            }
        }
        let set = sets.entry(url.clone()).or_default().clone();
        set.held().used_at = Some(now);
        set
    }
}

impl Set {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, keys: Result<KeySet, UpstreamError>, now: NumericDate) {
        let mut held = self.held();
        held.attempts = held.attempts.wrapping_add(1);
        held.last = Some((now, keys.as_ref().map(|_| ()).map_err(UpstreamError::clone)));
        // After a failure the last good keys go on serving.
        if let Ok(keys) = keys {
            held.keys = Some((Arc::new(keys), now));
        }
    }

    /// What the last attempt left.
    fn outcome(&self, now: NumericDate) -> Result<Arc<KeySet>, UpstreamError> {
        let held = self.held();
        match (held.serving(now), &held.last) {
            (Some((keys, _)), _) => Ok(keys),
            (None, Some((_, Err(error)))) => Err(error.clone()),
            (None, _) => Err(UpstreamError::Unreachable),
        }
    }
}
