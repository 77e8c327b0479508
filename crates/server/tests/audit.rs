//! `cardea audit verify`: what it finds, and what only the log can tell.
#![expect(clippy::unwrap_used, reason = "what goes wrong here is a red test")]

use std::path::Path;
use std::process::{Command, Output, Stdio};

const CARDEA: &str = env!("CARGO_BIN_EXE_cardea");

fn cardea(config: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(CARDEA);
    command.arg("--config").arg(config).args(arguments).stdin(Stdio::null());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARDEA_")) {
        command.env_remove(name);
    }
    command.output().unwrap()
}

/// What the command says, when it succeeds, or why it does not.
fn verify(config: &Path, more: &[&str]) -> Result<String, String> {
    let done = cardea(config, &[&["audit", "verify", "--tenant", "operators"], more].concat());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if done.status.success() { Ok(text(done.stdout)) } else { Err(text(done.stderr)) }
}

#[test]
fn a_trail_that_was_put_back_lacks_what_was_seen() {
    let folder = tempfile::tempdir().unwrap();
    let (config, data) = (folder.path().join("cardea.toml"), folder.path().join("data"));
    let data_text = data.to_str().unwrap();
    let init = ["init", "--url", "http://localhost:8080", "--data", data_text];
    assert!(cardea(&config, &init).status.success());
    let database = data.join("cardea.sqlite");
    let copy = folder.path().join("copy.sqlite");

    assert!(cardea(&config, &["admin", "invite"]).status.success());
    std::fs::copy(&database, &copy).unwrap();
    assert!(cardea(&config, &["admin", "invite"]).status.success());
    let said = verify(&config, &[]).unwrap();
    let seen = said.trim().strip_prefix("whole up to ").unwrap().to_owned();
    assert!(seen.starts_with("3:"), "{said}");
    assert!(cardea(&config, &["admin", "invite"]).status.success());
    verify(&config, &["--seen", &seen]).unwrap();

    // Two events are cut off, to an end that the trail once had.
    std::fs::copy(&copy, &database).unwrap();
    assert!(verify(&config, &[]).unwrap().contains("whole up to 2:"));
    let refused = verify(&config, &["--seen", &seen]).unwrap_err();
    assert!(refused.contains("event 3 of operators is not the one that was seen"), "{refused}");
    // And others are written in their place.
    for _ in 0..2 {
        assert!(cardea(&config, &["admin", "invite"]).status.success());
    }
    assert!(verify(&config, &["--seen", &seen]).is_err());

    let nobody = cardea(&config, &["audit", "verify", "--tenant", "acme"]);
    assert!(!nobody.status.success());
    assert!(verify(&config, &["--seen", "3"]).unwrap_err().contains("SEQ:MAC"));
}
