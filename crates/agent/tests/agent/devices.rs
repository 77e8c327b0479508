//! `cards` and `keys`: the program with real firmware, behind a real pcscd and on a simulated wire.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use authenticator::{CeremonyLink, Leave};
use cardea_agent::cards;
use firmware_sim::{Config, Pcscd, Simulator, isolated};
use link_pcsc::{Event, Options, PcscLink};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::program::runtime;
use crate::support::person::ended;
use crate::support::terminal::{NEW_PIN, PIN, Terminal, insert, is_card};
use crate::support::used::{HOSTILE, control, used_by};
use crate::support::{Folder, soon, until};

const READER: &str = "Virtual PCD 00 00";

#[test]
fn what_is_inserted_is_shown_and_gets_a_pin_and_another() {
    isolated::run(|pcscd| runtime().block_on(gets_a_pin(pcscd))).unwrap();
}

async fn gets_a_pin(pcscd: &Pcscd) {
    let (simulator, terminal) = (Simulator::start(Config::seeded(70)).unwrap(), Terminal::new(&[]));
    let said = terminal.fails("cards info", "").await;
    assert!(said.contains("there is no card in a reader. Put one in"), "{said}");
    let _card = insert(&simulator, pcscd).await;
    let list = terminal.json("cards").await;
    assert_eq!(list[0]["name"], READER);
    assert_eq!(list[0]["model"], "Trussed firmware");
    assert_eq!(list[0]["pin"]["state"], "not set");
    assert_eq!((&list[1]["state"], list.as_array().unwrap().len()), (&"empty".into(), 2));
    let text = terminal.does("cards").await;
    assert!(text.contains("  Model         Trussed firmware\n"), "{text}");
    assert!(text.contains("Virtual PCD 00 01\n  no card\n"), "{text}");

    let said = terminal.fails("cards pin change", "").await;
    assert!(said.contains("has no PIN yet. Set one first"), "{said}");
    assert_eq!(terminal.person.dialogs(), 0, "nobody types a PIN for nothing");
    terminal.pins(&[PIN, PIN]);
    assert!(terminal.does("cards pin set").await.contains("the PIN is set"));
    let said = terminal.fails("cards pin set", "").await;
    assert!(said.contains("has a PIN already. Change it instead"), "{said}");

    terminal.pins(&["9999", NEW_PIN, NEW_PIN]);
    terminal.person.will(&["cancel"]);
    let said = terminal.fails("cards pin change", "").await;
    assert!(said.contains("You cancelled"), "{said}");
    assert!(
        terminal.person.saw().contains("Wrong PIN. 7 tries left."),
        "{}",
        terminal.person.saw()
    );
    let pin = terminal.json("cards info --device virtual").await["pin"].clone();
    assert_eq!((&pin["state"], &pin["tries_left"]), (&"set".into(), &7.into()));
    terminal.pins(&[PIN, NEW_PIN, NEW_PIN]);
    assert!(terminal.does("cards pin change").await.contains("the PIN is changed"));
    assert!(terminal.does("cards info").await.contains("  PIN           set, 8 tries left\n"));
}

#[test]
fn sign_ins_are_listed_plainly_and_deleted_by_word() {
    isolated::run(|pcscd| runtime().block_on(sign_ins(pcscd))).unwrap();
}

