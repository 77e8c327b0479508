//! One connection to one card, opened when it is needed.

use std::ffi::CString;
use std::time::Duration;

use pcsc::{
    Card, Context, Disposition, Protocols, ReaderState, Scope, ShareMode, State, Transaction,
};

use crate::apdu::{Transmit, Waiting};
use crate::error::Fault;
use crate::restart::{RESTARTS, Renew, select_anew};

/// How often a card that is in use, or being reset, is tried again, one pause apart.
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
        let card = patiently(waiting, || {
            context.connect(&self.reader, ShareMode::Shared, Protocols::ANY)
        })?;
        self.check(&context)?;
        Ok(card)
    }

    /// Nothing has come or gone since it was seen, until after it was connected to.
    fn check(&self, context: &Context) -> Result<(), Fault> {
        let mut state = [ReaderState::new(self.reader.clone(), State::UNAWARE)];
        context.get_status_change(Duration::ZERO, &mut state)?;
        let [state] = state;
        let same = state.event_count() == self.event_count && state.atr() == self.atr.as_slice();
        if same { Ok(()) } else { Err(Fault::Gone(pcsc::Error::RemovedCard)) }
    }
}

/// Tries `step` again while another program has the card to itself, or resets it just now.
fn patiently<T>(
    waiting: &dyn Waiting,
    mut step: impl FnMut() -> Result<T, pcsc::Error>,
) -> Result<T, Fault> {
    let mut attempts = 0..ATTEMPTS;
    loop {
        match step() {
            Err(
                pcsc::Error::SharingViolation | pcsc::Error::ResetCard | pcsc::Error::ProtoMismatch,
            ) if attempts.next().is_some() => waiting.pause(),
            result => return Ok(result?),
        }
        if waiting.is_over() {
            return Err(Fault::Interrupted);
        }
    }
}

/// Begins a transaction in which the FIDO application is selected.
pub(crate) fn begin<'c>(
    card: &'c mut Card,
    waiting: &dyn Waiting,
) -> Result<Transaction<'c>, Fault> {
    let mut transaction = lock(card, waiting)?;
    if waiting.is_over() {
        // Whoever had the card before had it for longer than anybody waits for us.
        end(transaction, Disposition::LeaveCard);
        return Err(Fault::Interrupted);
    }
    select_anew(&mut Channel(&mut transaction), waiting)?;
    Ok(transaction)
}

fn lock<'c>(mut card: &'c mut Card, waiting: &dyn Waiting) -> Result<Transaction<'c>, Fault> {
    for _ in 0..RESTARTS {
        match card.transaction2() {
            Ok(transaction) => return Ok(transaction),
            Err((same_card, pcsc::Error::ResetCard)) => {
                card = same_card;
                reconnect(card, waiting)?;
            }
            Err((_, error)) => return Err(error.into()),
        }
    }
    Err(Fault::Reset)
}

fn reconnect(card: &mut Card, waiting: &dyn Waiting) -> Result<(), Fault> {
    patiently(waiting, || card.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::LeaveCard))
}

/// Lets go of `card`, and has it forget what it has been told. The reset ends a transaction: one
/// that comes with the disconnection can fall into the transaction of who is next.
pub(crate) fn let_go(mut card: Card) {
    // Otherwise it was reset by somebody else, or is gone: it has forgotten already.
    if let Ok(transaction) = card.transaction() {
        end(transaction, Disposition::ResetCard);
    }
    disconnect(card);
}

/// Ends the connection, without a reset.
pub(crate) fn disconnect(card: Card) {
    if let Err((card, _)) = card.disconnect(Disposition::LeaveCard) {
        drop(card);
    }
}

/// Ends `transaction`, and resets the card if `disposition` says so.
pub(crate) fn end(transaction: Transaction<'_>, disposition: Disposition) {
    let Err((mut transaction, error)) = transaction.end(disposition) else { return };
    // pcsc-lite lets nobody out of a transaction who has not taken note of a reset.
    if error == pcsc::Error::ResetCard {
        let leave = Disposition::LeaveCard;
        let _ = transaction.reconnect(ShareMode::Shared, Protocols::ANY, leave);
    }
    if let Err((transaction, _)) = transaction.end(disposition) {
        // A card that is gone; there is nothing to end.
        drop(transaction);
    }
}

/// A card in a transaction, as something that takes APDUs.
pub(crate) struct Channel<'t, 'c>(pub(crate) &'t mut Transaction<'c>);

impl Transmit for Channel<'_, '_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut buffer = vec![0; pcsc::MAX_BUFFER_SIZE_EXTENDED];
        let length = self.0.transmit(command, &mut buffer)?.len();
        buffer.truncate(length);
        Ok(buffer)
    }
}

impl Renew for Channel<'_, '_> {
    fn renew(&mut self, waiting: &dyn Waiting) -> Result<(), Fault> {
        patiently(waiting, || {
            self.0.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::LeaveCard)
        })
    }
}
