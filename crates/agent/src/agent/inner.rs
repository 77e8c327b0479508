//! The agent at work: each enrolment with its channel, and what the messages on it say to do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use agent_protocol::{AgentMessage, Link, Selector, ServerMessage, Thumbprint};
use rustls::ClientConfig;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::Browser;
use crate::board::{Board, Device, Kind, Way};
use crate::causes::Causes;
use crate::channel::{Channel, Pace};
use crate::desk::{Desk, lock};
use crate::http::Caller;
use crate::state::{Enrolment, Record, State};
use crate::status::{EnrolmentInfo, Status, VERSION};

/// What all parts of a running agent work with.
pub(crate) struct Inner {
    pub(crate) state: State,
    pub(crate) caller: Caller,
    pub(crate) device_name: String,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) pace: Pace,
    pub(super) board: Board,
    pub(super) desk: Arc<Desk>,
    pub(super) browser: Option<Browser>,
    pub(super) attended: Mutex<BTreeMap<Thumbprint, Attended>>,
}

/// An enrolment with its tasks; they end when this is dropped.
pub(super) struct Attended {
    enrolment: Arc<Enrolment>,
    connected: watch::Receiver<bool>,
    wake: Arc<Notify>,
    say: mpsc::Sender<AgentMessage>,
    tasks: JoinSet<()>,
}

impl Inner {
    /// Opens the channel of an enrolment, and keeps it.
    pub(crate) fn attend(self: &Arc<Self>, enrolment: Enrolment) -> EnrolmentInfo {
        let enrolment = Arc::new(enrolment);
        // A server says little, and waits if nobody listens.
        let (heard, messages) = mpsc::channel(16);
        let (say, to_say) = mpsc::channel(16);
        let connected = watch::Sender::new(false);
        let wake = Arc::new(Notify::new());
        let mut attended = Attended {
            enrolment: Arc::clone(&enrolment),
            connected: connected.subscribe(),
            wake: Arc::clone(&wake),
            say: say.clone(),
            tasks: JoinSet::new(),
        };
        let channel = Channel {
            enrolment: Arc::clone(&enrolment),
            desk: Arc::clone(&self.desk),
            caller: self.caller.clone(),
            tls: Arc::clone(&self.tls),
            pace: self.pace,
            wake,
            connected,
            heard,
            to_say,
            unsaid: None,
        };
        attended.tasks.spawn(channel.run());
        attended.tasks.spawn(listen(Arc::clone(self), Arc::clone(&enrolment), messages, say));
        let info = attended.info();
        lock(&self.attended).insert(enrolment.device.clone(), attended);
        info
    }

    pub(crate) fn status(&self) -> Status {
        let enrolments = lock(&self.attended).values().map(Attended::info).collect();
        let in_words = |device: Device| match device.kind {
            Kind::Card => format!("Card in {}", device.name),
            Kind::Key => format!("Key: {}", device.name),
        };
        let mut devices = self.board.devices();
        // Cards that are there for a request are in a reader that is told of anyway.
        devices.retain(|device| matches!(device.way, Way::Ctap(_)));
        let devices = devices.into_iter().map(in_words).collect();
        Status { version: VERSION.to_owned(), enrolments, devices }
    }

    pub(crate) fn reconnect(&self) {
        lock(&self.attended).values().for_each(|attended| attended.wake.notify_one());
    }

    /// Works on the ticket of a link, if it is for an enrolment of ours and not too much. Gives the
    /// address that the person's browser must open then.
    pub(crate) async fn open(&self, link: &Link) -> Option<String> {
        let address = self.begin(link)?;
        address.await.ok()
    }

