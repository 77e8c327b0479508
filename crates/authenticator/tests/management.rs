//! The errands of a holder with the firmware of real keys, in this process.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests measure time and fail by panicking"
)]
#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a method's path is for one lifetime only, and does not fit"
)]

#[expect(dead_code, reason = "another test uses the rest")]
mod common;

use authenticator::management::{
    CredProtect, Inspection, Management, ManagementError, PinState, Stored, StoredCredential,
};
use authenticator::{CeremonyError, PinError};
use common::{Cardholder, PIN, RP_ID, World, authenticate_request, member, read, register_request};
use firmware_sim::{Config, Moment, Touch};

const NEW_PIN: &str = "135790";

fn errand<T>(
    world: &mut World,
    person: &mut Cardholder,
    errand: impl FnOnce(&mut Management<'_, '_>) -> Result<T, ManagementError>,
) -> Result<T, ManagementError> {
    world.run(person, |link, person, control, entropy| {
        errand(&mut Management::new(link, person, control, entropy))
    })
}

fn inspect(world: &mut World) -> Inspection {
    errand(world, &mut Cardholder::default(), |m| m.inspect()).unwrap()
}

fn list(world: &mut World) -> Stored {
    errand(world, &mut Cardholder::types([PIN]), |m| m.credentials()).unwrap()
}

/// A card with credentials of two people for one site, and of one for another.
fn three_credentials(seed: u64) -> World {
    let (mut world, _) = World::registered(Config::seeded(seed));
    let mut request = register_request();
    request.user.id = vec![2; 16];
    request.user.name = "bert".into();
    world.register(&request, &mut Cardholder::types([PIN])).unwrap();
    request.rp.id = "example.com".into();
    request.origin = "https://example.com".into();
    world.register(&request, &mut Cardholder::types([PIN])).unwrap();
    world
}

#[test]
fn an_inspection_needs_nobody_and_follows_the_card() {
    let mut world = World::new(Config::seeded(41));
    let fresh = inspect(&mut world);
    assert_eq!(world.log(), "04 end Reset end Reset");
    assert_eq!(fresh.pin, PinState::NotSet);
    assert!(fresh.lists_credentials && fresh.uv.is_none());
    assert!(fresh.info.algorithms.contains(&-7), "{:?}", fresh.info.algorithms);
    assert_eq!(fresh.model().len(), 36);

    let mut person = Cardholder { new_pin: Some(PIN), ..Cardholder::default() };
    world.register(&register_request(), &mut person).unwrap();
    let used = inspect(&mut world);
    assert_eq!(used.pin, PinState::Set { tries_left: 8, must_be_changed: false });
    assert!(used.free_places < fresh.free_places, "{used:?} {fresh:?}");
}

#[test]
fn credentials_are_listed_by_relying_party_with_a_token_for_nothing_else() {
    let mut world = three_credentials(42);
    let stored = list(&mut world);
    let mut seen: Vec<_> =
        stored.credentials.iter().map(|c| (c.rp_id.as_str(), c.user_name.as_str())).collect();
    seen.sort_unstable();
    assert_eq!(seen, [("example.com", "bert"), (RP_ID, "anna"), (RP_ID, "bert")]);
    assert!(stored.possible_remaining > 0);
    let with_id_or_verified = CredProtect::USER_VERIFICATION_OPTIONAL_WITH_CREDENTIAL_ID_LIST;
    let protected = |c: &StoredCredential| c.cred_protect == Some(with_id_or_verified);
    assert!(stored.credentials.iter().all(protected), "{stored:?}");

    let token = world
        .requests
        .iter()
        .find(|request| request.starts_with(&[0x06, 0xA5, 0x01, 0x02, 0x02, 0x09]));
    let token = read(&token.unwrap()[1..]);
    assert_eq!(member(&token, 0x09), 0x04.into());
    let has_rp_id = token.as_map().unwrap().iter().any(|(key, _)| *key == 0x0A.into());
    assert!(!has_rp_id);
}

fn of<'a>(stored: &'a Stored, rp_id: &str, user: &str) -> &'a StoredCredential {
    let mut all = stored.credentials.iter();
    all.find(|credential| credential.rp_id == rp_id && credential.user_name == user).unwrap()
}

#[test]
fn a_credential_is_deleted_and_does_not_sign_any_more() {
    let mut world = three_credentials(43);
    let stored = list(&mut world);
    let id = of(&stored, RP_ID, "anna").id.clone();
    let delete = |world: &mut World| {
        let person = &mut Cardholder::types([PIN]);
        errand(world, person, |management| management.delete_credential(&id))
    };
    delete(&mut world).unwrap();
    assert_eq!(list(&mut world).credentials.len(), 2);
    let error = delete(&mut world).unwrap_err();
    assert!(matches!(error, ManagementError::NotFound), "{error:?}");
    let request = authenticate_request(vec![id.clone()]);
    let error = world.authenticate(&request, &mut Cardholder::types([PIN])).unwrap_err();
    assert!(matches!(error, CeremonyError::NoCredential), "{error:?}");
}

