#![expect(clippy::arithmetic_side_effects, reason = "tests count")]

use std::cell::Cell;
use std::collections::VecDeque;

use super::*;
use hex_literal::hex;

/// What the card does with a long request.
#[derive(Clone, Copy, PartialEq)]
enum Knows {
    Chaining,
    ExtendedOnly,
}

/// A card that puts requests together as ISO 7816-4 says, and hands its answer out in pieces.
struct FakeCard {
    knows: Knows,
    answer: Vec<u8>,
    /// Bytes in one response APDU.
    piece: usize,
    collected: Vec<u8>,
    requests: Vec<Vec<u8>>,
    apdus: Vec<Vec<u8>>,
}

impl FakeCard {
    fn new(knows: Knows, answer: Vec<u8>) -> Self {
        Self {
            knows,
            answer,
            piece: 256,
            collected: Vec::new(),
            requests: Vec::new(),
            apdus: Vec::new(),
        }
    }

    fn next_piece(&mut self, le: u8) -> Vec<u8> {
        let wanted = if le == 0 { 256 } else { usize::from(le) };
        let rest = self.answer.split_off(self.answer.len().min(wanted).min(self.piece));
        let mut piece = std::mem::replace(&mut self.answer, rest);
        match self.answer.len() {
            0 => piece.extend([0x90, 0x00]),
            left => piece.extend([0x61, u8::try_from(left).unwrap_or(0)]),
        }
        piece
    }
}

impl Transmit for FakeCard {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, Fault> {
        self.apdus.push(command.to_vec());
        Ok(match command {
            [0x00, 0xC0, 0x00, 0x00, le] => self.next_piece(*le),
            [0x90, 0x10, 0x00, 0x00, length, data @ ..] => {
                assert_eq!(data.len(), usize::from(*length), "a chunk has no Le");
                if self.knows == Knows::ExtendedOnly {
                    return Ok(vec![0x68, 0x84]);
                }
                self.collected.extend_from_slice(data);
                vec![0x90, 0x00]
            }
            [0x80, 0x10, 0x00, 0x00, le] => {
                self.requests.push(std::mem::take(&mut self.collected));
                self.next_piece(*le)
            }
            [0x80, 0x10, 0x00, 0x00, 0x00, high, low, data @ .., 0x00, 0x00] => {
                assert_eq!(data.len(), usize::from(u16::from_be_bytes([*high, *low])));
                self.requests.push(data.to_vec());
                let mut answer = std::mem::take(&mut self.answer);
                answer.extend([0x90, 0x00]);
                answer
            }
            [0x80, 0x10, 0x00, 0x00, length, data @ .., le] => {
                assert_eq!(data.len(), usize::from(*length));
                self.collected.extend_from_slice(data);
                self.requests.push(std::mem::take(&mut self.collected));
                self.next_piece(*le)
            }
            _ => panic!("no such command: {command:02x?}"),
        })
    }
}

/// A card that says what it is told to say, and nothing more.
struct Script {
    steps: VecDeque<(Vec<u8>, Vec<u8>)>,
}

impl Script {
    fn new(steps: &[(&[u8], &[u8])]) -> Self {
        let steps = steps.iter().map(|(command, answer)| (command.to_vec(), answer.to_vec()));
        Self { steps: steps.collect() }
    }
}

impl Transmit for Script {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, Fault> {
        let (expected, answer) = self.steps.pop_front().expect("no further command");
        assert_eq!(command, expected);
        Ok(answer)
    }
}

/// Waits so many pauses, then no more.
struct Waiter {
    pauses_left: Cell<usize>,
    heard: Vec<Keepalive>,
}

impl Waiter {
    fn patient() -> Self {
        Self { pauses_left: Cell::new(usize::MAX), heard: Vec::new() }
    }

    fn for_pauses(pauses: usize) -> Self {
        Self { pauses_left: Cell::new(pauses), heard: Vec::new() }
    }
}

impl Waiting for Waiter {
    fn is_over(&self) -> bool {
        self.pauses_left.get() == 0
    }

    fn keepalive(&mut self, keepalive: Keepalive) {
        self.heard.push(keepalive);
    }

    fn pause(&self) {
        self.pauses_left.set(self.pauses_left.get().saturating_sub(1));
    }
}

const SHORT: Form = Form { le: 0x00, extended: false };

