//! The card: before it has seen a command, and when it has done it and its answer is lost.

use std::time::Instant;

use firmware_sim::{Moment, Pcscd, isolated};

use super::{Asked, Counted, ENROLMENT, LOGIN, Longest, SEEN, becomes_new, is_proof, is_removal};
use crate::killed::{MOST_STEPS, PIN, World, is_ready};
use crate::program::runtime;
use crate::support::until;

/// As many as one asks for that is new: chosen, and once more.
const PINS: [&str; 3] = ["pin canary-PIN-8"; 3];

struct Scene {
    world: World,
    device: Counted,
    longest: Longest,
}

impl Scene {
    async fn new(pcscd: &Pcscd, seed: u64) -> Self {
        let device = Counted::new(seed);
        let world = World::of(pcscd, &device.simulator).await;
        Self { world, device, longest: Longest::default() }
    }

    /// Asks, and pulls the card out at the `nth` command; false when there is no such command.
    async fn pulled_at(&mut self, nth: u64, moment: Moment, asked: Asked) -> bool {
        let World { server, desk, holder, credential, .. } = &self.world;
        let (person, what) = (&desk.person, format!("{moment:?} {nth}"));
        if asked.of_new_device {
            becomes_new(&self.device.simulator);
        }
        let sent = self.device.pins();
        person.starts_anew();
        person.will(&PINS);
        holder.remove_at(nth, moment);
        let ticket = server.ask(&(asked.request)(&super::World { server, credential }));
        until(async || !holder.is_inserted() || server.has_outcome().await).await;
        let begun = Instant::now();
        if holder.is_inserted() {
            holder.no_faults();
            let outcome = server.outcome().await.1;
            assert!(is_proof(&outcome), "{what}: {outcome:?}");
            return false;
        }
        // Before it is known that the card can answer, the agent asks for one.
        until(async || server.has_outcome().await || person.looks_for_device() > 0).await;
        self.longest.note(begun.elapsed(), &what);
        if server.has_outcome().await {
            let outcome = server.outcome().await.1;
            assert!(is_removal(&outcome), "{what}: {outcome:?}");
        } else {
            server.cancel(&ticket);
        }
        let (sent, typed) = (self.device.pins() - sent, person.pins());
        assert!(sent <= asked.pins && typed <= asked.pins, "{what}: {sent} PINs, {typed} typed");
        desk.until(|status| status.devices.is_empty()).await;
        tokio::time::sleep(SEEN).await;
        holder.insert();
        is_ready(desk).await;
        assert_eq!(person.pins(), typed, "{what}: asked again by itself");
        self.tries_again(asked, &what).await;
        true
    }

    /// The same agent, asked once more.
    async fn tries_again(&mut self, asked: Asked, what: &str) {
        let World { server, desk, credential, .. } = &self.world;
        desk.person.will(&PINS);
        server.ask(&(asked.request)(&super::World { server, credential }));
        let outcome = server.outcome().await.1;
        assert!(is_proof(&outcome), "after {what}: {outcome:?}");
        // One that has not counted the prompts before.
        self.world.desk.kill().await;
        self.world.desk.start_again().await;
        is_ready(&self.world.desk).await;
    }
}

async fn at_every_command(pcscd: &Pcscd, seed: u64, asked: Asked) {
    let mut scene = Scene::new(pcscd, seed).await;
    for moment in [Moment::Before, Moment::After] {
        let mut steps = 0;
        while scene.pulled_at(steps + 1, moment, asked).await {
            steps += 1;
            assert!(steps < MOST_STEPS);
        }
        assert!(steps >= 8, "{steps} commands");
        scene.world.desk.kill().await;
        scene.world.desk.start_again().await;
        is_ready(&scene.world.desk).await;
    }
    scene.longest.print("card");
    assert!(PINS.iter().all(|pin| pin.ends_with(PIN)));
    assert!(!scene.world.desk.log().contains(PIN), "the PIN is in the log");
}

#[test]
fn the_card_may_be_pulled_out_at_every_command_of_a_login() {
    isolated::run(|pcscd| runtime().block_on(at_every_command(pcscd, 91, LOGIN))).unwrap();
}

#[test]
fn a_new_card_may_be_pulled_out_at_every_command_of_its_enrolment() {
    isolated::run(|pcscd| runtime().block_on(at_every_command(pcscd, 92, ENROLMENT))).unwrap();
}
