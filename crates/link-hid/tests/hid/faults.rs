//! A key, or a wire, that breaks the rules.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use authenticator::{CeremonyError, CtapLink, LinkError, Unshared};
use firmware_sim::{Moment, Touch};
use link_hid::{HidLink, Report, ReportError};

use crate::support::{
    Cardholder, Desk, GET_INFO, LATER, SELECTION, Trouble, Troubled, call, nonces, sign_in,
    with_control, within,
};

/// Beyond a deadline or a cancel, no error takes longer.
const AFTERWARDS: Duration = Duration::from_secs(10);
const COMMAND: usize = 4;

/// Does something to the `nth` report that is no keepalive, once.
struct At<F>(usize, F, usize);

impl<F: FnMut(Report) -> Vec<Report> + Send> Trouble for At<F> {
    fn inward(&mut self, _: usize, report: Report) -> Result<Vec<Report>, ReportError> {
        if report[COMMAND] != 0xBB {
            self.2 += 1;
            if self.2 == self.0 {
                return Ok((self.1)(report));
            }
        }
        Ok(vec![report])
    }
}

fn at(nth: usize, act: impl FnMut(Report) -> Vec<Report> + Send) -> impl Trouble {
    At(nth, act, 0)
}

/// Report 1 opens the channel, 2 and following are the answer to getInfo, of several packets.
const FIRST_OF_ANSWER: usize = 2;

fn get_info(seed: u64, limit: Duration, trouble: impl Trouble) -> LinkError {
    let desk = Desk::new(seed);
    let mut link = HidLink::new(Troubled::new(desk.open(), trouble), nonces());
    let begun = Instant::now();
    let error = within(limit, |control| link.call(GET_INFO, control)).unwrap_err();
    assert!(begun.elapsed() < limit + AFTERWARDS, "{:?}", begun.elapsed());
    // The next call is served, and by what belongs to it.
    let again = call(&mut link, GET_INFO).unwrap();
    assert_eq!(again, call(&mut desk.link(), GET_INFO).unwrap());
    error
}

fn breaks_protocol(seed: u64, trouble: impl Trouble) -> String {
    // Not when the deadline passes: that would be another error.
    let error = get_info(seed, LATER, trouble);
    let LinkError::Protocol(cause) = error else { panic!("{error:?}") };
    cause.to_string()
}

#[test]
fn a_gap_in_the_sequence_is_an_error() {
    let said = breaks_protocol(31, at(FIRST_OF_ANSWER + 1, |_| Vec::new()));
    assert_eq!(said, "key sent packet 1 where 0 was due");
}

#[test]
fn a_packet_that_comes_twice_is_an_error() {
    let said = breaks_protocol(32, at(FIRST_OF_ANSWER + 1, |report| vec![report, report]));
    assert_eq!(said, "key sent packet 0 where 1 was due");
    let said = breaks_protocol(33, at(FIRST_OF_ANSWER, |report| vec![report, report]));
    assert_eq!(said, "key sent command 10 where its answer was due");
}

#[test]
fn an_answer_without_its_beginning_is_an_error() {
    let said = breaks_protocol(34, at(FIRST_OF_ANSWER, |_| Vec::new()));
    assert_eq!(said, "key sent the rest of an answer without its beginning");
}

#[test]
fn a_length_that_lies_is_an_error() {
    let lie = |high: u8, low: u8| {
        at(FIRST_OF_ANSWER, move |mut report| {
            (report[5], report[6]) = (high, low);
            vec![report]
        })
    };
    let said = breaks_protocol(35, lie(0xFF, 0xFF));
    assert_eq!(said, "key announced an answer of 65535 bytes");
    let said = breaks_protocol(36, lie(0x1D, 0xBA));
    assert_eq!(said, "key announced an answer of 7610 bytes");
    // More than it has: the rest never comes.
    let said = breaks_protocol(37, lie(0x1D, 0xB9));
    assert_eq!(said, "key began an answer and did not finish it");
    let said = breaks_protocol(38, lie(0x00, 0x00));
    assert_eq!(said, "key sent an empty answer");
}