fn send_to(card: &mut dyn Transmit, request: &[u8]) -> Result<Vec<u8>, Fault> {
    message(card, &mut SHORT.clone(), request, &mut Waiter::patient())
}

fn bytes(length: usize) -> Vec<u8> {
    (0..=u8::MAX).cycle().take(length).collect()
}

const EDGES: [usize; 13] = [0, 1, 2, 239, 240, 241, 255, 256, 257, 479, 480, 481, 3072];

#[test]
fn a_request_of_every_length_arrives_whole() {
    for knows in [Knows::Chaining, Knows::ExtendedOnly] {
        for length in EDGES {
            let mut card = FakeCard::new(knows, vec![0x00]);
            send_to(&mut card, &bytes(length)).unwrap();
            assert_eq!(card.requests, [bytes(length)], "{length} bytes");
        }
    }
}

#[test]
fn a_request_is_cut_into_chunks_of_240_bytes() {
    for (length, count) in [(0, 1), (240, 1), (241, 2), (480, 2), (481, 3), (3072, 13)] {
        let mut card = FakeCard::new(Knows::Chaining, vec![0x00]);
        send_to(&mut card, &bytes(length)).unwrap();
        assert_eq!(card.apdus.len(), count, "{length} bytes");
        assert!(card.apdus.iter().all(|apdu| apdu.len() <= 5 + MAX_CHUNK + 1));
    }
}

#[test]
fn an_answer_of_every_length_arrives_whole() {
    for (knows, request) in [(Knows::Chaining, 1), (Knows::ExtendedOnly, 241)] {
        for length in EDGES.into_iter().filter(|length| *length > 0) {
            for piece in [256, 255, 240] {
                let mut card = FakeCard { piece, ..FakeCard::new(knows, bytes(length)) };
                assert_eq!(send_to(&mut card, &bytes(request)), Ok(bytes(length)));
            }
        }
    }
}

#[test]
fn the_bytes_are_those_of_the_standard() {
    let mut card = Script::new(&[
        (&hex!("00a4040008a0000006472f000100"), &hex!("5532465f5632 9000")),
        (&hex!("80100000 01 04 00"), &hex!("00aa 6102")),
        (&hex!("00c00000 02"), &hex!("bbcc 9000")),
    ]);
    select(&mut card).unwrap();
    assert_eq!(send_to(&mut card, &[0x04]), Ok(hex!("00aabbcc").to_vec()));
    assert!(card.steps.is_empty());
}

#[test]
fn the_bytes_of_a_chained_request_are_those_of_the_standard() {
    let request = [vec![0xAA; 240], vec![0xBB; 240], vec![0xCC; 2]].concat();
    let first = [&hex!("90100000 F0")[..], &[0xAA; 240]].concat();
    let second = [&hex!("90100000 F0")[..], &[0xBB; 240]].concat();
    let mut card = Script::new(&[
        (&first, &hex!("9000")),
        (&second, &hex!("9000")),
        (&hex!("80100000 02 CCCC 00"), &hex!("0011 9000")),
    ]);
    assert_eq!(send_to(&mut card, &request), Ok(hex!("0011").to_vec()));
    assert!(card.steps.is_empty());
}

#[test]
fn the_bytes_of_an_extended_request_are_those_of_the_standard() {
    let request = [vec![0xAA; 240], vec![0xBB; 61]].concat();
    let chunk = [&hex!("90100000 F0")[..], &[0xAA; 240]].concat();
    let whole = [&hex!("80100000 00 012D")[..], &[0xAA; 240], &[0xBB; 61], &hex!("0000")].concat();
    let mut card = Script::new(&[(&chunk, &hex!("6884")), (&whole, &hex!("0011 9000"))]);
    assert_eq!(send_to(&mut card, &request), Ok(hex!("0011").to_vec()));
    assert!(card.steps.is_empty());
}

#[test]
fn a_card_that_knows_the_length_better_is_asked_again_with_it() {
    let mut card = Script::new(&[
        (&hex!("80100000 01 04 00"), &hex!("6c03")),
        (&hex!("80100000 01 04 03"), &hex!("001122 9000")),
    ]);
    assert_eq!(send_to(&mut card, &[0x04]), Ok(hex!("001122").to_vec()));
}

