use std::collections::VecDeque;

use hex_literal::hex;

use super::*;
use authenticator::Keepalive;

const OK: [u8; 2] = hex!("9000");
const ANSWER: [u8; 3] = hex!("00 9000");
const FORM: Form = Form { le: 0x00, extended: false };

/// What one command meets.
#[derive(Clone, Copy)]
enum Meets {
    Answer(&'static [u8]),
    Reset,
}
use Meets::{Answer, Reset};

/// A card in the hands of several.
struct Shared {
    fate: VecDeque<Meets>,
    /// The second byte of each command, which tells `SELECT` (A4) from a message (10); `FF` is
    /// a renewal.
    seen: Vec<u8>,
}

impl Shared {
    fn new(fate: &[Meets]) -> Self {
        Self { fate: fate.iter().copied().collect(), seen: Vec::new() }
    }
}

impl Transmit for Shared {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, Fault> {
        self.seen.push(command[1]);
        match self.fate.pop_front().expect("no further command") {
            Answer(answer) => Ok(answer.to_vec()),
            Reset => Err(Fault::Reset),
        }
    }
}

impl Renew for Shared {
    fn renew(&mut self, _waiting: &dyn Waiting) -> Result<(), Fault> {
        self.seen.push(0xFF);
        Ok(())
    }
}

struct Waiter;

impl Waiting for Waiter {
    fn is_over(&self) -> bool {
        false
    }

    fn keepalive(&mut self, _keepalive: Keepalive) {}

    fn pause(&self) {}
}

fn send(card: &mut Shared, request: &[u8]) -> Result<Vec<u8>, Fault> {
    first_message(card, &mut FORM.clone(), request, &mut Waiter)
}

#[test]
fn a_card_that_is_reset_before_it_answers_is_selected_and_asked_again() {
    let mut card = Shared::new(&[Reset, Answer(&OK), Answer(&ANSWER)]);
    assert_eq!(send(&mut card, &[0x04]), Ok(vec![0x00]));
    assert_eq!(card.seen, hex!("10 FF A4 10"));
}

#[test]
fn a_card_that_is_reset_again_and_again_is_asked_three_times() {
    let mut card = Shared::new(&[Reset, Answer(&OK), Reset, Answer(&OK), Reset]);
    assert_eq!(send(&mut card, &[0x04]), Err(Fault::Reset));
    assert_eq!(card.seen, hex!("10 FF A4 10 FF A4 10"));
}

#[test]
fn what_a_card_has_answered_a_part_of_is_not_sent_again() {
    // A request of two chunks, and an answer in two pieces.
    let mut card = Shared::new(&[Answer(&OK), Reset]);
    assert_eq!(send(&mut card, &[0x06; 300]), Err(Fault::Reset));
    assert_eq!(card.seen, hex!("10 10"));
    let mut card = Shared::new(&[Answer(&hex!("00 6101")), Reset]);
    assert_eq!(send(&mut card, &[0x06]), Err(Fault::Reset));
    assert_eq!(card.seen, hex!("10 C0"));
}

#[test]
fn a_card_that_is_reset_while_it_is_selected_is_selected_again() {
    let mut card = Shared::new(&[Reset, Reset, Answer(&OK)]);
    assert_eq!(select_anew(&mut card, &Waiter), Ok(()));
    assert_eq!(card.seen, hex!("A4 FF A4 FF A4"));
    let mut card = Shared::new(&[Reset; 3]);
    assert_eq!(select_anew(&mut card, &Waiter), Err(Fault::Reset));
    assert_eq!(card.seen, hex!("A4 FF A4 FF A4"));
}

#[test]
fn a_refusal_is_no_reset() {
    let mut card = Shared::new(&[Answer(&hex!("6985"))]);
    assert!(matches!(send(&mut card, &[0x04]), Err(Fault::Card(_))));
    assert_eq!(card.seen, hex!("10"));
}
