use std::collections::HashMap;
use std::future::{Ready, ready};
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum_server::accept::Accept;
use tokio::net::TcpStream;

use super::files;
use super::held::Held;
use crate::app::App;
use crate::http::peer::Peer;

/// Lets connections in, as long as there is room. One that finds none is closed at once: a socket
/// that waits is an open file too.
#[derive(Clone)]
pub(super) struct Doorkeeper {
    app: App,
    connections: Connections,
}

impl Doorkeeper {
    pub(super) fn of(app: &App) -> Self {
        let limits = app.config.limits;
        let most = files::connections(limits.connections);
        let connections = Connections::new(most, limits.connections_per_address);
        Self { app: app.clone(), connections }
    }

    fn admit(&self, stream: TcpStream) -> io::Result<Held<TcpStream, Place>> {
        let address = stream.peer_addr()?.ip().to_canonical();
        let proxies = &self.app.config.trusted_proxies;
        let is_proxy = proxies.iter().any(|proxy| proxy.to_canonical() == address);
        let peer = if is_proxy { Peer::Local } else { Peer::direct(address) };
        let place = self.connections.enter(peer).map_err(|full| {
            let kind = match full {
                Full::All => "too many connections",
                Full::Share => "too many connections from one address",
            };
            self.app.quiet.once(kind, None, || tracing::warn!(%address, "{kind}"));
            io::Error::other(kind)
        })?;
        Ok(Held::new(stream, place))
    }
}

impl<S> Accept<TcpStream, S> for Doorkeeper {
    type Stream = Held<TcpStream, Place>;
    type Service = S;
    type Future = Ready<io::Result<(Self::Stream, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(self.admit(stream).map(|stream| (stream, service)))
    }
}

/// The connections that there are.
#[derive(Clone)]
struct Connections {
    most: usize,
    share: usize,
    counts: Arc<Mutex<Counts>>,
}

#[derive(Default)]
struct Counts {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

/// Why there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Full {
    /// For nobody.
    All,
    /// For this address.
    Share,
}

/// The right to a connection; it ends when this is dropped.
pub(super) struct Place {
    connections: Connections,
    peer: Peer,
}

impl Connections {
    fn new(most: usize, share: usize) -> Self {
        Self { most, share, counts: Arc::default() }
    }

    fn enter(&self, peer: Peer) -> Result<Place, Full> {
        let mut counts = self.counts();
        if counts.all >= self.most {
            return Err(Full::All);
        }
        if let Peer::Address(address) = peer {
            let count = counts.of.get(&address).copied().unwrap_or_default();
            if count >= self.share {
                return Err(Full::Share);
            }
            counts.of.insert(address, count.saturating_add(1));
        }
        counts.all = counts.all.saturating_add(1);
        Ok(Place { connections: self.clone(), peer })
    }

    fn leave(&self, peer: Peer) {
        let mut counts = self.counts();
        counts.all = counts.all.saturating_sub(1);
        let Peer::Address(address) = peer else { return };
        match counts.of.get(&address).map_or(0, |count| count.saturating_sub(1)) {
            0 => counts.of.remove(&address),
            left => counts.of.insert(address, left),
        };
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.leave(self.peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> Peer {
        Peer::Address(text.parse().unwrap())
    }

    #[test]
    fn one_address_has_its_share_and_this_machine_may_have_all() {
        let connections = Connections::new(5, 2);
        let first = connections.enter(peer("192.0.2.1")).ok();
        let _second = connections.enter(peer("192.0.2.1")).ok().unwrap();
        assert_eq!(connections.enter(peer("192.0.2.1")).err(), Some(Full::Share));
        let _other = connections.enter(peer("192.0.2.2")).ok().unwrap();
        let _local: Vec<_> = (0..2).map(|_| connections.enter(Peer::Local).ok().unwrap()).collect();
        assert_eq!(connections.enter(Peer::Local).err(), Some(Full::All));
        assert_eq!(connections.enter(peer("192.0.2.3")).err(), Some(Full::All));
        drop(first);
        assert!(connections.enter(peer("192.0.2.1")).is_ok());
    }

    #[test]
    fn connections_that_have_ended_leave_nothing_behind() {
        let connections = Connections::new(2, 2);
        for _ in 0..10 {
            drop(connections.enter(peer("192.0.2.1")).ok().unwrap());
        }
        let counts = connections.counts();
        assert_eq!((counts.all, counts.of.len()), (0, 0));
    }
}
