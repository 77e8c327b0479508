//! Security keys on USB.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use authenticator::{CeremonyLink, Unshared};
use link_hid::{Event, HidLink, Hidraw, Monitor};

use crate::board::{Arrival, Board, DeviceId, DeviceSource, OpenError};
use crate::random;

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
            let node = key.node.clone();
            let open = move || Hidraw::open(&node).map(link).map_err(failed);
            keys.insert(key.node, board.plugged_in(key.name, arrival, Arc::new(open)));
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
        let open = move || Hidraw::connect(&self.socket).map(link).map_err(failed);
        // It may be switched on and off; whether it is there is seen when it is opened.
        board.plugged_in("simulated key".to_owned(), Arrival::Before, Arc::new(open));
        Ok(Box::new(()))
    }
}

#[expect(clippy::expect_used, reason = "without randomness this thread and its ceremony end")]
fn link(wire: Hidraw) -> Box<dyn CeremonyLink> {
    let nonces = || random::array().expect("the system has randomness");
    Box::new(Unshared(HidLink::new(wire, nonces)))
}

fn failed(error: io::Error) -> OpenError {
    OpenError(error.into())
}