#[test]
fn an_empty_card_lists_nothing() {
    let mut world = World::new(Config::seeded(44));
    let mut person = Cardholder { new_pin: Some(PIN), ..Cardholder::default() };
    errand(&mut world, &mut person, |m| m.set_pin()).unwrap();
    assert!(list(&mut world).credentials.is_empty());
}

#[test]
fn a_pin_is_set_once_and_changed_with_the_old_one() {
    let mut world = World::new(Config::seeded(46));
    let mut person = Cardholder { new_pin: Some(PIN), ..Cardholder::default() };
    let error = errand(&mut world, &mut person, |m| m.change_pin()).unwrap_err();
    assert!(matches!(error, ManagementError::NoPin), "{error:?}");
    errand(&mut world, &mut person, |m| m.set_pin()).unwrap();
    let error = errand(&mut world, &mut person, |m| m.set_pin()).unwrap_err();
    assert!(matches!(error, ManagementError::PinIsSet), "{error:?}");

    let mut person = Cardholder { new_pin: Some(NEW_PIN), ..Cardholder::types(["9999", PIN]) };
    errand(&mut world, &mut person, |m| m.change_pin()).unwrap();
    let told: Vec<_> = person.prompts.iter().map(|p| (p.tries_left, p.last_error)).collect();
    assert_eq!(told, [(8, None), (7, Some(PinError::Wrong))]);
    let submitted = world.log().matches("06/04").count();
    assert_eq!(submitted, 2, "each PIN once: {}", world.log());

    let mut person = Cardholder::types([PIN, NEW_PIN]);
    errand(&mut world, &mut person, |m| m.credentials()).unwrap();
    assert_eq!(person.prompts.len(), 2);
}

#[test]
fn a_reset_forgets_everything_after_a_touch() {
    let mut world = three_credentials(47);
    let holder = world.simulator.holder();
    holder.power_cycle();
    let asked = holder.times_asked();
    errand(&mut world, &mut Cardholder::default(), |m| m.reset()).unwrap();
    assert_eq!(world.log(), "begin touch! 07 end Reset end Reset");
    assert_eq!(holder.times_asked(), asked + 1);
    assert_eq!(inspect(&mut world).pin, PinState::NotSet);
}

#[test]
fn a_reset_that_nobody_confirms_forgets_nothing() {
    let touch_timeout = std::time::Duration::from_millis(200);
    let (mut world, _) = World::registered(Config { touch_timeout, ..Config::seeded(48) });
    let holder = world.simulator.holder();
    holder.power_cycle();
    holder.touches_next(Touch::Refuse);
    let error = errand(&mut world, &mut Cardholder::default(), |m| m.reset()).unwrap_err();
    assert!(matches!(error, ManagementError::Ceremony(CeremonyError::TimedOut)), "{error:?}");
    assert_eq!(list(&mut world).credentials.len(), 1);
}

#[test]
fn always_uv_is_switched_on_and_off() {
    let (mut world, _) = World::registered(Config::seeded(49));
    for on in [true, true, false] {
        let person = &mut Cardholder::types([PIN]);
        errand(&mut world, person, |management| management.set_always_uv(on)).unwrap();
        assert_eq!(inspect(&mut world).info.option("alwaysUv"), Some(on));
    }
}

#[test]
fn a_longer_pin_is_demanded_and_never_a_shorter_one_again() {
    let (mut world, _) = World::registered(Config::seeded(50));
    let set = |world: &mut World, length| {
        let person = &mut Cardholder::types([PIN]);
        errand(world, person, |management| management.set_min_pin_length(length))
    };
    set(&mut world, 6).unwrap();
    assert_eq!(inspect(&mut world).info.min_pin_length, 6);
    let error = set(&mut world, 5).unwrap_err();
    assert!(matches!(error, ManagementError::ShorterMinPin), "{error:?}");
}

#[test]
fn a_card_that_is_pulled_out_anywhere_ends_the_errand_and_burns_no_second_try() {
    let mut world = three_credentials(51);
    for nth in 1..=9 {
        for moment in [Moment::Before, Moment::After] {
            world.simulator.holder().remove_at(nth, moment);
            let person = &mut Cardholder::types([PIN; 9]);
            let error = errand(&mut world, person, |m| m.credentials()).unwrap_err();
            assert!(
                matches!(error, ManagementError::Ceremony(CeremonyError::Removed(_))),
                "{nth} {moment:?}: {error:?}"
            );
            assert!(world.log().matches("06/09").count() <= 1, "{}", world.log());
            world.simulator.holder().insert();
        }
    }
    assert_eq!(inspect(&mut world).pin, PinState::Set { tries_left: 8, must_be_changed: false });
}
