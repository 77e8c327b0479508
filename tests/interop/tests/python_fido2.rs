//! python-fido2's own tests of authenticators, on ours: on a card in a reader, and on a key.

#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests measure time, print figures, and fail by panicking"
)]

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use firmware_sim::Pcscd;
use interop::{Expected, Played, Record, cardea_sim, device_tests, python};
use tempfile::TempDir;

const LIST: &str = include_str!("python-fido2.toml");

/// An authenticator that is factory-fresh, and a folder for its sockets.
trait Place {
    const BODY: &'static str;
    fn new() -> Self;
    fn folder(&self) -> &TempDir;
    fn client(&self) -> Command;
    fn arguments(&self) -> Vec<String>;
}

/// A card in the virtual reader of a pcscd of its own. Over ISO 7816 the firmware has no way to
/// ask for a touch, so the card is touched by itself.
struct Card {
    folder: TempDir,
    _played: Played,
    pcscd: Pcscd,
}

impl Place for Card {
    const BODY: &'static str = "card";

    fn new() -> Self {
        let (folder, pcscd) = (tempfile::tempdir().unwrap(), Pcscd::start().unwrap());
        let mut inside = Command::new("nsenter");
        inside.arg(format!("--net=/proc/{}/ns/net", pcscd.id()));
        inside.arg(cardea_sim().unwrap().get_program());
        inside.args(["card", "--control"]).arg(folder.path().join("hand"));
        let card = Played::start(&mut inside, "card inserted").unwrap();
        Self { folder, _played: card, pcscd }
    }

    fn folder(&self) -> &TempDir {
        &self.folder
    }

    fn client(&self) -> Command {
        let mut client = python().unwrap();
        self.pcscd.serve(&mut client);
        client
    }

    fn arguments(&self) -> Vec<String> {
        vec!["--reader".into(), "Virtual PCD 00 00".into()]
    }
}

/// A key at its socket. The person touches it when the client says so, and not before: a prompt
/// that does not reach the client fails the test.
struct Key {
    folder: TempDir,
    _played: Played,
}

impl Place for Key {
    const BODY: &'static str = "key";

    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut key = cardea_sim().unwrap();
        key.args(["key", "--touch", "manual", "--socket"]).arg(folder.path().join("key"));
        key.arg("--control").arg(folder.path().join("hand"));
        let key = Played::start(&mut key, "key plugged in").unwrap();
        Self { folder, _played: key }
    }

    fn folder(&self) -> &TempDir {
        &self.folder
    }

    fn client(&self) -> Command {
        python().unwrap()
    }

    fn arguments(&self) -> Vec<String> {
        vec!["--key".into(), self.folder.path().join("key").to_str().unwrap().into()]
    }
}

/// Runs tests on a fresh authenticator.
fn run<P: Place>(tests: &[String]) -> Vec<Record> {
    let place = P::new();
    let file = |name: &str| -> PathBuf { place.folder().path().join(name) };
    let mut arguments = place.arguments();
    arguments.extend(["--hand".into(), file("hand").to_str().unwrap().into()]);
    arguments.extend_from_slice(tests);
    let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
    device_tests(&mut place.client(), &arguments, &file("record")).unwrap()
}

fn agree<P: Place>() {
    let start = Instant::now();
    let expected = Expected::parse(LIST).unwrap();
    let mut rest = vec!["tests/device".to_owned()];
    for known in &expected.differs {
        rest.extend(["--deselect".into(), known.test.clone()]);
    }
    let mut figures = match expected.judge(P::BODY, &run::<P>(&rest)) {
        Ok(figures) => figures,
        Err(faults) => panic!("{}:\n{faults}", P::BODY),
    };
    for known in &expected.differs {
        known.judge(&run::<P>(std::slice::from_ref(&known.test))).unwrap();
    }
    figures.differ = expected.differs.len();
    println!("python-fido2 on the {}: {figures}, in {:.0?}", P::BODY, start.elapsed());
}

#[test]
#[ignore = "`make interop` installs what it needs"]
fn the_device_tests_of_python_fido2_agree_with_the_card() {
    agree::<Card>();
}

#[test]
#[ignore = "`make interop` installs what it needs"]
fn the_device_tests_of_python_fido2_agree_with_the_key() {
    agree::<Key>();
}
