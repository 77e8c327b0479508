use authenticator::Keepalive;
use link_pcsc::apdu::{Form, Transmit, Waiting, message, select};
use link_pcsc::{Fault, PcscError};

use crate::frames::frames;

/// A card that gives each frame as a response APDU, and is gone after the last. The first byte:
/// bit 0, a long request; bit 1, a form with extended APDUs; bits 2 to 4, after how many "not
/// yet" nobody waits any more (0: never).
pub fn apdu(data: &[u8]) {
    let Some((how, rest)) = data.split_first() else { return };
    let answers = frames(rest);
    let most: usize = answers.iter().map(|answer| answer.len()).sum();
    let mut card = Card { answers: answers.into_iter(), commands: 0 };
    let request = if how & 1 == 0 { vec![0x04] } else { vec![0xA5; 700] };
    let mut form = Form { le: 0x00, extended: how & 2 != 0 };
    let patience = usize::from(how >> 2 & 7);
    let mut waiter = Waiter { left: if patience == 0 { usize::MAX } else { patience }.into() };
    if select(&mut card).is_err() {
        return;
    }
    if let Ok(answer) = message(&mut card, &mut form, &request, &mut waiter) {
        assert!(!answer.is_empty() && answer.len() <= most, "an answer of {}", answer.len());
    }
}

struct Card<'a> {
    answers: std::vec::IntoIter<&'a [u8]>,
    commands: usize,
}

impl Transmit for Card<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, Fault> {
        self.commands += 1;
        let is_short = command.len() <= 5 + 255 + 1;
        assert!(is_short || command[4] == 0, "neither short nor extended: {command:02x?}");
        // As long as it gives no answers, a card is asked at most so often.
        assert!(self.commands < 100_000, "asked without end");
        let gone = Fault::Gone(PcscError::RemovedCard);
        self.answers.next().map(<[u8]>::to_vec).ok_or(gone)
    }
}

struct Waiter {
    left: std::cell::Cell<usize>,
}

impl Waiting for Waiter {
    fn is_over(&self) -> bool {
        self.left.get() == 0
    }

    fn keepalive(&mut self, _keepalive: Keepalive) {}

    fn pause(&self) {
        self.left.set(self.left.get().saturating_sub(1));
    }
}