async fn sign_ins(pcscd: &Pcscd) {
    let simulator = used_by(71, &["ada@acme.example", HOSTILE]);
    let terminal = Terminal::new(&[]);
    let _card = insert(&simulator, pcscd).await;
    terminal.pins(&[PIN, PIN]);
    let text = terminal.does("cards credentials list").await;
    assert!(text.contains("login.example.com  ada@acme.example  ev]0;xil31myes\n"), "{text}");
    let list = terminal.json("cards credentials list").await;
    let list = list["credentials"].as_array().unwrap();
    assert_eq!(list.len(), 2);
    let of_ada = list.iter().find(|it| it["user_name"] == "ada@acme.example").unwrap();
    let whole = of_ada["id"].as_str().unwrap();
    let id = text.lines().find(|line| line.contains("ada@acme")).unwrap();
    let id = id.split(' ').next().unwrap();
    assert!(whole.starts_with(id) && id.len() < whole.len(), "{id} {whole}");

    let delete = format!("cards credentials delete {id}");
    for (typed, said) in [("no\n", "nothing was changed"), ("", "give --yes")] {
        terminal.pins(&[PIN]);
        let words = terminal.fails(&delete, typed).await;
        assert!(words.contains("the sign-in of ada@acme.example at login.example.com"), "{words}");
        assert!(words.contains(said), "{words}");
    }
    // All IDs of this firmware begin alike.
    let both = (&whole[..2], "several IDs begin so. Give more");
    for (wrong, said) in [("ffffffffff", "begins so. List them"), ("", "begins so"), both] {
        terminal.pins(&[PIN]);
        let words = terminal.fails(&format!("cards credentials delete {wrong}"), "yes\n").await;
        assert!(words.contains(said), "{words}");
    }
    let words = terminal.fails(&format!("{delete} --device virtual"), "yes\n").await;
    assert!(words.contains("is no whole name") && words.contains(READER), "{words}");
    terminal.pins(&[PIN, PIN]);
    let done = terminal.types(&delete, "yes\n").await;
    assert!(done.ok && done.out.contains("ada@acme.example at login.example.com is deleted"));
    assert!(terminal.person.saw().contains("Delete the sign-in of ada@acme.example"));
    terminal.pins(&[PIN]);
    let left = terminal.json("cards credentials list").await;
    assert_eq!(left["credentials"].as_array().unwrap().len(), 1);
    terminal.pins(&[PIN]);
    let short = format!("cards credentials delete {} --yes", &whole[..2]);
    let words = terminal.fails(&short, "").await;
    assert!(words.contains("with --yes, give the ID as the list shows it"), "{words}");
}

#[test]
fn a_reset_wants_a_word_and_forgets_everything() {
    isolated::run(|pcscd| runtime().block_on(resets(pcscd))).unwrap();
}

async fn resets(pcscd: &Pcscd) {
    let (simulator, terminal) = (used_by(72, &["ada@acme.example"]), Terminal::new(&[]));
    let _card = insert(&simulator, pcscd).await;
    let name = format!("{READER}\n");
    for (typed, said) in
        [("no\n", "nothing was changed"), ("", "give --yes"), (&name, "nothing was changed")]
    {
        let words = terminal.fails("cards reset", typed).await;
        assert!(words.contains("will forget everything") && words.contains(said), "{words}");
    }
    assert_eq!(terminal.json("cards info").await["pin"]["state"], "set");
    simulator.holder().power_cycle();
    until(async || link_pcsc::look().unwrap().iter().any(is_card)).await;
    let done = terminal.types("cards reset", "yes\n").await;
    assert!(done.ok && done.out.contains("it is as if new"), "{}", done.err);
    assert_eq!(terminal.json("cards info").await["pin"]["state"], "not set");
}

#[test]
fn a_card_that_is_taken_out_and_put_back_is_seen_to_come_back() {
    isolated::run(|pcscd| runtime().block_on(comes_back(pcscd))).unwrap();
}

async fn comes_back(pcscd: &Pcscd) {
    let simulator = Simulator::start(Config::seeded(73)).unwrap();
    let card = insert(&simulator, pcscd).await;
    let device = cards().unwrap().remove(0);
    let waits = tokio::spawn(async move { device.comes_back().await });
    drop(card);
    until(async || !link_pcsc::look().unwrap().iter().any(is_card)).await;
    assert!(!waits.is_finished(), "it is out");
    let _card = simulator.card(&pcscd.first_reader()).unwrap();
    let (back, open) = soon(waits).await.unwrap().unwrap();
    assert_eq!(back.name, READER);
    assert!(cardea_agent::inspect(&open).await.is_ok());
}

#[test]
fn a_card_that_signs_somebody_in_is_said_to_be_in_use_and_left_alone() {
    isolated::run(|pcscd| runtime().block_on(in_use(pcscd))).unwrap();
}