#[test]
fn a_reader_with_short_answers_is_asked_for_240_bytes() {
    let mut card = FakeCard::new(Knows::Chaining, bytes(700));
    let mut form = Form { le: 0xF0, extended: false };
    let answer = message(&mut card, &mut form, &[0x04], &mut Waiter::patient());
    assert_eq!(answer, Ok(bytes(700)));
    assert!(card.apdus.iter().all(|apdu| *apdu.last().unwrap() != 0x00), "{:02x?}", card.apdus);
}

#[test]
fn a_card_that_refuses_chaining_is_remembered() {
    let mut form = SHORT;
    let mut card = FakeCard::new(Knows::ExtendedOnly, vec![0x00]);
    message(&mut card, &mut form, &bytes(241), &mut Waiter::patient()).unwrap();
    assert!(form.extended);
    card.answer = vec![0x00];
    card.apdus.clear();
    message(&mut card, &mut form, &bytes(3072), &mut Waiter::patient()).unwrap();
    assert_eq!(card.apdus.len(), 1);
    card.answer = vec![0x00];
    message(&mut card, &mut form, &bytes(240), &mut Waiter::patient()).unwrap();
    assert_eq!(card.apdus[1].len(), 5 + 240 + 1, "short, where short will do");
}

#[test]
fn a_card_without_the_application_is_told_from_a_broken_one() {
    for sw in [[0x6A, 0x82], [0x69, 0x85], [0x6D, 0x00]] {
        let mut card = Script::new(&[(&hex!("00a4040008a0000006472f000100"), &sw)]);
        let error = CardError::NoFidoApplication(status_word(sw));
        assert_eq!(select(&mut card), Err(Fault::Card(error)));
    }
}

/// An exchange with several APDUs: SELECT, two chunks of a request, its end, GET RESPONSE, the
/// card that says "not yet", `NFCCTAP_GETRESPONSE`, and GET RESPONSE again.
fn long_exchange() -> [(Vec<u8>, Vec<u8>); 7] {
    let chunk = |head: &[u8], length: usize, tail: &[u8]| [head, &bytes(length), tail].concat();
    let request = bytes(481);
    [
        (hex!("00a4040008a0000006472f000100").to_vec(), hex!("9000").to_vec()),
        (chunk(&hex!("90100000f0"), 240, &[]), hex!("9000").to_vec()),
        ([&hex!("90100000f0")[..], &request[240..480]].concat(), hex!("9000").to_vec()),
        ([&hex!("8010000001")[..], &request[480..], &[0x00]].concat(), hex!("02 9100").to_vec()),
        (hex!("8011000000").to_vec(), hex!("02 9100").to_vec()),
        (hex!("8011000000").to_vec(), hex!("00aa 6101").to_vec()),
        (hex!("00c0000001").to_vec(), hex!("bb 9000").to_vec()),
    ]
}

/// Plays the exchange up to one step, which it answers with `sw`, and to everything after.
struct WrongAt {
    steps: [(Vec<u8>, Vec<u8>); 7],
    at: usize,
    sw: [u8; 2],
    done: usize,
}

impl Transmit for WrongAt {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, Fault> {
        let step = self.done;
        self.done += 1;
        if step >= self.at {
            // A card that goes on saying "not yet" is one that somebody waits for: it ends.
            let stops = self.sw == [0x91, 0x00] && step > self.at;
            return Ok(if stops { vec![0x6F, 0x00] } else { self.sw.to_vec() });
        }
        assert_eq!(command, self.steps[step].0, "step {step}");
        Ok(self.steps[step].1.clone())
    }
}

fn whole_exchange(card: &mut dyn Transmit) -> Result<Vec<u8>, Fault> {
    select(card)?;
    send_to(card, &bytes(481))
}

#[test]
fn the_long_exchange_succeeds() {
    let mut card = Script { steps: long_exchange().into_iter().collect() };
    assert_eq!(whole_exchange(&mut card), Ok(hex!("00aabb").to_vec()));
    assert!(card.steps.is_empty());
}

