//! Whole ceremonies with the firmware of real keys, in this process.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests measure time and fail by panicking"
)]

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use authenticator::{CeremonyError, PinError, ResidentKey, User, UserVerification};
use ciborium::Value;
use common::{
    Cardholder, ORIGIN, PIN, RP_ID, World, authenticate_request, member, read, register_request,
    verify_assertion, verify_registration,
};
use firmware_sim::{Config, Moment, Touch};

const SOON: Duration = Duration::from_secs(10);

/// UP and UV in the flags of authenticator data.
const PRESENT_AND_VERIFIED: u8 = 0x05;

#[test]
fn a_factory_fresh_card_gets_a_pin_is_registered_and_signs_in() {
    let (mut world, registration) = World::registered(Config::seeded(1));
    assert_eq!(world.log(), "04 new PIN? begin 06/02 06/03 06/02 06/09 touch! 01 end Reset");
    let key = verify_registration(&registration);
    let transports = &registration.response.transports;
    assert!(transports.contains(&"nfc".into()), "{transports:?}");

    let allow = vec![registration.id.0.clone()];
    let request = authenticate_request(allow);
    let assertion = world.authenticate(&request, &mut Cardholder::types([PIN])).unwrap();
    assert_eq!(world.log(), "04 06/01 PIN? begin 06/02 06/09 touch! 02 end Reset end Reset");
    verify_assertion(&assertion, &key);
    assert_eq!(assertion.id, registration.id);
    let flags = assertion.response.authenticator_data.0[32];
    assert_eq!(flags & PRESENT_AND_VERIFIED, PRESENT_AND_VERIFIED);
}

#[test]
fn the_client_data_names_ceremony_challenge_and_origin() {
    let (mut world, registration) = World::registered(Config::seeded(2));
    let client_data = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
    let create = client_data(&registration.response.client_data_json.0);
    let request = authenticate_request(Vec::new());
    let assertion = world.authenticate(&request, &mut Cardholder::types([PIN])).unwrap();
    let get = client_data(&assertion.response.client_data_json.0);
    for (data, kind, challenge) in [
        (create, "webauthn.create", "wcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcE"),
        (get, "webauthn.get", "wsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsI"),
    ] {
        let expected = serde_json::json!({
            "type": kind, "challenge": challenge, "origin": ORIGIN, "crossOrigin": false,
        });
        assert_eq!(data, expected);
    }
}

#[test]
fn without_an_allow_list_the_card_tells_the_user_handle() {
    let (mut world, registration) = World::registered(Config::seeded(3));
    let request = authenticate_request(Vec::new());
    let assertion = world.authenticate(&request, &mut Cardholder::types([PIN])).unwrap();
    verify_assertion(&assertion, &verify_registration(&registration));
    assert_eq!(assertion.response.user_handle.unwrap().0, register_request().user.id);
}

#[test]
fn every_token_is_asked_for_with_permission_and_rp_id() {
    let (mut world, _) = World::registered(Config::seeded(4));
    let tokens = |world: &World| -> Vec<(Value, Value)> {
        let requests = world.requests.iter().filter(|request| request[0] == 0x06);
        let maps = requests.map(|request| read(&request[1..]));
        let tokens = maps.filter(|map| member(map, 0x02) == 0x09.into());
        tokens.map(|map| (member(&map, 0x09), member(&map, 0x0A))).collect()
    };
    assert_eq!(tokens(&world), [(0x01.into(), RP_ID.into())]);
    let request = authenticate_request(Vec::new());
    world.authenticate(&request, &mut Cardholder::types([PIN])).unwrap();
    assert_eq!(tokens(&world), [(0x02.into(), RP_ID.into())]);
}

#[test]
fn a_wrong_pin_is_told_and_the_person_asked_again() {
    let (mut world, _) = World::registered(Config::seeded(5));
    let mut person = Cardholder::types(["9999", PIN]);
    world.authenticate(&authenticate_request(Vec::new()), &mut person).unwrap();
    assert_eq!(
        world.log(),
        "04 06/01 PIN? begin 06/02 06/09 end AsIs \
         06/01 PIN? begin 06/02 06/09 touch! 02 end Reset end Reset"
    );
    let told: Vec<_> =
        person.prompts.iter().map(|prompt| (prompt.tries_left, prompt.last_error)).collect();
    assert_eq!(told, [(8, None), (7, Some(PinError::Wrong))]);
}