async fn in_use(pcscd: &Pcscd) {
    let simulator = Simulator::start(Config::seeded(74)).unwrap();
    let _card = insert(&simulator, pcscd).await;
    let card = link_pcsc::look().unwrap().into_iter().find_map(|event| match event {
        Event::CardInserted(card) => Some(card),
        _ => None,
    });
    let mut link = PcscLink::new(&card.unwrap(), Options::default());
    let (cancel, hears) = (AtomicBool::new(false), &mut |_| {});
    link.begin(&mut control(&cancel, hears)).unwrap();
    let seen = simulator.holder().commands_seen();
    let words = Terminal::new(&[]).fails("cards info", "").await;
    assert!(words.contains("another program is using it, perhaps a sign-in"), "{words}");
    assert_eq!(simulator.holder().commands_seen(), seen);
    link.end(Leave::Reset);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_looked_after_like_a_card() {
    let folder = Folder::new();
    let socket = folder.path().join("key");
    let simulator = Arc::new(used_by(75, &["ada@acme.example"]));
    let _key = simulator.key(&socket).unwrap();
    let of_key = ["--simulated-key", socket.to_str().unwrap(), "--device", "simulated key"];
    let terminal = Terminal::new(&of_key);
    let list = terminal.json("keys").await;
    assert_eq!(list[0]["name"], "simulated key");
    assert_eq!(list[0]["fingerprints"], Value::Null);
    let said = terminal.fails("keys fingerprints list", "").await;
    assert!(said.contains("simulated key: This card or key has no fingerprint sensor"), "{said}");
    terminal.pins(&[PIN]);
    assert!(terminal.does("keys credentials list").await.contains("ada@acme.example"));
    simulator.holder().power_cycle();
    simulator.holder().touches(firmware_sim::Touch::After(Duration::ZERO));
    let done = terminal.types("keys reset --yes", "").await;
    assert!(done.ok && done.err.contains("Touch the key now"), "{}", done.err);
    assert_eq!(terminal.json("keys").await[0]["pin"]["state"], "not set");
    let not_there = Terminal::new(&["--device", "nothing"]);
    let said = not_there.fails("keys info", "").await;
    assert!(said.contains("nothing is there whose name has \"nothing\" in it"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_has_been_in_for_too_long_is_waited_for_and_reset() {
    let folder = Folder::new();
    let socket = folder.path().join("key");
    let simulator = used_by(79, &["ada@acme.example"]);
    let _key = simulator.key(&socket).unwrap();
    let of_key = ["--simulated-key", socket.to_str().unwrap(), "--device", "simulated key"];
    let terminal = Terminal::new(&of_key);
    assert!(simulator.holder().ages(Duration::from_secs(11)));
    let mut child = terminal.command("keys reset --yes").spawn().unwrap();
    let mut said = String::new();
    while !said.contains("put it back now") {
        let mut more = [0; 2_000];
        let length = soon(child.stderr.as_mut().unwrap().read(&mut more)).await.unwrap();
        assert_ne!(length, 0, "it ended: {said}");
        said.push_str(std::str::from_utf8(&more[..length]).unwrap());
    }
    assert!(child.try_wait().unwrap().is_none(), "it waits");
    simulator.holder().remove();
    simulator.holder().insert();
    let output = soon(child.wait_with_output()).await.unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(terminal.json("keys").await[0]["pin"]["state"], "not set");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_takes_the_place_of_the_one_to_be_reset_keeps_everything() {
    let folder = Folder::new();
    let socket = folder.path().join("key");
    let meant = Simulator::start(Config::seeded(77)).unwrap();
    let key = meant.key(&socket).unwrap();
    let of_key = ["--simulated-key", socket.to_str().unwrap(), "--device", "simulated key"];
    let terminal = Terminal::new(&of_key);
    let mut child = terminal.command("keys reset").spawn().unwrap();
    let mut asks = [0; 2_000];
    let mut said = String::new();
    while !said.contains("Type yes") {
        let length = soon(child.stderr.as_mut().unwrap().read(&mut asks)).await.unwrap();
        said.push_str(std::str::from_utf8(&asks[..length]).unwrap());
    }
    drop(key);
    let other = used_by(78, &["ada@acme.example"]);
    let _key = other.key(&socket).unwrap();
    other.holder().power_cycle();
    other.holder().touches(firmware_sim::Touch::Now);
    child.stdin.take().unwrap().write_all(b"yes\n").await.unwrap();
    let output = soon(child.wait_with_output()).await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("another device is there"), "{said}");
    assert_eq!(terminal.json("keys").await[0]["pin"]["state"], "set");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_interrupts_a_chore_ends_its_dialog_too() {
    let folder = Folder::new();
    let socket = folder.path().join("key");
    let simulator = Simulator::start(Config::seeded(76)).unwrap();
    let _key = simulator.key(&socket).unwrap();
    let of_key = ["--simulated-key", socket.to_str().unwrap(), "--device", "simulated key"];
    let terminal = Terminal::new(&of_key);
    terminal.person.will(&["wait"]);
    let child = terminal.command("keys pin set").spawn().unwrap();
    let dialog = terminal.person.looks_at(1).await;
    let id = rustix::process::Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let output = soon(child.wait_with_output()).await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("interrupted. Look what is on it"), "{said}");
    ended(&dialog).await;
    assert_eq!(terminal.json("keys").await[0]["pin"]["state"], "not set");
}
