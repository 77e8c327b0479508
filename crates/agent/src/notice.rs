//! The desktop's notification of a request, with a way to cancel it.
//!
//! It comes beside the dialogs and takes no PIN. On a desktop without a session bus, or without
//! anybody who shows notifications, there is none, and the dialogs are all there is. The bus is
//! connected for as long as a notification is there: an agent that waits has nothing to do with it.

mod server;

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, oneshot};
use tokio::time::timeout;

use crate::causes::Causes;
use server::{End, PATIENCE, Server};

/// Where notifications are shown: at a session bus, or nowhere.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notices {
    bus: Option<String>,
    /// One at a time. Held until the notification is gone, which may be after its request.
    one: Arc<Mutex<()>>,
}

/// The request of a notification, as the notification's task sees it.
struct Request {
    who_asks: String,
    life: Duration,
    /// Never told anything; hears that its sender was dropped, which is when the request is over.
    over: oneshot::Receiver<Infallible>,
    /// Hears that the person has chosen to cancel.
    cancelled: oneshot::Sender<()>,
}

impl Notices {
    pub(crate) fn at(bus: Option<String>) -> Self {
        Self { bus, one: Arc::default() }
    }

    /// Shows what asks for the card, for at most `life`, and returns when the person has chosen to
    /// cancel. To be dropped when the request is over: then the notification goes away.
    pub(crate) async fn cancelled(&self, who_asks: String, life: Duration) {
        if let Some(bus) = &self.bus {
            let (_request, over) = oneshot::channel();
            let (cancelled, chosen) = oneshot::channel();
            let request = Request { who_asks, life, over, cancelled };
            // A task of its own: what is dropped cannot take a notification away.
            tokio::spawn(show(Arc::clone(&self.one), bus.clone(), request));
            if chosen.await.is_ok() {
                return;
            }
        } else {
            tracing::debug!("no notification: there is no session bus");
        }
        // The dialogs remain.
        pending::<()>().await;
    }

    /// Waits until no notification is shown, if that is soon.
    pub(crate) async fn gone(&self) {
        let _ = timeout(PATIENCE, self.one.lock()).await;
    }
}

/// Shows one notification, and takes it away.
async fn show(one: Arc<Mutex<()>>, bus: String, mut request: Request) {
    let server = async {
        let one = one.lock_owned().await;
        (one, Server::at(&bus).await)
    };
    let (_one, server) = tokio::select! {
        biased;
        _ = &mut request.over => return,
        server = server => server,
    };
    let shown = match server {
        Ok(server) => one_at(server, request).await,
        Err(error) => Err(error),
    };
    if let Err(error) = shown {
        tracing::debug!(error = %Causes(&error), "no notification");
    }
}

/// The life of one notification.
async fn one_at(mut server: Server, request: Request) -> zbus::Result<()> {
    let Request { who_asks, life, over, cancelled } = request;
    // Also when the request is over meanwhile: what has no number cannot be taken away.
    let id = server.notify(&who_asks, life).await?;
    let mut end = tokio::select! {
        biased;
        _ = over => None,
        end = server.end_of(id) => Some(end),
    };
    if end == Some(End::Cancelled) {
        // Nobody listens any more: the request was over at the same moment.
        let _ = cancelled.send(());
        // Once an action is chosen, a notification goes away by itself.
        end = timeout(PATIENCE, server.end_of(id)).await.ok();
    }
    // The number of one that is closed may be another's by now.
    if end != Some(End::Closed) {
        server.close(id).await?;
    }
    Ok(())
}
