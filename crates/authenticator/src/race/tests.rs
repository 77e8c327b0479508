//! Over links that wait until they are told, without firmware; `tests/race.rs` has some.

use std::sync::mpsc::{Receiver, Sender, channel};

use hex_literal::hex;

use super::*;
use crate::LinkError;

/// Answers getInfo at once; selection when `touched` says so; and ends when it is cancelled.
struct Key {
    info: Vec<u8>,
    /// What it answers to an assertion without a touch.
    assertion: Vec<u8>,
    touched: Receiver<Result<u8, LinkError>>,
    asked: Vec<u8>,
    cancelled: bool,
}

fn key(info: &[u8], assertion: &[u8]) -> (Key, Sender<Result<u8, LinkError>>) {
    let (touch, touched) = channel();
    let (info, assertion) = (info.to_vec(), assertion.to_vec());
    (Key { info, assertion, touched, asked: Vec::new(), cancelled: false }, touch)
}

impl CtapLink for Key {
    fn call(&mut self, request: &[u8], control: &mut Control<'_>) -> Result<Vec<u8>, LinkError> {
        let code = request[0];
        self.asked.push(code);
        match code {
            0x04 => Ok(self.info.clone()),
            0x02 => Ok(self.assertion.clone()),
            _ => loop {
                if control.cancel.load(Ordering::Acquire) {
                    self.cancelled = true;
                    return Err(LinkError::Cancelled);
                }
                if let Ok(touch) = self.touched.recv_timeout(LOOK) {
                    return touch.map(|status| vec![status]);
                }
            },
        }
    }
}

/// `FIDO_2_1` and `FIDO_2_0` without options.
const NEW: &[u8] = &hex!("00 a2 01 81 68 4649444f5f325f31 03 50 00000000000000000000000000000000");
const OLD: &[u8] = &hex!("00 a2 01 81 68 4649444f5f325f30 03 50 00000000000000000000000000000000");
const U2F: &[u8] = &hex!("00 a2 01 81 66 5532465f5632 03 50 00000000000000000000000000000000");
/// `FIDO_2_1` with credProtect and a PIN.
const PROTECTS: &[u8] = &hex!(
    "00 a4 01 81 68 4649444f5f325f31 02 81 6b 6372656450726f74656374"
    "03 50 00000000000000000000000000000000 04 a1 69 636c69656e7450696e f5"
);
const NONE: &[u8] = &[0x2E];

fn found() -> Vec<u8> {
    [&hex!("00 a2 02 58 25")[..], &[0x11; 32], &hex!("00 00000001 03 41 30")].concat()
}

#[expect(clippy::disallowed_methods, reason = "a deadline that these links never look at")]
fn now() -> Instant {
    Instant::now()
}

fn look(keys: &mut [Key]) -> Vec<Result<Standing, CeremonyError>> {
    let wanted = Wanted::Credential { rp_id: "example.com", allow: &[vec![0xAA; 16]] };
    preflight(keys, wanted, now(), &AtomicBool::new(false))
}

#[test]
fn preflight_tells_who_can_answer_and_asks_nobody_for_a_touch() {
    let mut keys = [
        key(NEW, NONE).0,
        key(NEW, &found()).0,
        key(PROTECTS, NONE).0,
        key(U2F, NONE).0,
        key(NEW, &[0x7F]).0,
    ];
    let standings = look(&mut keys);
    assert!(matches!(
        &standings[..],
        [
            Err(CeremonyError::NoCredential),
            Ok(Standing::CanAnswer),
            Ok(Standing::MayHideIt),
            Err(CeremonyError::NotCtap2),
            Err(CeremonyError::Refused(_)),
        ]
    ));
    assert_eq!(contenders(&standings), [1]);
    assert!(keys.iter().all(|key| key.asked.iter().all(|code| [0x04, 0x02].contains(code))));
}

#[test]
fn one_that_may_hide_the_credential_is_asked_only_where_no_other_can_answer() {
    let standings = look(&mut [key(NEW, NONE).0, key(PROTECTS, NONE).0]);
    assert_eq!(contenders(&standings), [1]);
    assert!(contenders(&look(&mut [key(NEW, NONE).0])).is_empty());
}

fn race(keys: &mut [Key], cancel: &AtomicBool) -> Result<usize, CeremonyError> {
    choose(keys, now(), cancel, &|_, _| {})
}

#[test]
fn the_one_that_is_touched_wins_and_the_others_are_cancelled() {
    let (a, _of_a) = key(NEW, NONE);
    let (b, of_b) = key(OLD, NONE);
    let (c, _of_c) = key(NEW, NONE);
    // PIN_INVALID is how one of CTAP 2.0 says that it was touched.
    of_b.send(Ok(0x31)).unwrap();
    let mut keys = [a, b, c];
    assert_eq!(race(&mut keys, &AtomicBool::new(false)).unwrap(), 1);
    assert_eq!(keys.each_ref().map(|key| key.cancelled), [true, false, true]);
    assert_eq!(
        keys.each_ref().map(|key| key.asked.clone()),
        [vec![0x04, 0x0B], vec![0x04, 0x01], vec![0x04, 0x0B]]
    );
}

#[test]
fn one_that_fails_or_leaves_does_not_end_the_race() {
    let (a, of_a) = key(NEW, NONE);
    let (b, of_b) = key(NEW, NONE);
    let (c, of_c) = key(NEW, NONE);
    of_a.send(Ok(0x7F)).unwrap();
    of_b.send(Err(LinkError::Removed(std::io::ErrorKind::NotConnected.into()))).unwrap();
    let touch = thread::spawn(move || of_c.send(Ok(0x00)));
    assert_eq!(race(&mut [a, b, c], &AtomicBool::new(false)).unwrap(), 2);
    touch.join().unwrap().unwrap();
}

#[test]
fn when_all_have_failed_the_race_says_why() {
    let (a, of_a) = key(NEW, NONE);
    let (b, of_b) = key(NEW, NONE);
    of_a.send(Ok(0x27)).unwrap();
    of_b.send(Ok(0x27)).unwrap();
    let error = race(&mut [a, b], &AtomicBool::new(false)).unwrap_err();
    assert!(matches!(error, CeremonyError::Denied), "{error:?}");
}

#[test]
fn the_callers_cancel_ends_all_of_them() {
    let ((a, _of_a), (b, _of_b)) = (key(NEW, NONE), key(OLD, NONE));
    let mut keys = [a, b];
    let error = race(&mut keys, &AtomicBool::new(true)).unwrap_err();
    assert!(matches!(error, CeremonyError::Cancelled), "{error:?}");
    assert!(keys.iter().all(|key| key.cancelled || key.asked.len() <= 1));
}

#[test]
fn the_only_one_needs_no_touch_and_none_is_an_error() {
    let mut keys = [key(NEW, NONE).0];
    assert_eq!(race(&mut keys, &AtomicBool::new(false)).unwrap(), 0);
    assert!(keys[0].asked.is_empty());
    let error = race(&mut [], &AtomicBool::new(false)).unwrap_err();
    assert!(matches!(error, CeremonyError::NoCredential), "{error:?}");
}