#[test]
fn all_65536_status_words_end_clearly_at_every_step() {
    let steps = long_exchange();
    let mut card = WrongAt { steps, at: 0, sw: [0; 2], done: 0 };
    for at in 0..7 {
        for sw in 0..=u16::MAX {
            card = WrongAt { at, sw: sw.to_be_bytes(), done: 0, ..card };
            let result = whole_exchange(&mut card);
            // Success without an answer is none: 9000 alone ends no message.
            let error = match result {
                Err(Fault::Card(error)) => error,
                // The end of an answer that is one byte short: the command finds that.
                Ok(_) if at == 6 && sw == 0x9000 => continue,
                other => panic!("step {at}, {sw:04X}: {other:?}"),
            };
            assert!(names_it(error, at, sw), "step {at}, {sw:04X}: {error:?}");
            assert!(card.done <= at + 40, "step {at}, {sw:04X}: {} commands", card.done);
        }
    }
}

/// Whether the error says what the card said.
fn names_it(error: CardError, at: usize, sw: u16) -> bool {
    match error {
        CardError::NoFidoApplication(word) => at == 0 && word.0 == sw,
        CardError::Refused(word) => word.0 == sw || sw == 0x9100 && word.0 == 0x6F00,
        CardError::Endless => sw >> 8 == 0x61,
        CardError::TooShort(2) => sw == 0x9000,
        _ => false,
    }
}

#[test]
fn an_answer_without_end_is_cut_off() {
    struct Endless(usize);
    impl Transmit for Endless {
        fn transmit(&mut self, _command: &[u8]) -> Result<Vec<u8>, Fault> {
            self.0 += 1;
            Ok([bytes(256), vec![0x61, 0x00]].concat())
        }
    }
    let mut card = Endless(0);
    assert_eq!(send_to(&mut card, &[0x04]), Err(Fault::Card(CardError::Endless)));
    assert_eq!(card.0, 33, "the message, and GET RESPONSE 32 times");
}

#[test]
fn a_card_that_says_not_yet_is_asked_again_and_heard() {
    let mut card = Script::new(&[
        (&hex!("80100000 01 02 00"), &hex!("02 9100")),
        (&hex!("80110000 00"), &hex!("01 9100")),
        (&hex!("80110000 00"), &hex!("0033 9000")),
    ]);
    let mut waiter = Waiter::patient();
    let answer = message(&mut card, &mut SHORT.clone(), &[0x02], &mut waiter);
    assert_eq!(answer, Ok(hex!("0033").to_vec()));
    assert_eq!(waiter.heard, [Keepalive::UP_NEEDED, Keepalive::PROCESSING]);
}

#[test]
fn a_card_that_says_not_yet_is_told_when_nobody_waits() {
    let mut card = Script::new(&[
        (&hex!("80100000 01 02 00"), &hex!("02 9100")),
        (&hex!("80110000 00"), &hex!("02 9100")),
        (&hex!("80111100 00"), &hex!("2d 9000")),
    ]);
    let answer = message(&mut card, &mut SHORT.clone(), &[0x02], &mut Waiter::for_pauses(2));
    assert_eq!(answer, Err(Fault::Interrupted));
    assert!(card.steps.is_empty());
}

#[test]
fn a_long_request_stops_between_chunks_when_nobody_waits() {
    let mut card = FakeCard::new(Knows::Chaining, vec![0x00]);
    let answer = message(&mut card, &mut SHORT.clone(), &bytes(3072), &mut Waiter::for_pauses(0));
    assert_eq!(answer, Err(Fault::Interrupted));
    assert!(card.apdus.is_empty());
}

#[test]
fn answers_that_are_too_short_are_not_taken_for_success() {
    for (answer, fault) in [
        (&[][..], Fault::Gone(pcsc::Error::RemovedCard)),
        (&[0x90], Fault::Card(CardError::TooShort(1))),
        (&[0x90, 0x00], Fault::Card(CardError::TooShort(2))),
    ] {
        let mut card = Script::new(&[(&hex!("80100000 01 04 00"), answer)]);
        assert_eq!(send_to(&mut card, &[0x04]), Err(fault));
    }
}

#[test]
fn a_request_of_more_than_65535_bytes_is_refused() {
    let mut form = Form { le: 0x00, extended: true };
    let mut card = FakeCard::new(Knows::ExtendedOnly, vec![0x00]);
    let answer = message(&mut card, &mut form, &bytes(65_536), &mut Waiter::patient());
    assert_eq!(answer, Err(Fault::Card(CardError::TooLong(65_536))));
    assert!(card.apdus.is_empty());
}
