//! Against authenticators that no firmware at hand is: with built-in verification, or dishonest.

use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use hex_literal::hex;

use super::*;
use crate::pin_uv::tests::{entropy, theirs_on_the_wire};
use crate::{
    Account, AuthenticateRequest, FingerError, FingerPrompt, NewPinError, NewPinPrompt, Pin,
    PinPrompt,
};
use crate::{RegisterRequest, RelyingParty, ResidentKey, Status, User, UserVerification};

const RP_ID: &str = "example.com";
const SUCCESS: u8 = 0x00;

/// Answers from a list of (start of the request, answer); anything else fails the test.
struct Script {
    steps: VecDeque<(Vec<u8>, Vec<u8>)>,
    ended: Vec<Leave>,
}

impl crate::CtapLink for Script {
    fn call(&mut self, request: &[u8], _control: &mut Control<'_>) -> Result<Vec<u8>, LinkError> {
        let (start, answer) = self.steps.pop_front().expect("no further command");
        assert!(request.starts_with(&start), "{request:02x?} does not start with {start:02x?}");
        Ok(answer)
    }
}

impl CeremonyLink for Script {
    fn begin(&mut self, _control: &mut Control<'_>) -> Result<(), LinkError> {
        Ok(())
    }

    fn end(&mut self, leave: Leave) {
        self.ended.push(leave);
    }
}

/// Types the same PIN whenever asked.
#[derive(Default)]
struct Typist {
    prompts: Vec<PinPrompt>,
    fingers: Vec<(Option<u32>, Option<FingerError>)>,
    new_pins: VecDeque<&'static str>,
    refusals: Vec<Option<NewPinError>>,
}

impl Person for Typist {
    fn enter_pin(&mut self, prompt: &PinPrompt, _until: Until<'_>) -> Option<Pin> {
        self.prompts.push(*prompt);
        Pin::new("1234").ok()
    }

    fn choose_pin(&mut self, prompt: &NewPinPrompt, _until: Until<'_>) -> Option<Pin> {
        self.refusals.push(prompt.last_error);
        Pin::new(self.new_pins.pop_front()?).ok()
    }

    fn choose_account(&mut self, _accounts: &[Account], _until: Until<'_>) -> Option<usize> {
        None
    }

    fn touch_needed(&mut self) {}

    fn finger_needed(&mut self, prompt: &FingerPrompt) {
        self.fingers.push((prompt.tries_left, prompt.last_error));
    }
}

fn script(steps: Vec<(&[u8], Vec<u8>)>) -> Script {
    let steps = steps.into_iter().map(|(start, answer)| (start.to_vec(), answer)).collect();
    Script { steps, ended: Vec::new() }
}

#[expect(clippy::disallowed_methods, reason = "a deadline that this link never looks at")]
fn sign_in(link: &mut Script, person: &mut Typist) -> Result<crate::Assertion, CeremonyError> {
    let request = AuthenticateRequest {
        origin: "https://example.com".into(),
        rp_id: RP_ID.into(),
        challenge: vec![7; 32],
        allow: vec![vec![0xAA; 16]],
        user_verification: UserVerification::Required,
    };
    let cancel = AtomicBool::new(false);
    let mut control =
        Control { deadline: Instant::now(), cancel: &cancel, on_keepalive: &mut |_| {} };
    let result = authenticate(link, &request, person, &mut control, &mut entropy);
    assert!(link.steps.is_empty(), "commands that were not sent: {:02x?}", link.steps);
    assert_eq!(link.ended.last(), Some(&Leave::Reset));
    result
}

#[expect(clippy::disallowed_methods, reason = "a deadline that this link never looks at")]
fn enrol(link: &mut Script, person: &mut Typist) -> CeremonyError {
    let request = RegisterRequest {
        origin: "https://example.com".into(),
        rp: RelyingParty { id: RP_ID.into(), name: String::new() },
        challenge: vec![7; 32],
        user: User { id: vec![1], name: String::new(), display_name: String::new() },
        exclude: Vec::new(),
        resident_key: ResidentKey::Discouraged,
        user_verification: UserVerification::Required,
        transports: Vec::new(),
    };
    let cancel = AtomicBool::new(false);
    let mut control =
        Control { deadline: Instant::now(), cancel: &cancel, on_keepalive: &mut |_| {} };
    register(link, &request, person, &mut control, &mut entropy).unwrap_err()
}

