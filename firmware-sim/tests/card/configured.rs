//! What is configured: getInfo says it, and the authenticator does it.

use ciborium::Value;
use firmware_sim::{Algorithm, Attestation, Config, PinPolicy, Simulator, Transport, isolated};
use p256::ecdsa::VerifyingKey;

use crate::common::{
    GET_INFO, MAKE_CREDENTIAL, PIN, call, make_credential_parameters, member, pin_retries, set_pin,
    token, verify,
};
use crate::link::over;
use crate::pcsc::{FIRST, connect, extended};

fn info(simulator: &Simulator) -> Value {
    call(&mut over(simulator.link()), GET_INFO, None).unwrap()
}

fn start(config: Config) -> Simulator {
    Simulator::start(config).unwrap()
}

fn with_policy(seed: u64, pin_policy: PinPolicy) -> Config {
    Config { pin_policy, ..Config::seeded(seed) }
}

fn option(info: &Value, name: &str) -> Value {
    member(&member(info, 4), name)
}

#[test]
fn an_aaguid_stands_in_get_info_and_in_an_attestation_that_holds() {
    let aaguid = *b"\x01\x23model of mine!";
    let simulator = start(Config { aaguid: Some(aaguid), ..Config::seeded(101) });
    assert_eq!(member(&info(&simulator), 3).as_bytes().unwrap(), &aaguid);
    let card = &mut over(simulator.link());
    set_pin(card, PIN).unwrap();
    let token = token(card, PIN).unwrap();
    let answer = call(card, MAKE_CREDENTIAL, Some(make_credential_parameters(&token))).unwrap();
    let auth_data = member(&answer, 2).into_bytes().unwrap();
    assert_eq!(auth_data[37..53], aaguid);
    let statement = member(&answer, 3);
    let chain = member(&statement, "x5c").into_array().unwrap();
    let certificate = chain[0].as_bytes().unwrap();
    // The key follows the two identifiers of an EC key and the head of its bit string.
    let head = b"\x2A\x86\x48\xCE\x3D\x03\x01\x07\x03\x42\x00";
    let at = certificate.windows(head.len()).position(|bytes| bytes == head).unwrap() + head.len();
    let key = VerifyingKey::from_sec1_bytes(&certificate[at..at + 65]).unwrap();
    verify(&key, &auth_data, &member(&statement, "sig"));
    let same = start(Config { aaguid: Some(aaguid), ..Config::seeded(101) });
    assert_eq!(info(&same), info(&start(Config { aaguid: Some(aaguid), ..Config::seeded(101) })));
}

