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
    for subcommand in ["card ", "key ", "isolated ", "replay ", "pinentry "] {
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
        let refused = card.say("packet-at 1 lose");
        assert_eq!(refused, "error: lose cannot happen: only a key says packets");
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

/// As the agent ends its dialogs: it has the answer, and says no BYE.
#[test]
fn a_dialog_that_is_killed_behind_its_answer_counts() {
    let directory = Directory::new("pinentry-killed");
    let script = directory.file("script");
    std::fs::write(&script, "pin 1111\npin 2222\nconfirm\n").unwrap();
    for (number, pin) in [(1, "D 1111"), (2, "D 2222")] {
        let mut pinentry = Conversation::start(sim().args(["pinentry", "--script"]).arg(&script));
        pinentry.hear();
        assert_eq!(pinentry.say("GETPIN"), pin);
        drop(pinentry);
        let done = std::fs::read_to_string(directory.file("script.done")).unwrap();
        assert_eq!(done, number.to_string());
    }
    assert_eq!(std::fs::read_dir(&directory.0).unwrap().count(), 2, "nothing else is left");
}

#[test]
fn a_key_that_a_signal_ends_takes_its_sockets_with_it() {
    use rustix::process::{Pid, Signal, kill_process};
    let directory = Directory::new("signals");
    let (socket, control) = (directory.file("key"), directory.file("control"));
    for signal in [Signal::INT, Signal::TERM] {
        let mut command = sim();
        command.arg("key").arg("--socket").arg(&socket).arg("--control").arg(&control);
        let mut program = Conversation::start(&mut command);
        assert_eq!(program.hear(), format!("key plugged in at {}", socket.display()));
        assert!(socket.exists() && control.exists());
        let id = Pid::from_raw(program.child.id().try_into().unwrap()).unwrap();
        kill_process(id, signal).unwrap();
        assert!(program.child.wait().unwrap().success(), "{signal:?}");
        assert!(!socket.exists() && !control.exists(), "{signal:?}");
    }
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
        AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with, sockopt,
    };
    let flags = SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    connect(&socket, &SocketAddrUnix::new(path)?)?;
    // Longer than anything here takes: a test that waits for nothing fails, and says where.
    let patience = Some(Duration::from_secs(20));
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, patience)?;
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

/// Sends a report, and hears one.
fn exchange(client: &std::os::fd::OwnedFd, report: &[u8]) -> [u8; 64] {
    let mut bytes = report.iter();
    let whole: [u8; 64] = std::array::from_fn(|_| bytes.next().copied().unwrap_or_default());
    rustix::net::send(client, &whole, rustix::net::SendFlags::NOSIGNAL).unwrap();
    let mut answer = [0; 64];
    rustix::net::recv(client, &mut answer, rustix::net::RecvFlags::empty()).unwrap();
    answer
}

const OPEN_CHANNEL: &[u8] = &[0xFF, 0xFF, 0xFF, 0xFF, 0x86, 0x00, 0x08, 0x11];
/// `authenticatorSelection`, whose answer is one byte; and that answer.
const SELECTION: &[u8] = &[0, 0, 0, 1, 0x90, 0, 1, 0x0B];
const SELECTED: &[u8] = &[0, 0, 0, 1, 0x90, 0, 1, 0x00];

