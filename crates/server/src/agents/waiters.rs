use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ids::DeviceId;
use tokio::sync::oneshot;

/// Agents that may wait for their pages at a time, in this process.
const MOST: usize = 1024;

/// Agents that wait until a page has confirmed them: one call for each device.
#[derive(Clone, Default)]
pub(crate) struct Waiters(Arc<Mutex<HashMap<DeviceId, Place>>>);

struct Place {
    /// Tells two calls of one device apart: the newer one counts.
    number: u64,
    wake: oneshot::Sender<()>,
}

/// One call that waits; its place is free again when this is dropped.
pub(crate) struct Waiter {
    waiters: Waiters,
    device: DeviceId,
    number: u64,
    woken: oneshot::Receiver<()>,
}

impl Waiters {
    /// Takes a place. An older call of this device loses its own and is answered: its connection
    /// may be long dead. `None` when all places are taken.
    pub(crate) fn wait(&self, device: DeviceId) -> Option<Waiter> {
        let mut places = self.places();
        let older = places.get(&device).map(|older| older.number);
        if older.is_none() && places.len() >= MOST {
            return None;
        }
        let number = older.map_or(0, |older| older.wrapping_add(1));
        let (wake, woken) = oneshot::channel();
        places.insert(device, Place { number, wake });
        Some(Waiter { waiters: self.clone(), device, number, woken })
    }

    /// Wakes the call of this device, if one waits here, and nobody else's.
    pub(crate) fn wake(&self, device: DeviceId) {
        let place = self.places().remove(&device);
        if let Some(Place { wake, .. }) = place {
            // Nobody there to hear it is as good.
            wake.send(()).unwrap_or_default();
        }
    }

    fn places(&self) -> MutexGuard<'_, HashMap<DeviceId, Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter {
    /// Ends when the page has said something, or a newer call of the same device waits.
    pub(crate) async fn woken(&mut self) {
        (&mut self.woken).await.unwrap_or_default();
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut places = self.waiters.places();
        if places.get(&self.device).is_some_and(|place| place.number == self.number) {
            places.remove(&self.device);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::entropy;

    fn device() -> DeviceId {
        DeviceId(entropy::id())
    }

    #[test]
    fn only_the_device_that_was_confirmed_is_woken() {
        let waiters = Waiters::default();
        let (mine, other) = (device(), device());
        let (mut me, mut them) = (waiters.wait(mine).unwrap(), waiters.wait(other).unwrap());
        waiters.wake(mine);
        assert!(me.woken().now_or_never().is_some());
        assert!(them.woken().now_or_never().is_none());
    }

    #[test]
    fn a_device_waits_once_and_its_newer_call_counts() {
        let waiters = Waiters::default();
        let device = device();
        let mut older = waiters.wait(device).unwrap();
        let mut newer = waiters.wait(device).unwrap();
        assert_eq!(waiters.places().len(), 1);
        assert!(older.woken().now_or_never().is_some());
        drop(older);
        assert!(newer.woken().now_or_never().is_none());
        waiters.wake(device);
        assert!(newer.woken().now_or_never().is_some());
    }

    #[test]
    fn no_more_agents_wait_than_there_are_places() {
        let waiters = Waiters::default();
        let mut all: Vec<Waiter> = (1..MOST).map(|_| waiters.wait(device()).unwrap()).collect();
        let last = device();
        all.push(waiters.wait(last).unwrap());
        assert!(waiters.wait(device()).is_none());
        // Who has a place may ask again, and has one place all the same.
        all.push(waiters.wait(last).unwrap());
        assert!(waiters.wait(device()).is_none());
        all.pop();
        assert!(waiters.wait(device()).is_some());
    }
}
