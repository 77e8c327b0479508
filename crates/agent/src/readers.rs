//! Cards in PC/SC readers.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::io;
use std::sync::Arc;

use link_pcsc::{Event, InsertedCard, Monitor, Options, PcscLink};

use crate::board::{Arrival, Board, DeviceId, DeviceSource, Open};
use crate::words::plain;

/// Longest name of a reader that is shown, in characters.
const NAME: usize = 80;

/// Every PC/SC reader of this computer.
#[derive(Debug, Default)]
pub struct Readers;

impl DeviceSource for Readers {
    fn start(self: Box<Self>, board: Board) -> io::Result<Box<dyn Send>> {
        let mut cards = HashMap::new();
        let monitor = Monitor::start(move |event| on_event(&board, &mut cards, event))?;
        Ok(Box::new(monitor))
    }
}

fn on_event(board: &Board, cards: &mut HashMap<CString, DeviceId>, event: Event) {
    match event {
        Event::CardInserted(card) => {
            let name = shown(&card.reader);
            // Seen at the first look, also after the service was away: nobody put it there for us.
            let arrival = if card.inserted_at.is_some() { Arrival::Now } else { Arrival::Before };
            let reader = card.reader.clone();
            let id = board.arrived(name, arrival, opens(card));
            cards.insert(reader, id);
        }
        Event::CardRemoved { reader } => {
            if let Some(id) = cards.remove(&reader) {
                board.left(id);
            }
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
