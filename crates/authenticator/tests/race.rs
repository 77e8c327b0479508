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

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use authenticator::race::{Standing, Wanted, look, wait_for_touch};
use authenticator::{CeremonyError, Control, ResidentKey, execute, get_info};
use common::{
    Cardholder, PIN, World, authenticate_request, register_request, verify_assertion,
    verify_registration,
};
use firmware_sim::{Config, Touch};

const SOON: Duration = Duration::from_secs(10);

fn with_control<T>(cancel: &AtomicBool, call: impl FnOnce(&mut Control<'_>) -> T) -> T {
    let deadline = Instant::now() + SOON;
    call(&mut Control { deadline, cancel, on_keepalive: &mut |_| {} })
}

/// What the key is found to be. Its holder is not asked for anything.
fn standing(world: &World, wanted: Wanted<'_>) -> Result<Standing, CeremonyError> {
    let holder = world.simulator.holder();
    let asked = holder.times_asked();
    let mut link = world.simulator.link();
    let found = with_control(&AtomicBool::new(false), |control| look(&mut link, wanted, control));
    assert_eq!(holder.times_asked(), asked);
    found.map(|(_, standing)| standing)
}

#[test]
fn who_holds_the_credential_is_found_without_a_touch_or_a_pin() {
    let (with, registration) = World::registered(Config::seeded(61));
    let (without, _) = World::registered(Config::seeded(62));
    let fresh = World::new(Config::seeded(63));
    let request = authenticate_request(vec![registration.id.0]);
    let wanted = Wanted::Assertion(&request);
    assert_eq!(standing(&with, wanted).unwrap(), Standing::CanAnswer);
    // It could hide one until its PIN is entered.
    assert_eq!(standing(&without, wanted).unwrap(), Standing::MayHideIt);
    let none = standing(&fresh, wanted);
    assert!(matches!(none, Err(CeremonyError::NoCredential)), "{none:?}");
    fresh.simulator.holder().remove();
    let gone = standing(&fresh, wanted);
    assert!(matches!(gone, Err(CeremonyError::Removed(_))), "{gone:?}");
}

#[test]
fn who_is_registered_already_is_found_without_a_touch_or_a_pin() {
    let (with, registration) = World::registered(Config::seeded(64));
    let fresh = World::new(Config::seeded(65));
    let mut request = register_request();
    assert_eq!(standing(&with, Wanted::Credential(&request)).unwrap(), Standing::CanAnswer);
    request.exclude = vec![registration.id.0];
    assert_eq!(standing(&fresh, Wanted::Credential(&request)).unwrap(), Standing::CanAnswer);
    let excluded = standing(&with, Wanted::Credential(&request));
    assert!(matches!(excluded, Err(CeremonyError::Excluded)), "{excluded:?}");
    request.resident_key = ResidentKey::Discouraged;
    let excluded = standing(&with, Wanted::Credential(&request));
    assert!(matches!(excluded, Err(CeremonyError::Excluded)), "{excluded:?}");
}

/// Waits for a touch as a key does that takes part in a race.
fn wait(world: &World, cancel: &AtomicBool) -> Result<(), CeremonyError> {
    let mut link = world.simulator.link();
    with_control(cancel, |control| {
        let info = execute(&mut link, &get_info::Request, control)?;
        wait_for_touch(&mut link, &info, control)
    })
}

#[test]
fn the_touched_key_wins_and_the_other_is_free_for_the_next_command() {
    let (first, _) = World::registered(Config::seeded(66));
    let (second, registration) = World::registered(Config::seeded(67));
    let mut worlds = [first, second];
    let holders = worlds.each_ref().map(|world| world.simulator.holder());
    for holder in &holders {
        holder.touches(Touch::Refuse);
    }
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let (say, said) = mpsc::channel();
        for (n, world) in worlds.iter().enumerate() {
            let (say, over) = (say.clone(), &over);
            scope.spawn(move || say.send((n, wait(world, over))).unwrap());
        }
        assert!(holders.iter().all(|holder| holder.wait_until_asked(SOON)));
        assert!(holders[1].touch());
        let (winner, result) = said.recv_timeout(SOON).unwrap();
        assert!(winner == 1 && result.is_ok(), "{winner} {result:?}");
        over.store(true, Ordering::Release);
        let (_, result) = said.recv_timeout(SOON).unwrap();
        assert!(matches!(result, Err(CeremonyError::Cancelled)), "{result:?}");
    });
    assert!(!holders[0].is_asked(), "the other has stopped waiting");

    holders[1].touches(Touch::Now);
    let request = authenticate_request(Vec::new());
    let assertion = worlds[1].authenticate(&request, &mut Cardholder::types([PIN])).unwrap();
    verify_assertion(&assertion, &verify_registration(&registration));
    holders[0].touches(Touch::Now);
    worlds[0].authenticate(&request, &mut Cardholder::types([PIN])).unwrap();
}

#[test]
fn a_key_that_is_unplugged_while_it_waits_says_so() {
    let world = World::new(Config::seeded(68));
    let holder = world.simulator.holder();
    holder.touches(Touch::Refuse);
    let person = thread::spawn(move || {
        assert!(holder.wait_until_asked(SOON));
        holder.remove();
    });
    let gone = wait(&world, &AtomicBool::new(false));
    person.join().unwrap();
    assert!(matches!(gone, Err(CeremonyError::Removed(_))), "{gone:?}");
}
