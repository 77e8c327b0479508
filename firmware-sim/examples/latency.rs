//! How long the simulator takes, in process and behind a real pcscd (which needs root):
//! `cargo run --release -p firmware-sim --example latency`.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement"
)]

use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use authenticator::{Control, CtapLink};
use firmware_sim::{Config, Pcscd, Simulator};
use pcsc::{Context, Protocols, ReaderState, Scope, ShareMode, State};

const GET_INFO: u8 = 0x04;
const SELECTION: u8 = 0x0B;
const ROUNDS: usize = 500;

/// The argument by which the program calls itself as the client of a pcscd.
const CLIENT: &str = "client";

fn main() {
    if std::env::args().nth(1).as_deref() == Some(CLIENT) {
        return client();
    }
    let simulator = Simulator::start(Config::seeded(1)).expect("starts");
    let mut link = simulator.link();
    for (name, command) in [("getInfo", GET_INFO), ("selection with touch", SELECTION)] {
        report(&format!("in process, {name}"), || {
            let deadline = Instant::now().checked_add(Duration::from_secs(5)).expect("soon");
            let mut control =
                Control { deadline, cancel: &AtomicBool::new(false), on_keepalive: &mut |_| {} };
            link.call(&[command], &mut control).expect("answers");
        });
    }
    match Pcscd::start() {
        Ok(pcscd) => over_pcscd(&pcscd, &simulator),
        Err(error) => println!("over pcscd: not measured, {error}"),
    }
}

/// libpcsclite reads its environment once per process: the client is another one.
fn over_pcscd(pcscd: &Pcscd, simulator: &Simulator) {
    let inserted = Instant::now();
    let card = simulator.card(&pcscd.first_reader()).expect("there is a reader");
    assert!(card.wait_until_powered(Duration::from_secs(10)), "pcscd sees the card");
    println!("over pcscd, card powered after {:?}", inserted.elapsed());
    let mut client = Command::new(std::env::current_exe().expect("has a path"));
    let status = pcscd.serve(client.arg(CLIENT)).status().expect("runs");
    assert!(status.success());
}

fn client() {
    let context = Context::establish(Scope::User).expect("pcscd");
    let reader = c"Virtual PCD 00 00";
    let mut states = [ReaderState::new(reader.to_owned(), State::UNAWARE)];
    while !states.iter().all(|state| state.event_state().contains(State::PRESENT)) {
        states.iter_mut().for_each(ReaderState::sync_current_state);
        context.get_status_change(Duration::from_secs(10), &mut states).expect("a card");
    }
    let card = context.connect(reader, ShareMode::Shared, Protocols::ANY).expect("a card");
    let select = b"\x00\xA4\x04\x00\x08\xA0\x00\x00\x06\x47\x2F\x00\x01\x00";
    let get_info = b"\x80\x10\x00\x00\x00\x00\x01\x04\x00\x00";
    for (name, apdu) in [("SELECT", select.as_slice()), ("getInfo", get_info)] {
        report(&format!("over pcscd, {name}"), || {
            card.transmit(apdu, &mut [0; 4096]).expect("answers");
        });
    }
}

fn report(name: &str, mut act: impl FnMut()) {
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            act();
            begun.elapsed()
        })
        .collect();
    times.sort();
    let at = |percent: usize| {
        let index = ROUNDS.saturating_mul(percent).checked_div(100);
        index.and_then(|index| times.get(index)).copied().unwrap_or_default()
    };
    println!("{name}: p50 {:?}, p99 {:?}", at(50), at(99));
}
