use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use identity::Moment;

use super::pace::Pace;
use crate::http::peer::Crowd;

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
    /// It asks for a challenge, or for a code to set an agent up.
    Challenge,
    /// It gives a one-time code, or the number of an agent.
    Code,
    /// Somebody who is signed in changes their cards.
    Change,
    /// An agent offers itself.
    Enrol,
    /// Something is posted in Entra's name.
    Entra,
    /// An application sends somebody to sign in, or out.
    Authorize,
    /// An application asks for tokens, or about one.
    Token,
}

/// All people of an application come through its one address: so many times what one of them may.
const APPLICATION: u32 = 16;

impl Attempt {
    /// For how many people it is made from one address.
    pub(super) fn for_many(self) -> u32 {
        if self == Self::Token { APPLICATION } else { 1 }
    }
}

/// What has a pace; without a crowd it is all for whom there is no room.
type Key = (Attempt, Option<Crowd>);

/// The pace of each crowd.
#[derive(Debug, Default)]
pub(super) struct Peers {
    paces: HashMap<Key, Pace>,
    forgot_at: Moment,
}

impl Peers {
    /// Counts one in all crowds to which the address belongs, unless it is one too many in one of
    /// them: who is refused uses up nothing of others, and takes no room.
    pub(super) fn allows(
        &mut self,
        attempt: Attempt,
        address: IpAddr,
        now: Moment,
        per_minute: u32,
    ) -> bool {
        let crowds = Crowd::of(address).map(|crowd| self.key(attempt, crowd, now));
        let mut keys: Vec<_> = crowds.collect();
        // An address and its site that both find no room are one attempt of those who share.
        keys.dedup();
        let all = keys.iter().all(|key| {
            let pace = self.paces.get(key).copied().unwrap_or_default();
            pace.has_room(now, allowance(*key, per_minute))
        });
        if all {
            for key in keys {
                self.paces.entry(key).or_default().allows(now, allowance(key, per_minute));
            }
        }
        all
    }

    /// Under what this crowd is counted: its own name, as long as there is room.
    fn key(&mut self, attempt: Attempt, crowd: Crowd, now: Moment) -> Key {
        let key = (attempt, Some(crowd));
        if self.paces.len() >= MOST && !self.paces.contains_key(&key) {
            self.forget(now);
        }
        let known = self.paces.len() < MOST || self.paces.contains_key(&key);
        if known { key } else { (attempt, None) }
    }

    fn forget(&mut self, now: Moment) {
        if now >= self.forgot_at && now < self.forgot_at.plus(FORGET) {
            return;
        }
        self.forgot_at = now;
        self.paces.retain(|_, pace| !pace.is_full(now));
    }
}

fn allowance((_, crowd): Key, per_minute: u32) -> u32 {
    per_minute.saturating_mul(crowd.map_or(SHARED, |crowd| crowd.shares().into()))
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

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
    fn networks_of_one_ipv6_site_have_four_times_as_much_together() {
        let mut peers = Peers::default();
        let network = |number: u16| Ipv6Addr::new(0x2001, 0xdb8, 1, number, 0, 0, 0, 0).into();
        let mut passes = |address| peers.allows(Attempt::Begin, address, NOON, 2);
        let one = (0..10).filter(|_| passes(network(0))).count();
        assert_eq!(one, 2, "what is refused to one is not lost to its neighbours");
        let others = (1..1000).filter(|number| passes(network(*number))).count();
        assert_eq!(others, 6);
        assert!(passes(Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, 0).into()));
        assert!(peers.paces.len() < 20, "who is refused takes no room: {}", peers.paces.len());
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
