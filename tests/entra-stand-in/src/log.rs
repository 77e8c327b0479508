//! What was asked of the stand-in, so that a test can say how often the keys were fetched.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use tokio::sync::watch;

use crate::faults::Endpoint;

/// How many requests are remembered one by one; the counters count all of them.
const REMEMBERED: usize = 10_000;

/// One request.
#[derive(Clone, Debug, Serialize)]
pub struct LoggedRequest {
    /// What it was for.
    pub endpoint: Endpoint,
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The `User-Agent`.
    pub user_agent: String,
    /// Seconds since 1970, by the stand-in's clock.
    pub at: i64,
}

#[derive(Default)]
pub(crate) struct Log {
    requests: Mutex<VecDeque<LoggedRequest>>,
    counts: watch::Sender<BTreeMap<Endpoint, u64>>,
}

impl Log {
    pub(crate) fn add(&self, request: LoggedRequest) {
        let endpoint = request.endpoint;
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if requests.len() >= REMEMBERED {
            requests.pop_front();
        }
        requests.push_back(request);
        drop(requests);
        self.counts.send_modify(|counts| {
            let count = counts.entry(endpoint).or_default();
            *count = count.saturating_add(1);
        });
    }

    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    pub(crate) fn counts(&self) -> BTreeMap<Endpoint, u64> {
        self.counts.borrow().clone()
    }

    /// Waits until an endpoint was asked that many times.
    pub(crate) async fn wait_for(&self, endpoint: Endpoint, count: u64) {
        let enough =
            |counts: &BTreeMap<Endpoint, u64>| counts.get(&endpoint).copied().unwrap_or(0) >= count;
        // The sender lives as long as `self`.
        let _ = self.counts.subscribe().wait_for(enough).await;
    }

    pub(crate) fn clear(&self) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.counts.send_modify(BTreeMap::clear);
    }
}
