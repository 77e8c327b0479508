//! Several authenticators at once, with the firmware of real keys.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests measure time and fail by panicking"
)]

#[expect(dead_code, reason = "another test uses the rest")]
mod common;

use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use authenticator::race::{Standing, Wanted, choose, contenders, preflight};
use authenticator::{CeremonyError, Control, CtapLink, LinkError};
use common::{
    Cardholder, PIN, RP_ID, World, authenticate_request, verify_assertion, verify_registration,
};
use firmware_sim::{Config, SimLink, Touch};

const SOON: Duration = Duration::from_secs(10);

fn soon() -> Instant {
    Instant::now() + SOON
}

/// A key that answers everything with an error.
struct Broken;

impl CtapLink for Broken {
    fn call(&mut self, _request: &[u8], _control: &mut Control<'_>) -> Result<Vec<u8>, LinkError> {
        Ok(vec![0x7F])
    }
}

fn links(worlds: &[World]) -> Vec<SimLink> {
    worlds.iter().map(|world| world.simulator.link()).collect()
}

#[test]
fn who_holds_the_credential_is_found_without_a_touch_or_a_pin() {
    let (with, registration) = World::registered(Config::seeded(61));
    let (without, _) = World::registered(Config::seeded(62));
    let gone = World::new(Config::seeded(63));
    let worlds = [without, with, gone];
    let asked = worlds.each_ref().map(|world| world.simulator.holder().times_asked());
    let mut all: Vec<Box<dyn CtapLink>> = Vec::new();
    for link in links(&worlds) {
        all.push(Box::new(link));
    }
    all.push(Box::new(Broken));
    worlds[2].simulator.holder().remove();

    let allow = [registration.id.0];
    let wanted = Wanted::Credential { rp_id: RP_ID, allow: &allow };
    let standings = preflight(&mut all, wanted, soon(), &AtomicBool::new(false));
    assert_eq!(contenders(&standings), [1]);
    assert!(matches!(standings[1], Ok(Standing::CanAnswer)), "{standings:?}");
    assert!(matches!(standings[2], Err(CeremonyError::Removed(_))), "{standings:?}");
    assert!(matches!(standings[3], Err(CeremonyError::Refused(_))), "{standings:?}");
    assert_eq!(worlds.each_ref().map(|world| world.simulator.holder().times_asked()), asked);
}

#[test]
fn the_touched_key_wins_and_the_other_is_free_for_the_next_command() {
    let (first, _) = World::registered(Config::seeded(64));
    let (second, registration) = World::registered(Config::seeded(65));
    let mut worlds = [first, second];
    for world in &worlds {
        world.simulator.holder().touches(Touch::Refuse);
    }
    let holders = worlds.each_ref().map(|world| world.simulator.holder());
    let person = thread::spawn(move || {
        assert!(holders.iter().all(|holder| holder.wait_until_asked(SOON)));
        assert!(holders[1].touch());
        holders
    });
    let mut keys = links(&worlds);
    let winner = choose(&mut keys, soon(), &AtomicBool::new(false), &|_, _| {}).unwrap();
    let holders = person.join().unwrap();
    assert_eq!(winner, 1);
    assert!(!holders[0].is_asked(), "the other has stopped waiting");

    holders[1].touches(Touch::Now);
    let request = authenticate_request(Vec::new());
    let assertion = worlds[1].authenticate(&request, &mut Cardholder::types([PIN])).unwrap();
    verify_assertion(&assertion, &verify_registration(&registration));
    holders[0].touches(Touch::Now);
    worlds[0].authenticate(&request, &mut Cardholder::types([PIN])).unwrap();
}

#[test]
fn a_key_that_is_unplugged_in_the_race_leaves_it_to_the_others() {
    let worlds = [World::new(Config::seeded(66)), World::new(Config::seeded(67))];
    for world in &worlds {
        world.simulator.holder().touches(Touch::Refuse);
    }
    let holders = worlds.each_ref().map(|world| world.simulator.holder());
    let person = thread::spawn(move || {
        assert!(holders.iter().all(|holder| holder.wait_until_asked(SOON)));
        holders[0].remove();
        assert!(holders[1].touch());
    });
    let mut all: Vec<Box<dyn CtapLink>> = vec![Box::new(Broken)];
    for link in links(&worlds) {
        all.push(Box::new(link));
    }
    let winner = choose(&mut all, soon(), &AtomicBool::new(false), &|_, _| {}).unwrap();
    person.join().unwrap();
    assert_eq!(winner, 2);
}

#[test]
fn a_race_that_nobody_ends_ends_in_time() {
    let worlds = [World::new(Config::seeded(68)), World::new(Config::seeded(69))];
    for world in &worlds {
        world.simulator.holder().touches(Touch::Refuse);
    }
    let deadline = Instant::now() + Duration::from_millis(300);
    let mut keys = links(&worlds);
    let error = choose(&mut keys, deadline, &AtomicBool::new(false), &|_, _| {}).unwrap_err();
    assert!(matches!(error, CeremonyError::TimedOut), "{error:?}");
}