/// `FIDO_2_1`, with these options and PIN/UV auth protocol two.
fn info(options: &[(&str, bool)]) -> Vec<u8> {
    let count = u8::try_from(options.len()).unwrap();
    let options = options.iter().flat_map(|(id, value)| {
        let length = u8::try_from(id.len()).unwrap();
        let head = if length < 24 { vec![0x60 | length] } else { vec![0x78, length] };
        [head, id.as_bytes().to_vec(), vec![if *value { 0xF5 } else { 0xF4 }]].concat()
    });
    [
        &hex!("00 a5 01 81 68 4649444f5f325f31 03 50 00000000000000000000000000000000 04")[..],
        &[0xA0 | count],
        &options.collect::<Vec<_>>(),
        &hex!("06 81 02 07 08"),
    ]
    .concat()
}

/// A token of 32 bytes, encrypted with the secret that the fixed keys make.
fn token() -> Vec<u8> {
    hex!(
        "00 a1 02 58 30 707172737475767778797a7b7c7d7e7f"
        "5669d4c1d53f909c75a3561254836169b14d70f6faaf271cdb6cfc0031e722f2"
    )
    .to_vec()
}

fn retries(count: u8) -> Vec<u8> {
    vec![SUCCESS, 0xA1, 0x03, count]
}

fn uv_retries(count: u8) -> Vec<u8> {
    vec![SUCCESS, 0xA1, 0x05, count]
}

fn assertion(rp_id: &str, flags: u8) -> Vec<u8> {
    let rp_id_hash = <[u8; 32]>::from(Sha256::digest(rp_id));
    [&hex!("00 a2 02 58 25")[..], &rp_id_hash, &[flags, 0, 0, 0, 1], &hex!("03 41 30")].concat()
}

const INFO: &[u8] = &[0x04];
const RETRIES: &[u8] = &hex!("06 a2 01 02 02 01");
const UV_RETRIES: &[u8] = &hex!("06 a2 01 02 02 07");
const KEY_AGREEMENT: &[u8] = &hex!("06 a2 01 02 02 02");
const SET_PIN: &[u8] = &hex!("06 a5 01 02 02 03");
const UV_TOKEN: &[u8] = &hex!("06 a5 01 02 02 06");
const LEGACY_TOKEN: &[u8] = &hex!("06 a4 01 02 02 05");
const PIN_TOKEN: &[u8] = &hex!("06 a6 01 02 02 09");
const ASSERTION: &[u8] = &[0x02];

const FINGERPRINT_AND_PIN: &[(&str, bool)] =
    &[("uv", true), ("clientPin", true), ("pinUvAuthToken", true)];
const PIN_ONLY: &[(&str, bool)] = &[("clientPin", true), ("pinUvAuthToken", true)];

/// One that takes two fingers: preferredPlatformUvAttempts is 2.
fn patient() -> Vec<u8> {
    let mut info = info(FINGERPRINT_AND_PIN);
    info[1] = info[1].saturating_add(1);
    info.extend(hex!("11 02"));
    info
}

#[test]
fn a_fingerprint_gives_a_token_and_nobody_types() {
    let mut link = script(vec![
        (INFO, info(FINGERPRINT_AND_PIN)),
        (UV_RETRIES, uv_retries(5)),
        (KEY_AGREEMENT, theirs_on_the_wire()),
        (UV_TOKEN, token()),
        (ASSERTION, assertion(RP_ID, 0x05)),
    ]);
    let mut person = Typist::default();
    let assertion = sign_in(&mut link, &mut person).unwrap();
    assert_eq!(assertion.id.0, [0xAA; 16], "filled in from the list");
    assert!(person.prompts.is_empty());
    assert_eq!(person.fingers, [(Some(5), None)]);
}

#[test]
fn a_fingerprint_that_fails_leads_to_the_pin() {
    for (status, why) in [
        (Status::UV_INVALID, FingerError::NotRecognised),
        (Status::UV_BLOCKED, FingerError::Blocked),
    ] {
        let mut link = script(vec![
            (INFO, info(FINGERPRINT_AND_PIN)),
            // One that does not count tells nothing, and is asked all the same.
            (UV_RETRIES, vec![Status::INVALID_SUBCOMMAND.0]),
            (KEY_AGREEMENT, theirs_on_the_wire()),
            (UV_TOKEN, vec![status.0]),
            (RETRIES, retries(8)),
            (KEY_AGREEMENT, theirs_on_the_wire()),
            (PIN_TOKEN, token()),
            (ASSERTION, assertion(RP_ID, 0x05)),
        ]);
        let mut person = Typist::default();
        sign_in(&mut link, &mut person).unwrap();
        let prompts: Vec<_> = person.prompts.iter().map(|p| p.instead_of_finger).collect();
        assert_eq!(prompts, [Some(why)]);
        assert_eq!(person.fingers, [(None, None)]);
    }
}

