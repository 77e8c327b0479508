//! Whoever shows notifications (Desktop Notifications Specification 1.3, `org.freedesktop.Notifications`).

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::timeout;
use zbus::message::Type;
use zbus::names::OwnedUniqueName;
use zbus::zvariant::DynamicType;
use zbus::{Connection, MatchRule, Message, MessageStream, Variant};

use crate::words;

const PLACE: &str = "/org/freedesktop/Notifications";
const NAME: &str = "org.freedesktop.Notifications";
/// What our one action is called. Nobody sees it.
const CANCEL: &str = "cancel";
/// How long the bus, and whoever shows notifications, may take for an answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// The same when the bus may have to start the program first.
const START: Duration = Duration::from_secs(10);

/// One program that shows notifications, and what it says of them.
pub(super) struct Server {
    connection: Connection,
    /// # Security
    ///
    /// Anybody at the bus may send a signal of that name to us. Only this one is listened to.
    owner: OwnedUniqueName,
    capabilities: Vec<String>,
    signals: MessageStream,
}

/// How a notification ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The person has chosen to cancel.
    Cancelled,
    /// It is not shown any more, or nobody shows any.
    Closed,
}

impl Server {
    /// Whoever shows notifications at this bus.
    pub(super) async fn at(bus: &str) -> zbus::Result<Self> {
        let connecting = zbus::connection::Builder::address(bus).build();
        let connection = timeout(PATIENCE, connecting).await.map_err(late)??;
        let asked = connection.call_method(Some(NAME), PLACE, Some(NAME), "GetCapabilities", &());
        let answer = timeout(START, asked).await.map_err(late)??;
        let capabilities = answer.body().deserialize()?;
        let owner = answer.header().sender().map(|name| name.to_owned().into());
        let owner: OwnedUniqueName = owner.ok_or(zbus::Error::MissingField)?;
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(&owner)
            .path(PLACE)
            .interface(NAME)
            .build()?;
        // Before the notification, so that nothing that is said of it is missed.
        let signals = MessageStream::for_match_rule(rule, &connection, None);
        let signals = timeout(PATIENCE, signals).await.map_err(late)??;
        Ok(Self { connection, owner, capabilities, signals })
    }

    /// Shows a notification for `life`, and gives its number. As long as it could be shown, its
    /// number is waited for.
    pub(super) async fn notify(&self, who_asks: &str, life: Duration) -> zbus::Result<u32> {
        let milliseconds = i32::try_from(life.as_millis()).unwrap_or(i32::MAX);
        let hints = HashMap::from([
            ("desktop-entry", Variant::from("cardea-agent")),
            // It is of no use in a list of what was missed.
            ("transient", Variant::from(true)),
            // Critical: it waits for somebody, and is shown over a full screen.
            ("urgency", Variant::from(2_u8)),
        ]);
        let (summary, body) = self.text(who_asks);
        let actions = if self.can("actions") { [CANCEL, words::CANCEL].as_slice() } else { &[] };
        let (replaces, icon) = (0_u32, "");
        let body = (words::TITLE, replaces, icon, summary, body, actions, hints, milliseconds);
        self.call("Notify", &body, life).await?.body().deserialize()
    }

    /// Summary and body. A summary has no markup; a body has where it can.
    fn text(&self, who_asks: &str) -> (String, String) {
        match (self.can("body"), self.can("body-markup")) {
            (false, _) => (format!("{}: {who_asks}", words::TAP_CARD), String::new()),
            (true, false) => (words::TAP_CARD.to_owned(), who_asks.to_owned()),
            (true, true) => (words::TAP_CARD.to_owned(), escaped(who_asks)),
        }
    }

    fn can(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|can| can == capability)
    }

    /// Waits until the notification has ended.
    pub(super) async fn end_of(&mut self, id: u32) -> End {
        while let Some(Ok(signal)) = self.signals.next().await {
            if let Some(end) = end(&signal, id) {
                return end;
            }
        }
        End::Closed
    }

    /// Takes a notification away.
    pub(super) async fn close(&self, id: u32) -> zbus::Result<()> {
        self.call("CloseNotification", &(id,), PATIENCE).await.map(drop)
    }

    async fn call(
        &self,
        method: &str,
        body: &(impl serde::Serialize + DynamicType),
        patience: Duration,
    ) -> zbus::Result<Message> {
        let to = Some(self.owner.as_ref());
        let call = self.connection.call_method(to, PLACE, Some(NAME), method, body);
        timeout(patience, call).await.map_err(late)?
    }
}

/// What a signal says of the notification `id`, if it says that it has ended.
fn end(signal: &Message, id: u32) -> Option<End> {
    let (header, body) = (signal.header(), signal.body());
    match header.member()?.as_str() {
        "ActionInvoked" => {
            let invoked: (u32, &str) = body.deserialize().ok()?;
            (invoked == (id, CANCEL)).then_some(End::Cancelled)
        }
        "NotificationClosed" => {
            let (closed, _reason): (u32, u32) = body.deserialize().ok()?;
            (closed == id).then_some(End::Closed)
        }
        _ => None,
    }
}

fn late(_: tokio::time::error::Elapsed) -> zbus::Error {
    zbus::Error::Failure("no answer in time".into())
}

/// A text without markup, where markup is read.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
