use std::collections::HashMap;
use std::hash::Hash;

use identity::Moment;

use super::pace::Pace;

/// Callers that are remembered.
const MOST: usize = 65_536;

/// The pace of each caller that came of late, where all of them are known by name: agents, which
/// were enrolled in a login, and directories, which an administrator has allowed.
#[derive(Debug)]
pub(super) struct Known<K>(HashMap<K, Pace>);

impl<K> Default for Known<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq> Known<K> {
    /// Counts a call, unless it is one too many. When more call at once than are remembered, those
    /// that are new wait: nobody makes them up.
    pub(super) fn allows(&mut self, caller: K, now: Moment, per_minute: u32) -> bool {
        if self.0.len() >= MOST && !self.0.contains_key(&caller) {
            self.0.retain(|_, pace| !pace.is_full(now));
        }
        if self.0.len() >= MOST && !self.0.contains_key(&caller) {
            return false;
        }
        self.0.entry(caller).or_default().allows(now, per_minute)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ids::DeviceId;
    use uuid::Uuid;

    use super::*;

    const NOON: Moment = Moment(1_000_000_000_000);

    #[test]
    fn each_device_has_its_own_pace_and_is_forgotten_when_it_has_rested() {
        let mut devices = Known::default();
        let device = |number: usize| DeviceId(Uuid::from_u128(number.try_into().unwrap()));
        assert_eq!((0..9).filter(|_| devices.allows(device(1), NOON, 3)).count(), 3);
        assert!((2..=MOST).all(|number| devices.allows(device(number), NOON, 3)));
        let more = device(MOST.saturating_add(1));
        assert!(!devices.allows(more, NOON, 3));
        let later = NOON.plus(Duration::from_secs(120));
        assert!(devices.allows(more, later, 3));
        assert_eq!(devices.0.len(), 1);
    }
}