#[test]
fn three_wrong_pins_block_until_power_off_and_eight_for_good() {
    let (mut world, _) = World::registered(Config::seeded(6));
    let request = authenticate_request(Vec::new());
    let try_wrong = |world: &mut World| {
        let mut person = Cardholder::types(["9999"; 9]);
        let error = world.authenticate(&request, &mut person).unwrap_err();
        (error, person.prompts.iter().map(|prompt| prompt.tries_left).collect::<Vec<_>>())
    };

    let (error, prompts) = try_wrong(&mut world);
    assert!(matches!(error, CeremonyError::PinAuthBlocked), "{error:?}");
    assert_eq!(prompts, [8, 7, 6]);
    let (error, prompts) = try_wrong(&mut world);
    assert!(matches!(error, CeremonyError::PinAuthBlocked), "{error:?}");
    assert!(prompts.len() <= 1, "{prompts:?}");

    world.simulator.holder().power_cycle();
    assert_eq!(try_wrong(&mut world).1, [5, 4, 3]);
    world.simulator.holder().power_cycle();
    let (error, prompts) = try_wrong(&mut world);
    assert!(matches!(error, CeremonyError::PinBlocked), "{error:?}");
    assert_eq!(prompts, [2, 1]);

    world.simulator.holder().power_cycle();
    let (error, prompts) = try_wrong(&mut world);
    assert!(matches!(error, CeremonyError::PinBlocked), "{error:?}");
    assert!(prompts.is_empty(), "a blocked card is not asked, and nobody types for it");
}

#[test]
fn who_declines_to_type_has_submitted_nothing() {
    let (mut world, _) = World::registered(Config::seeded(7));
    let error = world
        .authenticate(&authenticate_request(Vec::new()), &mut Cardholder::default())
        .unwrap_err();
    assert!(matches!(error, CeremonyError::Declined), "{error:?}");
    assert_eq!(world.log(), "04 06/01 PIN? end Reset");
}

#[test]
fn a_registered_card_is_not_registered_twice() {
    let (mut world, registration) = World::registered(Config::seeded(8));
    let mut request = register_request();
    request.exclude = vec![vec![0xEE; 64], registration.id.0];
    let error = world.register(&request, &mut Cardholder::types([PIN])).unwrap_err();
    assert!(matches!(error, CeremonyError::Excluded), "{error:?}");
}

#[test]
fn a_card_of_somebody_else_has_no_credential() {
    let (mut world, _) = World::registered(Config::seeded(9));
    let (_, other) = World::registered(Config::seeded(10));
    let mut of_other_party = authenticate_request(Vec::new());
    of_other_party.rp_id = "example.com".into();
    for request in [authenticate_request(vec![other.id.0]), of_other_party] {
        let error = world.authenticate(&request, &mut Cardholder::types([PIN])).unwrap_err();
        assert!(matches!(error, CeremonyError::NoCredential), "{error:?}");
    }
}

#[test]
fn long_lists_are_searched_without_a_touch_and_signed_once() {
    let (mut world, registration) = World::registered(Config::seeded(11));
    let mut list: Vec<Vec<u8>> = (0..40).map(|n| vec![n; 120]).collect();
    list.push(registration.id.0.clone());
    let asked = world.simulator.holder().times_asked();

    let request = authenticate_request(list.clone());
    let assertion = world.authenticate(&request, &mut Cardholder::types([PIN])).unwrap();
    verify_assertion(&assertion, &verify_registration(&registration));
    assert_eq!(world.simulator.holder().times_asked(), asked + 1);

    let mut again = register_request();
    again.exclude = list.clone();
    let error = world.register(&again, &mut Cardholder::types([PIN])).unwrap_err();
    assert!(matches!(error, CeremonyError::Excluded), "{error:?}");

    list.pop();
    let request = authenticate_request(list.clone());
    let error = world.authenticate(&request, &mut Cardholder::types([PIN])).unwrap_err();
    assert!(matches!(error, CeremonyError::NoCredential), "{error:?}");
    let mut another = register_request();
    another.exclude = list;
    another.user.id = vec![2; 16];
    world.register(&another, &mut Cardholder::types([PIN])).unwrap();
}

