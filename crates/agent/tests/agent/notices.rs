//! Notifications, on a session bus of the test with somebody who shows them.

use std::collections::HashMap;
use std::process::Stdio;

use agent_protocol::{Outcome, Refused};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use zbus::OwnedVariant;

use crate::support::server::Server;
use crate::support::{Desktop, Folder, login, new_card, soon};

const PLACE: &str = "/org/freedesktop/Notifications";
const NAME: &str = "org.freedesktop.Notifications";
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type><auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*"/><allow own="*"/></policy>
</busconfig>
"#;

/// What a notification server is told.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Notify { summary: String, body: String, actions: Vec<String>, life: i32 },
    Close(u32),
}

/// Shows notifications to nobody, and writes down what it is told.
struct Shows(mpsc::UnboundedSender<Told>);

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Shows {
    #[expect(clippy::too_many_arguments, reason = "the specification's")]
    fn notify(
        &self,
        _app: String,
        _replaces: u32,
        _icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedVariant>,
        life: i32,
    ) -> u32 {
        self.0.send(Told::Notify { summary, body, actions, life }).unwrap();
        NUMBER
    }

    fn close_notification(&self, id: u32) {
        self.0.send(Told::Close(id)).unwrap();
    }
}

const NUMBER: u32 = 4711;

struct Bus {
    address: String,
    folder: Folder,
    _daemon: Child,
}

impl Bus {
    async fn start() -> Self {
        let folder = Folder::new();
        let config = folder.path().join("bus.conf");
        std::fs::write(&config, BUS).unwrap();
        let mut daemon = Command::new("dbus-daemon");
        daemon.arg(format!("--config-file={}", config.display()));
        daemon.arg(format!("--address=unix:path={}", folder.path().join("bus").display()));
        daemon.args(["--nofork", "--nopidfile", "--print-address"]);
        daemon.stdout(Stdio::piped()).kill_on_drop(true);
        let mut daemon = daemon.spawn().expect("dbus-daemon, of Debian's package of that name");
        let mut address = String::new();
        let out = daemon.stdout.take().unwrap();
        soon(BufReader::new(out).read_line(&mut address)).await.unwrap();
        Self { address: address.trim().to_owned(), folder, _daemon: daemon }
    }

    async fn shows(&self) -> (zbus::Connection, mpsc::UnboundedReceiver<Told>) {
        let (told, hears) = mpsc::unbounded_channel();
        let builder = zbus::connection::Builder::address(self.address.as_str());
        let builder = builder.serve_at(PLACE, Shows(told)).name(NAME);
        (builder.build().await.unwrap(), hears)
    }
}

async fn press(shows: &zbus::Connection, id: u32, action: &str) {
    let to = None::<&str>;
    shows.emit_signal(to, PLACE, NAME, "ActionInvoked", &(id, action)).await.unwrap();
}

async fn paired_at(bus: Option<String>) -> (Desktop, Server) {
    let mut desktop = Desktop::new();
    desktop.session_bus = bus;
    desktop.start();
    let server = Server::start().await;
    desktop.pair(&server).await;
    (desktop, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_notified_and_cancelled_there_and_the_dialog_goes_away() {
    let bus = Bus::start().await;
    let (shows, mut told) = bus.shows().await;
    let (desktop, server) = paired_at(Some(bus.address.clone())).await;
    let card = new_card(61);
    desktop.reader.put(&card);
    let request = crate::support::enrol(&server, vec![]);
    let number = request.match_code.to_string();
    server.ask(&request);
    let dialog = desktop.person.looks_at(1).await;
    let Told::Notify { summary, body, actions, life } = soon(told.recv()).await.unwrap() else {
        panic!("closed before it was there");
    };
    assert!(
        summary.starts_with("Tap your card: ") && summary.ends_with(&format!("number {number}")),
        "{summary}"
    );
    assert!(body.is_empty(), "what is markup there is not ours to write: {body}");
    assert_eq!(actions, ["cancel", "Cancel"]);
    assert!((1..=120_000).contains(&life), "{life}");

    // Another notification's button, and another button of ours, mean nothing.
    press(&shows, NUMBER + 1, "cancel").await;
    press(&shows, NUMBER, "default").await;
    press(&shows, NUMBER, "cancel").await;
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Cancelled));
    soon(crate::support::person::ended(&dialog)).await;
    assert_eq!(soon(told.recv()).await, Some(Told::Close(NUMBER)));
    assert_eq!(card.holder().times_asked(), 0, "the card has made nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_goes_away_with_its_request() {
    let bus = Bus::start().await;
    let (_shows, mut told) = bus.shows().await;
    let (desktop, server) = paired_at(Some(bus.address.clone())).await;
    desktop.reader.put(&new_card(62));
    let ticket = server.ask(&crate::support::enrol(&server, vec![]));
    desktop.person.looks_at(1).await;
    assert!(matches!(soon(told.recv()).await, Some(Told::Notify { .. })));
    server.cancel(&ticket);
    assert_eq!(soon(told.recv()).await, Some(Told::Close(NUMBER)));
}

/// No bus, one that is no bus, and one where nobody shows anything: the dialogs are enough.
#[tokio::test(flavor = "multi_thread")]
async fn without_anybody_who_shows_notifications_nothing_is_missing() {
    let bus = Bus::start().await;
    let nowhere = format!("unix:path={}", bus.folder.path().join("nowhere").display());
    for address in [None, Some(bus.address.clone()), Some(nowhere), Some("nonsense".into())] {
        let (desktop, server) = paired_at(address.clone()).await;
        desktop.person.will(&["cancel"]);
        desktop.reader.put(&new_card(63));
        server.ask(&crate::support::enrol(&server, vec![]));
        assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Cancelled), "{address:?}");
    }
    let (desktop, server) = paired_at(None).await;
    server.ask(&login(&server, vec![]));
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::NoCard));
    assert_eq!(desktop.person.dialogs(), 0);
}
