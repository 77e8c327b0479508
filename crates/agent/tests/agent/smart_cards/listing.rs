//! What the commands say of smart cards, with the administrator's file in its place.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::program::PROGRAM;
use crate::support::Folder;
use crate::support::tokens::{ADA, Hsm};

/// Runs the program where `/etc` has nothing but `cardea/agent.toml`.
fn run(hsm: &Hsm, settings: &str, arguments: &[&str]) -> Output {
    let home = Folder::new();
    std::fs::write(home.path().join("agent.toml"), settings).unwrap();
    let script = "mount -t tmpfs none /etc && mkdir /etc/cardea && cp \"$1\" /etc/cardea && \
        shift && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "--", "sh", "-c", script, "sh"]);
    command.arg(home.path().join("agent.toml")).arg(PROGRAM).args(arguments);
    let (name, value) =
        hsm.variable().split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned())).unwrap();
    // Nobody serves cards there.
    command.env(name, value).env("PCSCLITE_CSOCK_NAME", home.path().join("pcscd.comm"));
    command.env("XDG_CONFIG_HOME", home.path()).env("XDG_STATE_HOME", home.path());
    command.env("XDG_RUNTIME_DIR", home.path()).output().unwrap()
}

fn module(path: &Path) -> String {
    format!("pkcs11-module = \"{}\"\n", path.display())
}

/// What doctor says of one thing.
fn about(output: &Output, check: &str) -> Vec<(String, String)> {
    let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let of_check = findings.iter().filter(|finding| finding["check"] == check);
    let text = |finding: &Value, name| finding[name].as_str().unwrap_or_default().to_owned();
    of_check.map(|finding| (text(finding, "verdict"), text(finding, "says"))).collect()
}

#[test]
fn doctor_says_which_module_is_used_and_whether_it_loads() {
    let hsm = Hsm::new();
    hsm.token("ada");
    hsm.key("ada", "01", &ADA);
    let doctor = |settings: &str| run(&hsm, settings, &["doctor", "--json"]);

    let output = doctor(&module(&Hsm::module()));
    let [(verdict, says)] = &about(&output, "Smart card module")[..] else { panic!("one") };
    assert!(verdict == "good" && says.contains("libsofthsm2.so loads: "), "{says}");
    let [(verdict, says)] = &about(&output, "Smart card")[..] else { panic!("one") };
    assert_eq!(verdict, "good");
    assert!(
        says.starts_with("\"ada\" in SoftHSM slot") && says.contains(": 1 certificate, PIN "),
        "{says}"
    );

    // A library, and no module.
    let output = doctor(&module(&std::fs::canonicalize("/bin/sh").unwrap()));
    let [(verdict, says)] = &about(&output, "Smart card module")[..] else { panic!("one") };
    assert!(verdict == "wrong" && says.contains("cannot be used"), "{says}");

    let output = doctor("pkcs11-module = \"none\"\n");
    let [(verdict, says)] = &about(&output, "Smart card module")[..] else { panic!("one") };
    assert!(verdict == "absent" && says.contains("there is none"), "{says}");

    let output = doctor("pkcs11-module = \"/nonexistent/module.so\"\n");
    let [(verdict, says)] = &about(&output, "agent.toml")[..] else { panic!("one") };
    assert!(verdict == "wrong" && says.contains("is not there"), "{says}");
}

#[test]
fn cards_shows_certificates_and_asks_for_no_pin() {
    let hsm = Hsm::new();
    hsm.token("ada");
    hsm.key("ada", "01", &ADA);
    let output = run(&hsm, &module(&Hsm::module()), &["cards"]);
    let text = String::from_utf8_lossy(&output.stdout);
    // There is no smart card service, and these cards are in none of its readers.
    for shown in
        ["Smart card", "ada", "Certificate", "Ada Lovelace, issued by Ada Lovelace", "P-256"]
    {
        assert!(text.contains(shown), "{shown} is not in {text}");
    }
}
