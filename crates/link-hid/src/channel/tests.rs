use std::collections::VecDeque;

use hex_literal::hex;

use super::*;
use crate::reports::{Report, ReportError};

const NONCE: [u8; 8] = hex!("A1 A2 A3 A4 A5 A6 A7 A8");

/// A key that says what stands here, and nothing more.
struct Script {
    says: VecDeque<Report>,
    heard: Vec<Report>,
}

impl Reports for Script {
    fn write(&mut self, report: &Report) -> Result<(), ReportError> {
        self.heard.push(*report);
        Ok(())
    }

    fn read(&mut self, _timeout: Duration) -> Result<Option<Report>, ReportError> {
        Ok(Some(self.says.pop_front().expect("it has nothing more to say")))
    }
}

/// `bytes`, then zeroes.
fn report(bytes: &[u8]) -> Report {
    let mut report = bytes.to_vec();
    report.resize(64, 0);
    report.try_into().unwrap()
}

/// Opens a channel at a key that says this.
fn opened(says: &[Report]) -> Result<(ChannelId, Identity), Fault> {
    let mut key = Script { says: says.iter().copied().collect(), heard: Vec::new() };
    let limit = Limit { deadline: now(), cancel: None };
    let deadline = limit.deadline.checked_add(Duration::from_secs(60)).unwrap();
    let opened = open(&mut key, NONCE, Limit { deadline, ..limit });
    assert_eq!(key.heard, [report(&hex!("FFFFFFFF 86 0008 A1A2A3A4A5A6A7A8"))]);
    assert!(key.says.is_empty(), "not heard: {:02x?}", key.says);
    opened
}

/// Nonce, channel, version of the protocol, three numbers of the version of the key, capabilities: WINK,
/// CBOR and no MSG.
const ANSWER: &[u8] = &hex!("FFFFFFFF 86 0011 A1A2A3A4A5A6A7A8 0A0B0C0D 02 050403 0D 00000000");

#[test]
fn the_answer_to_init_is_these_bytes() {
    let (channel, identity) = opened(&[report(ANSWER)]).unwrap();
    assert_eq!(channel, ChannelId(hex!("0A0B0C0D")));
    let expected = Identity { protocol: 2, version: [5, 4, 3], capabilities: Capabilities(0x0D) };
    assert_eq!(identity, expected);
}

#[test]
fn an_answer_to_another_nonce_is_somebody_elses() {
    let other = hex!("FFFFFFFF 86 0011 A1A2A3A4A5A6A7A9 01020304 02 010101 0D");
    let (channel, _) = opened(&[report(&other), report(ANSWER)]).unwrap();
    assert_eq!(channel, ChannelId(hex!("0A0B0C0D")));
}

#[test]
fn an_answer_to_init_that_is_one_byte_short_opens_no_channel() {
    let short = hex!("FFFFFFFF 86 0010 A1A2A3A4A5A6A7A8 0A0B0C0D 02 050403 0D");
    let error = opened(&[report(&short)]).unwrap_err();
    assert!(matches!(error, Fault::Hid(HidError::BadChannel)), "{error:?}");
}