#[test]
fn where_no_finger_is_taken_any_more_the_pin_is_asked_for_at_once() {
    let mut link = script(vec![
        (INFO, info(FINGERPRINT_AND_PIN)),
        (UV_RETRIES, uv_retries(0)),
        (RETRIES, retries(8)),
        (KEY_AGREEMENT, theirs_on_the_wire()),
        (PIN_TOKEN, token()),
        (ASSERTION, assertion(RP_ID, 0x05)),
    ]);
    let mut person = Typist::default();
    sign_in(&mut link, &mut person).unwrap();
    assert!(person.fingers.is_empty());
    assert_eq!(person.prompts.first().unwrap().instead_of_finger, Some(FingerError::Blocked));
}

#[test]
fn a_fingerprint_is_tried_as_often_as_the_authenticator_prefers() {
    let mut link = script(vec![
        (INFO, patient()),
        (UV_RETRIES, uv_retries(3)),
        (KEY_AGREEMENT, theirs_on_the_wire()),
        (UV_TOKEN, vec![Status::UV_INVALID.0]),
        (UV_RETRIES, uv_retries(2)),
        (KEY_AGREEMENT, theirs_on_the_wire()),
        (UV_TOKEN, token()),
        (ASSERTION, assertion(RP_ID, 0x05)),
    ]);
    let mut person = Typist::default();
    sign_in(&mut link, &mut person).unwrap();
    assert!(person.prompts.is_empty());
    let not_recognised = Some(FingerError::NotRecognised);
    assert_eq!(person.fingers, [(Some(3), None), (Some(2), not_recognised)]);
}

#[test]
fn where_the_finger_is_blocked_meanwhile_it_is_not_tried_again() {
    let mut link = script(vec![
        (INFO, patient()),
        (UV_RETRIES, uv_retries(1)),
        (KEY_AGREEMENT, theirs_on_the_wire()),
        (UV_TOKEN, vec![Status::UV_BLOCKED.0]),
        (RETRIES, retries(8)),
        (KEY_AGREEMENT, theirs_on_the_wire()),
        (PIN_TOKEN, token()),
        (ASSERTION, assertion(RP_ID, 0x05)),
    ]);
    sign_in(&mut link, &mut Typist::default()).unwrap();
}

#[test]
fn a_token_that_is_not_taken_is_no_reason_to_ask_for_the_pin_again() {
    let mut link = script(vec![
        (INFO, info(PIN_ONLY)),
        (RETRIES, retries(8)),
        (KEY_AGREEMENT, theirs_on_the_wire()),
        (PIN_TOKEN, token()),
        (ASSERTION, vec![Status::PIN_AUTH_INVALID.0]),
    ]);
    let error = sign_in(&mut link, &mut Typist::default()).unwrap_err();
    assert!(matches!(error, CeremonyError::Unverified), "{error:?}");
}

#[test]
fn a_fingerprint_that_fails_without_a_pin_says_so() {
    let blocked: fn(&CeremonyError) -> bool = |error| matches!(error, CeremonyError::UvBlocked);
    let failed: fn(&CeremonyError) -> bool = |error| matches!(error, CeremonyError::UvFailed);
    for (status, expected) in [(Status::UV_BLOCKED, blocked), (Status::UV_INVALID, failed)] {
        let mut link = script(vec![
            (INFO, info(&[("uv", true), ("pinUvAuthToken", true)])),
            (UV_RETRIES, uv_retries(1)),
            (KEY_AGREEMENT, theirs_on_the_wire()),
            (UV_TOKEN, vec![status.0]),
        ]);
        let error = sign_in(&mut link, &mut Typist::default()).unwrap_err();
        assert!(expected(&error), "{error:?}");
    }
}

