//! Security keys on USB.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use authenticator::{CeremonyLink, Unshared};
use link_hid::{Event, HidLink, Hidraw, Monitor, NodeId};

use crate::board::{Arrival, Board, DeviceId, DeviceSource, Open, OpenError};
use crate::plain::plain;
use crate::random;

/// Longest name of a key that is shown, in characters.
const NAME: usize = 80;

/// What a key is called whose maker has no name for it.
pub(crate) const UNNAMED: &str = "security key";

/// What a simulated key is called.
pub(crate) const SIMULATED: &str = "simulated key";

/// Every security key that is plugged into this computer.
#[derive(Debug, Default)]
pub struct SecurityKeys;

impl DeviceSource for SecurityKeys {
    fn start(self: Box<Self>, board: Board) -> io::Result<Box<dyn Send>> {
        let mut keys = HashMap::new();
        let monitor = Monitor::start(move |event| on_event(&board, &mut keys, event))?;
        Ok(Box::new(monitor))
    }
}

fn on_event(board: &Board, keys: &mut HashMap<PathBuf, DeviceId>, event: Event) {
    match event {
        Event::KeyInserted(key) => {
            let arrival = if key.was_there { Arrival::Before } else { Arrival::Now };
            let open = opens(key.node.clone());
            keys.insert(key.node, board.plugged_in(shown(&key.name), arrival, open));
        }
        Event::KeyRemoved { node } => {
            if let Some(id) = keys.remove(&node) {
                board.left(id);
            }
        }
        Event::KeyForbidden { node } => tracing::info!(
            node = %node.display(),
            "this user may not use the security key (yet); see the udev rules of the system"
        ),
        Event::Ended { error } => tracing::warn!(
            %error,
            "security keys are not seen any more; start the agent again"
        ),
        _ => {}
    }
}

/// A key that a program plays at a socket, for trying things out without hardware. It is one of
/// the person's devices only because they started the agent with it.
#[derive(Debug)]
pub struct SimulatedKey {
    /// Where the program listens.
    pub socket: PathBuf,
}

impl DeviceSource for SimulatedKey {
    fn start(self: Box<Self>, board: Board) -> io::Result<Box<dyn Send>> {
        tracing::warn!(socket = %self.socket.display(), "a simulated key is one of the devices");
        // It may be switched on and off; whether it is there is seen when it is opened.
        board.plugged_in(SIMULATED.to_owned(), Arrival::Before, connects(self.socket));
        Ok(Box::new(()))
    }
}

/// What a key is called, for people. Its maker writes it.
pub(crate) fn shown(name: &str) -> String {
    Some(plain(name, NAME)).filter(|name| !name.is_empty()).unwrap_or_else(|| UNNAMED.to_owned())
}

/// Opens the key that is at `node` now. When it has left, another may come to that node: that one is
/// not opened, for it is not the one that the person was asked about.
pub(crate) fn opens(node: PathBuf) -> Open {
    let id = NodeId::of(&node).ok();
    Arc::new(move || {
        let id = id.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        Hidraw::open_same(&node, id).map(link).map_err(failed)
    })
}

/// Opens the simulated key at `socket`.
pub(crate) fn connects(socket: PathBuf) -> Open {
    Arc::new(move || Hidraw::connect(&socket).map(link).map_err(failed))
}

#[expect(clippy::expect_used, reason = "without randomness this thread and its ceremony end")]
fn link(wire: Hidraw) -> Box<dyn CeremonyLink> {
    let nonces = || random::array().expect("the system has randomness");
    Box::new(Unshared(HidLink::new(wire, nonces)))
}

fn failed(error: io::Error) -> OpenError {
    OpenError(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_came_to_the_node_of_another_is_not_opened_in_its_place() {
        let folder = crate::state::tests::scratch("node-of-another");
        std::fs::create_dir_all(&folder).unwrap();
        let (node, old) = (folder.join("hidraw0"), folder.join("old"));
        std::fs::write(&node, "").unwrap();
        let open = opens(node.clone());
        assert!(open().is_ok());
        std::fs::rename(&node, old).unwrap();
        assert!(open().is_err(), "it has left");
        std::fs::write(&node, "").unwrap();
        assert!(open().is_err() && opens(node)().is_ok(), "another is there");
    }

    #[test]
    fn a_key_has_a_plain_name_or_the_name_of_all() {
        assert_eq!(shown("\u{1b}[31mKey\n"), "[31mKey");
        assert_eq!(shown(&"x".repeat(100)).len(), NAME);
        for nothing in ["", " \u{200b}\u{3164} "] {
            assert_eq!(shown(nothing), "security key");
        }
    }
}
