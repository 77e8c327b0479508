//! Body three: a key on USB. It speaks CTAPHID (CTAP 2.1 §11.2), in reports of 64 bytes: without
//! the USB over a Unix socket of the kind `SEQPACKET`, one message for each; or as a device that
//! the kernel takes for one on USB.
//!
//! As with a real device node, everybody who has it open hears every report of the key.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rustix::net::{
    AddressFamily, Shutdown, SocketAddrUnix, SocketFlags, SocketType, bind, connect, listen,
    shutdown, socket_with, socketpair,
};

use crate::leftover;
use crate::shared::Shared;
use crate::{Body, Simulator};
use sockets::Sockets;
use usb::Usb;
use wire::Wire;

mod cable;
mod device;
mod packet;
mod sockets;
mod trouble;
mod uhid;
mod usb;
mod whole;
mod wire;

pub(crate) use whole::Whole;

/// So many may wait to open the key.
const BACKLOG: i32 = 8;

/// A simulated key that is plugged in. It is unplugged when this is dropped.
pub struct VirtualKey {
    shared: Arc<Shared>,
    stop: OwnedFd,
    thread: Option<JoinHandle<()>>,
    socket: Option<PathBuf>,
}

impl Simulator {
    /// Makes the authenticator a key that opens at a socket, for as many programs as like.
    /// It follows the person's hand: unplugged, every connection ends and new ones fail.
    ///
    /// # Errors
    ///
    /// When the socket cannot be made, or somebody listens there already.
    pub fn key(&self, socket: &Path) -> io::Result<VirtualKey> {
        let listener = listener(socket)?;
        let mut key =
            self.plug(Box::new(Sockets { listener: Some(listener), clients: Vec::new() }))?;
        key.socket = Some(socket.to_owned());
        Ok(key)
    }

    /// Makes the authenticator a key for this process alone, and gives the program's end.
    ///
    /// # Errors
    ///
    /// When the system gives no sockets or no thread.
    pub fn key_in_process(&self) -> io::Result<(VirtualKey, OwnedFd)> {
        let (host, key) = pair()?;
        Ok((self.plug(Box::new(Sockets { listener: None, clients: vec![key] }))?, host))
    }

    /// Makes the authenticator a USB device of this machine, by `/dev/uhid`: every program may find
    /// it, at `/dev/hidraw…`. It follows the person's hand.
    ///
    /// # Errors
    ///
    /// When the kernel has no `uhid`, or this user may not use it.
    pub fn key_on_usb(&self) -> io::Result<VirtualKey> {
        let mut usb = Usb::new();
        usb.plug()?;
        self.plug(Box::new(usb))
    }

    fn plug(&self, wire: Box<dyn Wire>) -> io::Result<VirtualKey> {
        let (stop, stopped) = pair()?;
        self.shared.lock().faults.reached_by(Body::Key);
        let cable = cable::Cable::new(self, wire, stopped);
        let thread = thread::Builder::new().name("key".into()).spawn(move || cable.run())?;
        let shared = Arc::clone(&self.shared);
        Ok(VirtualKey { shared, stop, thread: Some(thread), socket: None })
    }
}

impl Drop for VirtualKey {
    fn drop(&mut self) {
        // Wakes the thread; a key that has ended by itself does not hear it.
        let _ = shutdown(&self.stop, Shutdown::Both);
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic has been printed by its own thread.
            let _ = thread.join();
        }
        if let Some(socket) = &self.socket {
            // Somebody may have tidied up already.
            let _ = std::fs::remove_file(socket);
        }
    }
}

impl std::fmt::Debug for VirtualKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VirtualKey").field("socket", &self.socket).finish_non_exhaustive()
    }
}

const FLAGS: SocketFlags = SocketFlags::CLOEXEC.union(SocketFlags::NONBLOCK);

fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, FLAGS, None)?)
}

fn unix_socket() -> io::Result<OwnedFd> {
    Ok(socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, FLAGS, None)?)
}

/// Takes the place of a socket that nobody listens to any more.
fn listener(path: &Path) -> io::Result<OwnedFd> {
    let address = SocketAddrUnix::new(path)?;
    let abandoned = connect(unix_socket()?, &address);
    if abandoned == Err(rustix::io::Errno::CONNREFUSED) {
        leftover::remove(path)?;
    }
    let listener = unix_socket()?;
    bind(&listener, &address)?;
    listen(&listener, BACKLOG)?;
    Ok(listener)
}
