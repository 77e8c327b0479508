use std::collections::HashMap;
use std::future::{Ready, ready};
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::net::TcpStream;

use super::files;
use super::held::Held;
use crate::app::App;
use crate::config::Config;
use crate::http::peer::{Crowd, Peer};

/// Lets connections in, as long as there is room. One that finds none is closed at once: a socket
/// that waits is an open file too.
#[derive(Clone)]
pub(super) struct Doorkeeper {
    app: App,
    door: Door,
    silence: Duration,
}

impl Doorkeeper {
    /// Ends connections on which nothing moves for so long, too.
    pub(super) fn of(app: &App, silence: Duration) -> Self {
        Self { app: app.clone(), door: Door::of(&app.config), silence }
    }

    fn admit(&self, stream: TcpStream) -> io::Result<Held<TcpStream, Place>> {
        let address = stream.peer_addr()?.ip().to_canonical();
        let place = self.door.enter(address).map_err(|closed| {
            let kind = closed.text();
            self.app.quiet.once(kind, None, || tracing::warn!(%address, "{kind}"));
            io::Error::other(kind)
        })?;
        Ok(Held::new(stream, place, self.silence))
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

/// Who may come in.
#[derive(Clone)]
struct Door {
    connections: Connections,
    proxies: Vec<IpAddr>,
    /// Nobody else: the people are promised HTTPS, and here it is not.
    proxies_only: bool,
}

impl Door {
    fn of(config: &Config) -> Self {
        let limits = config.limits;
        let most = files::connections(limits.connections);
        let proxies = config.trusted_proxies.iter().map(IpAddr::to_canonical).collect();
        Self {
            connections: Connections::new(most, limits.connections_per_address),
            proxies,
            proxies_only: config.proxies_end_tls(),
        }
    }

    fn enter(&self, address: IpAddr) -> Result<Place, Closed> {
        let is_proxy = self.proxies.contains(&address);
        let peer = if is_proxy { Peer::Local } else { Peer::direct(address) };
        if self.proxies_only && peer != Peer::Local {
            return Err(Closed::Plain);
        }
        self.connections.enter(peer)
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
    of: HashMap<Crowd, usize>,
}

/// Why somebody may not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closed {
    /// There is no room for anybody.
    Full,
    /// There is none for this address, or for its site.
    Share,
    /// Who ends TLS is a proxy, and this is none.
    Plain,
}

impl Closed {
    fn text(self) -> &'static str {
        match self {
            Self::Full => "too many connections",
            Self::Share => "too many connections from one address",
            Self::Plain => "refused plain http from an address that is no trusted proxy",
        }
    }
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

    fn enter(&self, peer: Peer) -> Result<Place, Closed> {
        let mut counts = self.counts();
        if counts.all >= self.most {
            return Err(Closed::Full);
        }
        let is_full = |crowd: Crowd| {
            let count = counts.of.get(&crowd).copied().unwrap_or_default();
            count >= self.share.saturating_mul(crowd.shares().into())
        };
        if crowds(peer).any(is_full) {
            return Err(Closed::Share);
        }
        for crowd in crowds(peer) {
            let count = counts.of.entry(crowd).or_default();
            *count = count.saturating_add(1);
        }
        counts.all = counts.all.saturating_add(1);
        Ok(Place { connections: self.clone(), peer })
    }

    fn leave(&self, peer: Peer) {
        let mut counts = self.counts();
        counts.all = counts.all.saturating_sub(1);
        for crowd in crowds(peer) {
            match counts.of.get(&crowd).map_or(0, |count| count.saturating_sub(1)) {
                0 => counts.of.remove(&crowd),
                left => counts.of.insert(crowd, left),
            };
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
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
        assert_eq!(connections.enter(peer("192.0.2.1")).err(), Some(Closed::Share));
        let _other = connections.enter(peer("192.0.2.2")).ok().unwrap();
        let _local: Vec<_> = (0..2).map(|_| connections.enter(Peer::Local).ok().unwrap()).collect();
        assert_eq!(connections.enter(Peer::Local).err(), Some(Closed::Full));
        assert_eq!(connections.enter(peer("192.0.2.3")).err(), Some(Closed::Full));
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

    #[test]
    fn networks_of_one_ipv6_site_have_four_shares_together() {
        let connections = Connections::new(100, 2);
        let network = |number: u16| peer(&format!("2001:db8:1:{number:x}::"));
        let held: Vec<_> = (0..50).filter_map(|it| connections.enter(network(it)).ok()).collect();
        assert_eq!(held.len(), 8);
        assert_eq!(connections.enter(network(99)).err(), Some(Closed::Share));
        assert!(connections.enter(peer("2001:db8:2::")).is_ok());
        drop(held);
        assert!(connections.enter(network(99)).is_ok());
        assert_eq!(connections.counts().of.len(), 0);
    }

    fn door(text: &str) -> Door {
        let config: Config = toml::from_str(&format!("data = '/x'\n{text}")).unwrap();
        config.check().unwrap();
        Door::of(&config)
    }

    fn enters(door: &Door, address: &str) -> Result<(), Closed> {
        door.enter(address.parse().unwrap()).map(drop)
    }

    #[test]
    fn where_a_proxy_ends_tls_nobody_else_is_served_plain_http() {
        let https = "url = 'https://a.example'\nrp_id = 'a.example'\n";
        let proxied = format!("{https}trusted_proxies = ['192.0.2.1', '::ffff:192.0.2.2']\n");
        let door_behind = door(&proxied);
        for stranger in ["192.0.2.3", "2001:db8::1"] {
            assert_eq!(enters(&door_behind, stranger), Err(Closed::Plain), "{stranger}");
        }
        for known in ["192.0.2.1", "192.0.2.2", "127.0.0.1", "::1"] {
            assert_eq!(enters(&door_behind, known), Ok(()), "{known}");
        }
        let tls = "tls = { certificate = '/c', key = '/k' }\n";
        assert_eq!(enters(&door(&format!("{proxied}{tls}")), "192.0.2.3"), Ok(()));
        let local = "url = 'http://localhost:8080'\nrp_id = 'localhost'\n";
        assert_eq!(enters(&door(local), "192.0.2.3"), Ok(()));
    }
}