#[test]
fn an_answer_that_stops_is_an_error() {
    // After the first packet of the first answer nothing comes until a channel is opened again.
    struct Stop(bool);
    impl Trouble for Stop {
        fn inward(&mut self, nth: usize, report: Report) -> Result<Vec<Report>, ReportError> {
            self.0 |= nth > 1 && report[COMMAND] == 0x86;
            Ok(if nth <= FIRST_OF_ANSWER || self.0 { vec![report] } else { Vec::new() })
        }
    }
    let said = breaks_protocol(39, Stop(false));
    assert_eq!(said, "key began an answer and did not finish it");
}

#[test]
fn another_command_in_place_of_the_answer_is_an_error() {
    let said = breaks_protocol(
        40,
        at(FIRST_OF_ANSWER, |mut report| {
            report[COMMAND] = 0x83;
            (report[5], report[6]) = (0, 2);
            vec![report]
        }),
    );
    assert_eq!(said, "key sent command 03 where its answer was due");
}

#[test]
fn every_error_of_the_standard_has_its_name() {
    for (code, name) in [
        (0x01, "ERR_INVALID_CMD"),
        (0x02, "ERR_INVALID_PAR"),
        (0x03, "ERR_INVALID_LEN"),
        (0x04, "ERR_INVALID_SEQ"),
        (0x05, "ERR_MSG_TIMEOUT"),
        (0x0A, "ERR_LOCK_REQUIRED"),
        (0x0B, "ERR_INVALID_CHANNEL"),
        (0x7F, "ERR_OTHER"),
    ] {
        let said = breaks_protocol(
            41,
            at(FIRST_OF_ANSWER, move |report| {
                let mut error = [0; 64];
                error[..4].copy_from_slice(&report[..4]);
                error[4..8].copy_from_slice(&[0xBF, 0x00, 0x01, code]);
                vec![error]
            }),
        );
        assert_eq!(said, format!("key reported error {code:02X} ({name})"));
    }
}

struct Noise<F>(F);
impl<F: FnMut() -> Report + Send> Trouble for Noise<F> {
    fn inward(&mut self, _: usize, report: Report) -> Result<Vec<Report>, ReportError> {
        let mut reports: Vec<_> = std::iter::repeat_with(&mut self.0).take(40).collect();
        reports.push(report);
        reports.extend(std::iter::repeat_with(&mut self.0).take(40));
        Ok(reports)
    }
}

#[test]
fn garbage_on_other_channels_changes_nothing() {
    let desk = Desk::new(42);
    let mut byte = 0_u8;
    let noise = Noise(move || {
        let mut report = [0; 64];
        report.fill_with(|| {
            byte = byte.wrapping_mul(181).wrapping_add(77);
            byte
        });
        // No channel that the key gives away so early.
        report[0] |= 0x40;
        report[1] &= 0x7F;
        report
    });
    let mut link = HidLink::new(Troubled::new(desk.open(), noise), nonces());
    let info = call(&mut link, GET_INFO).unwrap();
    assert_eq!(info, call(&mut desk.link(), GET_INFO).unwrap());
    assert_eq!(call(&mut link, GET_INFO).unwrap(), info);
}

#[test]
fn an_answer_on_another_channel_is_no_answer() {
    let error = get_info(43, Duration::from_millis(700), {
        struct Wrong(usize);
        impl Trouble for Wrong {
            fn inward(&mut self, _: usize, mut report: Report) -> Result<Vec<Report>, ReportError> {
                self.0 += 1;
                // The whole answer to getInfo, which has less than eight packets.
                if report[3] == 1 && report[..3] == [0, 0, 0] {
                    report[3] = 9;
                }
                Ok(vec![report])
            }
        }
        Wrong(0)
    });
    assert!(matches!(error, LinkError::Deadline), "{error:?}");
}

#[test]
fn a_channel_that_was_offered_to_somebody_else_is_not_taken() {
    let error = get_info(
        44,
        Duration::from_millis(700),
        at(1, |mut report| {
            report[7] ^= 0xFF;
            vec![report]
        }),
    );
    // The second one, with the right nonce, is not asked for before the first call has ended.
    assert!(matches!(error, LinkError::Deadline), "{error:?}");
}

