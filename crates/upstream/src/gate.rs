//! How many calls go to one host at a time, and how many of them for one tenant.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ids::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::UpstreamError;

/// How many more calls may wait for each that is under way.
const WAITING_PER_CALL: usize = 4;
/// How long a call waits for its turn; then it is better to say so than to answer late.
const MAX_WAIT: Duration = Duration::from_secs(1);
/// Gates that are remembered. More are in use at a time only if there are more providers.
const MAX_GATES: usize = 4096;

/// One gate per host, and before it one per tenant that calls there.
pub(crate) struct Gates {
    calls_per_host: usize,
    calls_per_tenant: usize,
    known: Mutex<HashMap<Key, Arc<Gate>>>,
}

/// A host, or the share that a tenant has of it. A share is of the tenant and not of each of its
/// providers, or a tenant with many providers at one host would have many shares.
type Key = (String, Option<TenantId>);

struct Gate {
    /// Calls that may be under way.
    most: usize,
    /// Places for calls that are under way or wait.
    places: Arc<Semaphore>,
    /// Places for calls that are under way.
    calls: Arc<Semaphore>,
}

/// The right to call; ends when it is dropped.
pub(crate) struct Pass {
    _share: Option<Turn>,
    _host: Turn,
}

struct Turn {
    _place: OwnedSemaphorePermit,
    _call: OwnedSemaphorePermit,
}

impl Gates {
    pub(crate) fn new(calls_per_host: usize, calls_per_tenant: usize) -> Self {
        Self { calls_per_host, calls_per_tenant, known: Mutex::default() }
    }

    /// Waits for a turn at `host`: in the tenant's share first, so that whoever waits there holds
    /// no place of others.
    pub(crate) async fn enter(
        &self,
        host: String,
        tenant: Option<TenantId>,
    ) -> Result<Pass, UpstreamError> {
        let share = match tenant {
            Some(_) => {
                Some(self.gate((host.clone(), tenant), self.calls_per_tenant).enter().await?)
            }
            None => None,
        };
        let host = self.gate((host, None), self.calls_per_host).enter().await?;
        Ok(Pass { _share: share, _host: host })
    }

    fn gate(&self, key: Key, most: usize) -> Arc<Gate> {
        let mut gates = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if gates.len() >= MAX_GATES && !gates.contains_key(&key) {
            gates.retain(|_, gate| !gate.is_idle());
        }
        gates.entry(key).or_insert_with(|| Arc::new(Gate::new(most))).clone()
    }
}

impl Gate {
    fn new(most: usize) -> Self {
        let places = most.saturating_mul(WAITING_PER_CALL.saturating_add(1));
        Self {
            most,
            places: Arc::new(Semaphore::new(places)),
            calls: Arc::new(Semaphore::new(most)),
        }
    }

    async fn enter(&self) -> Result<Turn, UpstreamError> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| UpstreamError::Busy)?;
        let turn = timeout(MAX_WAIT, self.calls.clone().acquire_owned()).await;
        let call = turn.map_err(|_| UpstreamError::Busy)?.map_err(|_| UpstreamError::Busy)?;
        Ok(Turn { _place: place, _call: call })
    }

    fn is_idle(&self) -> bool {
        self.calls.available_permits() == self.most
    }
}
