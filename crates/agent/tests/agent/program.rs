//! The program itself: as a daemon, as its commands, with a card behind a real pcscd.

use std::path::Path;
use std::process::Stdio;

use agent_protocol::{Outcome, Refused};
use cardea_agent::{Ask, Daemon, Reply, Status};
use firmware_sim::{Config, Pcscd, Simulator, isolated};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::support::person::{Person, ended};
use crate::support::server::Server;
use crate::support::{Folder, descriptor, enrol, login, soon, until, until_asked};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_cardea-agent");
/// Nothing but a person's fingers writes this.
const PIN: &str = "canary-PIN-7";

/// A desktop whose daemon is the real program.
pub(crate) struct Desk {
    pub(crate) folder: Folder,
    pub(crate) person: Person,
    run: Command,
    daemon: Child,
}

impl Desk {
    pub(crate) async fn new(pcscd: &Pcscd) -> Self {
        Self::with(|command| {
            pcscd.serve(command);
        })
        .await
    }

    pub(crate) async fn with(set_up: impl FnOnce(&mut std::process::Command)) -> Self {
        let folder = Folder::new();
        let person = Person::new(folder.path());
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = std::process::Command::new(PROGRAM);
        command.args(["run", "--name", "Ada's computer"]);
        command.args([Path::new("--state"), &folder.path().join("state")]);
        command.args([Path::new("--socket"), &folder.path().join("run/agent.sock")]);
        command.args(person.arguments());
        set_up(&mut command);
        command.env("CARDEA_LOG", "trace").stdin(Stdio::null()).stderr(log);
        let mut run = Command::from(command);
        let daemon = run.kill_on_drop(true).spawn().unwrap();
        let desk = Self { folder, person, run, daemon };
        desk.is_up().await;
        desk
    }

    /// The first answer says that it is up.
    async fn is_up(&self) {
        until(async || Daemon::ask(&self.socket(), &Ask::Status).await.is_ok()).await;
    }

    /// Ends the daemon without a word; its dialogs go with it.
    pub(crate) async fn kill(&mut self) {
        soon(self.daemon.kill()).await.unwrap();
        self.person.is_alone().await;
    }

    /// Starts a successor of the daemon that was killed.
    pub(crate) async fn start_again(&mut self) {
        self.daemon = self.run.spawn().unwrap();
        self.is_up().await;
    }

    /// The daemon's process.
    pub(crate) fn id(&self) -> u32 {
        self.daemon.id().unwrap()
    }

    /// What all daemons of this desktop have written down so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    pub(crate) fn socket(&self) -> std::path::PathBuf {
        self.folder.path().join("run/agent.sock")
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).arg("--socket").arg(self.socket());
        command.env("XDG_CONFIG_HOME", self.folder.path());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Writes the file that an administrator ships.
    fn settings(&self, text: &str) {
        let folder = self.folder.path().join("cardea");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("agent.toml"), text).unwrap();
    }

    /// What a command says when it fails.
    async fn fails(&self, arguments: &[&str]) -> String {
        let output = soon(self.command(arguments).output()).await.unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }

    /// Pairs by the command, as a person does who opens the page by hand.
    pub(crate) async fn pair(&self, server: &Server) {
        let said = self.pair_in(server, &["--no-browser"]).await;
        let address = format!("{}/realms/acme/login/card/pair/return#rrr", server.origin);
        assert!(said.contains(&address), "{address} is not in {said}");
    }

    /// Pairs with these options: what the command says until the page is to confirm.
    async fn pair_in(&self, server: &Server, options: &[&str]) -> String {
        let arguments = [&["pair", "krqm-bxpt", "--server", &server.origin], options].concat();
        self.pair_by(&arguments, server).await
    }

    async fn pair_by(&self, arguments: &[&str], server: &Server) -> String {
        let mut pair = self.command(arguments).spawn().unwrap();
        let mut lines = BufReader::new(pair.stdout.take().unwrap()).lines();
        let mut said = String::new();
        while !said.contains("Waiting for the page") {
            said.push_str(&soon(lines.next_line()).await.unwrap().expect("it goes on"));
            said.push('\n');
        }
        for shown in [server.origin.as_str(), "Acme", "ada@acme.example", "Firefox on Linux"] {
            assert!(said.contains(shown), "{shown} is not in {said}");
        }
        server.page_confirms();
        assert!(soon(pair.wait()).await.unwrap().success());
        said
    }

    /// Waits until the status is as wanted.
    pub(crate) async fn until(&self, is_so: impl Fn(&Status) -> bool) {
        until(async || {
            let mut daemon = Daemon::ask(&self.socket(), &Ask::Status).await.unwrap();
            let Reply::Status(status) = daemon.reply().await.unwrap() else { panic!("no") };
            is_so(&status)
        })
        .await;
    }

    /// Ends the daemon as a session does, and gives what it wrote down.
    pub(crate) async fn end(&mut self) -> String {
        let id = i32::try_from(self.id()).unwrap();
        let id = rustix::process::Pid::from_raw(id).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        assert!(soon(self.daemon.wait()).await.unwrap().success());
        self.log()
    }
}

