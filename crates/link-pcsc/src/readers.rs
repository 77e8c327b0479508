//! What is known of the readers, and what has changed since.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::time::{Duration, Instant};

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

/// A card that loses the reader's field flutters: it is gone and back within a fraction of a second,
/// without anybody's hand. Who takes a card up and lays it down again needs longer.
pub const FLUTTER: Duration = Duration::from_millis(700);

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
    /// When somebody put it there; `None` when it was there before anybody looked. A card that is
    /// back within [`FLUTTER`] has only fluttered: it has the time of its first coming.
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

/// The card that was last in a reader.
#[derive(Clone, Debug)]
struct Stay {
    atr: Vec<u8>,
    inserted_at: Option<Instant>,
    /// `None` while it is there.
    left_at: Option<Instant>,
}

impl Stay {
    /// Whether a card of this kind that is there now was there all the time, but for its contact.
    fn goes_on(&self, atr: &[u8], now: Instant) -> bool {
        let away = self.left_at.map_or(Duration::ZERO, |left| now.saturating_duration_since(left));
        self.atr == atr && away < FLUTTER
    }
}

/// The readers as they were last seen.
#[derive(Debug, Default)]
pub(crate) struct Readers {
    slots: BTreeMap<CString, Slot>,
    stays: BTreeMap<CString, Stay>,
}

impl Readers {
    /// Takes in the list of readers that are there now.
    pub(crate) fn list(&mut self, names: &[CString], events: &mut Vec<Event>) {
        let gone: Vec<CString> =
            self.slots.keys().filter(|name| !names.contains(name)).cloned().collect();
        for name in gone {
            self.remove(&name, events);
        }
        for name in names {
            if !self.slots.contains_key(name) {
                self.slots.insert(name.clone(), Slot::Unknown);
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
        let Some(slot) = self.slots.get_mut(reader) else { return };
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
        match is {
            Slot::Card { event_count } => {
                let came = (was != Slot::Unknown).then_some(now);
                let inserted_at = self.stay(&reader, &seen.atr, came, now);
                let atr = seen.atr.clone();
                let card = InsertedCard { reader, atr, event_count, inserted_at };
                events.push(Event::CardInserted(card));
            }
            Slot::Unresponsive { .. } => events.push(Event::CardUnresponsive { reader }),
            Slot::Empty | Slot::Unknown => self.ends_stay(&reader, now),
        }
    }

    /// When the card was put there that is there now.
    fn stay(
        &mut self,
        reader: &CStr,
        atr: &[u8],
        came: Option<Instant>,
        now: Instant,
    ) -> Option<Instant> {
        let last = self.stays.get(reader).filter(|stay| stay.goes_on(atr, now));
        let inserted_at = last.map_or(came, |stay| stay.inserted_at);
        let stay = Stay { atr: atr.to_vec(), inserted_at, left_at: None };
        self.stays.insert(reader.to_owned(), stay);
        inserted_at
    }

    fn ends_stay(&mut self, reader: &CStr, now: Instant) {
        if let Some(stay) = self.stays.get_mut(reader) {
            stay.left_at.get_or_insert(now);
        }
    }

    /// The service is gone: nothing is known any more.
    pub(crate) fn clear(&mut self, events: &mut Vec<Event>) {
        self.list(&[], events);
    }

    /// Names of the readers.
    pub(crate) fn names(&self) -> impl Iterator<Item = &CString> {
        self.slots.keys()
    }

    fn remove(&mut self, reader: &CStr, events: &mut Vec<Event>) {
        let Some((reader, slot)) = self.slots.remove_entry(reader) else { return };
        self.stays.remove(&reader);
        if matches!(slot, Slot::Card { .. } | Slot::Unresponsive { .. }) {
            events.push(Event::CardRemoved { reader: reader.clone() });
        }
        events.push(Event::ReaderRemoved { reader });
    }
}

#[cfg(test)]
mod tests;
