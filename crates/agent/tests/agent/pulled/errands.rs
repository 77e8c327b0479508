//! The holder's chores, by the program's commands: the PIN is changed, a sign-in deleted, everything
//! forgotten. The device is pulled out before it has seen a command or packet.

use std::time::Instant;

use firmware_sim::{Moment, Pcscd, VirtualCard, VirtualKey, isolated};

use super::{Counted, Longest, SEEN};
use crate::program::runtime;
use crate::support::terminal::{Done, NEW_PIN, PIN, Terminal, insert, is_card};
use crate::support::used::use_by;
use crate::support::{Folder, until};

/// More commands or packets than any chore has.
const MOST_STEPS: u64 = 80;

/// A chore, and what the person types for it.
struct Chore {
    words: &'static str,
    typed: &'static str,
    pins: &'static [&'static str],
    /// How many requests with a PIN it makes.
    sends: usize,
}

const CHANGE: Chore =
    Chore { words: "pin change", typed: "", pins: &[PIN, NEW_PIN, NEW_PIN], sends: 1 };

/// Once to look, once to delete; all IDs of this firmware begin alike.
const DELETE: Chore =
    Chore { words: "credentials delete a3", typed: "yes\n", pins: &[PIN, PIN], sends: 2 };

const RESET: Chore = Chore { words: "reset", typed: "yes\n", pins: &[], sends: 0 };

/// How the device is reached.
enum Body {
    Card { _card: VirtualCard },
    Key { _key: VirtualKey, _folder: Folder },
}

struct Scene {
    device: Counted,
    terminal: Terminal,
    body: Body,
    longest: Longest,
}

impl Scene {
    fn device(seed: u64) -> Counted {
        let device = Counted::new(seed);
        use_by(&device.simulator, "login.example.com", [("ada@acme.example", "Ada")]);
        device
    }

    async fn card(seed: u64, pcscd: &Pcscd) -> Self {
        let device = Self::device(seed);
        let body = Body::Card { _card: insert(&device.simulator, pcscd).await };
        Self { device, terminal: Terminal::new(&[]), body, longest: Longest::default() }
    }

    fn key(seed: u64) -> Self {
        let (device, folder) = (Self::device(seed), Folder::new());
        let socket = folder.path().join("key");
        let key = device.simulator.key(&socket).unwrap();
        let of_key = ["--simulated-key", socket.to_str().unwrap(), "--device", "simulated key"];
        let (terminal, body) = (Terminal::new(&of_key), Body::Key { _key: key, _folder: folder });
        Self { device, terminal, body, longest: Longest::default() }
    }

    fn words(&self, chore: &str) -> String {
        let kind = if matches!(self.body, Body::Card { .. }) { "cards" } else { "keys" };
        format!("{kind} {chore}")
    }

    /// Does the chore, and pulls the device out at the `nth` step; false when it has no such step.
    async fn pulled_at(&mut self, nth: u64, chore: &Chore) -> bool {
        let holder = self.device.simulator.holder();
        let what = format!("{} {nth}", chore.words);
        // Only one that was just put in lets itself be reset.
        holder.power_cycle();
        self.terminal.person.starts_anew();
        self.terminal.pins(chore.pins);
        let sent = self.device.pins();
        holder.remove_at(nth, Moment::Before);
        let mut child = self.terminal.begins(&self.words(chore.words), chore.typed).await;
        // Its words fit into the pipe: it can end without a reader.
        while holder.is_inserted() && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(super::LOOK).await;
        }
        let (is_pulled, begun) = (!holder.is_inserted(), Instant::now());
        let Done { ok, out, err } = Terminal::ends(child).await;
        if !is_pulled {
            holder.no_faults();
            assert!(ok, "{what}: {err}");
            return false;
        }
        self.longest.note(begun.elapsed(), &what);
        assert!(!ok && out.is_empty(), "{what}: {out}");
        assert!(err.contains("was taken away too early"), "{what}: {err}");
        assert!(self.device.pins() - sent <= chore.sends, "{what}");
        assert!(self.terminal.person.pins() <= chore.pins.len(), "{what}: asked again by itself");
        self.comes_back().await;
        true
    }

    async fn comes_back(&self) {
        let holder = self.device.simulator.holder();
        if matches!(self.body, Body::Card { .. }) {
            until(async || !link_pcsc::look().unwrap().iter().any(is_card)).await;
            tokio::time::sleep(SEEN).await;
            holder.insert();
            until(async || link_pcsc::look().unwrap().iter().any(is_card)).await;
        } else {
            holder.insert();
        }
    }

    /// Nothing was lost, and no wrong PIN was tried.
    async fn is_as_before(&self) {
        let info = self.terminal.json(&self.words("info")).await;
        assert_eq!(info["pin"]["state"], "set", "{info}");
        assert_eq!(info["pin"]["tries_left"], 8, "{info}");
        self.terminal.person.starts_anew();
        self.terminal.pins(&[PIN]);
        let list = self.terminal.json(&self.words("credentials list")).await;
        assert_eq!(list["credentials"].as_array().unwrap().len(), 1, "{list}");
    }

    /// At every step; then it is done.
    async fn at_every_step(&mut self, chore: &Chore) {
        let mut steps = 0;
        while self.pulled_at(steps + 1, chore).await {
            steps += 1;
            assert!(steps < MOST_STEPS);
            self.is_as_before().await;
        }
        assert!(steps >= 3, "{}: {steps} steps", chore.words);
        self.longest.print(chore.words);
    }
}

#[test]
fn a_card_may_be_pulled_out_at_every_command_while_its_pin_is_changed() {
    isolated::run(|pcscd| {
        runtime().block_on(async { Scene::card(95, pcscd).await.at_every_step(&CHANGE).await });
    })
    .unwrap();
}

#[test]
fn a_card_may_be_pulled_out_at_every_command_while_a_sign_in_is_deleted() {
    isolated::run(|pcscd| {
        runtime().block_on(async { Scene::card(96, pcscd).await.at_every_step(&DELETE).await });
    })
    .unwrap();
}

#[test]
fn a_card_may_be_pulled_out_at_every_command_while_it_is_reset() {
    isolated::run(|pcscd| {
        runtime().block_on(async { Scene::card(97, pcscd).await.at_every_step(&RESET).await });
    })
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_may_be_unplugged_at_every_packet_while_its_pin_is_changed() {
    Scene::key(98).at_every_step(&CHANGE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_may_be_unplugged_at_every_packet_while_a_sign_in_is_deleted() {
    Scene::key(99).at_every_step(&DELETE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_may_be_unplugged_at_every_packet_while_it_is_reset() {
    Scene::key(100).at_every_step(&RESET).await;
}
