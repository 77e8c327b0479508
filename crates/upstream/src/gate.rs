//! How many calls go to one host at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::UpstreamError;

/// How many more calls may wait for each that is under way.
const WAITING_PER_CALL: usize = 4;
/// How long a call waits for its turn; then it is better to say so than to answer late.
const MAX_WAIT: Duration = Duration::from_secs(1);
/// Hosts that are remembered. More are in use at a time only if there are more providers.
const MAX_HOSTS: usize = 4096;

/// One gate per host.
pub(crate) struct Gates {
    calls_per_host: usize,
    hosts: Mutex<HashMap<String, Arc<Gate>>>,
}

struct Gate {
    /// Places for calls that are under way or wait.
    places: Arc<Semaphore>,
    /// Places for calls that are under way.
    calls: Arc<Semaphore>,
}

/// The right to call; ends when it is dropped.
pub(crate) struct Pass {
    _place: OwnedSemaphorePermit,
    _call: OwnedSemaphorePermit,
}

impl Gates {
    pub(crate) fn new(calls_per_host: usize) -> Self {
        Self { calls_per_host, hosts: Mutex::default() }
    }

    /// Waits for a turn at `host`.
    pub(crate) async fn enter(&self, host: String) -> Result<Pass, UpstreamError> {
        let gate = self.gate(host);
        let busy = |_| UpstreamError::Busy;
        let place = gate.places.clone().try_acquire_owned().map_err(busy)?;
        let turn = timeout(MAX_WAIT, gate.calls.clone().acquire_owned()).await;
        let call = turn.map_err(|_| UpstreamError::Busy)?.map_err(|_| UpstreamError::Busy)?;
        Ok(Pass { _place: place, _call: call })
    }

    fn gate(&self, host: String) -> Arc<Gate> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= MAX_HOSTS && !hosts.contains_key(&host) {
            hosts.retain(|_, gate| !gate.is_idle(self.calls_per_host));
        }
        hosts.entry(host).or_insert_with(|| Arc::new(Gate::new(self.calls_per_host))).clone()
    }
}

impl Gate {
    fn new(calls: usize) -> Self {
        let places = calls.saturating_mul(WAITING_PER_CALL.saturating_add(1));
        Self { places: Arc::new(Semaphore::new(places)), calls: Arc::new(Semaphore::new(calls)) }
    }

    fn is_idle(&self, calls: usize) -> bool {
        self.calls.available_permits() == calls
    }
}