#[test]
fn an_answer_for_another_relying_party_or_without_the_promised_flags_is_refused() {
    for (answer, reason) in [
        (assertion("evil.com", 0x05), "it is for another relying party"),
        (assertion(RP_ID, 0x04), "nobody was present"),
        (assertion(RP_ID, 0x01), "the person was not verified"),
    ] {
        let mut link = script(vec![
            (INFO, info(PIN_ONLY)),
            (RETRIES, retries(8)),
            (KEY_AGREEMENT, theirs_on_the_wire()),
            (PIN_TOKEN, token()),
            (ASSERTION, answer),
        ]);
        match sign_in(&mut link, &mut Typist::default()) {
            Err(CeremonyError::Inconsistent(said)) => assert_eq!(said, reason),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn built_in_verification_of_ctap_2_0_is_told_by_the_option_and_checked() {
    for (flags, accepted) in [(0x05, true), (0x01, false)] {
        let mut link =
            script(vec![(INFO, info(&[("uv", true)])), (ASSERTION, assertion(RP_ID, flags))]);
        let mut person = Typist::default();
        assert_eq!(sign_in(&mut link, &mut person).is_ok(), accepted);
        assert_eq!(person.fingers, [(None, None)]);
    }
}

#[test]
fn built_in_verification_of_ctap_2_0_that_fails_leads_to_the_pin() {
    for (status, why) in [
        (Status::PUAT_REQUIRED, FingerError::NotRecognised),
        (Status::UV_INVALID, FingerError::NotRecognised),
        (Status::UV_BLOCKED, FingerError::Blocked),
    ] {
        let mut link = script(vec![
            (INFO, info(&[("uv", true), ("clientPin", true)])),
            (ASSERTION, vec![status.0]),
            (RETRIES, retries(8)),
            (KEY_AGREEMENT, theirs_on_the_wire()),
            (LEGACY_TOKEN, token()),
            (ASSERTION, assertion(RP_ID, 0x05)),
        ]);
        let mut person = Typist::default();
        sign_in(&mut link, &mut person).unwrap();
        assert_eq!(person.prompts.first().unwrap().instead_of_finger, Some(why));
    }
    // Without a PIN it ends there.
    let steps = vec![(INFO, info(&[("uv", true)])), (ASSERTION, vec![Status::UV_BLOCKED.0])];
    let error = sign_in(&mut script(steps), &mut Typist::default()).unwrap_err();
    assert!(matches!(error, CeremonyError::UvBlocked), "{error:?}");
}

#[test]
fn a_blocked_pin_is_found_out_before_anybody_types() {
    let blocked: fn(&CeremonyError) -> bool = |error| matches!(error, CeremonyError::PinBlocked);
    let soft: fn(&CeremonyError) -> bool = |error| matches!(error, CeremonyError::PinAuthBlocked);
    for (answer, expected) in [(retries(0), blocked), (hex!("00 a2 03 05 04 f5").to_vec(), soft)] {
        let mut link = script(vec![(INFO, info(PIN_ONLY)), (RETRIES, answer)]);
        let mut person = Typist::default();
        let error = sign_in(&mut link, &mut person).unwrap_err();
        assert!(expected(&error), "{error:?}");
        assert!(person.prompts.is_empty());
    }
}

#[test]
fn a_counter_that_never_goes_down_does_not_keep_the_person_typing() {
    let round = || {
        [
            (RETRIES, retries(8)),
            (KEY_AGREEMENT, theirs_on_the_wire()),
            (PIN_TOKEN, vec![Status::PIN_INVALID.0]),
        ]
    };
    let mut steps = vec![(INFO, info(PIN_ONLY))];
    steps.extend((0..8).flat_map(|_| round()));
    let mut person = Typist::default();
    let error = sign_in(&mut script(steps), &mut person).unwrap_err();
    assert!(matches!(error, CeremonyError::Malformed), "{error:?}");
    assert_eq!(person.prompts.len(), 8);
}

#[test]
fn a_new_pin_that_is_too_short_or_forbidden_is_chosen_again() {
    let mut fresh = info(&[("clientPin", false), ("pinUvAuthToken", true)]);
    // One member more: minPINLength 6.
    fresh[1] += 1;
    fresh.extend(hex!("0d 06"));
    let mut link = script(vec![
        (INFO, fresh),
        (KEY_AGREEMENT, theirs_on_the_wire()),
        (SET_PIN, vec![Status::PIN_POLICY_VIOLATION.0]),
    ]);
    let new_pins = VecDeque::from(["12345", "123456"]);
    let mut person = Typist { new_pins, ..Typist::default() };
    let error = enrol(&mut link, &mut person);
    assert!(matches!(error, CeremonyError::Declined), "{error:?}");
    assert_eq!(person.refusals, [None, Some(NewPinError::TooShort), Some(NewPinError::Policy)]);
    assert!(link.steps.is_empty());
}

#[test]
fn a_u2f_key_is_told_from_a_fido2_one() {
    let u2f = hex!("00 a2 01 81 66 5532465f5632 03 50 00000000000000000000000000000000");
    let error = sign_in(&mut script(vec![(INFO, u2f.to_vec())]), &mut Typist::default());
    assert!(matches!(error, Err(CeremonyError::NotCtap2)), "{error:?}");
}