#[test]
fn a_channel_that_cannot_be_is_not_taken() {
    for (seed, channel) in [(45, [0; 4]), (46, [0xFF; 4])] {
        let said = breaks_protocol(
            seed,
            at(1, move |mut report| {
                report[15..19].copy_from_slice(&channel);
                vec![report]
            }),
        );
        assert_eq!(said, "key opened a channel that cannot be");
    }
    let short = at(1, |mut report| {
        report[6] = 16;
        vec![report]
    });
    assert_eq!(breaks_protocol(47, short), "key opened a channel that cannot be");
}

#[test]
fn a_key_without_ctap2_is_no_link() {
    let u2f = at(1, |mut report| {
        report[23] &= !0x04;
        vec![report]
    });
    assert_eq!(breaks_protocol(48, u2f), "key does not speak CTAP2");
}

struct Endless;
impl Trouble for Endless {
    fn inward(&mut self, nth: usize, mut report: Report) -> Result<Vec<Report>, ReportError> {
        if nth == 1 {
            return Ok(vec![report]);
        }
        report[4..8].copy_from_slice(&[0xBB, 0x00, 0x01, 0x02]);
        Ok(vec![report; 1_000_000])
    }
}

#[test]
fn keepalives_without_end_end_with_the_deadline() {
    let desk = Desk::new(49);
    let mut link = HidLink::new(Troubled::new(desk.open(), Endless), nonces());
    let begun = Instant::now();
    let limit = Duration::from_millis(300);
    let error = within(limit, |control| link.call(GET_INFO, control)).unwrap_err();
    assert!(matches!(error, LinkError::Deadline), "{error:?}");
    assert!(begun.elapsed() < limit + AFTERWARDS, "{:?}", begun.elapsed());
}

struct Deaf;
impl Trouble for Deaf {
    fn inward(&mut self, _: usize, report: Report) -> Result<Vec<Report>, ReportError> {
        // Its last word is lost.
        let is_last_word = report[4..8] == [0x90, 0x00, 0x01, 0x2D];
        Ok(if is_last_word { Vec::new() } else { vec![report] })
    }
}

#[test]
fn a_key_that_does_not_hear_the_cancel_is_left_for_a_new_channel() {
    let desk = Desk::new(50);
    desk.holder.touches_next(Touch::Refuse);
    let wire = Troubled::new(desk.open(), Deaf);
    let sent = Arc::clone(&wire.sent);
    let mut link = HidLink::new(wire, nonces());
    let limit = Duration::from_secs(2);
    let begun = Instant::now();
    let error = within(limit, |control| link.call(SELECTION, control)).unwrap_err();
    assert!(matches!(error, LinkError::Deadline), "{error:?}");
    assert!(begun.elapsed() < limit + AFTERWARDS, "{:?}", begun.elapsed());
    assert_eq!(call(&mut link, GET_INFO).unwrap()[0], 0x00);
    let commands: Vec<u8> = sent.lock().unwrap().iter().map(|report| report[COMMAND]).collect();
    assert_eq!(commands, [0x86, 0x90, 0x91, 0x86, 0x90]);
}

#[test]
fn what_a_key_says_after_its_answer_is_not_the_next_answer() {
    let desk = Desk::new(54);
    // The whole answer to the first command is one packet.
    let twice = at(2, |report| vec![report, report]);
    let mut link = HidLink::new(Troubled::new(desk.open(), twice), nonces());
    assert_eq!(call(&mut link, SELECTION).unwrap(), [0x00]);
    assert!(call(&mut link, GET_INFO).unwrap().len() > 100);
}

/// The key is gone at the `nth` report of one direction.
struct Unplug {
    out: bool,
    nth: usize,
}

fn gone() -> ReportError {
    ReportError::Gone(io::ErrorKind::NotConnected.into())
}

impl Trouble for Unplug {
    fn outward(&mut self, nth: usize, _: &Report) -> Result<(), ReportError> {
        if self.out && nth >= self.nth { Err(gone()) } else { Ok(()) }
    }

    fn inward(&mut self, nth: usize, report: Report) -> Result<Vec<Report>, ReportError> {
        if !self.out && nth >= self.nth { Err(gone()) } else { Ok(vec![report]) }
    }
}

