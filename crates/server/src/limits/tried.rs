use std::collections::{HashMap, HashSet, VecDeque};

use identity::Moment;
use ids::TenantId;
use login::LOGIN_LIFE;
use secrets::TokenHash;

/// States that are remembered, of all tenants. Some 80 bytes each.
const MOST: usize = 262_144;

/// States of one tenant: a hundred callbacks a second for the life of a login. Strangers who send
/// junk to one tenant fill its share, and not that of others. What comes after that is not told
/// apart for a while; it is let through, so that nobody's sign-in waits for strangers.
const SHARE: usize = 65_536;

/// The first half of a state's hash: 128 bits, which nobody finds twice.
type Key = [u8; 16];

/// The states that went to a token endpoint, each for as long as its login can live.
#[derive(Debug)]
pub(super) struct Tried {
    most: usize,
    share: usize,
    known: HashSet<Key>,
    /// In the order in which they came, and so in that in which they end.
    order: VecDeque<(Moment, TenantId, Key)>,
    shares: HashMap<TenantId, usize>,
}

/// What a state is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// New, and from now on known.
    First,
    /// Known.
    Again,
    /// Not to be told: nothing more can be remembered. Nothing is forgotten before its time, or
    /// whoever fills the table could repeat what stood in it.
    Full,
}

impl Default for Tried {
    fn default() -> Self {
        Self::with_room(MOST, SHARE)
    }
}

impl Tried {
    fn with_room(most: usize, share: usize) -> Self {
        Self { most, share, known: HashSet::new(), order: VecDeque::new(), shares: HashMap::new() }
    }

    /// Notes a state. It counts for a login's whole life from now, which ends after its login does.
    pub(super) fn note(&mut self, tenant: TenantId, state: &TokenHash, now: Moment) -> Verdict {
        self.forget(now);
        let Some(key) = state.as_bytes().first_chunk() else { return Verdict::Full };
        if self.known.contains(key) {
            return Verdict::Again;
        }
        let used = self.shares.get(&tenant).copied().unwrap_or_default();
        if self.known.len() >= self.most || used >= self.share {
            return Verdict::Full;
        }
        self.known.insert(*key);
        self.order.push_back((now.plus(LOGIN_LIFE), tenant, *key));
        self.shares.insert(tenant, used.saturating_add(1));
        Verdict::First
    }

    /// Undoes a note, for a state that went nowhere.
    pub(super) fn take_back(&mut self, tenant: TenantId, state: &TokenHash) {
        let Some(key) = state.as_bytes().first_chunk() else { return };
        // It came a moment ago, so it is among the last ones.
        let place =
            self.order.iter().rposition(|(_, owner, known)| (owner, known) == (&tenant, key));
        if let Some(place) = place {
            self.order.remove(place);
            self.drop_key(tenant, key);
        }
    }

    fn forget(&mut self, now: Moment) {
        while let Some((until, tenant, key)) = self.order.front().copied()
            && until <= now
        {
            self.order.pop_front();
            self.drop_key(tenant, &key);
        }
    }

    fn drop_key(&mut self, tenant: TenantId, key: &Key) {
        self.known.remove(key);
        let left = self.shares.get(&tenant).map_or(0, |used| used.saturating_sub(1));
        match left {
            0 => self.shares.remove(&tenant),
            left => self.shares.insert(tenant, left),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;

    const ACME: TenantId = TenantId(Uuid::from_u128(1));
    const BIRCH: TenantId = TenantId(Uuid::from_u128(2));
    const NOON: Moment = Moment(1_000_000_000_000);

    fn state(number: u8) -> TokenHash {
        TokenHash::of(&[number; 32])
    }

    #[test]
    fn a_state_is_new_once_in_the_life_of_its_login() {
        let mut tried = Tried::default();
        assert_eq!(tried.note(ACME, &state(1), NOON), Verdict::First);
        let last = NOON.plus(LOGIN_LIFE).minus(Duration::from_micros(1));
        assert_eq!(tried.note(ACME, &state(1), last), Verdict::Again);
        assert_eq!(tried.note(BIRCH, &state(1), last), Verdict::Again);
        assert_eq!(tried.note(ACME, &state(2), last), Verdict::First);
    }

    #[test]
    fn a_tenant_fills_its_share_and_nothing_is_forgotten_for_it() {
        let mut tried = Tried::with_room(4, 2);
        for number in [1, 2] {
            assert_eq!(tried.note(ACME, &state(number), NOON), Verdict::First);
        }
        assert_eq!(tried.note(ACME, &state(3), NOON), Verdict::Full);
        assert_eq!(tried.note(ACME, &state(1), NOON), Verdict::Again);
        assert_eq!(tried.note(BIRCH, &state(3), NOON), Verdict::First);
        let later = NOON.plus(LOGIN_LIFE);
        assert_eq!(tried.note(ACME, &state(4), later), Verdict::First);
        assert_eq!((tried.order.len(), tried.known.len(), tried.shares.len()), (1, 1, 1));
    }

    #[test]
    fn a_state_that_went_nowhere_is_new_again_and_takes_no_room() {
        let mut tried = Tried::with_room(2, 2);
        assert_eq!(tried.note(ACME, &state(1), NOON), Verdict::First);
        assert_eq!(tried.note(ACME, &state(2), NOON), Verdict::First);
        tried.take_back(ACME, &state(2));
        tried.take_back(ACME, &state(3));
        tried.take_back(BIRCH, &state(1));
        assert_eq!(tried.note(ACME, &state(1), NOON), Verdict::Again);
        let later = NOON.plus(Duration::from_secs(1));
        assert_eq!(tried.note(ACME, &state(2), later), Verdict::First);
        // From its second coming it is known for a whole life.
        assert_eq!(tried.note(ACME, &state(2), NOON.plus(LOGIN_LIFE)), Verdict::Again);
        assert_eq!((tried.order.len(), tried.known.len(), tried.shares[&ACME]), (1, 1, 1));
    }

    #[test]
    fn all_tenants_together_fill_the_table_and_no_more() {
        let mut tried = Tried::with_room(2, 2);
        assert_eq!(tried.note(ACME, &state(1), NOON), Verdict::First);
        assert_eq!(tried.note(BIRCH, &state(2), NOON), Verdict::First);
        assert_eq!(tried.note(ACME, &state(3), NOON), Verdict::Full);
    }
}
