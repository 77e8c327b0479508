//! Body one: the link in the same process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use authenticator::{Control, CtapLink, Keepalive, LinkError};
use firmware_sim::{Attestation, Config, Holder, Moment, SimLink, Simulator, Touch};

use crate::common::{
    CLIENT_PIN, GET_ASSERTION, GET_INFO, MAKE_CREDENTIAL, PIN, REMOVED, SELECTION, bytes, call,
    get_assertion, get_assertion_parameters, make_credential, member, pin_retries, request,
    set_pin, token, verify, whole_ceremony,
};

const SOON: Duration = Duration::from_secs(10);
/// The deadline of a call that something else must end. The firmware gives up after 30 s.
const LATER: Duration = Duration::from_secs(60);

fn try_call(link: &mut SimLink, request: &[u8]) -> Result<Vec<u8>, LinkError> {
    let mut control = Control {
        deadline: Instant::now() + SOON,
        cancel: &AtomicBool::new(false),
        on_keepalive: &mut |_| {},
    };
    link.call(request, &mut control)
}

pub(crate) fn over(mut link: SimLink) -> impl FnMut(&[u8]) -> Vec<u8> {
    move |request| try_call(&mut link, request).unwrap()
}

fn start(seed: u64) -> Simulator {
    Simulator::start(Config::seeded(seed)).unwrap()
}

#[test]
fn says_what_it_is() {
    let simulator = start(1);
    let info = call(&mut over(simulator.link()), GET_INFO, None).unwrap();
    let versions = member(&info, 1);
    assert!(versions.as_array().unwrap().contains(&"FIDO_2_1".into()));
    assert_eq!(member(&info, 3).as_bytes().unwrap(), b"AAGUID0123456789");
    assert_eq!(member(&member(&info, 4), "clientPin"), false.into());
    assert_eq!(member(&member(&info, 4), "rk"), true.into());
    assert_eq!(member(&info, 5), 3072.into());
}

#[test]
fn registers_and_authenticates_with_a_pin() {
    let simulator = start(2);
    whole_ceremony(&mut over(simulator.link())).unwrap();
}

#[test]
fn counts_wrong_pins_and_blocks_until_power_comes_anew() {
    let simulator = start(3);
    let card = &mut over(simulator.link());
    set_pin(card, PIN).unwrap();
    assert_eq!(token(card, "111111"), Err(0x31));
    assert_eq!(token(card, "222222"), Err(0x31));
    assert_eq!(token(card, "333333"), Err(0x34));
    assert_eq!(token(card, PIN), Err(0x34), "blocked until power-up even for the right one");
    simulator.holder().power_cycle();
    assert_eq!(pin_retries(card), 5);
    token(card, PIN).unwrap();
    assert_eq!(pin_retries(card), 8);
}

#[test]
fn power_up_keeps_credentials_and_forgets_the_token() {
    let simulator = start(4);
    let card = &mut over(simulator.link());
    set_pin(card, PIN).unwrap();
    let old = token(card, PIN).unwrap();
    let credential = make_credential(card, &old).unwrap();
    let old = token(card, PIN).unwrap();
    simulator.holder().power_cycle();
    assert_eq!(get_assertion(card, &old, &credential).unwrap_err(), 0x33);
    let new = token(card, PIN).unwrap();
    get_assertion(card, &new, &credential).unwrap();
}