fn holds(folder: &Path, canary: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(canary.len()).any(|window| window == canary.as_bytes())
    })
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}

#[test]
fn a_person_pairs_sets_a_card_up_and_signs_in_and_the_pin_stays_nowhere() {
    isolated::run(|pcscd| runtime().block_on(signs_in_at_a_reader(pcscd))).unwrap();
}

async fn signs_in_at_a_reader(pcscd: &Pcscd) {
    let (simulator, server) =
        (Simulator::start(Config::seeded(30)).unwrap(), Server::start().await);
    let _card = simulator.card(&pcscd.first_reader()).unwrap();
    let mut desk = Desk::new(pcscd).await;
    desk.pair(&server).await;
    desk.until(|status| status.enrolments.iter().all(|info| info.connected)).await;
    desk.until(|status| status.devices.iter().any(|name| name.contains("Virtual PCD"))).await;

    let pin = format!("pin {PIN}");
    desk.person.will(&[&pin, &pin, &pin]);
    server.ask(&enrol(&server, vec![]));
    let credential = descriptor(&server.outcome().await.1);
    server.ask(&login(&server, vec![credential]));
    let outcome = server.outcome().await.1;
    assert!(matches!(outcome, Outcome::Assertion(_)), "{outcome:?}");

    let output = soon(desk.command(&["status"]).output()).await.unwrap();
    let status = String::from_utf8(output.stdout).unwrap();
    assert!(status.contains("acme  ada@acme.example  connected"), "{status}");
    assert!(status.contains("Card in Virtual PCD"), "{status}");
    let id = desk.id();
    let limits = std::fs::read_to_string(format!("/proc/{id}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().filter(|word| *word == "0").count(), 2, "{core}");

    let log = desk.end().await;
    assert!(log.contains("ready"), "it logs");
    assert!(!log.contains(PIN), "the PIN is in the log");
    assert!(!holds(&desk.folder.path().join("state"), PIN), "the PIN is in the state");
    assert!(!desk.person.saw().contains(PIN), "the PIN is in a dialog");
}

#[test]
fn a_card_that_is_pulled_out_of_a_real_reader_ends_the_ceremony() {
    isolated::run(|pcscd| runtime().block_on(pulled_out_of_a_reader(pcscd))).unwrap();
}

async fn pulled_out_of_a_reader(pcscd: &Pcscd) {
    let server = Server::start().await;
    let simulator = Simulator::start(Config::seeded(31)).unwrap();
    let card = simulator.card(&pcscd.first_reader()).unwrap();
    let mut desk = Desk::new(pcscd).await;
    desk.pair(&server).await;
    desk.until(|status| status.enrolments.iter().all(|info| info.connected)).await;
    desk.until(|status| !status.devices.is_empty()).await;
    desk.person.will(&["wait"]);
    server.ask(&enrol(&server, vec![]));
    let dialog = desk.person.looks_at(1).await;
    drop(card);
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Removed));
    ended(&dialog).await;
    // The next request waits for a card, and the one that comes is its answer.
    server.ask(&enrol(&server, vec![]));
    desk.person.looks_at(2).await;
    let pin = format!("pin {PIN}");
    desk.person.will(&["wait", &pin, &pin]);
    let _card = simulator.card(&pcscd.first_reader()).unwrap();
    descriptor(&server.outcome().await.1);
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulated_key_signs_in_and_is_said_to_be_one() {
    let (folder, server) = (Folder::new(), Server::start().await);
    let simulator = Simulator::start(Config::seeded(32)).unwrap();
    let socket = folder.path().join("key");
    let _key = simulator.key(&socket).unwrap();
    let mut desk = Desk::with(|command| {
        command.arg("--simulated-key").arg(&socket);
    })
    .await;
    desk.pair(&server).await;
    desk.until(|status| status.enrolments.iter().all(|info| info.connected)).await;
    desk.until(|status| status.devices == ["Key: simulated key"]).await;
    let touch = firmware_sim::Touch::Refuse;
    simulator.holder().touches(touch);
    let pin = format!("pin {PIN}");
    desk.person.will(&[&pin, &pin, "wait", &pin, "wait"]);
    server.ask(&enrol(&server, vec![]));
    desk.person.looks_at(3).await;
    assert!(simulator.holder().touch());
    let credential = descriptor(&server.outcome().await.1);
    server.ask(&login(&server, vec![credential]));
    desk.person.looks_at(5).await;
    assert!(simulator.holder().touch());
    assert!(matches!(server.outcome().await.1, Outcome::Assertion(_)));
    let log = desk.end().await;
    assert!(log.contains("a simulated key is one of the devices"), "{log}");
    assert!(!log.contains(PIN), "the PIN is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_simulated_keys_the_touched_one_is_set_up_and_signs_in() {
    let (folder, server) = (Folder::new(), Server::start().await);
    let keys = [33, 34].map(|seed| Simulator::start(Config::seeded(seed)).unwrap());
    let sockets = ["one", "two"].map(|name| folder.path().join(name));
    let _keys = [0, 1].map(|n| keys[n].key(&sockets[n]).unwrap());
    let holders = keys.each_ref().map(Simulator::holder);
    for holder in &holders {
        holder.touches(firmware_sim::Touch::Refuse);
    }
    let mut desk = Desk::with(|command| {
        for socket in &sockets {
            command.arg("--simulated-key").arg(socket);
        }
    })
    .await;
    desk.pair(&server).await;
    desk.until(|status| status.enrolments.iter().all(|info| info.connected)).await;
    let pin = format!("pin {PIN}");
    desk.person.will(&["wait", &pin, &pin, "wait", &pin, "wait"]);
    server.ask(&enrol(&server, vec![]));
    desk.person.looks_at(1).await;
    for holder in &holders {
        until_asked(holder).await;
    }
    assert!(holders[1].touch());
    desk.person.looks_at(4).await;
    assert!(!holders[0].is_asked(), "the other was told to stop");
    assert!(holders[1].touch());
    let credential = descriptor(&server.outcome().await.1);
    server.ask(&login(&server, vec![credential]));
    // Only one of them holds it: nothing is left to choose.
    desk.person.looks_at(6).await;
    assert!(holders[1].touch());
    assert!(matches!(server.outcome().await.1, Outcome::Assertion(_)));
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_opens_in_the_browser_that_the_person_named_and_is_not_printed() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = Server::start().await;
    let mut desk = Desk::with(|_| {}).await;
    let (browser, opened) = (desk.folder.path().join("browser"), desk.folder.path().join("opened"));
    let script = format!("#!/bin/sh\necho \"$# $1\" >> '{}'\n", opened.display());
    std::fs::write(&browser, script).unwrap();
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o755)).unwrap();
    let said = desk.pair_in(&server, &["--browser", browser.to_str().unwrap()]).await;
    assert!(!said.contains("/pair/return"), "{said}");
    let address =
        format!("1 {}/realms/acme/login/card/pair/return#{}", server.origin, "r".repeat(75));
    until(async || std::fs::read_to_string(&opened).is_ok_and(|told| told.ends_with('\n'))).await;
    assert_eq!(std::fs::read_to_string(&opened).unwrap().trim_end(), address);

    let arguments = ["pair", "krqm-bxpt", "--server", &server.origin, "--no-browser"];
    let output = soon(desk.command(&arguments).output()).await.unwrap();
    let refused = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && refused.contains("run pair with --again"), "{refused}");
    let again = desk.pair_in(&server, &["--again", "--browser", "/nowhere/browser"]).await;
    assert!(again.contains("Those that are paired stay so"), "{again}");
    assert!(again.contains("/pair/return#r"), "what cannot be opened is printed: {again}");
    desk.end().await;
}