#[test]
fn faults_come_by_argument_and_by_line() {
    let directory = Directory::new("faults");
    let socket = directory.file("key");
    let mut program = Conversation::start(
        sim().arg("key").arg("--socket").arg(&socket).args(["--fault", "length-long@2"]),
    );
    program.hear();
    assert_eq!(program.say("status"), "in, 0 commands, 1 faults to come");
    let client = open_key(&socket).unwrap();
    exchange(&client, OPEN_CHANNEL);
    assert_eq!(exchange(&client, SELECTION)[5..8], [0, 101, 0]);
    assert_eq!(program.say("status"), "in, 2 commands");
    assert_eq!(exchange(&client, SELECTION)[..8], *SELECTED);
    assert_eq!(program.say("fault-from 2 wrong-channel"), "ok");
    assert_eq!(exchange(&client, SELECTION)[..8], *SELECTED);
    for _ in 0..3 {
        assert_ne!(exchange(&client, SELECTION)[..4], SELECTED[..4]);
    }
    assert_eq!(program.say("no-faults"), "ok");
    assert_eq!(exchange(&client, SELECTION)[..8], *SELECTED);
    assert_eq!(program.say("fault-at x garbage"), "error: fault-at wants a number");
    assert_eq!(program.say("fault-at 1"), "error: which fault? try faults");
    assert!(program.say("faults").starts_with("remove remove-after delay"));
    assert_eq!(
        program.say("fault-at 1 endless-61"),
        "error: endless-61 cannot happen to a key: only a card has status words"
    );
    assert_eq!(program.say("packet-at x lose"), "error: packet-at wants a number");
    assert!(program.say("packet-at 1 remove").starts_with("error: "));
    assert_eq!(program.say("fault-at 1 remove"), "ok");
    let mut removed = [0; 64];
    rustix::net::send(&client, &[0; 64], rustix::net::SendFlags::NOSIGNAL).unwrap();
    let (length, _) =
        rustix::net::recv(&client, &mut removed, rustix::net::RecvFlags::empty()).unwrap();
    assert_eq!(length, 0, "it hangs up");
}

#[test]
fn a_fault_that_cannot_be_says_why() {
    let directory = Directory::new("no-fault");
    let run = |fault: &str| {
        let socket = directory.file("key");
        let mut command = sim();
        command.arg("key").arg("--socket").arg(&socket).args(["--fault", fault]);
        let output = command.output().unwrap();
        (output.status.code(), text(&output.stderr))
    };
    let (code, said) = run("endless-61@1");
    assert_eq!(code, Some(1));
    assert!(said.contains("only a card has status words"), "{said}");
    let (code, said) = run("remove@1+");
    assert_eq!(code, Some(1));
    assert!(said.contains("cannot happen from then on"), "{said}");
    let (code, said) = run("garbage");
    assert_eq!(code, Some(2));
    assert!(said.contains("garbage@3"), "{said}");
}

#[test]
fn a_recording_is_played_again_and_says_what_is_another_request() {
    let directory = Directory::new("replay");
    let (socket, trace) = (directory.file("key"), directory.file("trace"));
    let mut key = Conversation::start(
        sim().arg("key").arg("--socket").arg(&socket).arg("--trace").arg(&trace),
    );
    key.hear();
    let client = open_key(&socket).unwrap();
    exchange(&client, OPEN_CHANNEL);
    exchange(&client, SELECTION);
    writeln!(key.stdin, "quit").unwrap();
    key.child.wait().unwrap();
    let written = std::fs::read_to_string(&trace).unwrap();
    let lines: Vec<_> =
        written.lines().skip(1).map(|line| line.split_once(' ').unwrap().1).collect();
    assert_eq!(lines.len(), 4, "{written}");
    assert!(lines[0].starts_with("> hid FFFFFFFF 86 11") && lines[1].starts_with("< hid FFFF"));
    assert_eq!(lines[2..], ["> hid 00000001 90 0B", "< hid 00000001 90 00"]);

    let mut replay =
        Conversation::start(sim().arg("replay").arg(&trace).arg("--socket").arg(&socket));
    assert_eq!(replay.hear(), format!("recording plays at {}", socket.display()));
    let client = open_key(&socket).unwrap();
    exchange(&client, OPEN_CHANNEL);
    let another = [0, 0, 0, 1, 0x90, 0, 1, 0x04];
    assert_eq!(exchange(&client, &another)[..8], [0, 0, 0, 1, 0x90, 0, 1, 0x7F]);
    let said = "request 1 is not in the recording; it differs from request 1 of it, which is due, \
                at byte 0";
    assert_eq!(replay.hear(), said);
    assert_eq!(exchange(&client, SELECTION)[..8], *SELECTED);
    exchange(&client, SELECTION);
    assert_eq!(replay.hear(), "request 3 comes after the end of the recording");

    let output = sim().arg("replay").arg(&trace).arg("--reader-port").output().unwrap();
    let said = text(&output.stderr);
    assert!(said.contains("is of a key; play it with --socket"), "{said}");
    let output = sim().args(["replay", "Cargo.toml", "--socket"]).arg(&socket).output().unwrap();
    let said = text(&output.stderr);
    assert!(said.contains("Cargo.toml: line 1 is none of a trace"), "{said}");
}

