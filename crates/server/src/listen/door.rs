use std::future::{Ready, ready};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::net::TcpStream;

use super::connections::{Closed, Connections, Place};
use super::files;
use super::held::Held;
use crate::app::App;
use crate::config::Config;
use crate::http::peer::{Peer, Ways};

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

    /// The connections that it let in.
    pub(super) fn connections(&self) -> &Connections {
        &self.door.connections
    }

    fn admit(&self, stream: TcpStream) -> io::Result<Held<TcpStream, Place>> {
        let socket = stream.peer_addr()?;
        let place = self.door.enter(socket).map_err(|closed| {
            let (kind, address) = (closed.text(), socket.ip().to_canonical());
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
    ways: Ways,
}

impl Door {
    fn of(config: &Config) -> Self {
        let limits = config.limits;
        let most = files::connections(limits.connections);
        Self {
            connections: Connections::new(most, limits.connections_per_address),
            ways: Ways::of(config),
        }
    }

    fn enter(&self, socket: SocketAddr) -> Result<Place, Closed> {
        let address = socket.ip().to_canonical();
        let is_proxy = self.ways.trusts(address);
        // The people are promised HTTPS, and here it is not.
        if self.ways.proxies_end_tls() && !is_proxy && !is_this_machine(address) {
            return Err(Closed::Plain);
        }
        let peer = if is_proxy { Peer::Local } else { Peer::direct(address, &self.ways) };
        self.connections.enter(socket, peer)
    }
}

/// Who looks whether the server is well, as a rule.
fn is_this_machine(address: IpAddr) -> bool {
    address.is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(text: &str) -> Door {
        let config: Config = toml::from_str(&format!("data = '/x'\n{text}")).unwrap();
        config.check().unwrap();
        Door::of(&config)
    }

    fn enters(door: &Door, address: &str) -> Result<(), Closed> {
        door.enter(SocketAddr::new(address.parse().unwrap(), 4711)).map(drop)
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