#[test]
fn a_state_file_survives_the_simulator() {
    let directory = std::env::temp_dir().join(format!("firmware-sim-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let state = directory.join("card");
    let config = || Config { state: Some(state.clone()), ..Config::seeded(5) };
    let simulator = Simulator::start(config()).unwrap();
    let card = &mut over(simulator.link());
    set_pin(card, PIN).unwrap();
    let enrolment = token(card, PIN).unwrap();
    let credential = make_credential(card, &enrolment).unwrap();
    drop(simulator);
    let again = Simulator::start(config()).unwrap();
    let card = &mut over(again.link());
    let login = token(card, PIN).unwrap();
    let counter = get_assertion(card, &login, &credential).unwrap();
    assert!(counter > credential.counter);
    std::fs::write(&state, "something else").unwrap();
    let refused = Simulator::start(config()).unwrap_err();
    assert!(refused.to_string().contains("not the memory"), "{refused}");
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn same_seed_same_answers_and_other_seed_other_key() {
    let credential = |seed| {
        let simulator = start(seed);
        let card = &mut over(simulator.link());
        set_pin(card, PIN).unwrap();
        let token = token(card, PIN).unwrap();
        let made = make_credential(card, &token).unwrap();
        (made.id, made.key, made.counter)
    };
    assert_eq!(credential(6), credential(6));
    let (id, key, _) = credential(6);
    let (other_id, other_key, _) = credential(7);
    assert!(id != other_id && key != other_key);
}

#[test]
fn several_work_at_once() {
    thread::scope(|scope| {
        for seed in 10..16 {
            scope.spawn(move || {
                let simulator = start(seed);
                whole_ceremony(&mut over(simulator.link())).unwrap();
            });
        }
    });
}

#[test]
fn two_links_share_one_authenticator() {
    let simulator = start(20);
    set_pin(&mut over(simulator.link()), PIN).unwrap();
    token(&mut over(simulator.link()), PIN).unwrap();
}

#[test]
fn a_touch_may_take_its_time() {
    let simulator = start(21);
    let delay = Duration::from_millis(250);
    simulator.holder().touches_next(Touch::After(delay));
    let begun = Instant::now();
    assert_eq!(try_call(&mut simulator.link(), &[SELECTION]).unwrap(), [0x00]);
    assert!(begun.elapsed() >= delay);
}

#[test]
fn says_again_and_again_that_it_waits_for_a_touch() {
    let simulator = start(35);
    let holder = simulator.holder();
    holder.touches_next(Touch::Refuse);
    let mut told = 0;
    // Nobody touches before it has said so three times.
    let mut on_keepalive = |keepalive| {
        told += usize::from(keepalive == Keepalive::UP_NEEDED);
        if told == 3 {
            holder.touch();
        }
    };
    let mut control = Control {
        deadline: Instant::now() + SOON,
        cancel: &AtomicBool::new(false),
        on_keepalive: &mut on_keepalive,
    };
    assert_eq!(simulator.link().call(&[SELECTION], &mut control).unwrap(), [0x00]);
    assert!(told >= 3, "{told}");
}

#[test]
fn without_a_touch_the_firmware_gives_up() {
    let touch_timeout = Duration::from_millis(300);
    let simulator = Simulator::start(Config { touch_timeout, ..Config::seeded(22) }).unwrap();
    simulator.holder().touches(Touch::Refuse);
    assert_eq!(try_call(&mut simulator.link(), &[SELECTION]).unwrap(), [0x2F]);
    assert_eq!(simulator.holder().times_asked(), 1);
}

#[test]
fn a_touch_by_hand_counts_only_when_asked_for() {
    let simulator = start(23);
    let holder = simulator.holder();
    holder.touches(Touch::Refuse);
    assert!(!holder.touch(), "nobody asks yet");
    let mut link = simulator.link();
    thread::scope(|scope| {
        let call = scope.spawn(move || try_call(&mut link, &[SELECTION]).unwrap());
        assert!(holder.wait_until_asked(SOON));
        assert!(holder.touch());
        assert_eq!(call.join().unwrap(), [0x00]);
    });
}

/// Calls without a touch; `end` is run once the authenticator waits for one.
fn interrupted(
    simulator: &Simulator,
    link: &mut SimLink,
    end: impl FnOnce(&Holder, &AtomicBool) + Send,
) -> LinkError {
    let holder = simulator.holder();
    holder.touches_next(Touch::Refuse);
    let cancel = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            assert!(holder.wait_until_asked(SOON));
            end(&holder, &cancel);
        });
        let mut control = Control {
            deadline: Instant::now() + LATER,
            cancel: &cancel,
            on_keepalive: &mut |_| {},
        };
        link.call(&[SELECTION], &mut control).unwrap_err()
    })
}

#[test]
fn cancel_ends_a_call_at_once_and_leaves_nothing_behind() {
    let simulator = start(24);
    let mut link = simulator.link();
    for _ in 0..3 {
        let error = interrupted(&simulator, &mut link, |_, cancel| {
            cancel.store(true, Ordering::Relaxed);
        });
        assert!(matches!(error, LinkError::Cancelled), "{error}");
        // The late answer (0x2D) would be taken for this one's.
        let info = try_call(&mut link, &[GET_INFO]).unwrap();
        assert_eq!(info.first(), Some(&0x00));
    }
    assert_eq!(try_call(&mut link, &[SELECTION]).unwrap(), [0x00]);
}

