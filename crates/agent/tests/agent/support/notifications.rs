//! A session bus of the test, and somebody there who shows notifications to nobody, as strictly as
//! the Desktop Notifications Specification 1.3 allows.

use std::collections::{BTreeMap, HashMap};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Semaphore, mpsc};
use zbus::object_server::SignalEmitter;
use zbus::{Connection, OwnedVariant, fdo, message};

use super::{Folder, soon, until};

pub(crate) const PLACE: &str = "/org/freedesktop/Notifications";
pub(crate) const NAME: &str = "org.freedesktop.Notifications";
/// What a desktop can that can all that matters here.
pub(crate) const ALL: &[&str] = &["actions", "body", "body-markup"];
const CONFIG: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type><auth>EXTERNAL</auth><listen>unix:path=PLACE</listen>
  <policy context="default">
    <allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/>
  </policy>
</busconfig>
"#;

/// A session bus. It ends with this.
pub(crate) struct Bus {
    pub(crate) address: String,
    pub(crate) folder: Folder,
    _daemon: Child,
}

impl Bus {
    pub(crate) async fn start() -> Self {
        let folder = Folder::new();
        let config = folder.path().join("bus.conf");
        let place = folder.path().join("bus").display().to_string();
        std::fs::write(&config, CONFIG.replace("PLACE", &place)).unwrap();
        let mut daemon = Command::new("dbus-daemon");
        daemon.arg(format!("--config-file={}", config.display()));
        daemon.args(["--nofork", "--nopidfile", "--print-address"]);
        daemon.stdout(Stdio::piped()).kill_on_drop(true);
        let mut daemon = daemon.spawn().expect("dbus-daemon, of Debian's package of that name");
        let mut address = String::new();
        let out = daemon.stdout.take().unwrap();
        soon(BufReader::new(out).read_line(&mut address)).await.unwrap();
        Self { address: address.trim().to_owned(), folder, _daemon: daemon }
    }

    pub(crate) async fn connect(&self) -> Connection {
        let builder = zbus::connection::Builder::address(self.address.as_str());
        soon(builder.build()).await.unwrap()
    }
}

/// What the program is told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Notify(Notification),
    Close(u32),
    /// What no program may do, says the specification.
    Wrong(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notification {
    pub(crate) id: u32,
    /// The unique name of who wants it shown.
    pub(crate) from: String,
    pub(crate) summary: String,
    /// As a person reads it.
    pub(crate) body: String,
    pub(crate) actions: Vec<String>,
    pub(crate) life: i32,
}

/// Shows notifications at a bus.
pub(crate) struct Shows {
    pub(crate) connection: Connection,
    /// Whoever asks for a notification waits for one of these.
    pub(crate) answers: Arc<Semaphore>,
    shown: Shown,
    told: mpsc::UnboundedReceiver<Told>,
}

type Shown = Arc<Mutex<BTreeMap<u32, Vec<String>>>>;

impl Shows {
    pub(crate) async fn at(bus: &Bus, capabilities: &'static [&'static str]) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        let (shown, answers) = (Shown::default(), Arc::new(Semaphore::new(100)));
        let interface = Interface {
            capabilities,
            answers: Arc::clone(&answers),
            shown: Arc::clone(&shown),
            tell,
        };
        let builder = zbus::connection::Builder::address(bus.address.as_str());
        let builder = builder.serve_at(PLACE, interface).name(NAME);
        Self { connection: soon(builder.build()).await.unwrap(), answers, shown, told }
    }

    pub(crate) async fn told(&mut self) -> Told {
        soon(self.told.recv()).await.unwrap()
    }

    pub(crate) async fn notified(&mut self) -> Notification {
        match self.told().await {
            Told::Notify(notification) => notification,
            other => panic!("no notification: {other:?}"),
        }
    }

    /// Whether nothing was said that was not asked for here.
    pub(crate) fn was_told_no_more(&self) -> bool {
        self.told.is_empty()
    }

    /// The person chooses an action, and the notification goes away.
    pub(crate) async fn press(&self, id: u32, action: &str) {
        let offered = self.shown.lock().unwrap().get(&id).cloned().expect("it is shown");
        assert!(offered.iter().step_by(2).any(|offered| offered == action), "{offered:?}");
        signal(&self.connection, None, "ActionInvoked", &(id, action)).await;
        self.goes_away(id, 2).await;
    }

    /// A notification goes away for this reason.
    pub(crate) async fn goes_away(&self, id: u32, reason: u32) {
        self.shown.lock().unwrap().remove(&id).expect("it is shown");
        signal(&self.connection, None, "NotificationClosed", &(id, reason)).await;
    }

    /// The programs at the bus.
    pub(crate) async fn guests(&self) -> Vec<String> {
        let (bus, place) = ("org.freedesktop.DBus", "/org/freedesktop/DBus");
        let names = self.connection.call_method(Some(bus), place, Some(bus), "ListNames", &());
        let names: Vec<String> = soon(names).await.unwrap().body().deserialize().unwrap();
        names.into_iter().filter(|name| name.starts_with(':')).collect()
    }

    /// Waits until a program has gone from the bus: it has heard all that came before.
    pub(crate) async fn has_gone(&self, name: &str) {
        until(async || !self.guests().await.iter().any(|guest| guest == name)).await;
    }
}