/// How often a PIN was submitted: the first packet of clientPIN with subcommand 5 or 9. They are
/// `06 A. 01 .. 02 05/09`: protocol first, then the subcommand.
fn submissions(sent: &[Report]) -> usize {
    let is_pin = |report: &&Report| {
        report[COMMAND] == 0x90 && report[7] == 0x06 && matches!(report[12], 0x05 | 0x09)
    };
    sent.iter().filter(is_pin).count()
}

#[test]
fn a_key_that_is_unplugged_at_any_packet_is_removed_and_gets_no_second_pin() {
    let desk = Desk::enrolled(51);
    let mut submitted = 0;
    for out in [true, false] {
        for nth in 1.. {
            let wire = Troubled::new(desk.open(), Unplug { out, nth });
            let sent = Arc::clone(&wire.sent);
            let mut link = Unshared(HidLink::new(wire, nonces()));
            let mut person = Cardholder(0);
            let begun = Instant::now();
            let result = with_control(|control| sign_in(&mut link, &mut person, control));
            assert!(begun.elapsed() < AFTERWARDS, "{out} {nth}: {:?}", begun.elapsed());
            let pins = submissions(&sent.lock().unwrap());
            assert!(pins <= 1 && person.0 <= 1, "{out} {nth}: {pins}");
            submitted += pins;
            match result {
                Ok(_) => {
                    // Nine go out; more while the key waits for the rest of the message before.
                    assert!(nth > 9, "{out} {nth}");
                    assert_eq!(pins, 1);
                    break;
                }
                Err(CeremonyError::Removed(_)) => {}
                Err(error) => panic!("{out} {nth}: {error:?}"),
            }
        }
    }
    assert!(submitted > 2, "no PIN was ever seen");
}

#[test]
fn a_key_that_is_pulled_out_signs_in_when_it_is_back() {
    let desk = Desk::enrolled(52);
    for (nth, moment) in [(1, Moment::Before), (3, Moment::After), (5, Moment::Before)] {
        let mut link = Unshared(desk.link());
        desk.holder.remove_at(nth, moment);
        let error = with_control(|control| sign_in(&mut link, &mut Cardholder(0), control));
        let error = error.unwrap_err();
        assert!(matches!(error, CeremonyError::Removed(_)), "{nth}: {error:?}");
        let error = call(&mut link, GET_INFO).unwrap_err();
        assert!(matches!(error, LinkError::Removed(_)), "{nth}: {error:?}");
        desk.holder.insert();
    }
    let signed = || {
        let mut link = Unshared(desk.link());
        with_control(|control| sign_in(&mut link, &mut Cardholder(0), control))
    };
    // The socket closes those who come before the key is in.
    while let Err(error) = signed() {
        assert!(matches!(error, CeremonyError::Removed(_)), "{error:?}");
    }
}

#[test]
fn no_packet_of_the_answer_may_be_garbled_without_an_end() {
    // Each of the first packets in turn, each of its header bytes, replaced by each of some.
    let desk = Desk::new(53);
    for nth in 1..=4 {
        for position in 4..8 {
            for byte in [0x00, 0x01, 0x7F, 0x80, 0x90, 0xBB, 0xBF, 0xFF] {
                let garbles = Arc::new(AtomicBool::new(true));
                let still = Arc::clone(&garbles);
                let garble = at(nth, move |mut report: Report| {
                    if still.load(Ordering::Relaxed) {
                        report[position] = byte;
                    }
                    vec![report]
                });
                let mut link = HidLink::new(Troubled::new(desk.open(), garble), nonces());
                let begun = Instant::now();
                let limit = Duration::from_millis(50);
                let result = within(limit, |control| link.call(GET_INFO, control));
                assert!(begun.elapsed() < limit + AFTERWARDS, "{nth} {position} {byte:02X}");
                garbles.store(false, Ordering::Relaxed);
                // A length that is too short leaves the rest to the next call, which is an error
                // at most. After an error, the next call is served.
                let next = call(&mut link, GET_INFO);
                let served =
                    if result.is_ok() && next.is_err() { call(&mut link, GET_INFO) } else { next };
                assert_eq!(served.unwrap()[0], 0x00, "{nth} {position} {byte:02X}: {result:?}");
            }
        }
    }
}
