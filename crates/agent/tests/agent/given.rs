//! The program with a socket that a service manager has opened.

use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use cardea_agent::{Ask, Daemon, Reply};
use tokio::process::Command;

use crate::support::{Folder, person::Person, soon};

/// As systemd does: the socket is descriptor 3, and `LISTEN_PID` is who the shell becomes.
const HAND_OVER: &str = r#"exec 3<&0 </dev/null; LISTEN_PID=$$ exec "$0" "$@""#;

fn program(folder: &Folder, person: &Person, socket: OwnedFd, count: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", HAND_OVER, env!("CARGO_BIN_EXE_cardea-agent"), "run"]);
    command.args([Path::new("--state"), &folder.path().join("state")]);
    // Were it to make one of its own, it would fail here.
    command.args(["--socket", "/nowhere/agent.sock"]);
    command.args(person.arguments());
    command.env("LISTEN_FDS", count).stdin(socket).stdout(Stdio::null()).stderr(Stdio::piped());
    command.kill_on_drop(true);
    command
}

fn place(folder: &Folder) -> PathBuf {
    let place = folder.path().join("run");
    std::fs::DirBuilder::new().mode(0o700).create(&place).unwrap();
    place.join("agent.sock")
}

#[tokio::test]
async fn commands_reach_the_agent_at_a_socket_that_was_given() {
    let folder = Folder::new();
    let person = Person::new(folder.path());
    let path = place(&folder);
    let socket = UnixListener::bind(&path).unwrap();
    // Whoever calls first waits for the agent to start.
    let mut early = Daemon::ask(&path, &Ask::Status).await.unwrap();
    let mut agent =
        program(&folder, &person, socket.try_clone().unwrap().into(), "1").spawn().unwrap();
    let Reply::Status(status) = soon(early.reply()).await.unwrap() else { panic!("no status") };
    assert!(status.enrolments.is_empty());
    agent.start_kill().unwrap();
    soon(agent.wait()).await.unwrap();
    // It belongs to the service manager, and waits there for the next agent.
    let mut next = Daemon::ask(&path, &Ask::Status).await.unwrap();
    let _agent = program(&folder, &person, socket.into(), "1").spawn().unwrap();
    assert!(matches!(soon(next.reply()).await.unwrap(), Reply::Status(_)));
}

#[tokio::test]
async fn what_is_no_such_socket_ends_the_start() {
    let folder = Folder::new();
    let person = Person::new(folder.path());
    let path = place(&folder);
    let listener = UnixListener::bind(&path).unwrap();
    let datagram = UnixDatagram::bind(path.with_extension("other")).unwrap();
    for (socket, count, words) in [
        (datagram.into(), "1", "no listening Unix stream socket"),
        (OwnedFd::from(listener), "2", "leave one ListenStream="),
    ] {
        let output = soon(program(&folder, &person, socket, count).output()).await.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(words), "{said}");
    }
}
