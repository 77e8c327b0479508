//! Which bytes of a message are a PIN, or open what a PIN opens.

use std::ops::Range;

use super::cbor::members;
use super::masked::Masked;

/// authenticatorClientPIN (CTAP 2.1 §6.5).
const CLIENT_PIN: u8 = 0x06;
/// Its members newPinEnc and pinHashEnc; pinUvAuthToken of its answer.
const PINS: [u64; 2] = [0x05, 0x06];
const TOKEN: [u64; 1] = [0x02];

/// INS of `NFCCTAP_MSG`, of `NFCCTAP_GETRESPONSE` and of GET RESPONSE.
const MESSAGE: u8 = 0x10;
const MORE: [u8; 2] = [0x11, 0xC0];
/// INS of VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER (ISO 7816-4 §11.6), and of the command
/// by which PIV cards get a new management key.
const REFERENCE_DATA: [u8; 4] = [0x20, 0x24, 0x2C, 0xFF];
/// CLA bit 5: more of this command follows.
const CLA_CHAIN: u8 = 0x10;
/// CLA, INS, P1, P2.
const HEADER: usize = 4;

/// Remembers the parts of what is said in several.
#[derive(Default)]
pub(super) struct Scrubber {
    request: Vec<u8>,
    is_chained: bool,
    answer: Vec<u8>,
}

impl Scrubber {
    /// A CTAP request: command byte, CBOR.
    pub(super) fn request(&mut self, request: &[u8]) -> Masked {
        self.request = request.to_vec();
        self.answer.clear();
        Masked::without(request, &pins(request))
    }

    /// The answer to it: status byte, CBOR.
    pub(super) fn answer(&mut self, answer: &[u8]) -> Masked {
        Masked::without(answer, &self.tokens(answer))
    }

    pub(super) fn command_apdu(&mut self, apdu: &[u8]) -> Masked {
        let (class, instruction) = (apdu.first().copied(), apdu.get(1).copied());
        if instruction.is_some_and(|instruction| MORE.contains(&instruction)) {
            return Masked::shown(apdu);
        }
        if !self.is_chained {
            self.request.clear();
        }
        self.answer.clear();
        self.is_chained = class.is_some_and(|class| class & CLA_CHAIN != 0);
        match instruction {
            Some(MESSAGE) => self.message_apdu(apdu),
            Some(instruction) if REFERENCE_DATA.contains(&instruction) => {
                Masked::shown_to(HEADER, apdu)
            }
            _ => Masked::shown(apdu),
        }
    }

    /// One part of a message: what is hidden in it is known from the parts before.
    fn message_apdu(&mut self, apdu: &[u8]) -> Masked {
        let Some(data) = data(apdu) else {
            return Masked::shown_to(HEADER, apdu);
        };
        let before = self.request.len();
        self.request.extend(apdu.get(data.clone()).unwrap_or_default());
        Masked::without(apdu, &moved(pins(&self.request), before, data))
    }

    pub(super) fn response_apdu(&mut self, apdu: &[u8]) -> Masked {
        let data = 0..apdu.len().saturating_sub(2);
        let before = self.answer.len();
        self.answer.extend(apdu.get(data.clone()).unwrap_or_default());
        let hidden = self.tokens(&self.answer);
        Masked::without(apdu, &moved(hidden, before, data))
    }

    fn tokens(&self, answer: &[u8]) -> Vec<Range<usize>> {
        match (self.request.first(), answer.split_first()) {
            (Some(&CLIENT_PIN), Some((_, body))) => behind_first(members(body, &TOKEN)),
            _ => Vec::new(),
        }
    }
}

fn pins(request: &[u8]) -> Vec<Range<usize>> {
    match request.split_first() {
        Some((&CLIENT_PIN, parameters)) => behind_first(members(parameters, &PINS)),
        _ => Vec::new(),
    }
}

/// Ranges of what follows the first byte, as ranges of the whole.
fn behind_first(ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let moved = |range: Range<usize>| range.start.saturating_add(1)..range.end.saturating_add(1);
    ranges.into_iter().map(moved).collect()
}

/// Ranges of a message, as ranges of the APDU whose data begins `before` bytes into it.
fn moved(ranges: Vec<Range<usize>>, before: usize, data: Range<usize>) -> Vec<Range<usize>> {
    let place = |at: usize| at.saturating_sub(before).saturating_add(data.start).min(data.end);
    ranges.into_iter().map(|range| place(range.start)..place(range.end)).collect()
}

