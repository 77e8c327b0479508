//! One look at what is inserted, for commands that do not stay.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::io;
use std::path::PathBuf;

use link_hid::SecurityKey;
use link_pcsc::ServiceError;

use crate::board::{Kind, Open};
use crate::{readers, security_keys};

mod back;

/// A reader, or a security key.
#[derive(Clone)]
pub struct Inserted {
    /// What it is.
    pub kind: Kind,
    /// What people call it, made plain: the reader's name, or the key's.
    pub name: String,
    /// The device node of a key.
    pub node: Option<PathBuf>,
    /// The socket at which a program plays the key.
    pub socket: Option<PathBuf>,
    /// What can be done with it.
    pub state: State,
}

/// What can be done with what is inserted.
#[derive(Clone)]
pub enum State {
    /// It can be opened by this. Whether it speaks FIDO2 is not known yet.
    Ready(Open),
    /// A reader without a card.
    Empty,
    /// A card that does not answer its reader.
    Unresponsive,
    /// A key that this user may not use.
    Forbidden,
}

/// What is in the PC/SC readers: one entry for each reader, in the order of their names.
///
/// # Errors
///
/// When the smart card service does not answer, or does not let this user in.
pub fn cards() -> Result<Vec<Inserted>, ServiceError> {
    Ok(readers_of(link_pcsc::look()?))
}

fn readers_of(events: Vec<link_pcsc::Event>) -> Vec<Inserted> {
    let mut states: BTreeMap<CString, State> = BTreeMap::new();
    for event in events {
        let (reader, state) = match event {
            link_pcsc::Event::ReaderAdded { reader } => (reader, State::Empty),
            link_pcsc::Event::CardUnresponsive { reader } => (reader, State::Unresponsive),
            link_pcsc::Event::CardInserted(card) => {
                (card.reader.clone(), State::Ready(readers::opens(card)))
            }
            _ => continue,
        };
        states.insert(reader, state);
    }
    let card = |(reader, state): (CString, State)| Inserted {
        kind: Kind::Card,
        name: readers::shown(&reader),
        node: None,
        socket: None,
        state,
    };
    states.into_iter().map(card).collect()
}

/// The security keys on USB, and a simulated one at the socket `simulated`.
pub fn keys(simulated: Option<PathBuf>) -> Vec<Inserted> {
    let key = |name: &str, node, state| Inserted {
        kind: Kind::Key,
        name: security_keys::shown(name),
        node,
        socket: None,
        state,
    };
    let of_event = |event| match event {
        link_hid::Event::KeyInserted(SecurityKey { node, name, .. }) => {
            let open = security_keys::opens(node.clone());
            Some(key(&name, Some(node), State::Ready(open)))
        }
        link_hid::Event::KeyForbidden { node } => {
            Some(key(security_keys::UNNAMED, Some(node), State::Forbidden))
        }
        _ => None,
    };
    let mut keys: Vec<_> = link_hid::look().into_iter().filter_map(of_event).collect();
    keys.extend(simulated.map(|socket| {
        let state = State::Ready(security_keys::connects(socket.clone()));
        Inserted { socket: Some(socket), ..key(security_keys::SIMULATED, None, state) }
    }));
    keys
}

impl Inserted {
    /// Waits until it is taken out and put back, and gives it as it is then, and what opens it. It is
    /// watched from the first time on that this is polled. A
    /// key counts where it comes back to the same place, if the system knows that. It may be another
    /// one of the same name all the same: look at it.
    ///
    /// # Errors
    ///
    /// When nobody can see that: the system tells of no changes.
    pub async fn comes_back(&self) -> io::Result<(Self, Open)> {
        match (self.kind, &self.node, &self.socket) {
            (Kind::Card, ..) => back::card(self).await,
            (Kind::Key, Some(node), _) => back::key(self, node).await,
            (Kind::Key, None, Some(socket)) => back::simulated_key(self, socket).await,
            (Kind::Key, None, None) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

impl std::fmt::Debug for Inserted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inserted")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("node", &self.node)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_calls_itself_a_command_of_the_terminal_is_plain_text() {
        let reader = c"ACR\x1b[31m\xc2\x9b5m 1\n".to_owned();
        let added = link_pcsc::Event::ReaderAdded { reader: reader.clone() };
        let mute = link_pcsc::Event::CardUnresponsive { reader };
        let [found] = <[Inserted; 1]>::try_from(readers_of(vec![added, mute])).unwrap();
        assert_eq!(found.name, "ACR[31m5m 1");
        assert!(matches!(found.state, State::Unresponsive));
    }
}
