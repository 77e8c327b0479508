//! Cards in PC/SC readers.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::io;
use std::sync::Arc;
use std::time::Instant;

use link_pcsc::{Event, InsertedCard, Monitor, Options, PcscLink};

use crate::board::{Arrival, Board, DeviceId, DeviceSource, Open};
use crate::plain::plain;

/// Longest name of a reader that is shown, in characters.
const NAME: usize = 80;

/// Every PC/SC reader of this computer.
#[derive(Debug, Default)]
pub struct Readers;

impl DeviceSource for Readers {
    fn start(self: Box<Self>, board: Board) -> io::Result<Box<dyn Send>> {
        let mut cards = Cards { board, last: HashMap::new() };
        let monitor = Monitor::start(move |event| on_event(&mut cards, event))?;
        Ok(Box::new(monitor))
    }
}

/// The cards as the board knows them.
struct Cards {
    board: Board,
    /// The last of each reader.
    last: HashMap<CString, Last>,
}

struct Last {
    id: DeviceId,
    /// The first of its stay.
    since: DeviceId,
    inserted_at: Option<Instant>,
}

impl Cards {
    fn inserted(&mut self, card: InsertedCard) {
        let (name, reader, inserted_at) =
            (shown(&card.reader), card.reader.clone(), card.inserted_at);
        // Seen at the first look, also after the service was away: nobody put it there for us.
        let arrival = if inserted_at.is_some() { Arrival::Now } else { Arrival::Before };
        // The same moment: it has only lost its contact.
        let same = self.last.get(&reader).filter(|last| last.inserted_at == inserted_at);
        let (id, since) = if let Some(since) = same.map(|last| last.since) {
            (self.board.returned(since, name, arrival, opens(card)), since)
        } else {
            let id = self.board.arrived(name, arrival, opens(card));
            (id, id)
        };
        self.last.insert(reader, Last { id, since, inserted_at });
    }

    fn removed(&self, reader: &CStr) {
        if let Some(last) = self.last.get(reader) {
            self.board.left(last.id);
        }
    }
}

fn on_event(cards: &mut Cards, event: Event) {
    match event {
        Event::CardInserted(card) => cards.inserted(card),
        Event::CardRemoved { reader } => cards.removed(&reader),
        Event::ReaderRemoved { reader } => {
            cards.last.remove(&reader);
        }
        Event::CardUnresponsive { reader } => tracing::info!(?reader, "the card does not answer"),
        Event::ServiceUp => tracing::info!("the smart card service answers"),
        Event::ServiceDown(error) => {
            tracing::warn!(%error, "no smart card service; is pcscd installed and running?");
        }
        _ => {}
    }
}

/// The name of a reader, for people. The maker of a USB reader writes it.
pub(crate) fn shown(reader: &CStr) -> String {
    plain(&reader.to_string_lossy(), NAME)
}

/// Opens `card`, as long as it stays in its reader.
pub(crate) fn opens(card: InsertedCard) -> Open {
    Arc::new(move || Ok(Box::new(PcscLink::new(&card, Options::default()))))
}