/// Where the data of a command APDU is (ISO 7816-4 §5.1).
fn data(apdu: &[u8]) -> Option<Range<usize>> {
    let (start, length) = match apdu {
        [_, _, _, _] | [_, _, _, _, _] => return Some(apdu.len()..apdu.len()),
        [_, _, _, _, 0, high, low, ..] => (7, usize::from(u16::from_be_bytes([*high, *low]))),
        [_, _, _, _, length, ..] => (5, usize::from(*length)),
        _ => return None,
    };
    let end = usize::checked_add(start, length).filter(|end| *end <= apdu.len())?;
    Some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: [u8; 64] = [0x5E; 64];

    /// clientPIN with newPinEnc before pinHashEnc, and something before and behind them.
    fn change_pin() -> Vec<u8> {
        let mut request = vec![0x06, 0xA5, 1, 1, 2, 4, 5, 0x58, 64];
        request.extend(SECRET);
        request.extend([6, 0x50]);
        request.extend(&SECRET[..16]);
        request.extend([9, 3]);
        request
    }

    fn part(class: u8, data: &[u8]) -> Vec<u8> {
        [&[class, 0x10, 0, 0, u8::try_from(data.len()).unwrap()], data, &[0][..]].concat()
    }

    #[test]
    fn a_message_shows_all_but_the_pin() {
        let masked = Scrubber::default().request(&change_pin()).to_string();
        assert_eq!(masked, "06A501010204055840{64}0650{16}0903");
        let whole = Scrubber::default().command_apdu(&part(0x80, &change_pin())).to_string();
        assert_eq!(whole, "801000005D06A501010204055840{64}0650{16}090300");
    }

    #[test]
    fn no_part_of_a_chain_shows_a_byte_of_the_pin() {
        let request = change_pin();
        for cut in 1..request.len() {
            let mut scrubber = Scrubber::default();
            let (first, rest) = request.split_at(cut);
            let shown = [part(0x90, first), part(0x80, rest)]
                .map(|apdu| scrubber.command_apdu(&apdu).to_string());
            assert!(!shown.concat().contains("5E"), "{cut}: {shown:?}");
            assert!(shown[1].ends_with("00"), "{shown:?}");
        }
        // The next command is another one.
        let mut scrubber = Scrubber::default();
        scrubber.command_apdu(&part(0x80, &request));
        assert_eq!(scrubber.command_apdu(&part(0x80, &[4, 0x5E])).to_string(), "8010000002045E00");
    }

    #[test]
    fn the_token_is_hidden_in_each_part_of_the_answer() {
        let answer = [&[0x00, 0xA1, 2, 0x58, 32][..], &SECRET[..32]].concat();
        let mut scrubber = Scrubber::default();
        scrubber.request(&[0x06, 0xA1, 2, 9]);
        assert_eq!(scrubber.answer(&answer).to_string(), "00A1025820{32}");
        for cut in 1..answer.len() {
            let mut scrubber = Scrubber::default();
            scrubber.command_apdu(&part(0x80, &[0x06, 0xA1, 2, 9]));
            let first = scrubber.response_apdu(&[&answer[..cut], &[0x61, 9]].concat()).to_string();
            assert!(first.ends_with("6109") && !first.contains("5E"), "{cut}: {first}");
            scrubber.command_apdu(&[0x80, 0xC0, 0, 0, 9]);
            let rest = scrubber.response_apdu(&[&answer[cut..], &[0x90, 0]].concat()).to_string();
            assert!(rest.ends_with("9000") && !rest.contains("5E"), "{cut}: {rest}");
        }
        let mut other = Scrubber::default();
        other.request(&[0x04]);
        assert!(other.answer(&answer).to_string().contains("5E"));
    }

    #[test]
    fn a_smart_cards_pin_is_hidden() {
        for instruction in [0x20, 0x24, 0x2C] {
            let apdu = [0x00, instruction, 0x00, 0x80, 0x03, 0x5E, 0x5E, 0x5E];
            let masked = Scrubber::default().command_apdu(&apdu).to_string();
            assert_eq!(masked, format!("00{instruction:02X}0080{{4}}"));
        }
        let lies = [0x80, 0x10, 0x00, 0x00, 0x09, 0x06, 0x5E];
        assert_eq!(Scrubber::default().command_apdu(&lies).to_string(), "80100000{3}");
    }
}
