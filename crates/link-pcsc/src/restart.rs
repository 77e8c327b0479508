//! A transaction that begins again when somebody else resets the card. Who ends a connection with a
//! reset holds no transaction at that moment (pcsc-lite waits for ours to end before, and does not
//! take one), so that the reset can fall into the first moments of ours.

use crate::apdu::{Form, Transmit, Waiting, message, select};
use crate::error::Fault;

/// How often a transaction is begun before it is given up.
pub(crate) const RESTARTS: usize = 3;

/// A card that can be spoken to again after a reset.
pub(crate) trait Renew: Transmit {
    /// Takes note of the reset. What the card was told before is forgotten.
    fn renew(&mut self, waiting: &dyn Waiting) -> Result<(), Fault>;
}

/// Selects the FIDO application.
pub(crate) fn select_anew(card: &mut dyn Renew, waiting: &dyn Waiting) -> Result<(), Fault> {
    for _ in 1..RESTARTS {
        match select(card) {
            Err(Fault::Reset) => card.renew(waiting)?,
            result => return result,
        }
    }
    select(card)
}

/// The first message of a transaction, in which nothing is lost by a reset: it is sent again, unless
/// the card has answered a part of it. A PIN must not be tried twice.
pub(crate) fn first_message(
    card: &mut dyn Renew,
    form: &mut Form,
    request: &[u8],
    waiting: &mut dyn Waiting,
) -> Result<Vec<u8>, Fault> {
    for _ in 1..RESTARTS {
        let mut heard = Heard { card, anything: false };
        match message(&mut heard, form, request, waiting) {
            Err(Fault::Reset) if !heard.anything => {
                card.renew(waiting)?;
                select_anew(card, waiting)?;
            }
            result => return result,
        }
    }
    message(card, form, request, waiting)
}

/// Notes whether the card has answered.
struct Heard<'c> {
    card: &'c mut dyn Renew,
    anything: bool,
}

impl Transmit for Heard<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, Fault> {
        let answer = self.card.transmit(command)?;
        self.anything = true;
        Ok(answer)
    }
}

#[cfg(test)]
mod tests;
