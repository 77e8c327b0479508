//! Over links that answer as they are told, without firmware; `tests/race.rs` has some.

use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use hex_literal::hex;

use super::*;
use crate::{Command, Keepalive, LinkError, RelyingParty, ResidentKey, User};

/// Answers getInfo, and getAssertion from a list; remembers what it was asked.
struct Key {
    info: Vec<u8>,
    /// What it answers, in turn, to an assertion without a touch, and to the wait for one.
    answers: VecDeque<Vec<u8>>,
    asked: Vec<Vec<u8>>,
    /// Whether it says that it waits before it answers.
    waits: bool,
}

fn key(info: &[u8], answers: &[&[u8]]) -> Key {
    let answers = answers.iter().map(|answer| answer.to_vec()).collect();
    Key { info: info.to_vec(), answers, asked: Vec::new(), waits: true }
}

impl CtapLink for Key {
    fn call(&mut self, request: &[u8], control: &mut Control<'_>) -> Result<Vec<u8>, LinkError> {
        self.asked.push(request.to_vec());
        if self.waits {
            (control.on_keepalive)(Keepalive::UP_NEEDED);
        }
        match request {
            [0x04] => Ok(self.info.clone()),
            _ => Ok(self.answers.pop_front().expect("no further command")),
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
/// `FIDO_2_1` that keeps credentials: `rk`.
const KEEPS: &[u8] = &hex!(
    "00 a3 01 81 68 4649444f5f325f31 03 50 00000000000000000000000000000000 04 a1 62 726b f5"
);
/// `FIDO_2_1` with `EdDSA` alone.
const EDDSA: &[u8] = &hex!(
    "00 a3 01 81 68 4649444f5f325f31 03 50 00000000000000000000000000000000"
    "0a 81 a2 63 616c67 27 64 74797065 6a 7075626c69632d6b6579"
);
const NONE: &[u8] = &[0x2E];

fn found() -> Vec<u8> {
    [&hex!("00 a2 02 58 25")[..], &[0x11; 32], &hex!("00 00000001 03 41 30")].concat()
}

fn sign_in(allow: Vec<Vec<u8>>, user_verification: UserVerification) -> AuthenticateRequest {
    AuthenticateRequest {
        origin: "https://example.com".into(),
        rp_id: "example.com".into(),
        challenge: vec![7; 32],
        allow,
        user_verification,
    }
}

fn enrol(exclude: Vec<Vec<u8>>, resident_key: ResidentKey) -> RegisterRequest {
    RegisterRequest {
        origin: "https://example.com".into(),
        rp: RelyingParty { id: "example.com".into(), name: String::new() },
        challenge: vec![7; 32],
        user: User { id: vec![1], name: String::new(), display_name: String::new() },
        exclude,
        resident_key,
        user_verification: UserVerification::Discouraged,
        transports: Vec::new(),
    }
}

#[expect(clippy::disallowed_methods, reason = "a deadline that these links never look at")]
fn with_control<T>(call: impl FnOnce(&mut Control<'_>) -> T) -> T {
    let cancel = AtomicBool::new(false);
    let deadline = Instant::now();
    call(&mut Control { deadline, cancel: &cancel, on_keepalive: &mut |_| {} })
}

/// What the key is found to be; it was asked for no touch.
fn standing(key: &mut Key, wanted: Wanted<'_>) -> Result<Standing, CeremonyError> {
    let standing = with_control(|control| look(key, wanted, control)).map(|(_, is)| is);
    // {"up": false} among the options of each assertion.
    let silent = |asked: &Vec<u8>| asked.windows(4).any(|bytes| bytes == hex!("62 7570 f4"));
    assert!(key.asked.iter().all(|asked| asked == &[0x04] || asked[0] == 0x02 && silent(asked)));
    standing
}

fn one() -> Vec<Vec<u8>> {
    vec![vec![0xAA; 16]]
}

fn to_sign(mut key: Key) -> Result<Standing, CeremonyError> {
    let request = sign_in(one(), UserVerification::Discouraged);
    standing(&mut key, Wanted::Assertion(&request))
}

fn to_register(mut key: Key, exclude: Vec<Vec<u8>>) -> Result<Standing, CeremonyError> {
    let request = enrol(exclude, ResidentKey::Discouraged);
    standing(&mut key, Wanted::Credential(&request))
}

#[test]
fn a_key_is_asked_without_a_touch_whether_it_holds_one_of_the_credentials() {
    assert_eq!(to_sign(key(NEW, &[&found()])).unwrap(), Standing::CanAnswer);
    assert_eq!(to_sign(key(PROTECTS, &[NONE])).unwrap(), Standing::MayHideIt);
    let none = to_sign(key(NEW, &[NONE]));
    assert!(matches!(none, Err(CeremonyError::NoCredential)), "{none:?}");
    let old = to_sign(key(U2F, &[]));
    assert!(matches!(old, Err(CeremonyError::NotCtap2)), "{old:?}");
    let broken = to_sign(key(NEW, &[&[0x7F]]));
    assert!(matches!(broken, Err(CeremonyError::Refused(_))), "{broken:?}");
}

#[test]
fn a_key_that_does_not_search_without_a_touch_may_hold_it() {
    for status in [
        Status::PUAT_REQUIRED,
        Status::UP_REQUIRED,
        Status::UNSUPPORTED_OPTION,
        Status::INVALID_OPTION,
    ] {
        let standing = to_sign(key(NEW, &[&[status.0]]));
        assert!(matches!(standing, Ok(Standing::MayHideIt)), "{status:?}: {standing:?}");
    }
}

#[test]
fn every_credential_of_a_list_is_looked_for() {
    let mut two = one();
    two.push(vec![0xBB; 16]);
    let request = sign_in(two, UserVerification::Discouraged);
    let mut key = key(NEW, &[NONE, &found()]);
    let found = standing(&mut key, Wanted::Assertion(&request)).unwrap();
    assert_eq!(found, Standing::CanAnswer);
}

#[test]
fn without_a_list_only_a_key_that_keeps_credentials_can_answer() {
    let request = sign_in(Vec::new(), UserVerification::Discouraged);
    let wanted = Wanted::Assertion(&request);
    assert_eq!(standing(&mut key(KEEPS, &[]), wanted).unwrap(), Standing::CanAnswer);
    let none = standing(&mut key(NEW, &[]), wanted);
    assert!(matches!(none, Err(CeremonyError::NoCredential)), "{none:?}");
}

#[test]
fn a_key_that_cannot_tell_who_the_person_is_cannot_answer_where_that_is_required() {
    let request = sign_in(one(), UserVerification::Required);
    let refused = standing(&mut key(NEW, &[&found()]), Wanted::Assertion(&request));
    assert!(matches!(refused, Err(CeremonyError::NoUserVerification)), "{refused:?}");
    let mut request = enrol(Vec::new(), ResidentKey::Discouraged);
    request.user_verification = UserVerification::Required;
    let refused = standing(&mut key(NEW, &[]), Wanted::Credential(&request));
    assert!(matches!(refused, Err(CeremonyError::NoUserVerification)), "{refused:?}");
}

#[test]
fn a_registration_finds_out_which_key_is_excluded_and_which_lacks_an_ability() {
    assert_eq!(to_register(key(NEW, &[]), Vec::new()).unwrap(), Standing::CanAnswer);
    assert_eq!(to_register(key(NEW, &[NONE]), one()).unwrap(), Standing::CanAnswer);
    // What it hides, it says itself, after a touch.
    assert_eq!(to_register(key(PROTECTS, &[NONE]), one()).unwrap(), Standing::CanAnswer);
    let excluded = to_register(key(NEW, &[&found()]), one());
    assert!(matches!(excluded, Err(CeremonyError::Excluded)), "{excluded:?}");
    let other = to_register(key(EDDSA, &[]), Vec::new());
    assert!(matches!(other, Err(CeremonyError::UnsupportedAlgorithm)), "{other:?}");
    let request = enrol(Vec::new(), ResidentKey::Required);
    let forgets = standing(&mut key(NEW, &[]), Wanted::Credential(&request));
    assert!(matches!(forgets, Err(CeremonyError::NoDiscoverable)), "{forgets:?}");
}

#[test]
fn one_that_may_hide_the_credential_is_asked_only_where_no_other_can_answer() {
    let (sure, unsure) = (Standing::CanAnswer, Standing::MayHideIt);
    assert_eq!(contenders(&[unsure, sure, unsure, sure]), [1, 3]);
    assert_eq!(contenders(&[unsure, unsure]), [0, 1]);
    assert!(contenders(&[]).is_empty());
}

fn touched(info: &[u8], answer: &[u8]) -> (Result<(), CeremonyError>, Vec<u8>) {
    let mut key = key(info, &[answer]);
    let info = get_info::Request::decode(info).unwrap();
    let result = with_control(|control| wait_for_touch(&mut key, &info, control));
    (result, key.asked.iter().map(|asked| asked[0]).collect())
}

#[test]
fn a_new_key_waits_by_selection_and_an_old_one_by_an_empty_pin_parameter() {
    let (result, asked) = touched(NEW, &[0x00]);
    assert!(result.is_ok() && asked == [0x0B], "{result:?} {asked:?}");
    // How one of CTAP 2.0 says that it was touched.
    for status in [Status::PIN_INVALID, Status::PIN_AUTH_INVALID, Status::PIN_NOT_SET] {
        let (result, asked) = touched(OLD, &[status.0]);
        assert!(result.is_ok() && asked == [0x01], "{result:?} {asked:?}");
    }
}

#[test]
fn a_key_that_is_not_touched_was_not_chosen() {
    for info in [NEW, OLD] {
        let (denied, _) = touched(info, &[0x27]);
        assert!(matches!(denied, Err(CeremonyError::Denied)), "{denied:?}");
        let (waited, _) = touched(info, &[0x2F]);
        assert!(matches!(waited, Err(CeremonyError::TimedOut)), "{waited:?}");
    }
}

#[test]
fn an_old_key_that_refuses_without_having_waited_was_not_touched() {
    for status in [Status::PIN_INVALID, Status::PIN_AUTH_INVALID, Status::PIN_NOT_SET] {
        let mut key = Key { waits: false, ..key(OLD, &[&[status.0]]) };
        let info = get_info::Request::decode(OLD).unwrap();
        let result = with_control(|control| wait_for_touch(&mut key, &info, control));
        assert!(matches!(result, Err(CeremonyError::TimedOut)), "{status:?}: {result:?}");
    }
}
