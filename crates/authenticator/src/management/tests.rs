//! Against authenticators that no firmware at hand is: with a sensor, or dishonest.

#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a method's path is for one lifetime only, and does not fit"
)]

use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use hex_literal::hex;

use super::*;
use crate::pin_uv::tests::{entropy, theirs_on_the_wire};
use crate::{Account, CtapLink, LinkError, NewPinPrompt, Pin, PinPrompt, Status, Until};

type Step = (Vec<u8>, Vec<u8>);

/// Answers from a list of (start of the request, answer); anything else fails the test.
struct Script(VecDeque<Step>, Vec<Leave>);

impl CtapLink for Script {
    fn call(&mut self, request: &[u8], _control: &mut Control<'_>) -> Result<Vec<u8>, LinkError> {
        let (start, answer) = self.0.pop_front().expect("no further command");
        assert!(request.starts_with(&start), "{request:02x?} does not start with {start:02x?}");
        Ok(answer)
    }
}

impl CeremonyLink for Script {
    fn begin(&mut self, _control: &mut Control<'_>) -> Result<(), LinkError> {
        Ok(())
    }

    fn end(&mut self, leave: Leave) {
        self.1.push(leave);
    }
}

struct Typist;

impl Person for Typist {
    fn enter_pin(&mut self, _prompt: &PinPrompt, _until: Until<'_>) -> Option<Pin> {
        Pin::new("1234").ok()
    }

    fn choose_pin(&mut self, _prompt: &NewPinPrompt, _until: Until<'_>) -> Option<Pin> {
        Pin::new("567890").ok()
    }

    fn choose_account(&mut self, _accounts: &[Account], _until: Until<'_>) -> Option<usize> {
        None
    }

    fn touch_needed(&mut self) {}
}

/// Runs an errand against a script, all of which must be used up, and whose link must be let go.
#[expect(clippy::disallowed_methods, reason = "a deadline that this link never looks at")]
fn errand<T>(
    steps: Vec<(&[u8], Vec<u8>)>,
    errand: impl FnOnce(&mut Management<'_, '_>) -> Result<T, ManagementError>,
) -> Result<T, ManagementError> {
    let steps = steps.into_iter().map(|(start, answer)| (start.to_vec(), answer)).collect();
    let mut link = Script(steps, Vec::new());
    let cancel = AtomicBool::new(false);
    let mut control =
        Control { deadline: Instant::now(), cancel: &cancel, on_keepalive: &mut |_| {} };
    let (mut person, mut entropy) = (Typist, entropy);
    let result = errand(&mut Management::new(&mut link, &mut person, &mut control, &mut entropy));
    assert!(link.0.is_empty(), "commands that were not sent: {:02x?}", link.0);
    assert_eq!(link.1.last(), Some(&Leave::Reset));
    result
}

/// `FIDO_2_1`, with these options and PIN/UV auth protocol two.
fn info(options: &[(&str, bool)]) -> Vec<u8> {
    let options = options.iter().map(|(id, value)| ((*id).into(), (*value).into())).collect();
    let info = ciborium::Value::Map(vec![
        (1.into(), ciborium::Value::Array(vec!["FIDO_2_1".into()])),
        (3.into(), ciborium::Value::Bytes(vec![0; 16])),
        (4.into(), ciborium::Value::Map(options)),
        (6.into(), ciborium::Value::Array(vec![2.into()])),
    ]);
    let mut answer = vec![0x00];
    crate::cbor::write(&info, &mut answer);
    answer
}

/// A token of 32 bytes, encrypted with the secret that the fixed keys make.
fn token() -> Vec<u8> {
    hex!(
        "00 a1 02 58 30 707172737475767778797a7b7c7d7e7f"
        "5669d4c1d53f909c75a3561254836169b14d70f6faaf271cdb6cfc0031e722f2"
    )
    .to_vec()
}

const INFO: &[u8] = &[0x04];
const RETRIES: &[u8] = &hex!("06 a2 01 02 02 01");
const KEY_AGREEMENT: &[u8] = &hex!("06 a2 01 02 02 02");
const PIN_TOKEN: &[u8] = &hex!("06 a5 01 02 02 09");
const UV_RETRIES: &[u8] = &hex!("06 a2 01 02 02 07");
const SENSOR: &[u8] = &hex!("09 a2 01 01 02 07");
const ENROLL: &[u8] = &hex!("09 a5 01 01 02 01");
const CAPTURE: &[u8] = &hex!("09 a5 01 01 02 02");
const CANCEL: &[u8] = &hex!("09 a2 01 01 02 03");
const ENUMERATE: &[u8] = &hex!("09 a4 01 01 02 04");
const NAME: &[u8] = &hex!("09 a5 01 01 02 05");
const REMOVE: &[u8] = &hex!("09 a5 01 01 02 06");