#[test]
fn of_several_accounts_the_person_chooses() {
    let (mut world, _) = World::registered(Config::seeded(12));
    let mut request = register_request();
    request.user = User { id: vec![2; 16], name: "bert".into(), display_name: "Bert".into() };
    let second = world.register(&request, &mut Cardholder::types([PIN])).unwrap();

    let mut person = Cardholder::types([PIN]);
    let request = authenticate_request(Vec::new());
    let first_choice = world.authenticate(&request, &mut person).unwrap();
    assert!(world.log().ends_with("02 08 end Reset account? end Reset"), "{}", world.log());
    let bert = person.accounts.iter().position(|account| account.name == "bert").unwrap();
    assert_eq!(person.accounts.len(), 2);

    let mut person = Cardholder { account: bert, ..Cardholder::types([PIN]) };
    let assertion = world.authenticate(&request, &mut person).unwrap();
    assert_eq!(assertion.response.user_handle.as_ref().unwrap().0, [2; 16]);
    verify_assertion(&assertion, &verify_registration(&second));
    assert_eq!(first_choice.id == second.id, bert == 0);

    let mut person = Cardholder { account: 2, ..Cardholder::types([PIN]) };
    let error = world.authenticate(&request, &mut person).unwrap_err();
    assert!(matches!(error, CeremonyError::Declined), "{error:?}");
}

#[test]
fn a_cancel_during_the_touch_ends_it_and_leaves_nothing_behind() {
    let (mut world, registration) = World::registered(Config::seeded(13));
    let holder = world.simulator.holder();
    holder.touches_next(Touch::Refuse);
    let cancel = Arc::clone(&world.cancel);
    let canceller = thread::spawn(move || {
        assert!(holder.wait_until_asked(SOON));
        cancel.store(true, Ordering::Release);
    });
    let request = authenticate_request(Vec::new());
    let error = world.authenticate(&request, &mut Cardholder::types([PIN])).unwrap_err();
    canceller.join().unwrap();
    assert!(matches!(error, CeremonyError::Cancelled), "{error:?}");

    let assertion = world.authenticate(&request, &mut Cardholder::types([PIN])).unwrap();
    verify_assertion(&assertion, &verify_registration(&registration));
}

#[test]
fn a_cancel_before_the_pin_is_typed_submits_nothing() {
    let (mut world, _) = World::registered(Config::seeded(14));
    world.cancel.store(true, Ordering::Release);
    let request = authenticate_request(Vec::new());
    let error = world.authenticate(&request, &mut Cardholder::types([PIN])).unwrap_err();
    assert!(matches!(error, CeremonyError::Cancelled), "{error:?}");
    assert_eq!(world.log(), "end Reset");
}

#[test]
fn a_touch_that_never_comes_ends_in_time() {
    let config = Config { touch_timeout: Duration::from_millis(200), ..Config::seeded(15) };
    let (mut world, _) = World::registered(config);
    world.simulator.holder().touches_next(Touch::Refuse);
    let request = authenticate_request(Vec::new());
    let error = world.authenticate(&request, &mut Cardholder::types([PIN])).unwrap_err();
    assert!(matches!(error, CeremonyError::TimedOut), "{error:?}");
}

#[test]
fn a_card_that_is_pulled_out_anywhere_ends_the_ceremony_and_burns_no_second_try() {
    let (mut world, _) = World::registered(Config::seeded(16));
    let request = authenticate_request(Vec::new());
    for nth in 1..=5 {
        for moment in [Moment::Before, Moment::After] {
            world.simulator.holder().remove_at(nth, moment);
            let error = world.authenticate(&request, &mut Cardholder::types([PIN; 9])).unwrap_err();
            assert!(matches!(error, CeremonyError::Removed(_)), "{nth} {moment:?}: {error:?}");
            let submitted = world.log().matches("06/09").count();
            assert!(submitted <= 1, "{nth} {moment:?}: {}", world.log());
            world.simulator.holder().insert();
        }
    }
    let mut person = Cardholder::types([PIN]);
    world.authenticate(&request, &mut person).unwrap();
    assert_eq!(person.prompts[0].tries_left, 8);
}

#[test]
fn a_card_without_a_pin_is_not_asked_to_sign() {
    let mut world = World::new(Config::seeded(17));
    let request = authenticate_request(Vec::new());
    let error = world.authenticate(&request, &mut Cardholder::types([PIN])).unwrap_err();
    assert!(matches!(error, CeremonyError::NoPinSet), "{error:?}");
    assert_eq!(world.log(), "04 end Reset");
}