/// An authority that this computer does not know.
const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/agent/tls/authority.pem");

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_everything_is_as_without() {
    let server = Server::start_tls().await;
    let mut desk = Desk::with(|command| {
        command.env("SSL_CERT_FILE", AUTHORITY).env_remove("SSL_CERT_DIR");
    })
    .await;
    desk.pair(&server).await;
    desk.until(|status| status.enrolments.iter().all(|info| info.connected)).await;
    desk.person.will(&["cancel"]);
    server.ask(&enrol(&server, vec![]));
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Cancelled));
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_certificate_of_an_unknown_authority_is_not_spoken_to() {
    let server = Server::start_tls().await;
    let mut desk = Desk::with(|_| {}).await;
    let said = desk.fails(&["pair", "krqm-bxpt", "--server", &server.origin]).await;
    assert!(said.contains("cannot reach the server") && said.contains("certificate"), "{said}");
    assert!(said.contains("Check the address and the network, then run pair again."), "{said}");
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_need_not_be_named_when_exactly_one_is_known() {
    let (server, other) = (Server::start().await, Server::start().await);
    let mut desk = Desk::with(|_| {}).await;
    let short = ["pair", "krqm-bxpt"];
    // None is known, and no code says which.
    let said = desk.fails(&short).await;
    assert!(said.contains("copy the whole command from the page"), "{said}");
    desk.settings(&format!("server = \"{}\"", server.origin));
    desk.pair_by(&[&short[..], &["--no-browser"]].concat(), &server).await;
    // The one that the file names is the one of the pairing; then the pairing alone is enough.
    let again = [&short[..], &["--again", "--no-browser"]].concat();
    desk.pair_by(&again, &server).await;
    desk.settings("");
    desk.pair_by(&again, &server).await;
    // Two are known.
    desk.settings(&format!("server = \"{}\"", other.origin));
    let said = desk.fails(&short).await;
    assert!(said.contains("copy the whole command from the page"), "{said}");
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_no_longer_good_says_where_to_get_a_new_one() {
    let server = Server::start().await;
    let mut desk = Desk::with(|_| {}).await;
    let said = desk.fails(&["pair", "bbbb-bbbb", "--server", &server.origin]).await;
    assert!(said.contains("Get a new code on the page and run pair again."), "{said}");
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_without_a_daemon_says_what_to_do() {
    let folder = Folder::new();
    let mut command = Command::new(PROGRAM);
    command.arg("status").arg("--socket").arg(folder.path().join("none.sock"));
    command.stderr(Stdio::piped()).kill_on_drop(true);
    let mut status = command.spawn().unwrap();
    let mut said = String::new();
    soon(status.stderr.take().unwrap().read_to_string(&mut said)).await.unwrap();
    assert!(!soon(status.wait()).await.unwrap().success());
    assert!(said.contains("no agent is running; start one with: cardea-agent run"), "{said}");
}
