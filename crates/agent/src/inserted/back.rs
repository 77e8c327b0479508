//! A device that is taken out and put back.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use link_hid::{Event, Monitor, SecurityKey};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::sleep;

use super::{Inserted, State};
use crate::board::{Arrival, Board, DeviceId, DeviceSource as _, Open, Way};
use crate::{readers, security_keys};

/// Waits for a card that is put into the reader that `old` has left.
pub(super) async fn card(old: &Inserted) -> io::Result<(Inserted, Open)> {
    let board = Board::new();
    let _watches = Box::new(readers::Readers).start(board.clone())?;
    let mut seen = DeviceId::default();
    loop {
        for device in board.arrivals_after(seen).await {
            seen = device.id;
            // Out and in again, however quickly: it has lost its power in between.
            let is_back = device.arrival == Arrival::Now || device.since < device.id;
            if is_back
                && device.name == old.name
                && let Way::Ctap(open) = device.way
            {
                let state = State::Ready(Arc::clone(&open));
                return Ok((Inserted { state, ..old.clone() }, open));
            }
        }
    }
}

/// Waits for the key at `node` to leave, and for one that comes then to the same place.
pub(super) async fn key(old: &Inserted, node: &Path) -> io::Result<(Inserted, Open)> {
    let place = usb_place(node);
    let mut awaited = Awaited { name: &old.name, node, place, has_left: false };
    let (tell, mut events) = unbounded_channel();
    let _monitor = Monitor::start(move |event| {
        let _ = tell.send(event);
    })?;
    while let Some(event) = events.recv().await {
        match event {
            Event::KeyRemoved { node } => awaited.left(&node),
            Event::KeyInserted(SecurityKey { node, name, was_there: false, .. })
                if awaited.is(&name, usb_place(&node).as_deref()) =>
            {
                let open = security_keys::opens(node.clone());
                let state = State::Ready(Arc::clone(&open));
                return Ok((Inserted { node: Some(node), state, ..old.clone() }, open));
            }
            _ => {}
        }
    }
    Err(io::ErrorKind::BrokenPipe.into())
}

/// How often is looked whether a simulated key is there again: nobody tells.
const LOOK: Duration = Duration::from_millis(100);

/// Waits for the simulated key at `socket` to be pulled out, and for one that is there then.
pub(super) async fn simulated_key(old: &Inserted, socket: &Path) -> io::Result<(Inserted, Open)> {
    hangs_up(socket).await?;
    let open = security_keys::connects(socket.to_owned());
    while crate::inspect(&open).await.is_err() {
        sleep(LOOK).await;
    }
    let state = State::Ready(Arc::clone(&open));
    Ok((Inserted { state, ..old.clone() }, open))
}

/// Waits until the key ends the connection, as it does when it is pulled out; or there is none.
async fn hangs_up(socket: &Path) -> io::Result<()> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let wire = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    if connect(&wire, &SocketAddrUnix::new(socket)?).is_err() {
        return Ok(());
    }
    // Only that it ends counts, so it is read like a stream.
    let mut wire = UnixStream::from_std(wire.into())?;
    // What it says to others comes here, too.
    while wire.read(&mut [0; 64]).await.is_ok_and(|length| length > 0) {}
    Ok(())
}

/// The key that is to leave and to come back.
struct Awaited<'a> {
    name: &'a str,
    node: &'a Path,
    /// `None`: not known.
    place: Option<PathBuf>,
    has_left: bool,
}

impl Awaited<'_> {
    fn left(&mut self, node: &Path) {
        self.has_left |= node == self.node;
    }

    /// Whether one that came now may be the one: another may be plugged in meanwhile.
    fn is(&self, name: &str, place: Option<&Path>) -> bool {
        let is_there = self.place.is_none() || self.place.as_deref() == place;
        self.has_left && is_there && security_keys::shown(name) == self.name
    }
}

/// Where on USB a key is plugged in: the interface in sysfs, the parent of its HID device. A key
/// that comes back to the same socket has it again.
fn usb_place(node: &Path) -> Option<PathBuf> {
    let device = Path::new("/sys/class/hidraw").join(node.file_name()?).join("device");
    Some(std::fs::canonicalize(device).ok()?.parent()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_key_that_comes_to_the_same_place_after_the_first_has_left_is_the_one() {
        let (node, place) = (Path::new("/dev/hidraw1"), Some(Path::new("/usb/1-2:1.0")));
        let elsewhere = Some(Path::new("/usb/1-3:1.0"));
        let known = place.map(Path::to_owned);
        let mut awaited = Awaited { name: "Key", node, place: known, has_left: false };
        assert!(!awaited.is("Key", place), "the first is still there");
        awaited.left(Path::new("/dev/hidraw2"));
        assert!(!awaited.is("Key", place), "another has left");
        awaited.left(node);
        assert!(!awaited.is("Key", elsewhere) && !awaited.is("Key", None), "elsewhere");
        assert!(!awaited.is("Other", place));
        assert!(awaited.is("Key", place));
        assert!(Awaited { place: None, ..awaited }.is("Key", elsewhere), "nobody knows where");
    }
}