#[test]
fn a_full_card_says_so() {
    let config = Config { max_credentials: Some(1), ..Config::seeded(18) };
    let (mut world, _) = World::registered(config);
    let mut request = register_request();
    request.user.id = vec![2; 16];
    let error = world.register(&request, &mut Cardholder::types([PIN])).unwrap_err();
    assert!(matches!(error, CeremonyError::StoreFull), "{error:?}");
}

#[test]
fn without_verification_nobody_types_a_pin() {
    let (mut world, registration) = World::registered(Config::seeded(19));
    let mut request = authenticate_request(vec![registration.id.0.clone()]);
    request.user_verification = UserVerification::Discouraged;
    let assertion = world.authenticate(&request, &mut Cardholder::default()).unwrap();
    assert_eq!(world.log(), "04 begin touch! 02 end Reset end Reset");
    verify_assertion(&assertion, &verify_registration(&registration));
    assert_eq!(assertion.response.authenticator_data.0[32] & PRESENT_AND_VERIFIED, 0x01);
}

#[test]
fn authenticators_of_ctap_2_0_and_of_protocol_one_work() {
    let (mut world, registration) = World::registered(Config::seeded(20));
    let key = verify_registration(&registration);
    let request = authenticate_request(vec![registration.id.0]);
    let protocol_one: fn(&mut Vec<(Value, Value)>) =
        |info| set(info, 0x06, Value::Array(vec![1.into()]));
    let legacy: fn(&mut Vec<(Value, Value)>) =
        |info| set(info, 0x04, Value::Map(vec![("clientPin".into(), true.into())]));
    for (info, token) in [(protocol_one, "06/09"), (legacy, "06/05")] {
        world.info = info;
        let assertion = world.authenticate(&request, &mut Cardholder::types([PIN])).unwrap();
        verify_assertion(&assertion, &key);
        assert!(world.log().contains(token), "{}", world.log());
    }
}

fn set(info: &mut [(Value, Value)], key: i32, value: Value) {
    let known = info.iter_mut().find(|(known, _)| *known == key.into());
    known.unwrap().1 = value;
}

#[test]
fn a_discoverable_credential_is_demanded_only_where_the_card_can() {
    let mut world = World::new(Config::seeded(21));
    world.info = |info| {
        let options = [("rk", false), ("clientPin", false), ("pinUvAuthToken", true)];
        set(info, 0x04, Value::Map(options.map(|(id, value)| (id.into(), value.into())).into()));
    };
    let mut person = Cardholder { new_pin: Some(PIN), ..Cardholder::default() };
    let mut request = register_request();
    let error = world.register(&request, &mut person).unwrap_err();
    assert!(matches!(error, CeremonyError::NoDiscoverable), "{error:?}");
    assert_eq!(world.log(), "04 end Reset");

    request.resident_key = ResidentKey::Preferred;
    let registration = world.register(&request, &mut person).unwrap();
    world.info = |_| {};
    let all = authenticate_request(Vec::new());
    let error = world.authenticate(&all, &mut Cardholder::types([PIN])).unwrap_err();
    assert!(matches!(error, CeremonyError::NoCredential), "{error:?}");
    let listed = authenticate_request(vec![registration.id.0]);
    world.authenticate(&listed, &mut Cardholder::types([PIN])).unwrap();
}

#[test]
fn a_request_that_nobody_may_make_reaches_no_card() {
    let mut world = World::new(Config::seeded(22));
    let mut foreign = authenticate_request(Vec::new());
    foreign.rp_id = "evil.com".into();
    let mut short = authenticate_request(Vec::new());
    short.challenge.truncate(15);
    for request in [foreign, short] {
        assert!(world.authenticate(&request, &mut Cardholder::types([PIN])).is_err());
        assert_eq!(world.log(), "");
    }
    let mut foreign = register_request();
    foreign.rp.id = "com".into();
    let mut nobody = register_request();
    nobody.user.id.clear();
    for request in [foreign, nobody] {
        assert!(world.register(&request, &mut Cardholder::types([PIN])).is_err());
        assert_eq!(world.log(), "");
    }
    assert_eq!(world.simulator.holder().commands_seen(), 0);
}
