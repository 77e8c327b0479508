//! One connection to one card, opened when it is needed.

use std::ffi::CString;
use std::time::Duration;

use pcsc::{
    Card, Context, Disposition, Protocols, ReaderState, Scope, ShareMode, State, Transaction,
};

use crate::apdu::{Transmit, Waiting, select};
use crate::error::Fault;

/// How often a transaction is begun anew because somebody else reset the card.
const RESTARTS: usize = 2;
/// How often a card that is in use is tried again, one pause apart.
const ATTEMPTS: usize = 20;

/// Which card, in which reader. Another card in the same reader is not this one.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) reader: CString,
    pub(crate) atr: Vec<u8>,
    pub(crate) event_count: u32,
}

impl Target {
    /// Connects, shared with other programs, and makes sure that it is still the same card: the
    /// PIN of one is not for another.
    pub(crate) fn connect(&self, waiting: &dyn Waiting) -> Result<Card, Fault> {
        // A context of its own: calls on one context wait for each other.
        let context = Context::establish(Scope::User)?;
        let mut attempts = 0..ATTEMPTS;
        let card = loop {
            match context.connect(&self.reader, ShareMode::Shared, Protocols::ANY) {
                Err(pcsc::Error::SharingViolation) if attempts.next().is_some() => waiting.pause(),
                result => break result?,
            }
            if waiting.is_over() {
                return Err(Fault::Interrupted);
            }
        };
        self.check(&context, &card)?;
        Ok(card)
    }

    fn check(&self, context: &Context, card: &Card) -> Result<(), Fault> {
        let mut state = [ReaderState::new(self.reader.clone(), State::UNAWARE)];
        context.get_status_change(Duration::ZERO, &mut state)?;
        let [state] = state;
        let same = state.event_count() == self.event_count
            && card.status2_owned()?.atr() == self.atr.as_slice();
        if same { Ok(()) } else { Err(Fault::Gone(pcsc::Error::RemovedCard)) }
    }
}

/// Begins a transaction in which the FIDO application is selected.
pub(crate) fn begin(card: &mut Card) -> Result<Transaction<'_>, Fault> {
    let mut transaction = lock(card)?;
    for _ in 0..=RESTARTS {
        match select(&mut Channel(&transaction)) {
            Err(Fault::Reset) => {
                transaction.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::LeaveCard)?;
            }
            result => return result.map(|()| transaction),
        }
    }
    Err(Fault::Reset)
}

fn lock(mut card: &mut Card) -> Result<Transaction<'_>, Fault> {
    for _ in 0..=RESTARTS {
        match card.transaction2() {
            Ok(transaction) => return Ok(transaction),
            Err((same_card, pcsc::Error::ResetCard)) => {
                card = same_card;
                card.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::LeaveCard)?;
            }
            Err((_, error)) => return Err(error.into()),
        }
    }
    Err(Fault::Reset)
}

/// Ends `transaction`, and has the card forget what it has been told.
pub(crate) fn end(transaction: Transaction<'_>, disposition: Disposition) {
    // A transaction that cannot be ended is one of a card that is gone; dropping it tries again.
    if let Err((transaction, _)) = transaction.end(disposition) {
        drop(transaction);
    }
}

/// A card as something that takes APDUs.
pub(crate) struct Channel<'a>(pub(crate) &'a Card);

impl Transmit for Channel<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut buffer = vec![0; pcsc::MAX_BUFFER_SIZE_EXTENDED];
        let length = self.0.transmit(command, &mut buffer)?.len();
        buffer.truncate(length);
        Ok(buffer)
    }
}
