use std::collections::HashMap;

use identity::Moment;
use ids::DeviceId;

use super::pace::Pace;

/// Devices that are remembered.
const MOST: usize = 65_536;

/// The pace of each device that called of late.
#[derive(Debug, Default)]
pub(super) struct Devices(HashMap<DeviceId, Pace>);

impl Devices {
    /// Counts a call, unless it is one too many. When more devices call at once than are remembered,
    /// those that are new wait: each was enrolled in a login, so that nobody makes them up.
    pub(super) fn allows(&mut self, device: DeviceId, now: Moment, per_minute: u32) -> bool {
        if self.0.len() >= MOST && !self.0.contains_key(&device) {
            self.0.retain(|_, pace| !pace.is_full(now));
        }
        if self.0.len() >= MOST && !self.0.contains_key(&device) {
            return false;
        }
        self.0.entry(device).or_default().allows(now, per_minute)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;

    const NOON: Moment = Moment(1_000_000_000_000);

    #[test]
    fn each_device_has_its_own_pace_and_is_forgotten_when_it_has_rested() {
        let mut devices = Devices::default();
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
