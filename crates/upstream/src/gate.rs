//! How many calls go to one host at a time, how many of them for one tenant, and whose is the next.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ids::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::UpstreamError;
use crate::queue::{Call, Queue};

/// How many more calls may wait for each that is under way.
const WAITING_PER_CALL: usize = 4;
/// How long a call waits for its turn; then it is better to say so than to answer late.
const MAX_WAIT: Duration = Duration::from_secs(1);
/// Gates that are remembered. More are in use at a time only if there are more providers.
const MAX_GATES: usize = 4096;

/// One queue per host, and before it one gate per tenant that calls there.
pub(crate) struct Gates {
    calls_per_host: usize,
    calls_per_tenant: usize,
    shares: Known<(String, TenantId), Gate>,
    hosts: Known<String, Queue>,
}

type Known<K, T> = Mutex<HashMap<K, Arc<T>>>;

/// The share that a tenant has of a host. It is of the tenant and not of each of its providers, or
/// a tenant with many providers at one host would have many shares.
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
    _call: Call,
}

struct Turn {
    _place: OwnedSemaphorePermit,
    _call: OwnedSemaphorePermit,
}

impl Gates {
    pub(crate) fn new(calls_per_host: usize, calls_per_tenant: usize) -> Self {
        let (shares, hosts) = (Known::default(), Known::default());
        Self { calls_per_host, calls_per_tenant, shares, hosts }
    }

    /// Waits for a turn at `host`: in the tenant's share first, so that whoever waits there holds
    /// no place of others.
    pub(crate) async fn enter(
        &self,
        host: String,
        tenant: Option<TenantId>,
    ) -> Result<Pass, UpstreamError> {
        let share = match tenant {
            Some(tenant) => {
                let gate = || Gate::new(self.calls_per_tenant);
                let gate = known(&self.shares, (host.clone(), tenant), Gate::is_idle, gate);
                Some(gate.enter().await?)
            }
            None => None,
        };
        let waiting = self.calls_per_host.saturating_mul(WAITING_PER_CALL);
        let queue = || Queue::new(self.calls_per_host, waiting);
        let queue = known(&self.hosts, host, Queue::is_idle, queue);
        let call = timeout(MAX_WAIT, queue.enter(tenant)).await;
        let call = call.ok().flatten().ok_or(UpstreamError::Busy)?;
        Ok(Pass { _share: share, _call: call })
    }
}

/// The one of this name, which is made when there is none.
fn known<K: std::hash::Hash + Eq, T>(
    all: &Known<K, T>,
    key: K,
    is_idle: impl Fn(&T) -> bool,
    make: impl FnOnce() -> T,
) -> Arc<T> {
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    if all.len() >= MAX_GATES && !all.contains_key(&key) {
        // One that somebody holds is about to be used.
        all.retain(|_, one| Arc::strong_count(one) > 1 || !is_idle(one));
    }
    all.entry(key).or_insert_with(|| Arc::new(make())).clone()
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