#[test]
fn a_call_given_up_in_the_queue_does_not_disturb_the_one_before_it() {
    let simulator = start(25);
    let holder = simulator.holder();
    holder.touches_next(Touch::Refuse);
    let (mut first, mut second) = (simulator.link(), simulator.link());
    thread::scope(|scope| {
        let waits = scope.spawn(move || try_call(&mut first, &[SELECTION]).unwrap());
        assert!(holder.wait_until_asked(SOON));
        let mut control = Control {
            deadline: Instant::now() + Duration::from_millis(50),
            cancel: &AtomicBool::new(false),
            on_keepalive: &mut |_| {},
        };
        let queued = second.call(&[SELECTION], &mut control);
        assert!(matches!(queued, Err(LinkError::Deadline)));
        assert!(holder.touch(), "the first one still waits");
        assert_eq!(waits.join().unwrap(), [0x00]);
    });
    assert_eq!(try_call(&mut simulator.link(), &[GET_INFO]).unwrap()[0], 0x00);
    assert_eq!(holder.times_asked(), 1, "the second one was never begun");
}

#[test]
fn a_deadline_ends_a_call() {
    let simulator = start(26);
    let mut link = simulator.link();
    let holder = simulator.holder();
    holder.touches(Touch::Refuse);
    // Until it falls into the wait for the touch, however slow the machine is.
    let mut limit = Duration::from_millis(150);
    while holder.times_asked() == 0 {
        let cancel = AtomicBool::new(false);
        let deadline = Instant::now() + limit;
        let mut control = Control { deadline, cancel: &cancel, on_keepalive: &mut |_| {} };
        let error = link.call(&[SELECTION], &mut control).unwrap_err();
        assert!(matches!(error, LinkError::Deadline), "{error}");
        limit *= 2;
    }
    assert!(!holder.is_asked(), "the light is out");
    holder.touches(Touch::Now);
    assert_eq!(try_call(&mut link, &[SELECTION]).unwrap(), [0x00]);
}

#[test]
fn removal_during_a_touch_ends_the_link_for_good() {
    let simulator = start(27);
    let mut link = simulator.link();
    let error = interrupted(&simulator, &mut link, |holder, _| holder.remove());
    assert!(matches!(error, LinkError::Removed(_)), "{error}");
    let removed = |result| matches!(result, Err(LinkError::Removed(_)));
    assert!(removed(try_call(&mut link, &[GET_INFO])));
    assert!(removed(try_call(&mut simulator.link(), &[GET_INFO])), "nothing is in");
    simulator.holder().insert();
    let seen = simulator.holder().commands_seen();
    assert!(removed(try_call(&mut link, &[GET_INFO])), "an old link stays dead");
    assert_eq!(simulator.holder().commands_seen(), seen, "and reaches no card");
    assert_eq!(try_call(&mut simulator.link(), &[SELECTION]).unwrap(), [0x00]);
}

/// Runs the ceremony with the card pulled at the `nth` command; true when it got through.
fn pulled_at(nth: u64, moment: Moment) -> bool {
    let simulator = start(28);
    simulator.holder().remove_at(nth, moment);
    let mut link = simulator.link();
    let mut card = |request: &[u8]| match try_call(&mut link, request) {
        Ok(answer) => answer,
        Err(LinkError::Removed(_)) => vec![REMOVED],
        Err(other) => panic!("{other}"),
    };
    let ceremony = whole_ceremony(&mut card);
    if let Err(status) = ceremony {
        assert_eq!((status, simulator.holder().is_inserted()), (REMOVED, false));
        simulator.holder().insert();
        let again = try_call(&mut simulator.link(), &[GET_INFO]).unwrap();
        assert_eq!(again.first(), Some(&0x00), "memory is sound after a removal");
    }
    ceremony.is_ok()
}

#[test]
fn removal_at_each_command_is_a_clean_error() {
    for moment in [Moment::Before, Moment::After] {
        let through = (1..20).find(|nth| pulled_at(*nth, moment)).expect("ends some time");
        assert_eq!(through, 9, "a ceremony of eight commands");
    }
}

