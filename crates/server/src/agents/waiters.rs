use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ids::DeviceId;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::entropy;

/// Agents that may wait for their pages at a time, in this process.
const MOST: usize = 1024;

/// Agents that wait until a page has confirmed them: one call for each device.
#[derive(Clone, Default)]
pub(crate) struct Waiters(Arc<Mutex<HashMap<DeviceId, Place>>>);

struct Place {
    /// Tells calls of one device apart: the newest one counts. It never comes again, for an older
    /// one may end much later.
    id: Uuid,
    wake: oneshot::Sender<()>,
}

/// One call that waits; its place is free again when this is dropped.
pub(crate) struct Waiter {
    waiters: Waiters,
    device: DeviceId,
    id: Uuid,
    woken: oneshot::Receiver<()>,
}

impl Waiters {
    /// Takes a place. An older call of this device loses its own and is answered: its connection
    /// may be long dead. `None` when all places are taken.
    pub(crate) fn wait(&self, device: DeviceId) -> Option<Waiter> {
        let mut places = self.places();
        if !places.contains_key(&device) && places.len() >= MOST {
            return None;
        }
        let id = entropy::id();
        let (wake, woken) = oneshot::channel();
        places.insert(device, Place { id, wake });
        Some(Waiter { waiters: self.clone(), device, id, woken })
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
        if places.get(&self.device).is_some_and(|place| place.id == self.id) {
            places.remove(&self.device);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

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
    fn the_late_end_of_an_older_call_takes_no_newer_place() {
        let waiters = Waiters::default();
        let device = device();
        let oldest = waiters.wait(device).unwrap();
        drop(waiters.wait(device).unwrap());
        let mut newest = waiters.wait(device).unwrap();
        drop(oldest);
        assert!(newest.woken().now_or_never().is_none());
        waiters.wake(device);
        assert!(newest.woken().now_or_never().is_some());
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