/// Says something of a notification, whoever says it, to everybody or to one.
pub(crate) async fn signal<B>(from: &Connection, to: Option<&str>, member: &str, body: &B)
where
    B: serde::Serialize + zbus::zvariant::DynamicType,
{
    from.emit_signal(to, PLACE, NAME, member, body).await.unwrap();
}

struct Interface {
    capabilities: &'static [&'static str],
    answers: Arc<Semaphore>,
    shown: Shown,
    tell: mpsc::UnboundedSender<Told>,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Interface {
    fn get_capabilities(&self) -> Vec<String> {
        self.capabilities.iter().map(ToString::to_string).collect()
    }

    #[expect(clippy::too_many_arguments, reason = "the specification's")]
    async fn notify(
        &self,
        #[zbus(header)] header: message::Header<'_>,
        app_name: String,
        replaces_id: u32,
        app_icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedVariant>,
        expire_timeout: i32,
    ) -> fdo::Result<u32> {
        self.answers.acquire().await.unwrap().forget();
        let can = |capability| self.capabilities.contains(&capability);
        let body = if can("body-markup") { read(&body) } else { Some(body) };
        let is_right = !app_name.is_empty()
            && (replaces_id, app_icon.as_str()) == (0, "")
            && !summary.is_empty()
            && !summary.contains('\n')
            && body.as_ref().is_some_and(|body| can("body") || body.is_empty())
            && actions.len().is_multiple_of(2)
            && (can("actions") || actions.is_empty())
            && hints.iter().all(|(name, value)| is_hint(name, value))
            && expire_timeout >= -1;
        let Some(body) = body.filter(|_| is_right) else {
            return Err(self.wrong(format!("{app_name} {summary} {actions:?} {hints:?}")));
        };
        let from = header.sender().unwrap().to_string();
        let mut shown = self.shown.lock().unwrap();
        let id = shown.keys().max().copied().unwrap_or(4710) + 1;
        shown.insert(id, actions.clone());
        let life = expire_timeout;
        let notification = Notification { id, from, summary, body, actions, life };
        self.tell.send(Told::Notify(notification)).unwrap();
        Ok(id)
    }

    async fn close_notification(
        &self,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
        id: u32,
    ) -> fdo::Result<()> {
        if self.shown.lock().unwrap().remove(&id).is_none() {
            return Err(self.wrong(format!("{id} is not shown, and may be another's by now")));
        }
        self.tell.send(Told::Close(id)).unwrap();
        Self::notification_closed(&emitter, id, 3).await?;
        Ok(())
    }

    #[zbus(signal)]
    async fn notification_closed(
        emitter: &SignalEmitter<'_>,
        id: u32,
        reason: u32,
    ) -> zbus::Result<()>;
}

impl Interface {
    fn wrong(&self, what: String) -> fdo::Error {
        // A test that is over does not hear it.
        let _ = self.tell.send(Told::Wrong(what.clone()));
        fdo::Error::InvalidArgs(what)
    }
}

/// The hints of the specification that are used here, with their types.
fn is_hint(name: &str, value: &OwnedVariant) -> bool {
    match name {
        "urgency" => value.downcast_ref::<u8>().is_ok_and(|urgency| urgency <= 2),
        "transient" => value.downcast_ref::<bool>().is_ok(),
        "desktop-entry" => value.downcast_ref::<&str>().is_ok_and(|entry| {
            let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/desktop");
            std::path::Path::new(shipped).join(format!("{entry}.desktop")).is_file()
        }),
        _ => false,
    }
}

/// What a person reads of a body with markup; `None`: it is none.
fn read(body: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = body;
    while let Some(at) = rest.find(['<', '>', '&']) {
        text.push_str(&rest[..at]);
        let (mark, end) = if rest[at..].starts_with('&') { ("&", ';') } else { ("<", '>') };
        let (inner, after) = rest[at..].strip_prefix(mark)?.split_once(end)?;
        match (mark, inner) {
            ("&", "amp") => text.push('&'),
            ("&", "lt") => text.push('<'),
            ("&", "gt") => text.push('>'),
            ("&", _) => return None,
            (_, tag) => {
                let tag = tag.trim_start_matches('/').split(' ').next()?;
                ["b", "i", "u", "a", "img"].contains(&tag).then_some(())?;
            }
        }
        rest = after;
    }
    text.push_str(rest);
    Some(text)
}
