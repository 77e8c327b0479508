//! What is known of the readers, and what has changed since.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::time::Instant;

use pcsc::{ReaderState, State};

/// Something that happened to the service, a reader or a card.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The smart card service answers.
    ServiceUp,
    /// It does not; it is tried again. All readers and cards are gone.
    ServiceDown(pcsc::Error),
    /// A reader is there.
    ReaderAdded {
        /// Its name.
        reader: CString,
    },
    /// A reader is gone, and its card with it.
    ReaderRemoved {
        /// Its name.
        reader: CString,
    },
    /// A card is there.
    CardInserted(InsertedCard),
    /// A card is there that does not answer: turned over, or no smart card.
    CardUnresponsive {
        /// In which reader.
        reader: CString,
    },
    /// The card is gone.
    CardRemoved {
        /// From which reader.
        reader: CString,
    },
}

/// A card in a reader. Taken out and put back it is another one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InsertedCard {
    /// Name of the reader.
    pub reader: CString,
    /// Answer to reset: tells the model of the card, and never who it belongs to.
    pub atr: Vec<u8>,
    /// How many events the reader had seen. The same number: nobody took the card out meanwhile.
    pub event_count: u32,
    /// When it came; `None` when it was there before anybody looked.
    pub inserted_at: Option<Instant>,
}

/// What the service says of one reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Observation {
    pub(crate) state: State,
    pub(crate) event_count: u32,
    pub(crate) atr: Vec<u8>,
}

impl Observation {
    /// As the service tells it.
    pub(crate) fn of(state: &ReaderState) -> Self {
        Self {
            state: state.event_state(),
            event_count: state.event_count(),
            atr: state.atr().to_vec(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    /// Nobody has looked yet.
    Unknown,
    Empty,
    Card {
        event_count: u32,
    },
    Unresponsive {
        event_count: u32,
    },
}

/// The readers as they were last seen.
#[derive(Debug, Default)]
pub(crate) struct Readers(BTreeMap<CString, Slot>);

impl Readers {
    /// Takes in the list of readers that are there now.
    pub(crate) fn list(&mut self, names: &[CString], events: &mut Vec<Event>) {
        let gone: Vec<CString> =
            self.0.keys().filter(|name| !names.contains(name)).cloned().collect();
        for name in gone {
            self.remove(&name, events);
        }
        for name in names {
            if !self.0.contains_key(name) {
                self.0.insert(name.clone(), Slot::Unknown);
                events.push(Event::ReaderAdded { reader: name.clone() });
            }
        }
    }

    /// Takes in what is known of one reader now.
    pub(crate) fn observe(
        &mut self,
        reader: &CStr,
        seen: &Observation,
        now: Instant,
        events: &mut Vec<Event>,
    ) {
        if seen.state.intersects(State::UNKNOWN | State::IGNORE) {
            return self.remove(reader, events);
        }
        let Some(slot) = self.0.get_mut(reader) else { return };
        let event_count = seen.event_count;
        let is = if !seen.state.contains(State::PRESENT) {
            Slot::Empty
        } else if seen.state.contains(State::MUTE) {
            Slot::Unresponsive { event_count }
        } else {
            Slot::Card { event_count }
        };
        let was = std::mem::replace(slot, is);
        if was == is {
            return;
        }
        let reader = reader.to_owned();
        // Also between two cards: one was taken out and another put in before anybody looked.
        if matches!(was, Slot::Card { .. } | Slot::Unresponsive { .. }) {
            events.push(Event::CardRemoved { reader: reader.clone() });
        }
        let inserted_at = (was != Slot::Unknown).then_some(now);
        match is {
            Slot::Card { event_count } => events.push(Event::CardInserted(InsertedCard {
                reader,
                atr: seen.atr.clone(),
                event_count,
                inserted_at,
            })),
            Slot::Unresponsive { .. } => events.push(Event::CardUnresponsive { reader }),
            Slot::Empty | Slot::Unknown => {}
        }
    }

    /// The service is gone: nothing is known any more.
    pub(crate) fn clear(&mut self, events: &mut Vec<Event>) {
        self.list(&[], events);
    }

    /// Names of the readers.
    pub(crate) fn names(&self) -> impl Iterator<Item = &CString> {
        self.0.keys()
    }

    fn remove(&mut self, reader: &CStr, events: &mut Vec<Event>) {
        let Some((reader, slot)) = self.0.remove_entry(reader) else { return };
        if matches!(slot, Slot::Card { .. } | Slot::Unresponsive { .. }) {
            events.push(Event::CardRemoved { reader: reader.clone() });
        }
        events.push(Event::ReaderRemoved { reader });
    }
}

#[cfg(test)]
mod tests;
