//! The process in which the module runs.

use std::io::Read as _;
use std::process::{Command, Stdio};

use crate::program::PROGRAM;
use crate::support::until;

fn start() -> std::process::Child {
    let mut command = Command::new(PROGRAM);
    command.arg("pkcs11-child").stdin(Stdio::piped()).stdout(Stdio::piped());
    command.stderr(Stdio::null()).spawn().unwrap()
}

#[tokio::test]
async fn it_has_neither_network_nor_core_where_the_system_lets_it() {
    let mut child = start();
    let network = |process: &str| std::fs::read_link(format!("/proc/{process}/ns/net"));
    let process = child.id().to_string();
    let limits = || std::fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
    let has_no_core = || {
        let limits = limits();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        core.split_whitespace().filter(|word| *word == "0").count() == 2
    };
    until(async || has_no_core()).await;
    // Only root may look.
    if rustix::process::geteuid().is_root() {
        let own = network("self").unwrap();
        until(async || network(&process).unwrap() != own).await;
    }
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success(), "it ends with its agent");
}

#[test]
fn it_says_nothing_of_its_own_and_ends_at_what_is_no_question() {
    use std::io::Write as _;
    for garbage in [&b"\0\0\0\x05hello"[..], b"\xFF\xFF\xFF\xFFhello", b"\0\0"] {
        let mut child = start();
        let mut to = child.stdin.take().unwrap();
        to.write_all(garbage).unwrap();
        drop(to);
        let mut said = Vec::new();
        child.stdout.take().unwrap().read_to_end(&mut said).unwrap();
        assert_eq!(said, b"", "{garbage:?}");
        child.wait().unwrap();
    }
}
