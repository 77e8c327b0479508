//! Ports of the loopback, claimed so that several demos do not take the same one.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::UnixListener;

/// How often another port is tried.
const TRIES: usize = 50;

/// A port that no other demo takes while this lives.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    _claim: UnixListener,
}

impl Port {
    /// The port that was asked for, or nothing; without a wish the usual one, or any that is free.
    ///
    /// # Errors
    ///
    /// When it is taken.
    pub(crate) fn claim(wish: Option<u16>, usual: u16) -> io::Result<Self> {
        if let Some(number) = wish {
            return Self::take(number);
        }
        let mut claimed = Self::take(usual);
        for _ in 0..TRIES {
            if claimed.is_ok() {
                break;
            }
            claimed = any().and_then(Self::take);
        }
        claimed
    }

    /// The number.
    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    fn take(number: u16) -> io::Result<Self> {
        let name = format!("cardea-demo-port-{number}");
        let name = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
        let claim = UnixListener::bind_addr(&name)?;
        // Taken by us, who now let it go again; programs that are no demo are not kept away.
        drop(TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, number)))?);
        Ok(Self { number, _claim: claim })
    }
}

fn any() -> io::Result<u16> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_demos_do_not_claim_the_same_port() {
        // Below the range from which the kernel gives a port to whoever asks for any.
        let usual = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
        let first = Port::claim(None, usual).unwrap();
        let second = Port::claim(None, usual).unwrap();
        assert_eq!(first.number(), usual);
        assert_ne!(second.number(), usual);
        assert!(Port::claim(Some(usual), 1).is_err());
        drop(first);
        assert_eq!(Port::claim(Some(usual), 1).unwrap().number(), usual);
    }

    #[test]
    fn a_port_on_which_somebody_listens_is_not_claimed() {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let taken = listener.local_addr().unwrap().port();
        assert!(Port::claim(Some(taken), 1).is_err());
        assert_ne!(Port::claim(None, taken).unwrap().number(), taken);
    }
}
