use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use rustix::fd::OwnedFd;
use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket, sockopt};

/// A port of the loopback that is ours as long as this lives, also while the server that listens
/// on it is down: a socket is bound to it and never listens.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _bound: OwnedFd,
}

impl Port {
    /// Takes a free port.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn claim() -> io::Result<Self> {
        let bound = socket(AddressFamily::INET, SocketType::STREAM, None)?;
        // Both sides say so: then a server may listen where nobody else listens.
        sockopt::set_socket_reuseaddr(&bound, true)?;
        bind(&bound, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = SocketAddr::try_from(getsockname(&bound)?)?;
        Ok(Self { number: address.port(), _bound: bound })
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.number))
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_server_listens_on_a_claimed_port_again_and_again() {
        let port = Port::claim().unwrap();
        for _ in 0..2 {
            let server = TcpListener::bind(port.address()).unwrap();
            assert_eq!(server.local_addr().unwrap(), port.address());
        }
    }

    #[test]
    fn nobody_is_given_a_port_that_is_claimed() {
        let ports: Vec<Port> = (0..64).map(|_| Port::claim().unwrap()).collect();
        let mut numbers: Vec<u16> = ports.iter().map(Port::number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), ports.len());
    }
}
