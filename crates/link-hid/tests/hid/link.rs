//! The link alone, with a key that keeps the rules.

use std::time::{Duration, Instant};

use authenticator::{CtapLink, Keepalive, LinkError, Unshared};
use firmware_sim::Touch;
use link_hid::{HidLink, Hidraw, Report, Reports};

use crate::support::{
    Cardholder, Desk, GET_INFO, LATER, SELECTION, SOON, call, cancel_at_touch, enrol, nonces,
    sign_in, with_control, within,
};

#[test]
fn a_fresh_key_is_registered_and_signs_in() {
    let desk = Desk::new(1);
    let mut link = Unshared(desk.link());
    with_control(|control| enrol(&mut link, control)).unwrap();
    let begun = Instant::now();
    let assertion =
        with_control(|control| sign_in(&mut link, &mut Cardholder(0), control)).unwrap();
    assert_eq!(assertion.response.user_handle.unwrap().0, [1; 16]);
    println!("signed in in {:?}", begun.elapsed());
}

#[test]
fn the_key_says_what_it_is() {
    let desk = Desk::new(2);
    let mut link = desk.link();
    assert_eq!(link.identity(), None);
    call(&mut link, GET_INFO).unwrap();
    let identity = link.identity().unwrap();
    assert_eq!((identity.protocol, identity.version), (2, [1, 0, 0]));
    assert!(identity.capabilities.has_cbor());
}

#[test]
fn one_key_in_this_process_needs_no_socket_in_the_file_system() {
    let desk = Desk::new(3);
    let (_key, end) = desk.simulator.key_in_process().unwrap();
    let mut link = HidLink::new(Hidraw::from_socket(end), nonces());
    assert_eq!(call(&mut link, GET_INFO).unwrap()[0], 0x00);
}

#[test]
fn two_programs_at_one_key_do_not_hear_each_other() {
    let desk = Desk::new(4);
    let (mut one, mut two) = (desk.link(), desk.link());
    let info = call(&mut one, GET_INFO).unwrap();
    for _ in 0..50 {
        assert_eq!(call(&mut two, GET_INFO).unwrap(), info);
        assert_eq!(call(&mut one, GET_INFO).unwrap(), info);
    }
    // Answers to others have filled its buffer meanwhile.
    for _ in 0..200 {
        call(&mut two, GET_INFO).unwrap();
    }
    assert_eq!(call(&mut one, GET_INFO).unwrap(), info);
}

#[test]
fn a_key_that_another_program_uses_is_waited_for_and_then_in_use() {
    let desk = Desk::new(5);
    desk.holder.touches(Touch::Refuse);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| call(&mut desk.link(), SELECTION));
        assert!(desk.holder.wait_until_asked(SOON));
        let mut link = desk.link();
        // Long enough for the key to say that it is busy, however slow the machine is.
        let mut limit = Duration::from_millis(300);
        loop {
            match within(limit, |control| link.call(GET_INFO, control)).unwrap_err() {
                LinkError::InUse(_) => break,
                LinkError::Deadline if limit < LATER => limit *= 2,
                error => panic!("{error:?}"),
            }
        }

        let waits = scope.spawn(move || call(&mut link, GET_INFO));
        let seen = desk.holder.commands_seen();
        assert!(desk.holder.wait_for_commands(seen + 2, SOON));
        assert!(desk.holder.touch());
        assert_eq!(other.join().unwrap().unwrap(), [0x00]);
        assert_eq!(waits.join().unwrap().unwrap()[0], 0x00);
    });
}

#[test]
fn a_cancel_blows_out_the_light_and_the_channel_stays() {
    let desk = Desk::new(6);
    desk.holder.touches_next(Touch::Refuse);
    let mut link = desk.link();
    let (error, heard) =
        cancel_at_touch(&desk.holder, |control| link.call(SELECTION, control).unwrap_err());
    assert!(matches!(error, LinkError::Cancelled), "{error:?}");
    assert!(heard.contains(&Keepalive::UP_NEEDED), "{heard:?}");
    assert!(!desk.holder.is_asked());
    assert_eq!(call(&mut link, GET_INFO).unwrap()[0], 0x00);
}

/// A wire on which the test sees what goes out.
struct Seen(Hidraw, std::sync::mpsc::Sender<Report>);

impl Reports for Seen {
    fn write(&mut self, report: &Report) -> Result<(), link_hid::ReportError> {
        self.1.send(*report).unwrap();
        self.0.write(report)
    }

    fn read(&mut self, timeout: Duration) -> Result<Option<Report>, link_hid::ReportError> {
        self.0.read(timeout)
    }
}

#[test]
fn a_call_that_is_left_by_a_panic_blows_out_the_light() {
    let desk = Desk::new(7);
    desk.holder.touches_next(Touch::Refuse);
    let (sender, sent) = std::sync::mpsc::channel();
    let mut link = HidLink::new(Seen(desk.open(), sender), nonces());
    let left = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let cancel = std::sync::atomic::AtomicBool::new(false);
        let deadline = Instant::now() + SOON;
        let mut panics = |_| panic!("on purpose");
        let mut control =
            authenticator::Control { deadline, cancel: &cancel, on_keepalive: &mut panics };
        link.call(SELECTION, &mut control)
    }));
    assert!(left.is_err());
    drop(link);
    let last = sent.iter().last().unwrap();
    assert_eq!(last[4..7], [0x91, 0x00, 0x00]);
    assert_eq!(call(&mut desk.link(), GET_INFO).unwrap()[0], 0x00);
}

#[test]
fn a_request_that_no_message_can_hold_is_not_sent() {
    let desk = Desk::new(8);
    let mut link = desk.link();
    call(&mut link, GET_INFO).unwrap();
    let seen = desk.holder.commands_seen();
    let error = call(&mut link, &[0x04; 7_610]).unwrap_err();
    assert!(matches!(error, LinkError::Protocol(_)), "{error:?}");
    assert_eq!(desk.holder.commands_seen(), seen);
    // The longest one arrives; this firmware has no room for it (CTAP1_ERR_INVALID_LENGTH).
    assert_eq!(call(&mut link, &[0x04; 7_609]).unwrap(), [0x03]);
}
