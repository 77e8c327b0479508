use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;

use futures_util::task::AtomicWaker;

use super::held::Holding;
use crate::http::peer::{Crowd, Peer};

/// The connections that there are.
///
/// When all places are taken, a newcomer gets that of the connection that is idle the longest,
/// between two requests, in the crowd that holds the most: whoever sits on many cannot keep others
/// out, and who is being answered is left alone.
#[derive(Clone)]
pub(super) struct Connections(Arc<Inner>);

struct Inner {
    most: usize,
    share: usize,
    /// Counts movements: which came before which is all that matters.
    clock: AtomicU64,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    of: HashMap<Crowd, usize>,
    seats: HashMap<SocketAddr, Arc<Seat>>,
}

/// Why somebody may not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// There is no room for anybody.
    Full,
    /// There is none for this address, or for its site.
    Share,
    /// Who ends TLS is a proxy, and this is none.
    Plain,
}

impl Closed {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Full => "too many connections",
            Self::Share => "too many connections from one address",
            Self::Plain => "refused plain http from an address that is no trusted proxy",
        }
    }
}

/// What is known of one connection.
struct Seat {
    peer: Peer,
    /// When bytes last moved.
    moved: AtomicU64,
    /// Whether a request is being answered.
    busy: AtomicBool,
    /// Whether its place was given to another.
    given: AtomicBool,
    waker: AtomicWaker,
}

/// The right to a connection; it ends when this is dropped.
pub(super) struct Place {
    connections: Connections,
    socket: SocketAddr,
    seat: Arc<Seat>,
}

impl Connections {
    pub(super) fn new(most: usize, share: usize) -> Self {
        let (clock, taken) = (AtomicU64::default(), Mutex::default());
        Self(Arc::new(Inner { most, share, clock, taken }))
    }

    /// Lets the connection from `socket` in, which counts as one of `peer`.
    pub(super) fn enter(&self, socket: SocketAddr, peer: Peer) -> Result<Place, Closed> {
        let mut taken = self.taken();
        let is_full =
            |crowd: Crowd| taken.count(crowd) >= self.0.share.saturating_mul(crowd.shares().into());
        if crowds(peer).any(is_full) {
            return Err(Closed::Share);
        }
        if taken.seats.len() >= self.0.most {
            taken.make_room(peer)?;
        }
        let seat = Arc::new(Seat {
            peer,
            moved: AtomicU64::new(self.tick()),
            busy: AtomicBool::default(),
            given: AtomicBool::default(),
            waker: AtomicWaker::new(),
        });
        // What was under this name has ended, and is about to say so.
        if let Some(older) = taken.seats.insert(socket, Arc::clone(&seat)) {
            taken.uncount(older.peer);
        }
        for crowd in crowds(peer) {
            let count = taken.of.entry(crowd).or_default();
            *count = count.saturating_add(1);
        }
        Ok(Place { connections: self.clone(), socket, seat })
    }

    /// Says of a connection whether it is busy: then nobody takes its place.
    pub(super) fn busy(&self, socket: SocketAddr, busy: bool) {
        if let Some(seat) = self.taken().seats.get(&socket) {
            seat.busy.store(busy, Ordering::Relaxed);
        }
    }

    fn tick(&self) -> u64 {
        self.0.clock.fetch_add(1, Ordering::Relaxed)
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn count(&self, crowd: Crowd) -> usize {
        self.of.get(&crowd).copied().unwrap_or_default()
    }

    /// How many connections those have who are counted with this one.
    fn weight(&self, peer: Peer) -> usize {
        crowds(peer).map(|crowd| self.count(crowd)).max().unwrap_or_default()
    }

    /// Takes a place from a crowd that has more than that of the newcomer.
    fn make_room(&mut self, newcomer: Peer) -> Result<(), Closed> {
        let idle = self.seats.iter().filter(|(_, seat)| !seat.busy.load(Ordering::Relaxed));
        let last = idle.max_by_key(|(_, seat)| {
            let moved = seat.moved.load(Ordering::Relaxed);
            (self.weight(seat.peer), std::cmp::Reverse(moved))
        });
        let last = last.map(|(socket, seat)| (*socket, Arc::clone(seat)));
        let (socket, seat) = last.ok_or(Closed::Full)?;
        if self.weight(seat.peer) <= self.weight(newcomer) {
            return Err(Closed::Full);
        }
        self.seats.remove(&socket);
        self.uncount(seat.peer);
        seat.given.store(true, Ordering::Release);
        seat.waker.wake();
        Ok(())
    }

    fn uncount(&mut self, peer: Peer) {
        for crowd in crowds(peer) {
            match self.count(crowd).saturating_sub(1) {
                0 => self.of.remove(&crowd),
                left => self.of.insert(crowd, left),
            };
        }
    }
}

/// In which crowds a connection counts: those of this machine count in none.
fn crowds(peer: Peer) -> impl Iterator<Item = Crowd> {
    let address = match peer {
        Peer::Local => None,
        Peer::Address(address) => Some(address),
    };
    address.into_iter().flat_map(Crowd::of)
}

impl Holding for Place {
    fn moves(&self) {
        self.seat.moved.store(self.connections.tick(), Ordering::Relaxed);
    }

