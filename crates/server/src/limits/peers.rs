use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use identity::Moment;

use super::pace::Pace;

/// Addresses that are remembered, in 40 bytes or so each.
const MOST: usize = 65_536;

/// More addresses than are remembered share an allowance, so many times that of one. It is better
/// than to refuse all newcomers, and better than to let them do as they like.
const SHARED: u32 = 16;

/// How often those that may do all again are forgotten, while the table is full.
const FORGET: Duration = Duration::from_secs(1);

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Attempt {
    /// A login begins.
    Begin,
    /// Its page is shown, which begins one where there is none.
    Page,
    /// It chooses a way in: a provider, or a card alone.
    Choose,
    /// It comes back from there.
    Callback,
    /// An agent offers itself.
    Enrol,
}

/// The pace of each address; `None` is all for which there is no room.
#[derive(Debug, Default)]
pub(super) struct Peers {
    paces: HashMap<(Attempt, Option<IpAddr>), Pace>,
    forgot_at: Moment,
}

impl Peers {
    pub(super) fn allows(
        &mut self,
        attempt: Attempt,
        address: IpAddr,
        now: Moment,
        per_minute: u32,
    ) -> bool {
        let key = (attempt, Some(address));
        if self.paces.len() >= MOST && !self.paces.contains_key(&key) {
            self.forget(now);
        }
        if self.paces.len() >= MOST && !self.paces.contains_key(&key) {
            let shared = self.paces.entry((attempt, None)).or_default();
            return shared.allows(now, per_minute.saturating_mul(SHARED));
        }
        self.paces.entry(key).or_default().allows(now, per_minute)
    }

    fn forget(&mut self, now: Moment) {
        if now >= self.forgot_at && now < self.forgot_at.plus(FORGET) {
            return;
        }
        self.forgot_at = now;
        self.paces.retain(|_, pace| !pace.is_full(now));
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const NOON: Moment = Moment(1_000_000_000_000);

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn addresses_and_attempts_are_counted_apart() {
        let mut peers = Peers::default();
        let mut passes = |attempt, number| peers.allows(attempt, address(number), NOON, 1);
        assert!(passes(Attempt::Begin, 1));
        assert!(!passes(Attempt::Begin, 1));
        assert!(passes(Attempt::Callback, 1));
        assert!(passes(Attempt::Begin, 2));
    }

    #[test]
    fn more_addresses_than_are_remembered_share_an_allowance() {
        let mut peers = Peers::default();
        let all = u32::try_from(MOST).unwrap();
        assert!((0..all).all(|number| peers.allows(Attempt::Begin, address(number), NOON, 2)));
        let more = (all..all.saturating_mul(2))
            .filter(|number| peers.allows(Attempt::Begin, address(*number), NOON, 2))
            .count();
        assert_eq!(more, 32);
        assert!(peers.paces.len() <= MOST.saturating_add(4), "{}", peers.paces.len());
        // Who is known has their own allowance, and a minute later there is room again.
        assert!(peers.allows(Attempt::Begin, address(0), NOON, 2));
        let later = NOON.plus(Duration::from_secs(120));
        assert!(peers.allows(Attempt::Begin, address(all), later, 2));
        assert_eq!(peers.paces.len(), 1);
    }
}
