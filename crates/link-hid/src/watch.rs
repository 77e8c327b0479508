//! Which keys are there, and what has changed since.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use crate::devices::{Found, SecurityKey, System, Usable};

/// Something that happened to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A key is there, and may be used.
    KeyInserted(SecurityKey),
    /// A key is there that this user may not use, at least not yet.
    KeyForbidden {
        /// Its device node.
        node: PathBuf,
    },
    /// A key that was inserted is gone.
    KeyRemoved {
        /// Its device node.
        node: PathBuf,
    },
    /// Nothing more is told: the system does not say any more what happens. An [`Event::KeyRemoved`] for
    /// each key that was there went before, for nobody would see it leave.
    Ended {
        /// Why.
        error: io::ErrorKind,
    },
}

/// The keys as they were last seen.
pub(crate) struct Watch<S> {
    system: S,
    /// `/dev`.
    nodes: PathBuf,
    keys: BTreeMap<String, Seen>,
    has_looked: bool,
}

struct Seen {
    found: Found,
    was_there: bool,
    usable: Usable,
}

impl<S: System> Watch<S> {
    pub(crate) fn new(system: S, nodes: PathBuf) -> Self {
        Self { system, nodes, keys: BTreeMap::new(), has_looked: false }
    }

    /// Looks at everything: at first, and after something may have been missed.
    pub(crate) fn look(&mut self, events: &mut Vec<Event>) {
        let there = self.system.keys();
        let gone: Vec<String> =
            self.keys.keys().filter(|name| !there.contains_key(*name)).cloned().collect();
        for name in gone {
            self.gone(&name, events);
        }
        for (name, found) in there {
            self.found(name, found, events);
        }
        self.has_looked = true;
    }

    /// Looks at one device that came or changed.
    pub(crate) fn changed(&mut self, name: &str, events: &mut Vec<Event>) {
        match self.system.key(name) {
            Some(found) => self.found(name.to_owned(), found, events),
            None => self.gone(name, events),
        }
    }

    /// A device is gone.
    pub(crate) fn gone(&mut self, name: &str, events: &mut Vec<Event>) {
        if let Some(seen) = self.keys.remove(name)
            && seen.usable == Usable::Yes
        {
            events.push(Event::KeyRemoved { node: self.nodes.join(name) });
        }
    }

    /// Nobody looks any more: every key counts as gone.
    pub(crate) fn all_gone(&mut self, events: &mut Vec<Event>) {
        for name in self.keys.keys().cloned().collect::<Vec<_>>() {
            self.gone(&name, events);
        }
    }

    /// Access to a node was given or taken: looks at those that wait for it.
    pub(crate) fn access_changed(&mut self, events: &mut Vec<Event>) {
        let waiting = self.keys.iter().filter(|(_, seen)| seen.usable != Usable::Yes);
        let waiting: Vec<String> = waiting.map(|(name, _)| name.clone()).collect();
        for name in waiting {
            self.changed(&name, events);
        }
    }

    /// Whether a key waits for access.
    pub(crate) fn waits_for_access(&self) -> bool {
        self.keys.values().any(|seen| seen.usable != Usable::Yes)
    }

    fn found(&mut self, name: String, found: Found, events: &mut Vec<Event>) {
        // Another key under the name of one whose leaving nobody told.
        if self.keys.get(&name).is_some_and(|seen| seen.found.place != found.place) {
            self.gone(&name, events);
        }
        let node = self.nodes.join(&name);
        let usable = self.system.usable(&node);
        let known = self.keys.get(&name);
        let was = known.map(|seen| seen.usable);
        let was_there = known.map_or(!self.has_looked, |seen| seen.was_there);
        // One that we had stays, whatever becomes of its node: who has it open may go on.
        if was == Some(Usable::Yes) || was == Some(usable) {
            return;
        }
        match usable {
            Usable::Yes => events.push(Event::KeyInserted(SecurityKey {
                node,
                name: found.name.clone(),
                was_there,
            })),
            Usable::Forbidden => events.push(Event::KeyForbidden { node }),
            Usable::Missing => {}
        }
        self.keys.insert(name, Seen { found, was_there, usable });
    }
}

#[cfg(test)]
mod tests;