#[test]
fn an_answer_lost_on_the_way_has_happened_all_the_same() {
    let simulator = start(29);
    let mut link = simulator.link();
    set_pin(&mut over(simulator.link()), PIN).unwrap();
    let enrolment = token(&mut over(simulator.link()), PIN).unwrap();
    simulator.holder().remove_at(1, Moment::After);
    let make =
        request(MAKE_CREDENTIAL, Some(crate::common::make_credential_parameters(&enrolment)));
    assert!(matches!(try_call(&mut link, &make), Err(LinkError::Removed(_))));
    simulator.holder().insert();
    let card = &mut over(simulator.link());
    let login = token(card, PIN).unwrap();
    call(card, GET_ASSERTION, Some(get_assertion_parameters(&login))).unwrap();
}

#[test]
fn malformed_commands_get_an_answer() {
    let simulator = start(30);
    let mut link = simulator.link();
    let mut status = |request: &[u8]| try_call(&mut link, request).unwrap()[0];
    assert_eq!(status(&[]), 0x03);
    assert_eq!(status(&[0x7E]), 0x01);
    assert_eq!(status(&[CLIENT_PIN, 0xA2, 0x01]), 0x12);
    assert_eq!(status(&[0x04; 3073]), 0x03);
}

#[test]
fn presence_by_power_up_spares_one_touch() {
    let window = Some(Duration::from_secs(60));
    let config = Config { presence_by_power_up: window, ..Config::seeded(31) };
    let simulator = Simulator::start(config).unwrap();
    let card = &mut over(simulator.link());
    set_pin(card, PIN).unwrap();
    let enrolment = token(card, PIN).unwrap();
    let credential = make_credential(card, &enrolment).unwrap();
    simulator.holder().power_cycle();
    simulator.holder().touches(Touch::Refuse);
    let asked = simulator.holder().times_asked();
    let login = token(card, PIN).unwrap();
    get_assertion(card, &login, &credential).unwrap();
    assert_eq!(simulator.holder().times_asked(), asked);
}

#[test]
fn a_batch_key_signs_the_attestation_and_names_the_model() {
    let key = p256::ecdsa::SigningKey::from_slice(&[0x42; 32]).unwrap();
    let aaguid = *b"a model of ours!";
    // As much of a certificate as the firmware looks at: the extension with the AAGUID.
    let extension = b"\x06\x0B\x2B\x06\x01\x04\x01\x82\xE5\x1C\x01\x01\x04\x04\x12\x04\x10";
    let certificate = [b"\x30\x21".as_slice(), extension, &aaguid].concat();
    let attestation = Attestation { certificate: certificate.clone(), private_key: [0x42; 32] };
    let config = Config { attestation: Some(attestation), ..Config::seeded(32) };
    let simulator = Simulator::start(config).unwrap();
    let card = &mut over(simulator.link());
    assert_eq!(bytes(&member(&call(card, GET_INFO, None).unwrap(), 3)), aaguid);
    set_pin(card, PIN).unwrap();
    let enrolment = token(card, PIN).unwrap();
    let parameters = crate::common::make_credential_parameters(&enrolment);
    let answer = call(card, MAKE_CREDENTIAL, Some(parameters)).unwrap();
    let (auth_data, statement) = (bytes(&member(&answer, 2)), member(&answer, 3));
    assert_eq!(auth_data.get(37..53).unwrap(), aaguid);
    assert_eq!(member(&statement, "x5c").as_array().unwrap(), &[certificate.into()]);
    verify(key.verifying_key(), &auth_data, &member(&statement, "sig"));
}

#[test]
fn the_firmware_says_when_it_is_full() {
    let config = Config { max_credentials: Some(1), ..Config::seeded(33) };
    let simulator = Simulator::start(config).unwrap();
    let card = &mut over(simulator.link());
    set_pin(card, PIN).unwrap();
    let first = token(card, PIN).unwrap();
    make_credential(card, &first).unwrap();
    let second = token(card, PIN).unwrap();
    let other_user = crate::common::make_credential_parameters_for(&second, b"user-2");
    assert_eq!(call(card, MAKE_CREDENTIAL, Some(other_user)).unwrap_err(), 0x28);
}

#[test]
fn a_call_that_is_cancelled_before_it_begins_never_reaches_the_card() {
    let simulator = start(34);
    let begun = Instant::now();
    for (cancelled, deadline) in [(true, begun + SOON), (false, begun)] {
        let cancel = AtomicBool::new(cancelled);
        let mut control = Control { deadline, cancel: &cancel, on_keepalive: &mut |_| {} };
        simulator.link().call(&[SELECTION], &mut control).unwrap_err();
    }
    assert_eq!(simulator.holder().commands_seen(), 0);
}