#[test]
fn transports_are_what_get_info_says() {
    let said = |transports: &[Transport]| {
        let simulator = start(Config { transports: transports.to_vec(), ..Config::seeded(102) });
        let said = member(&info(&simulator), 9).into_array().unwrap();
        said.into_iter().map(|name| name.into_text().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(said(&[Transport::Usb]), ["usb"]);
    assert_eq!(said(&[Transport::Usb, Transport::Nfc]), ["nfc", "usb"]);
    assert_eq!(said(&[Transport::SmartCard, Transport::Usb]), ["smart-card", "usb"]);
}

/// Only ES256, over whatever body.
fn makes_es256_alone(card: &mut dyn FnMut(&[u8]) -> Vec<u8>) {
    let info = call(card, GET_INFO, None).unwrap();
    let algorithms = member(&info, 10).into_array().unwrap();
    let listed: Vec<_> = algorithms.iter().map(|entry| member(entry, "alg")).collect();
    assert_eq!(listed, [Value::from(-7)]);
    assert_eq!(member(&info, 5), 3072.into(), "and all else");
    set_pin(card, PIN).unwrap();
    let mut make = |algorithms: &[i64]| {
        let token = token(card, PIN).unwrap();
        let mut parameters = make_credential_parameters(&token);
        let list = &mut parameters.as_map_mut().unwrap()[3].1;
        *list = Value::Array(algorithms.iter().map(|alg| parameter(*alg)).collect());
        call(card, MAKE_CREDENTIAL, Some(parameters))
    };
    assert_eq!(make(&[-8]).unwrap_err(), 0x26, "CTAP2_ERR_UNSUPPORTED_ALGORITHM");
    let answer = make(&[-8, -7]).unwrap();
    let auth_data = member(&answer, 2).into_bytes().unwrap();
    let id = usize::from(u16::from_be_bytes([auth_data[53], auth_data[54]]));
    let key: Value = ciborium::from_reader(&auth_data[55 + id..]).unwrap();
    assert_eq!(member(&key, 3), (-7).into());
}

fn parameter(algorithm: i64) -> Value {
    Value::Map(vec![("alg".into(), algorithm.into()), ("type".into(), "public-key".into())])
}

fn es256_alone(seed: u64) -> Config {
    Config { algorithms: vec![Algorithm::Es256], ..Config::seeded(seed) }
}

#[test]
fn an_algorithm_that_it_does_not_have_is_not_listed_and_not_made() {
    makes_es256_alone(&mut over(start(es256_alone(103)).link()));
}

#[test]
fn an_algorithm_that_a_card_does_not_have_is_not_made_in_a_reader() {
    isolated::run(|pcscd| {
        let simulator = start(es256_alone(104));
        let _card = simulator.card(&pcscd.first_reader()).unwrap();
        let card = connect(FIRST);
        makes_es256_alone(&mut |request| extended(&card, request).unwrap());
    })
    .unwrap();
}

#[test]
fn a_shortest_pin_is_demanded() {
    let policy = PinPolicy { min_length: Some(7), ..PinPolicy::default() };
    let simulator = start(with_policy(105, policy));
    let said = info(&simulator);
    assert_eq!((member(&said, 13), option(&said, "clientPin")), (7.into(), false.into()));
    let card = &mut over(simulator.link());
    assert_eq!(set_pin(card, "271828"), Err(0x37), "CTAP2_ERR_PIN_POLICY_VIOLATION");
    set_pin(card, "2718281").unwrap();
}

#[test]
fn a_pin_is_there_with_the_tries_that_are_left() {
    let policy = PinPolicy { pin: Some(PIN.into()), tries_left: Some(3), ..PinPolicy::default() };
    let simulator = start(with_policy(106, policy));
    assert_eq!(simulator.holder().commands_seen(), 0, "nobody has asked it anything yet");
    assert_eq!(option(&info(&simulator), "clientPin"), true.into());
    let card = &mut over(simulator.link());
    assert_eq!(pin_retries(card), 3);
    token(card, PIN).unwrap();
    assert_eq!(pin_retries(card), 8);
    let blocked = PinPolicy { pin: Some(PIN.into()), tries_left: Some(0), ..PinPolicy::default() };
    let simulator = start(with_policy(107, blocked));
    assert_eq!(token(&mut over(simulator.link()), PIN), Err(0x32), "CTAP2_ERR_PIN_BLOCKED");
}

#[test]
fn a_pin_that_must_be_changed_is_good_for_nothing() {
    let policy = PinPolicy { pin: Some(PIN.into()), force_change: true, ..PinPolicy::default() };
    let simulator = start(with_policy(108, policy));
    assert_eq!(member(&info(&simulator), 12), true.into());
    assert_eq!(token(&mut over(simulator.link()), PIN), Err(0x37));
}

#[test]
fn the_person_is_verified_each_time_if_it_is_so() {
    let policy = PinPolicy { pin: Some(PIN.into()), always_uv: true, ..PinPolicy::default() };
    let simulator = start(with_policy(109, policy));
    let said = info(&simulator);
    assert_eq!(option(&said, "alwaysUv"), true.into());
    assert!(!member(&said, 1).as_array().unwrap().contains(&"U2F_V2".into()));
    let card = &mut over(simulator.link());
    let mut parameters = make_credential_parameters(&[]);
    parameters.as_map_mut().unwrap().truncate(4);
    let unverified = call(card, MAKE_CREDENTIAL, Some(parameters));
    assert_eq!(unverified.unwrap_err(), 0x36, "CTAP2_ERR_PUAT_REQUIRED");
    // And without a PIN, nobody can be verified.
    let policy = PinPolicy { always_uv: true, ..PinPolicy::default() };
    assert_eq!(option(&info(&start(with_policy(110, policy))), "alwaysUv"), true.into());
}

#[test]
fn room_for_one_credential_is_room_for_one() {
    let simulator = start(Config { max_credentials: Some(1), ..Config::seeded(111) });
    // The firmware would count what it has room for; credential management knows better.
    let said = info(&simulator);
    assert!(!said.as_map().unwrap().iter().any(|(name, _)| *name == 20.into()), "{said:?}");
    let unlimited = info(&start(Config::seeded(115)));
    assert_eq!(said.as_map().unwrap().len() + 1, unlimited.as_map().unwrap().len());
    let card = &mut over(simulator.link());
    set_pin(card, PIN).unwrap();
    for (user, expected) in [(b"user-1", Ok(())), (b"user-2", Err(0x28))] {
        let token = token(card, PIN).unwrap();
        let parameters = crate::common::make_credential_parameters_for(&token, user);
        assert_eq!(call(card, MAKE_CREDENTIAL, Some(parameters)).map(drop), expected);
    }
}

#[test]
fn what_the_firmware_cannot_be_is_refused_and_leaves_no_memory() {
    let said = |config| Simulator::start(config).unwrap_err().to_string();
    let base = || Config::seeded(112);
    assert!(said(Config { transports: vec![Transport::Nfc], ..base() }).contains("usb"));
    assert!(said(Config { algorithms: vec![Algorithm::EdDsa], ..base() }).contains("ES256"));
    let attestation = Attestation { certificate: Vec::new(), private_key: [1; 32] };
    let both = Config { aaguid: Some([1; 16]), attestation: Some(attestation), ..base() };
    assert!(said(both).contains("give one of them"));
    let policy = |pin: Option<&str>, edit: fn(&mut PinPolicy)| {
        let mut policy = PinPolicy { pin: pin.map(Into::into), ..PinPolicy::default() };
        edit(&mut policy);
        said(with_policy(112, policy))
    };
    assert!(policy(None, |policy| policy.tries_left = Some(3)).contains("choose one"));
    assert!(policy(None, |policy| policy.force_change = true).contains("choose one"));
    assert!(policy(Some("2468"), |policy| policy.tries_left = Some(9)).contains("at most 8"));
    assert!(policy(None, |policy| policy.min_length = Some(64)).contains("4 to 63"));
    assert!(policy(Some("2468"), |policy| policy.min_length = Some(5)).contains("shorter"));
    let state = std::env::temp_dir().join(format!("firmware-sim-none-{}", std::process::id()));
    // 64 characters: the firmware's own word.
    let pin_policy = PinPolicy { pin: Some("1".repeat(64)), ..PinPolicy::default() };
    let config = Config { state: Some(state.clone()), ..with_policy(113, pin_policy) };
    assert!(said(config).contains("cannot prepare the card"));
    assert!(!state.exists());
}

#[test]
fn a_memory_that_is_there_keeps_its_pin() {
    let state = std::env::temp_dir().join(format!("firmware-sim-kept-{}", std::process::id()));
    let config = |pin: &str| {
        let pin_policy = PinPolicy { pin: Some(pin.into()), ..PinPolicy::default() };
        Config { state: Some(state.clone()), ..with_policy(114, pin_policy) }
    };
    drop(start(config(PIN)));
    let again = start(config("another"));
    token(&mut over(again.link()), PIN).unwrap();
    std::fs::remove_file(state).unwrap();
}
