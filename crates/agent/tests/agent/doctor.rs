//! `cardea-agent doctor`: well, and ill in each way that can be made here.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use firmware_sim::{Config, Pcscd, SOCKET_VARIABLE, Simulator, isolated};
use serde_json::Value;
use tokio::process::Command;

use crate::program::{Desk, PROGRAM, runtime};
use crate::support::person::Person;
use crate::support::server::Server;
use crate::support::{Folder, soon};

/// What it finds: the verdict, the words and what mends it, by the name of the check.
struct Found {
    ok: bool,
    findings: Vec<Value>,
}

impl Found {
    async fn by(mut command: Command) -> Self {
        command.arg("--json").stdin(Stdio::null()).kill_on_drop(true);
        for variable in ["BROWSER", "DISPLAY", "WAYLAND_DISPLAY"] {
            command.env_remove(variable);
        }
        let output = soon(command.output()).await.unwrap();
        let findings = serde_json::from_slice(&output.stdout).unwrap();
        Self { ok: output.status.success(), findings }
    }

    /// The first finding about `check`: verdict and words, and what mends it.
    fn about(&self, check: &str) -> (&str, String) {
        let finding = self.findings.iter().find(|finding| finding["check"] == check);
        let finding = finding.unwrap_or_else(|| panic!("{check}: {:?}", self.findings));
        let word = |name: &str| finding[name].as_str().unwrap_or_default();
        (word("verdict"), format!("{} → {}", word("says"), word("mend")))
    }
}

/// A desktop without anything, and the command there.
fn bare(folder: &Folder) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("doctor").args(Person::new(folder.path()).arguments());
    command.arg("--socket").arg(folder.path().join("agent.sock"));
    command.arg("--state").arg(folder.path().join("state"));
    command.env("XDG_CONFIG_HOME", folder.path());
    command
}

#[test]
fn all_is_well_where_a_person_can_sign_in() {
    isolated::run(|pcscd| runtime().block_on(all_is_well(pcscd))).unwrap();
}

async fn all_is_well(pcscd: &Pcscd) {
    let (simulator, server) =
        (Simulator::start(Config::seeded(80)).unwrap(), Server::start().await);
    let _card = simulator.card(&pcscd.first_reader()).unwrap();
    let mut desk = Desk::new(pcscd).await;
    desk.pair(&server).await;
    desk.until(|status| !status.devices.is_empty()).await;
    let doctor = |desk: &Desk| {
        let mut command = desk.command(&["doctor"]);
        command.arg("--state").arg(desk.folder.path().join("state"));
        command.args(desk.person.arguments());
        command
    };
    let found = Found::by(doctor(&desk)).await;
    for (check, says) in [
        ("Smart card service", "pcscd answers"),
        ("Card readers", "Virtual PCD 00 00, Virtual PCD 00 01"),
        ("Card", "Virtual PCD 00 00: Trussed firmware, no PIN yet"),
        ("PIN dialogs", "/bin/sh"),
        ("Agent", concat!("it runs, version ", env!("CARGO_PKG_VERSION"))),
        ("Pairings", "1 in "),
        ("Server", server.origin.as_str()),
        ("Clock", "at most two minutes"),
    ] {
        let (verdict, said) = found.about(check);
        assert!(verdict == "good" && said.contains(says), "{check}: {verdict} {said}");
    }
    assert!(found.ok, "{:?}", found.findings);
    let output = soon(doctor(&desk).output()).await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\n✔ Agent"), "{text}");
    assert!(text.contains("\n– Security key"), "{text}");
    desk.end().await;
    let found = Found::by(doctor(&desk)).await;
    let (verdict, said) = found.about("Agent");
    assert!(verdict == "wrong" && said.contains("→ systemctl --user enable --now"), "{said}");
    assert!(!found.ok);
}

#[tokio::test]
async fn what_is_missing_is_named_with_what_mends_it() {
    let folder = Folder::new();
    let socket = folder.path().join("pcscd.comm");
    let run = || {
        let mut command = bare(&Folder::new());
        command.env(SOCKET_VARIABLE, &socket);
        command
    };
    let found = Found::by(run()).await;
    let (verdict, said) = found.about("Smart card service");
    assert!(verdict == "wrong" && said.contains("→ as root: "), "{said}");
    assert!(!found.ok);
    assert_eq!(found.about("Pairings").0, "absent");
    assert_eq!(found.about("Browser").0, "absent");
    assert_eq!(found.about("Agent").0, "wrong");

    // One who listened and is gone.
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let (verdict, said) = (Found::by(run()).await, "systemctl enable --now pcscd.socket");
    let (verdict, words) = verdict.about("Smart card service");
    assert!(verdict == "wrong" && words.contains(said), "{words}");
}

#[test]
fn a_socket_of_pcscd_without_rights_is_said_to_be_one() {
    isolated::run(|pcscd| runtime().block_on(without_rights(pcscd))).unwrap();
}

async fn without_rights(pcscd: &Pcscd) {
    let folder = Folder::new();
    let closed = std::fs::Permissions::from_mode(0o000);
    std::fs::set_permissions(pcscd.socket(), closed).unwrap();
    // As root, but without the right to pass all rights by.
    let mut command = Command::new("setpriv");
    command.args(["--inh-caps=-all", "--bounding-set=-dac_override,-dac_read_search"]);
    let program = bare(&folder);
    command.arg(program.as_std().get_program()).args(program.as_std().get_args());
    pcscd.serve(command.as_std_mut());
    let found = Found::by(command).await;
    let (verdict, said) = found.about("Smart card service");
    assert!(verdict == "wrong" && said.contains("→ as root: chmod a+rw"), "{said}");
    assert!(!found.ok);
}

/// An authority that this computer does not know.
const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/agent/tls/authority.pem");

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_tried_over_tls_and_a_certificate_that_is_not_trusted_is_said_to_be_one() {
    let server = Server::start_tls().await;
    let mut desk = Desk::with(|command| {
        command.env("SSL_CERT_FILE", AUTHORITY).env_remove("SSL_CERT_DIR");
    })
    .await;
    desk.pair(&server).await;
    let doctor = |desk: &Desk| {
        let mut command = desk.command(&["doctor"]);
        command.arg("--state").arg(desk.folder.path().join("state"));
        command
    };
    let mut trusts = doctor(&desk);
    trusts.env("SSL_CERT_FILE", AUTHORITY).env_remove("SSL_CERT_DIR");
    let found = Found::by(trusts).await;
    let (verdict, said) = found.about("Server");
    assert!(verdict == "good" && said.contains("answers over TLS"), "{said}");
    let found = Found::by(doctor(&desk)).await;
    let (verdict, said) = found.about("Server");
    assert!(verdict == "wrong" && said.contains("update-ca-certificates"), "{said}");
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_pairing_and_a_wrong_file_are_named() {
    let folder = Folder::new();
    let state = folder.path().join("state");
    std::fs::create_dir(&state).unwrap();
    std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o700)).unwrap();
    for name in ["a.json", "a.key"] {
        let path = state.join(name);
        std::fs::write(&path, "{}").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    std::fs::create_dir(folder.path().join("cardea")).unwrap();
    std::fs::write(folder.path().join("cardea/agent.toml"), "servers = 1").unwrap();
    let found = Found::by(bare(&folder)).await;
    let (verdict, said) = found.about("Pairings");
    assert!(verdict == "wrong" && said.contains("a.json', and pair again"), "{said}");
    let (verdict, said) = found.about("agent.toml");
    assert!(verdict == "wrong" && said.contains("server = "), "{said}");
    assert!(!found.ok);
}