const FINGER: &[(&str, bool)] =
    &[("uv", true), ("clientPin", true), ("pinUvAuthToken", true), ("bioEnroll", true)];

fn sensor() -> Vec<u8> {
    hex!("00 a4 01 01 02 01 03 04 08 05").to_vec()
}

/// What comes before each errand with fingerprints: the PIN, as the sensor may not vouch for
/// itself without the option `uvBioEnroll`.
fn with_pin(
    before: Vec<(&'static [u8], Vec<u8>)>,
    after: Vec<(&'static [u8], Vec<u8>)>,
) -> Vec<(&'static [u8], Vec<u8>)> {
    let pin = vec![
        (RETRIES, hex!("00 a1 03 08").to_vec()),
        (KEY_AGREEMENT, theirs_on_the_wire()),
        (PIN_TOKEN, token()),
    ];
    [vec![(INFO, info(FINGER))], before, pin, after].concat()
}

#[test]
fn a_finger_is_enrolled_sample_by_sample_and_named() {
    let steps = with_pin(
        vec![(SENSOR, sensor())],
        vec![
            (ENROLL, hex!("00 a3 04 42 aabb 05 00 06 02").to_vec()),
            (CAPTURE, hex!("00 a2 05 07 06 02").to_vec()),
            (CAPTURE, hex!("00 a2 05 00 06 01").to_vec()),
            (CAPTURE, hex!("00 a2 05 00 06 00").to_vec()),
            (NAME, vec![0x00]),
        ],
    );
    let mut seen = Vec::new();
    let finger = errand(steps, |management| {
        management.enrol_fingerprint("thumb", &mut |sample| {
            seen.push((sample.status, sample.remaining));
        })
    });
    assert_eq!(finger.unwrap(), Fingerprint { id: vec![0xAA, 0xBB], name: "thumb".into() });
    let good = SampleStatus::GOOD;
    assert_eq!(seen, [(good, 2), (SampleStatus::POOR_QUALITY, 2), (good, 1), (good, 0)]);
}

#[test]
fn an_enrolment_that_fails_is_given_up() {
    let steps = with_pin(
        vec![(SENSOR, sensor())],
        vec![
            (ENROLL, hex!("00 a3 04 42 aabb 05 00 06 02").to_vec()),
            (CAPTURE, vec![Status::USER_ACTION_TIMEOUT.0]),
            (CANCEL, vec![0x00]),
        ],
    );
    let error = errand(steps, |management| management.enrol_fingerprint("", &mut |_| {}));
    let error = error.unwrap_err();
    assert!(matches!(error, ManagementError::Ceremony(CeremonyError::TimedOut)), "{error:?}");
}

#[test]
fn a_sensor_that_never_has_enough_is_not_asked_for_ever() {
    let mut after = vec![(ENROLL, hex!("00 a3 04 42 aabb 05 00 06 02").to_vec())];
    after.extend((0..64).map(|_| (CAPTURE, hex!("00 a2 05 00 06 02").to_vec())));
    after.push((CANCEL, vec![0x00]));
    let steps = with_pin(vec![(SENSOR, sensor())], after);
    let error = errand(steps, |management| management.enrol_fingerprint("", &mut |_| {}));
    assert!(matches!(error, Err(ManagementError::NoGoodSample)), "{error:?}");
}

#[test]
fn a_name_that_is_too_long_costs_nobody_a_pin() {
    let steps = vec![(INFO, info(FINGER)), (SENSOR, sensor())];
    let error = errand(steps, |management| management.rename_fingerprint(&[1], "123456"));
    assert!(matches!(error, Err(ManagementError::NameTooLong(5))), "{error:?}");
}

#[test]
fn fingerprints_are_listed_and_removed() {
    let listed = hex!("00 a1 07 81 a2 01 42 aabb 02 65 7468756d62").to_vec();
    let steps = with_pin(Vec::new(), vec![(ENUMERATE, listed)]);
    let fingers = errand(steps, |m| m.fingerprints()).unwrap();
    assert_eq!(fingers.len(), 1);
    let steps = with_pin(Vec::new(), vec![(ENUMERATE, vec![Status::INVALID_OPTION.0])]);
    assert!(errand(steps, |m| m.fingerprints()).unwrap().is_empty());
    let steps = with_pin(Vec::new(), vec![(REMOVE, vec![0x00])]);
    errand(steps, |management| management.remove_fingerprint(&[0xAA])).unwrap();
    let steps = with_pin(Vec::new(), vec![(REMOVE, vec![Status::INVALID_OPTION.0])]);
    let error = errand(steps, |management| management.remove_fingerprint(&[0xAA]));
    assert!(matches!(error, Err(ManagementError::NotFound)), "{error:?}");
}

#[test]
fn an_inspection_tells_pin_sensor_and_tries() {
    let steps = vec![
        (INFO, info(FINGER)),
        (RETRIES, hex!("00 a2 03 05 04 f5").to_vec()),
        (SENSOR, sensor()),
        (UV_RETRIES, hex!("00 a1 05 03").to_vec()),
    ];
    let seen = errand(steps, |m| m.inspect()).unwrap();
    assert_eq!(seen.pin, PinState::BlockedUntilPowerOff { tries_left: 5 });
    let uv = seen.uv.unwrap();
    assert_eq!((uv.enrolled, uv.tries_left), (true, Some(3)));
    assert_eq!(uv.sensor.unwrap().max_samples, 4);
    assert_eq!(seen.model(), "00000000-0000-0000-0000-000000000000");
    assert!(!seen.lists_credentials);
}

#[test]
fn who_claims_more_entries_than_there_can_be_is_not_asked_for_them() {
    let options = &[("clientPin", true), ("pinUvAuthToken", true), ("credMgmt", true)];
    let rp = [&hex!("00 a3 03 a1 62 6964 61 61 04 58 20")[..], &[0x11; 32], &hex!("05 19 0401")];
    let steps = vec![
        (INFO, info(options)),
        (RETRIES, hex!("00 a1 03 08").to_vec()),
        (KEY_AGREEMENT, theirs_on_the_wire()),
        (PIN_TOKEN, token()),
        (&hex!("0a a3 01 01")[..], hex!("00 a2 01 01 02 01").to_vec()),
        (&hex!("0a a3 01 02")[..], rp.concat()),
    ];
    let error = errand(steps, |m| m.credentials()).unwrap_err();
    assert!(
        matches!(error, ManagementError::Ceremony(CeremonyError::Inconsistent(_))),
        "{error:?}"
    );
}

#[test]
fn a_reset_that_comes_too_late_says_so() {
    let steps = vec![(&[0x07][..], vec![Status::NOT_ALLOWED.0])];
    let error = errand(steps, |m| m.reset()).unwrap_err();
    assert!(matches!(error, ManagementError::ResetTooLate), "{error:?}");
    assert!(error.words().contains("ten seconds"), "{}", error.words());
}

#[test]
fn what_an_authenticator_cannot_do_is_known_before_anybody_types() {
    let bare = || vec![(INFO, info(&[]))];
    let unsupported = |result: Result<(), ManagementError>, ability: Ability| {
        let error = result.unwrap_err();
        assert!(
            matches!(error, ManagementError::Unsupported(which) if which == ability),
            "{error:?}"
        );
        assert!(error.words().starts_with("This card or key"), "{}", error.words());
    };
    unsupported(errand(bare(), |m| m.set_pin()), Ability::Pin);
    unsupported(errand(bare(), |m| m.change_pin()), Ability::Pin);
    unsupported(errand(bare(), |m| m.credentials().map(drop)), Ability::Credentials);
    unsupported(errand(bare(), |m| m.fingerprints().map(drop)), Ability::Fingerprints);
    unsupported(errand(bare(), |m| m.set_always_uv(true)), Ability::AlwaysUv);
    unsupported(errand(bare(), |m| m.set_min_pin_length(6)), Ability::MinPinLength);
    let fresh = vec![(INFO, info(&[("clientPin", false), ("credMgmt", true)]))];
    let error = errand(fresh, |m| m.credentials()).unwrap_err();
    assert!(matches!(error, ManagementError::NoPin), "{error:?}");
}

#[test]
fn every_status_at_the_first_command_ends_in_words() {
    for status in 0x01..=0xFF {
        let error = errand(vec![(INFO, vec![status])], |m| m.inspect()).unwrap_err();
        assert!(error.words().ends_with('.'), "{status:02x}");
    }
}
