//! The guide to cards and keys shows what the programs say: the same is said here, word by word. The
//! ID of a credential and the last day of a certificate are others each time.

use std::process::Command;

use firmware_sim::{Config, Pcscd, Simulator, isolated};

use crate::program::{PROGRAM, runtime};
use crate::support::terminal::{Done, PIN, Terminal, insert};
use crate::support::tokens::{Hsm, opensc};
use crate::support::used::use_by;
use crate::support::{Folder, SOON};

const GUIDE: &str = include_str!("../../../../docs/how-to/cards-and-keys.md");
/// Where the guide has the simulated key.
const AT_SOCKET: &str = " --simulated-key /tmp/key";
/// Where the person answers a question.
const QUESTION: &str = "Type yes to go on: ";

/// What somebody has typed, and what was said.
#[derive(Debug)]
struct Transcript {
    command: &'static str,
    said: String,
}

/// Those of the guide, in their order.
fn transcripts() -> Vec<Transcript> {
    let mut all: Vec<Transcript> = Vec::new();
    let mut is_in = false;
    for line in GUIDE.lines() {
        let shown = line.strip_prefix("    ");
        if let Some(command) = shown.and_then(|line| line.strip_prefix("$ cardea-agent ")) {
            all.push(Transcript { command, said: String::new() });
            is_in = true;
        } else if shown.is_some() || line.is_empty() {
            if let Some(transcript) = all.last_mut().filter(|_| is_in) {
                transcript.said.push_str(shown.unwrap_or_default());
                transcript.said.push('\n');
            }
        } else {
            is_in = false;
        }
    }
    for transcript in &mut all {
        let length = transcript.said.trim_end().len();
        transcript.said.truncate(length);
    }
    all
}

/// The transcript with that number, which is one of this command.
fn nth(number: usize, command: &str) -> String {
    let transcript = transcripts().swap_remove(number);
    assert_eq!(transcript.command.replace(AT_SOCKET, ""), command);
    transcript.said
}

/// What stands on the terminal in the end, with what was typed there.
fn on_terminal(done: &Done, typed: &str) -> String {
    assert!(done.ok, "{}", done.err);
    let (asked, later) = done.err.split_once(QUESTION).unwrap_or((&done.err, ""));
    let question = if typed.is_empty() { "" } else { QUESTION };
    format!("{asked}{question}{typed}{later}{}", done.out).trim_end().to_owned()
}

impl Terminal {
    /// Does what the guide shows, and sees the same.
    async fn sees(&self, number: usize, command: &str, typed: &str) {
        let done = self.types(command, typed).await;
        assert_eq!(on_terminal(&done, typed), nth(number, command));
    }
}

#[test]
fn every_transcript_of_cards_and_keys_is_checked() {
    let all = transcripts();
    let commands: Vec<_> = all.iter().map(|it| it.command.replace(AT_SOCKET, "")).collect();
    // What doctor finds depends on the computer; `doctor.rs` has it.
    let checked = [
        "cards",
        "cards pin set",
        "keys",
        "keys pin set",
        "keys credentials list",
        "cards",
        "cards credentials list",
        "cards credentials delete a300582d",
        "keys reset",
        "doctor",
    ];
    assert_eq!(commands, checked);
}

#[test]
fn the_guide_shows_what_cards_says() {
    isolated::run(|pcscd| runtime().block_on(cards(pcscd))).unwrap();
}

async fn cards(pcscd: &Pcscd) {
    let (simulator, terminal) =
        (Simulator::start(Config::seeded(110)).unwrap(), Terminal::new(&[]));
    let _card = insert(&simulator, pcscd).await;
    terminal.sees(0, "cards", "").await;
    terminal.pins(&[PIN, PIN]);
    terminal.sees(1, "cards pin set", "").await;

    use_by(&simulator, "localhost", [("ada@acme.example", "Ada Admin")]);
    terminal.pins(&[PIN]);
    let done = terminal.types("cards credentials list", "").await;
    let listed = on_terminal(&done, "");
    let id = listed.lines().nth(1).unwrap().split(' ').next().unwrap();
    assert_eq!(listed.replace(id, "a300582d"), nth(6, "cards credentials list"));
    terminal.pins(&[PIN, PIN]);
    let done = terminal.types(&format!("cards credentials delete {id}"), "yes\n").await;
    assert_eq!(on_terminal(&done, "yes\n"), nth(7, "cards credentials delete a300582d"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_shows_what_keys_says() {
    let (folder, simulator) = (Folder::new(), Simulator::start(Config::seeded(111)).unwrap());
    let socket = folder.path().join("key");
    let _key = simulator.key(&socket).unwrap();
    let terminal = Terminal::new(&["--simulated-key", socket.to_str().unwrap()]);
    terminal.sees(2, "keys", "").await;
    terminal.pins(&[PIN, PIN]);
    terminal.sees(3, "keys pin set", "").await;
    terminal.pins(&[PIN]);
    terminal.sees(4, "keys credentials list", "").await;
    simulator.holder().power_cycle();
    terminal.sees(8, "keys reset", "yes\n").await;
}

#[test]
fn the_guide_shows_what_cards_says_of_a_smart_card() {
    isolated::run(|pcscd| {
        let simulator = Simulator::start(Config { piv: true, ..Config::seeded(112) }).unwrap();
        let card = simulator.card(&pcscd.first_reader()).unwrap();
        assert!(card.wait_until_powered(SOON));
        let hsm = Hsm::new();
        hsm.issue(|arguments| {
            let mut command = Command::new("yubico-piv-tool");
            command.args(["-r", "Virtual PCD 00 00"]).args(arguments);
            command
        });
        let said = cards_with_opensc();
        // The guide leaves out what such a card says as a FIDO2 card, and the reader without one.
        let shown = nth(5, "cards");
        let mut lines = shown.lines();
        assert_eq!(lines.next(), Some("Virtual PCD 00 00"));
        for line in lines {
            let line = without_day(line);
            let is_said = said.lines().any(|said| words(&without_day(said)) == words(&line));
            assert!(is_said, "{line} is not in {said}");
        }
    })
    .unwrap();
}

/// What `cards` says where the administrator names OpenSC's module.
fn cards_with_opensc() -> String {
    let home = Folder::new();
    let settings = format!("pkcs11-module = \"{}\"\n", opensc().display());
    std::fs::write(home.path().join("agent.toml"), settings).unwrap();
    let script = "mount -t tmpfs none /etc && mkdir /etc/cardea && cp \"$1\" /etc/cardea && \
        shift && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "--", "sh", "-c", script, "sh"]);
    command.arg(home.path().join("agent.toml")).arg(PROGRAM).arg("cards");
    let output = command.env("XDG_CONFIG_HOME", home.path()).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

/// The last day of a certificate is another each time.
fn without_day(line: &str) -> String {
    let Some((before, after)) = line.split_once(", until ") else { return line.to_owned() };
    let (_, after) = after.split_once(',').unwrap();
    format!("{before}, until DAY,{after}")
}

/// The columns are as wide as the longest word in them.
fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}