    fn is_taken(&self, context: &Context<'_>) -> bool {
        // First the waker, so that nothing is missed between the two.
        self.seat.waker.register(context.waker());
        self.seat.given.load(Ordering::Acquire)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.connections.taken();
        let seat = taken.seats.get(&self.socket);
        if seat.is_some_and(|seat| Arc::ptr_eq(seat, &self.seat)) {
            taken.seats.remove(&self.socket);
            taken.uncount(self.seat.peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::atomic::AtomicU16;

    use super::*;

    fn peer(text: &str) -> Peer {
        Peer::Address(text.parse().unwrap())
    }

    /// One more connection; each has a port of its own.
    fn enter(connections: &Connections, peer: Peer) -> Result<Place, Closed> {
        static PORT: AtomicU16 = AtomicU16::new(1);
        let port = PORT.fetch_add(1, Ordering::Relaxed);
        let address = match peer {
            Peer::Local => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Peer::Address(address) => address,
        };
        connections.enter(SocketAddr::new(address, port), peer)
    }

    fn is_taken(place: &Place) -> bool {
        place.is_taken(&Context::from_waker(std::task::Waker::noop()))
    }

    #[test]
    fn one_address_has_its_share_and_this_machine_may_have_all() {
        let connections = Connections::new(5, 2);
        let enter = |peer| enter(&connections, peer);
        let first = enter(peer("192.0.2.1")).ok();
        let _second = enter(peer("192.0.2.1")).ok().unwrap();
        assert_eq!(enter(peer("192.0.2.1")).err(), Some(Closed::Share));
        drop(first);
        assert!(enter(peer("192.0.2.1")).is_ok());
        let local: Vec<_> = (0..9).filter_map(|_| enter(Peer::Local).ok()).collect();
        assert_eq!(local.len(), 5, "they come in the place of idle ones");
        assert_eq!(enter(Peer::Local).err(), Some(Closed::Full));
        assert_eq!(enter(peer("192.0.2.3")).err(), Some(Closed::Full));
    }

    #[test]
    fn a_newcomer_gets_the_place_that_is_idle_the_longest_in_the_largest_crowd() {
        let connections = Connections::new(6, 3);
        let of = |address: &str| {
            let enter = || enter(&connections, peer(address)).ok().unwrap();
            [enter(), enter(), enter()]
        };
        let pair = [(); 2].map(|()| enter(&connections, peer("192.0.2.1")).ok().unwrap());
        let crowd = of("192.0.2.2");
        let lonely = enter(&connections, peer("192.0.2.3")).ok().unwrap();
        // The first one is being answered, the second has moved since.
        connections.busy(crowd[0].socket, true);
        crowd[1].moves();
        let newcomer = enter(&connections, peer("192.0.2.4")).ok().unwrap();
        assert_eq!(crowd.each_ref().map(is_taken), [false, false, true]);
        assert!(![&pair[0], &pair[1], &lonely, &newcomer].into_iter().any(is_taken));
        // Now nobody has more than two, and of those one came first.
        let another = enter(&connections, peer("192.0.2.5")).ok().unwrap();
        assert_eq!(pair.each_ref().map(is_taken), [true, false]);
        assert_eq!(crowd.each_ref().map(is_taken), [false, false, true]);
        assert_eq!(connections.taken().seats.len(), 6);
        drop((pair, crowd, lonely, newcomer, another));
        assert!(connections.taken().seats.is_empty() && connections.taken().of.is_empty());
    }

    #[test]
    fn connections_that_have_ended_leave_nothing_behind() {
        let connections = Connections::new(2, 2);
        for _ in 0..10 {
            drop(enter(&connections, peer("192.0.2.1")).ok().unwrap());
        }
        let taken = connections.taken();
        assert_eq!((taken.seats.len(), taken.of.len()), (0, 0));
    }

    #[test]
    fn networks_of_one_ipv6_site_have_four_shares_together() {
        let connections = Connections::new(100, 2);
        let enter = |peer| enter(&connections, peer);
        let network = |number: u16| peer(&format!("2001:db8:1:{number:x}::"));
        let held: Vec<_> = (0..50).filter_map(|it| enter(network(it)).ok()).collect();
        assert_eq!(held.len(), 8);
        assert_eq!(enter(network(99)).err(), Some(Closed::Share));
        assert!(enter(peer("2001:db8:2::")).is_ok());
        drop(held);
        assert!(enter(network(99)).is_ok());
        assert_eq!(connections.taken().of.len(), 0);
    }
}
