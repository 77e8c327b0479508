//! A security key in which nothing is ours: the authenticator, its messages and its packets are
//! those of the passkey crates. It opens at a socket, as `cardea-sim key` does.
//!
//! usage: `passkey-key SOCKET`

mod authenticator;
mod key;

use std::env;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketType, accept, bind, listen, recv,
    send, socket,
};

use key::{Key, Report};

fn main() -> io::Result<()> {
    let path =
        env::args_os().nth(1).ok_or_else(|| io::Error::other("usage: passkey-key SOCKET"))?;
    let listener = socket(AddressFamily::UNIX, SocketType::SEQPACKET, None)?;
    bind(&listener, &SocketAddrUnix::new(Path::new(&path))?)?;
    listen(&listener, 1)?;
    println!("key plugged in");
    let mut key = Key::new();
    loop {
        serve(&mut key, &accept(&listener)?)?;
    }
}

/// One client, until it leaves.
fn serve(key: &mut Key, client: &OwnedFd) -> io::Result<()> {
    loop {
        let mut report: Report = [0; 64];
        if recv(client, &mut report, RecvFlags::empty())?.0 == 0 {
            return Ok(());
        }
        for answer in key.receive(&report) {
            // Whoever left does not hear it; the next `recv` says so.
            let _ = send(client, &answer, SendFlags::NOSIGNAL);
        }
    }
}
