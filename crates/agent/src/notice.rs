//! The desktop's notification of a request, with a way to cancel it
//! (`org.freedesktop.Notifications`, Desktop Notifications Specification 1.3).
//!
//! It comes beside the dialogs and takes no PIN. On a desktop without a session bus, or without
//! anybody who shows notifications, there is none, and the dialogs are all there is.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::timeout;
use zbus::zvariant::Value;

use crate::causes::Causes;

const PLACE: &str = "/org/freedesktop/Notifications";
const NAME: &str = "org.freedesktop.Notifications";
/// What our one action is called. Nobody sees it.
const CANCEL: &str = "cancel";
/// How long the bus, and whoever shows notifications, may take for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where notifications are shown: at this session bus, or nowhere.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notices {
    bus: Option<String>,
}

/// One notification, as long as its request is before the person.
struct Notice<'p> {
    proxy: &'p zbus::Proxy<'static>,
    id: u32,
}

impl Notices {
    pub(crate) fn at(bus: Option<String>) -> Self {
        Self { bus }
    }

    /// Shows `words` for at most `life`, and returns when the person has chosen to cancel. To be
    /// dropped when the request is over: then the notification goes away.
    pub(crate) async fn cancelled(&self, words: &str, life: Duration) {
        if let Some(bus) = &self.bus {
            match shown(bus, words, life).await {
                Ok(true) => return,
                // Closed, or the bus went away: the dialogs remain.
                Ok(false) => {}
                Err(error) => tracing::debug!(error = %Causes(&error), "no notification"),
            }
        }
        std::future::pending().await
    }
}

/// Whether the person has cancelled; false when nobody listens any more.
async fn shown(bus: &str, words: &str, life: Duration) -> zbus::Result<bool> {
    let late = |_| zbus::Error::Failure("no answer in time".into());
    let connecting = zbus::connection::Builder::address(bus).build();
    let connection = timeout(PATIENCE, connecting).await.map_err(late)??;
    let proxy = zbus::Proxy::new(&connection, NAME, PLACE, NAME).await?;
    // Before the notification, so that no answer to it is missed.
    let mut actions =
        timeout(PATIENCE, proxy.receive_signal("ActionInvoked")).await.map_err(late)??;
    let id = timeout(PATIENCE, notify(&proxy, words, life)).await.map_err(late)??;
    let notice = Notice { proxy: &proxy, id };
    while let Some(action) = actions.next().await {
        let body = action.body();
        if let Ok((of, action)) = body.deserialize::<(u32, &str)>()
            && (of, action) == (notice.id, CANCEL)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn notify(proxy: &zbus::Proxy<'_>, words: &str, life: Duration) -> zbus::Result<u32> {
    let life = i32::try_from(life.as_millis()).unwrap_or(i32::MAX);
    let hints = HashMap::from([
        ("desktop-entry", Value::from("cardea-agent")),
        // It is of no use in a list of what was missed.
        ("transient", Value::from(true)),
        // Critical: it waits for somebody, and is shown over a full screen.
        ("urgency", Value::from(2_u8)),
    ]);
    let (replaces, icon, body) = (0_u32, "", "");
    let actions = [CANCEL, "Cancel"].as_slice();
    let arguments = ("Cardea", replaces, icon, words, body, actions, hints, life);
    proxy.call("Notify", &arguments).await
}

impl Drop for Notice<'_> {
    fn drop(&mut self) {
        let (proxy, id) = (self.proxy.clone(), self.id);
        tokio::spawn(async move {
            let closed = timeout(PATIENCE, proxy.call::<_, _, ()>("CloseNotification", &(id,)));
            // One that is gone already is as good.
            closed.await.unwrap_or(Ok(())).unwrap_or_default();
        });
    }
}
