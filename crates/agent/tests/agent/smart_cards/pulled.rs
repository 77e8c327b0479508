//! A PIV card is pulled out at the commands of a sign-in with its certificate: OpenSC's module hears of it
//! in the agent's child, and the agent from both.

use std::time::{Duration, Instant};

use agent_protocol::{Outcome, Refused};
use firmware_sim::{Moment, isolated};

use super::ceremonies::ask;
use super::piv::{PIN, Scene, run};
use crate::pulled::{Longest, SEEN};
use crate::support::{soon, until};

/// So many commands from one pull to the next.
const STRIDE: u64 = 3;

#[test]
fn a_piv_card_may_be_pulled_out_at_the_commands_of_a_sign_in() {
    isolated::run(|pcscd| run(pulled, pcscd)).unwrap();
}

async fn pulled(pcscd: &firmware_sim::Pcscd) {
    let mut scene = Scene::new(65, pcscd).await;
    let (mut longest, mut with_pin, mut nth) = (Longest::default(), 0, 1);
    while let Some(pins) = pulled_at(&mut scene, nth, &mut longest).await {
        with_pin += usize::from(pins > 0);
        // The module reads much before the agent asks for the PIN, and little after.
        nth += if pins > 0 { 1 } else { STRIDE };
    }
    assert!(nth > 40 && with_pin >= 3, "{nth} commands, {with_pin} with a PIN");
    longest.print("PIV card");
    // As long as nobody else is asked for: the first look of the module is not waited for.
    assert!(longest.time < Duration::from_secs(4), "{:?}", longest.time);
}

/// Pulls the card out at the `nth` command of a sign-in: how many PINs were typed; `None` when it has no
/// such command.
async fn pulled_at(scene: &mut Scene, nth: u64, longest: &mut Longest) -> Option<usize> {
    let Scene { desktop, server, certificate, simulator, .. } = &*scene;
    let (person, holder) = (&desktop.person, simulator.holder());
    person.starts_anew();
    person.will(&[PIN]);
    holder.remove_at(nth, Moment::Before);
    ask(server, certificate);
    until(async || !holder.is_inserted() || server.has_outcome().await).await;
    let begun = Instant::now();
    if holder.is_inserted() {
        holder.no_faults();
        let outcome = server.outcome().await.1;
        assert!(matches!(outcome, Outcome::X509Assertion(_)), "{nth}: {outcome:?}");
        return None;
    }
    until(async || server.has_outcome().await || person.looks_for_device() > 0).await;
    longest.note(begun.elapsed(), &format!("{nth}"));
    if server.has_outcome().await {
        let outcome = server.outcome().await.1;
        if matches!(outcome, Outcome::X509Assertion(_)) {
            // It had signed by then: what came after that was for the module.
            return None;
        }
        // Modules have many words for a card that is gone.
        let is_refusal =
            [Refused::Removed, Refused::Failed].map(Outcome::Refused).contains(&outcome);
        assert!(is_refusal, "{nth}: {outcome:?}");
    }
    let typed = person.pins();
    until(async || desktop.agent().status().devices.is_empty()).await;
    tokio::time::sleep(SEEN).await;
    holder.insert();
    scene.starts_again().await;
    assert!(typed <= 1 && scene.desktop.person.pins() == typed, "{nth}: asked again by itself");
    scene.signs_in().await;
    scene.starts_again().await;
    Some(typed)
}

impl Scene {
    /// An agent that has not counted the prompts before.
    async fn starts_again(&mut self) {
        self.desktop.start();
        soon(self.desktop.agent().connected()).await;
        until(async || !self.desktop.agent().status().devices.is_empty()).await;
    }

    async fn signs_in(&self) {
        self.desktop.person.starts_anew();
        self.desktop.person.will(&[PIN]);
        ask(&self.server, &self.certificate);
        let outcome = self.server.outcome().await.1;
        assert!(matches!(outcome, Outcome::X509Assertion(_)), "{outcome:?}");
    }
}