#[test]
fn a_key_is_what_its_arguments_say() {
    let directory = Directory::new("make");
    let (socket, trace) = (directory.file("key"), directory.file("trace"));
    let key = directory.file("attestation.pem");
    std::fs::write(&key, "no key").unwrap();
    let run = |arguments: &[&str]| {
        let mut command = sim();
        command.arg("key").arg("--socket").arg(&socket).args(arguments);
        let output = command.output().unwrap();
        (output.status.code(), text(&output.stderr))
    };
    for (arguments, code, words) in [
        (&["--transports", "nfc"][..], 1, "always names usb"),
        (&["--algorithms", "eddsa"], 1, "always makes ES256 keys"),
        (&["--pin", "12"], 1, "shorter than the shortest"),
        (&["--pin-tries", "3"], 2, "--pin <PIN>"),
        (&["--aaguid", "12"], 2, "is no UUID"),
        (&["--attestation-key", "x"], 2, "--attestation-certificate"),
        (
            &[
                "--attestation-certificate",
                key.to_str().unwrap(),
                "--attestation-key",
                key.to_str().unwrap(),
            ],
            1,
            "no P-256 key as PKCS #8 in PEM",
        ),
    ] {
        let (status, said) = run(arguments);
        assert_eq!(status, Some(code), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    let mut program = Conversation::start(sim().arg("key").arg("--socket").arg(&socket).args([
        "--aaguid",
        "00112233-4455-6677-8899-aabbccddeeff",
        "--min-pin-length",
        "6",
        "--max-credentials",
        "2",
        "--trace",
        trace.to_str().unwrap(),
    ]));
    program.hear();
    let client = open_key(&socket).unwrap();
    exchange(&client, OPEN_CHANNEL);
    exchange(&client, &[0, 0, 0, 1, 0x90, 0, 1, 0x04]);
    let written = std::fs::read_to_string(&trace).unwrap();
    // aaguid is member 3, minPINLength member 13.
    assert!(written.contains("035000112233445566778899AABBCCDDEEFF"), "{written}");
    assert!(written.contains("0D06"), "{written}");
}

#[test]
fn two_programs_are_two_cards_in_two_readers() {
    isolated::run(|pcscd| {
        let mut first = card_beside(pcscd, &["--seed", "1", "--aaguid", &"11".repeat(16)]);
        let mut second = card_beside(
            pcscd,
            &["--seed", "2", "--reader-port", "35964", "--aaguid", &"22".repeat(16)],
        );
        assert_eq!(first.hear(), "card inserted, reader port 35963");
        assert_eq!(second.hear(), "card inserted, reader port 35964");
        for (reader, model) in [(READER, 0x11), (c"Virtual PCD 00 01", 0x22)] {
            let info = get_info(reader);
            assert!(info.windows(16).any(|bytes| bytes == [model; 16]), "{reader:?}");
        }
        assert_eq!(first.say("remove"), "ok");
        wait(State::EMPTY);
        assert!(get_info(c"Virtual PCD 00 01").len() > 100, "the other one stays");
    })
    .unwrap();
}

/// What the card in this reader says of itself.
fn get_info(reader: &CStr) -> Vec<u8> {
    let context = Context::establish(Scope::User).unwrap();
    let mut states = [ReaderState::new(reader.to_owned(), State::UNAWARE)];
    while !states.iter().all(|state| state.event_state().contains(State::PRESENT)) {
        states.iter_mut().for_each(ReaderState::sync_current_state);
        context.get_status_change(Duration::from_secs(10), &mut states).unwrap();
    }
    let card = context.connect(reader, ShareMode::Shared, Protocols::ANY).unwrap();
    let select = b"\x00\xA4\x04\x00\x08\xA0\x00\x00\x06\x47\x2F\x00\x01\x00";
    card.transmit(select, &mut [0; 64]).unwrap();
    let ask = b"\x80\x10\x00\x00\x00\x00\x01\x04\x00\x00";
    card.transmit(ask, &mut [0; 4096]).unwrap().to_vec()
}
