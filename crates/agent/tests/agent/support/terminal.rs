//! Somebody at a terminal, who looks after cards and keys by the program's commands.

use std::process::{Output, Stdio};

use firmware_sim::{Pcscd, Simulator, VirtualCard};
use link_pcsc::Event;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use super::person::Person;
use super::{Folder, soon, until};
use crate::program::PROGRAM;

pub(crate) const PIN: &str = "canary-PIN-7";
pub(crate) const NEW_PIN: &str = "canary-PIN-8";

/// Somebody at a terminal who runs commands, with a person who answers dialogs.
pub(crate) struct Terminal {
    _folder: Folder,
    pub(crate) person: Person,
    further: Vec<String>,
}

/// What a command did.
pub(crate) struct Done {
    pub(crate) ok: bool,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Terminal {
    pub(crate) fn new(further: &[&str]) -> Self {
        let folder = Folder::new();
        let person = Person::new(folder.path());
        let further = further.iter().map(|word| (*word).to_owned()).collect();
        Self { _folder: folder, person, further }
    }

    pub(crate) fn command(&self, words: &str) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(words.split(' ')).args(&self.further).args(self.person.arguments());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        command
    }

    /// Runs the command; `typed` is what is typed at its terminal, and then nothing more.
    pub(crate) async fn types(&self, words: &str, typed: &str) -> Done {
        let child = self.begins(words, typed).await;
        Self::ends(child).await
    }

    /// Starts the command, and types that.
    pub(crate) async fn begins(&self, words: &str, typed: &str) -> Child {
        let mut child = self.command(words).spawn().unwrap();
        // A command that asks nothing may have ended by now.
        let _ = child.stdin.take().unwrap().write_all(typed.as_bytes()).await;
        child
    }

    /// Waits for the end of a command, which has told no PIN and said nothing to the terminal but text.
    pub(crate) async fn ends(child: Child) -> Done {
        let Output { status, stdout, stderr } = soon(child.wait_with_output()).await.unwrap();
        let [out, err] = [stdout, stderr].map(|text| String::from_utf8(text).unwrap());
        for secret in [PIN, NEW_PIN] {
            assert!(!out.contains(secret) && !err.contains(secret), "{out}{err}");
        }
        let is_plain = |c: char| c == '\n' || !c.is_control();
        assert!(out.chars().all(is_plain) && err.chars().all(is_plain), "{out:?} {err:?}");
        Done { ok: status.success(), out, err }
    }

    pub(crate) async fn does(&self, words: &str) -> String {
        let done = self.types(words, "").await;
        assert!(done.ok, "{words}: {}", done.err);
        done.out
    }

    pub(crate) async fn fails(&self, words: &str, typed: &str) -> String {
        let done = self.types(words, typed).await;
        assert!(!done.ok && done.out.is_empty(), "{words}: {}", done.out);
        done.err
    }

    pub(crate) async fn json(&self, words: &str) -> Value {
        serde_json::from_str(&self.does(&format!("{words} --json")).await).unwrap()
    }

    /// What the person answers at the next dialogs.
    pub(crate) fn pins(&self, pins: &[&str]) {
        let answers: Vec<String> = pins.iter().map(|pin| format!("pin {pin}")).collect();
        self.person.will(&answers.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

/// A card in the first reader, which pcscd knows of.
pub(crate) async fn insert(simulator: &Simulator, pcscd: &Pcscd) -> VirtualCard {
    let card = simulator.card(&pcscd.first_reader()).unwrap();
    until(async || link_pcsc::look().unwrap().iter().any(is_card)).await;
    card
}

pub(crate) fn is_card(event: &Event) -> bool {
    matches!(event, Event::CardInserted(_))
}
