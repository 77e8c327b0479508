//! The program `cardea-sim`, as people and scripts run it.

#![expect(clippy::unwrap_used, reason = "tests measure time and fail by panicking")]

use std::ffi::CStr;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use firmware_sim::{Pcscd, isolated};
use pcsc::{Context, Protocols, ReaderState, Scope, ShareMode, State};

fn sim() -> Command {
    Command::new(env!("CARGO_BIN_EXE_cardea-sim"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A directory of the test's own, removed at its end.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cardea-sim-{name}-{}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// A program that converses line by line; killed if the test ends before it.
struct Conversation {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Conversation {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdin, stdout }
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn say(&mut self, line: &str) -> String {
        writeln!(self.stdin, "{line}").unwrap();
        self.hear()
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn says_what_it_can_do() {
    let help = text(&sim().arg("--help").output().unwrap().stdout);
    for subcommand in ["card ", "key ", "isolated ", "pinentry "] {
        assert!(help.contains(subcommand), "{help}");
    }
}

#[test]
fn without_a_reader_it_says_what_is_missing() {
    let output = sim().args(["card", "--reader-port", "1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("is pcscd running") && said.contains("vsmartcard-vpcd"), "{said}");
}

const READER: &CStr = c"Virtual PCD 00 00";

/// Waits until the reader has a card, or has none.
fn wait(wanted: State) {
    let context = Context::establish(Scope::User).unwrap();
    let mut states = [ReaderState::new(READER.to_owned(), State::UNAWARE)];
    while !states.iter().all(|state| state.event_state().contains(wanted)) {
        states.iter_mut().for_each(ReaderState::sync_current_state);
        context.get_status_change(Duration::from_secs(10), &mut states).unwrap();
    }
}

#[test]
#[ignore = "run inside by the test below"]
fn inside_a_card_answers() {
    wait(State::PRESENT);
    let context = Context::establish(Scope::User).unwrap();
    let card = context.connect(READER, ShareMode::Shared, Protocols::ANY).unwrap();
    let select = b"\x00\xA4\x04\x00\x08\xA0\x00\x00\x06\x47\x2F\x00\x01\x00";
    assert_eq!(card.transmit(select, &mut [0; 64]).unwrap(), b"U2F_V2\x90\x00");
}

fn run_isolated(program: &[&str]) -> Output {
    sim().args(["isolated", "--"]).args(program).output().unwrap()
}

#[test]
fn isolated_gives_a_program_a_card_and_passes_its_status_on() {
    let test = std::env::current_exe().unwrap();
    let inner = "inside_a_card_answers";
    let output = run_isolated(&[test.to_str().unwrap(), inner, "--exact", "--include-ignored"]);
    let said = text(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    assert_eq!(run_isolated(&["sh", "-c", "exit 7"]).status.code(), Some(7));
}

#[test]
fn isolated_leaves_nothing_behind_even_when_it_is_killed() {
    let mut isolated = Conversation::start(sim().args(["isolated", "--", "sh", "-c"]).arg(
        // Says where its pcscd is, then stays until it is ended.
        "echo \"$PCSCLITE_CSOCK_NAME\"; exec sleep 600",
    ));
    let socket = PathBuf::from(isolated.hear());
    let mut client = UnixStream::connect(&socket).unwrap();
    isolated.child.kill().unwrap();
    isolated.child.wait().unwrap();
    // The last one who holds the other end is gone: the program, and its pcscd.
    assert_eq!(isolated.hear(), "");
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    match client.read(&mut [0]) {
        Ok(0) => {}
        other => assert_eq!(other.unwrap_err().kind(), ErrorKind::ConnectionReset),
    }
    std::fs::remove_dir_all(socket.parent().unwrap()).unwrap();
}

/// `cardea-sim card` beside a pcscd that is not this machine's.
fn card_beside(pcscd: &Pcscd, arguments: &[&str]) -> Conversation {
    let network = format!("--net=/proc/{}/ns/net", pcscd.id());
    let mut command = Command::new("nsenter");
    command.arg(network).arg(env!("CARGO_BIN_EXE_cardea-sim")).arg("card").args(arguments);
    Conversation::start(&mut command)
}

#[test]
fn a_card_obeys_standard_input_and_its_control_socket() {
    isolated::run(|pcscd| {
        let directory = Directory::new("control");
        let (control, state) = (directory.file("control"), directory.file("card"));
        let arguments = [
            "--control",
            control.to_str().unwrap(),
            "--state",
            state.to_str().unwrap(),
            "--touch",
            "manual",
        ];
        // Left behind by a program that was killed.
        drop(std::os::unix::net::UnixListener::bind(&control).unwrap());
        let mut card = card_beside(pcscd, &arguments);
        assert_eq!(card.hear(), "card inserted, reader port 35963");
        assert_eq!(card.say("status"), "in, 0 commands");
        inside_a_card_answers();
        assert_eq!(card.say("status"), "in, 1 commands");
        assert_eq!(card.say("touch"), "error: the card does not ask for a touch");
        assert_eq!(card.say("remove-at x"), "error: remove-at wants a number");
        assert_eq!(card.say("dance"), "error: unknown; try help");
        assert_eq!(card.say("remove"), "ok");
        wait(State::EMPTY);
        let mut socket = UnixStream::connect(&control).unwrap();
        let mut answers = BufReader::new(socket.try_clone().unwrap()).lines();
        let mut say = |line: &str| {
            writeln!(socket, "{line}").unwrap();
            answers.next().expect("an answer").unwrap()
        };
        assert_eq!(say("status"), "out, 1 commands");
        assert_eq!(say("insert"), "ok");
        inside_a_card_answers();
        writeln!(socket, "quit").unwrap();
        assert!(card.child.wait().unwrap().success());
        assert!(!control.exists() && state.exists());
    })
    .unwrap();
}

#[test]
fn pinentry_answers_by_script_across_runs_and_keeps_pins_to_itself() {
    let directory = Directory::new("pinentry");
    let (script, transcript) = (directory.file("script"), directory.file("transcript"));
    std::fs::write(&script, "pin 271828\nrefuse\n").unwrap();
    let run = |dialog: &str| {
        let mut pinentry = Conversation::start(
            sim()
                .args(["pinentry", "--script"])
                .arg(&script)
                .arg("--transcript")
                .arg(&transcript)
                .args(["--", "--display", ":0"]),
        );
        assert_eq!(pinentry.hear(), "OK Pleased to meet you");
        assert_eq!(pinentry.say("SETDESC Sign in to Acme?"), "OK");
        let answer = pinentry.say(dialog);
        writeln!(pinentry.stdin, "BYE").unwrap();
        assert!(pinentry.child.wait().unwrap().success());
        answer
    };
    assert_eq!(run("GETPIN"), "D 271828");
    assert_eq!(run("CONFIRM"), "ERR 83886194 not confirmed");
    assert_eq!(run("CONFIRM"), "ERR 83886194 not confirmed");
    let seen = std::fs::read_to_string(&transcript).unwrap();
    assert_eq!(seen.matches("SETDESC Sign in to Acme?").count(), 3);
    assert!(seen.contains("GETPIN -> Pin") && !seen.contains("271828"), "{seen}");
}

#[test]
fn a_key_opens_at_its_socket_and_obeys() {
    let directory = Directory::new("key");
    let socket = directory.file("key");
    let mut program = Conversation::start(sim().arg("key").arg("--socket").arg(&socket));
    assert_eq!(program.hear(), format!("key plugged in at {}", socket.display()));
    let client = open_key(&socket).unwrap();
    let mut ask = [0; 64];
    ask[..8].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF, 0x86, 0x00, 0x08, 0x11]);
    rustix::net::send(&client, &ask, rustix::net::SendFlags::NOSIGNAL).unwrap();
    let mut offer = [0; 64];
    rustix::net::recv(&client, &mut offer, rustix::net::RecvFlags::empty()).unwrap();
    assert_eq!(offer[..8], [0xFF, 0xFF, 0xFF, 0xFF, 0x86, 0x00, 0x11, 0x11]);
    assert_eq!(program.say("status"), "in, 1 commands");
    assert_eq!(program.say("remove"), "ok");
    let (length, _) =
        rustix::net::recv(&client, &mut offer, rustix::net::RecvFlags::empty()).unwrap();
    assert_eq!(length, 0, "it hangs up");
    writeln!(program.stdin, "quit").unwrap();
    assert!(program.child.wait().unwrap().success());
    assert!(!socket.exists());
}

fn open_key(path: &Path) -> rustix::io::Result<std::os::fd::OwnedFd> {
    use rustix::net::{
        AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with,
    };
    let flags = SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket)
}

#[test]
fn a_key_without_a_place_says_what_is_wrong() {
    let output = sim().args(["key", "--socket", "/nowhere/key"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("cannot make the socket /nowhere/key"), "{said}");
    for both_or_none in [&["key"][..], &["key", "--uhid", "--socket", "/nowhere/key"]] {
        assert_eq!(sim().args(both_or_none).output().unwrap().status.code(), Some(2));
    }
}