    /// Begins to work on the ticket of a link. The address comes when it is known; nothing does
    /// where there is none.
    fn begin(&self, link: &Link) -> Option<oneshot::Receiver<String>> {
        let mut attended = lock(&self.attended);
        let is_meant = |attended: &&mut Attended| is_for(link, &attended.enrolment.record);
        let Some(attended) = attended.values_mut().find(is_meant) else {
            tracing::debug!("a link is dropped: it is for none of our servers");
            return None;
        };
        match self.desk.take_link(&attended.enrolment, link) {
            Ok(taken) => {
                let (browse, address) = oneshot::channel();
                while attended.tasks.try_join_next().is_some() {}
                attended.tasks.spawn(taken.work(attended.say.clone(), browse));
                Some(address)
            }
            Err(reason) => {
                tracing::info!(?reason, "a link is dropped");
                None
            }
        }
    }

    /// Has the person's browser open an address of an enrolled server.
    pub(crate) fn browse(&self, address: &str) {
        match self.browser.as_ref().map(|browser| browser.open(address)) {
            // Nobody waits for it: it ends by itself, or with the browser.
            Some(Ok(_)) => {}
            Some(Err(error)) => tracing::error!(%error, "the browser cannot be opened"),
            None => tracing::error!("no browser is known here: set BROWSER for the agent"),
        }
    }

    pub(super) fn channels(&self) -> Vec<watch::Receiver<bool>> {
        lock(&self.attended).values().map(|attended| attended.connected.clone()).collect()
    }

    /// The server has revoked the device: nothing of the enrolment stays.
    fn forget(&self, enrolment: &Enrolment) {
        self.desk.cancel_all_of(&enrolment.device);
        if let Err(error) = self.state.remove(enrolment) {
            tracing::error!(error = %Causes(&error), "cannot remove a record");
        }
        lock(&self.attended).remove(&enrolment.device);
    }
}

/// Whether a link is for this enrolment.
fn is_for(link: &Link, record: &Record) -> bool {
    Selector::of(record.server.origin(), &record.tenant) == *link.selector()
}

impl Attended {
    fn info(&self) -> EnrolmentInfo {
        let record = &self.enrolment.record;
        EnrolmentInfo {
            server: record.server.origin().to_owned(),
            tenant: record.tenant.clone(),
            tenant_name: record.tenant_name.clone(),
            account: record.account.clone(),
            device_id: record.device_id.clone(),
            connected: *self.connected.borrow(),
        }
    }
}

/// Does what the messages of one channel say.
async fn listen(
    inner: Arc<Inner>,
    enrolment: Arc<Enrolment>,
    mut messages: mpsc::Receiver<ServerMessage>,
    say: mpsc::Sender<AgentMessage>,
) {
    let mut work = JoinSet::new();
    while let Some(message) = messages.recv().await {
        while work.try_join_next().is_some() {}
        match message {
            ServerMessage::Ticket { id } => match inner.desk.take(&enrolment, id.clone()) {
                Ok(taken) => {
                    let (browse, address) = oneshot::channel();
                    work.spawn(taken.work(say.clone(), browse));
                    let inner = Arc::clone(&inner);
                    work.spawn(async move {
                        if let Ok(address) = address.await {
                            inner.browse(&address);
                        }
                    });
                }
                Err(None) => tracing::info!("a request is dropped: the person said no before"),
                Err(Some(reason)) => {
                    tracing::info!(?reason, "a request is refused");
                    // A full queue means a server that floods; it learns no more from us.
                    let _ = say.try_send(AgentMessage::Refused { id, reason });
                }
            },
            ServerMessage::Cancel { id } => inner.desk.cancel(&enrolment.device, &id),
            ServerMessage::Lock if inner.desk.admits_lock(&enrolment.device) => {
                let desk = Arc::clone(&inner.desk);
                work.spawn(async move { desk.lock().await });
            }
            ServerMessage::Lock => tracing::info!("the desktop was locked a moment ago"),
            ServerMessage::Revoke => {
                tracing::warn!(server = enrolment.record.server.origin(), "enrolment revoked");
                inner.forget(&enrolment);
                return;
            }
        }
    }
}
