//! The agent as a whole: its enrolments, each with a channel, and one desk for all of them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agent_protocol::{AgentMessage, EnrolmentCode, Link, Selector, ServerMessage, Thumbprint};
use link_pkcs11::Modules;
use rustls::ClientConfig;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::Browser;
use crate::board::{Board, Device, DeviceSource, Kind, Way};
use crate::causes::Causes;
use crate::channel::{Channel, Pace};
use crate::desk::{Desk, Tools, lock};
use crate::held::Held;
use crate::http::{self, Caller};
use crate::locker::Locker;
use crate::notice::Notices;
use crate::pairing::{PairError, Pairing};
use crate::pinentry::Pinentry;
use crate::server_address::ServerAddress;
use crate::socket::{self, Socket};
use crate::state::{Claim, Enrolment, Record, State, StateError};

/// How an agent is set up. The program reads this from its environment; a test makes it.
pub struct Config {
    /// The folder of its state, mode 0700; made if it is not there.
    pub state_dir: PathBuf,
    /// The socket on which `pair` and `status` reach it; `None`: none.
    pub socket: Option<Socket>,
    /// Asks the person.
    pub pinentry: Pinentry,
    /// Opens a page of the server, where an answer counts only once the browser is back.
    pub browser: Option<Browser>,
    /// The address of the session bus, where notifications are shown; `None`: none are.
    pub session_bus: Option<String>,
    /// Locks the desktop, where a tenant wants that.
    pub locker: Locker,
    /// A card that leaves sooner after its answer was only tapped, and not there to stay.
    pub tap: Duration,
    /// Finds cards and keys.
    pub devices: Box<dyn DeviceSource>,
    /// What knows smart cards with certificates; `None`: they are not asked.
    pub modules: Option<Modules>,
    /// What the page calls this computer.
    pub device_name: String,
    /// How it keeps its channels.
    pub pace: Pace,
}

/// Why an agent does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The folder.
    #[error(transparent)]
    State(#[from] StateError),
    /// TLS.
    #[error("cannot set up tls")]
    Tls(#[from] rustls::Error),
    /// HTTP.
    #[error("cannot set up http")]
    Http(#[from] reqwest::Error),
    /// The devices.
    #[error("cannot watch for cards")]
    Devices(#[source] std::io::Error),
    /// The socket.
    #[error("cannot listen on {}", path.display())]
    Socket {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

/// One enrolment, for people and tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolmentInfo {
    /// The server's origin.
    pub server: String,
    /// The tenant's slug.
    pub tenant: String,
    /// The tenant's name.
    pub tenant_name: String,
    /// Whose login enrolled the device.
    pub account: String,
    /// The server's name for this device.
    pub device_id: String,
    /// Whether its channel is open.
    pub connected: bool,
}

/// The version of this program.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the agent knows at the moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The version of the daemon; empty: one from before it was said.
    #[serde(default)]
    pub version: String,
    /// Its enrolments.
    pub enrolments: Vec<EnrolmentInfo>,
    /// The cards and keys that are there.
    pub devices: Vec<String>,
}

pub(crate) struct Inner {
    pub(crate) state: State,
    pub(crate) caller: Caller,
    pub(crate) device_name: String,
    tls: Arc<ClientConfig>,
    pace: Pace,
    board: Board,
    desk: Arc<Desk>,
    browser: Option<Browser>,
    attended: Mutex<BTreeMap<Thumbprint, Attended>>,
}

/// An enrolment with its tasks; they end when this is dropped.
struct Attended {
    enrolment: Arc<Enrolment>,
    connected: watch::Receiver<bool>,
    wake: Arc<Notify>,
    say: mpsc::Sender<AgentMessage>,
    tasks: JoinSet<()>,
}

/// A running agent. Dropping it ends every ceremony and closes every channel.
pub struct Agent {
    inner: Arc<Inner>,
    _tasks: JoinSet<()>,
    _devices: Box<dyn Send>,
    _claim: Claim,
}

impl Agent {
    /// Starts an agent on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn start(config: Config) -> Result<Self, StartError> {
        let (state, claim) = State::open(&config.state_dir)?;
        let enrolments = state.enrolments()?;
        let tls = http::tls()?;
        let caller = Caller::new(&tls)?;
        let board = Board::new();
        let devices = config.devices.start(board.clone()).map_err(StartError::Devices)?;
        let tools = Tools {
            pinentry: config.pinentry,
            notices: Notices::at(config.session_bus),
            locker: config.locker,
            modules: config.modules,
        };
        let desk = Desk::new(caller.clone(), board.clone(), tools, Held::new(config.tap));
        let desk = Arc::new(desk);
        let (device_name, pace, browser) = (config.device_name, config.pace, config.browser);
        let attended = Mutex::default();
        let inner = Inner { state, caller, device_name, tls, pace, board, desk, browser, attended };
        let inner = Arc::new(inner);
        let mut tasks = JoinSet::new();
        if let Some(socket) = config.socket {
            let path = socket.path();
            let listener = socket.listen().map_err(|source| StartError::Socket { path, source })?;
            tasks.spawn(socket::serve(listener, Arc::clone(&inner)));
        }
        for enrolment in enrolments {
            Inner::attend(&inner, enrolment);
        }
        Ok(Self { inner, _tasks: tasks, _devices: devices, _claim: claim })
    }

    /// Enrols this computer at `server` with the code that a page shows.
    ///
    /// # Errors
    ///
    /// [`PairError`]; also when the two are paired already.
    pub async fn pair(
        &self,
        server: &ServerAddress,
        code: &EnrolmentCode,
    ) -> Result<Pairing, PairError> {
        Pairing::begin(Arc::clone(&self.inner), server, code, false).await
    }

    /// The same at a server with which this computer may be paired: one more browser.
    ///
    /// # Errors
    ///
    /// [`PairError`].
    pub async fn pair_again(
        &self,
        server: &ServerAddress,
        code: &EnrolmentCode,
    ) -> Result<Pairing, PairError> {
        Pairing::begin(Arc::clone(&self.inner), server, code, true).await
    }

    /// Works on the ticket of a link that a page has opened: the address that the person's browser
    /// must open then, for the card's answer to count.
    pub async fn open(&self, link: &Link) -> Option<String> {
        self.inner.open(link).await
    }

    /// What the agent knows at the moment.
    pub fn status(&self) -> Status {
        self.inner.status()
    }

    /// Waits until every channel is open.
    pub async fn connected(&self) {
        for mut connected in self.inner.channels() {
            // A channel whose enrolment was revoked meanwhile is not waited for.
            let _ = connected.wait_for(|open| *open).await;
        }
    }

    /// Tries every channel that is not open at once: the network is back, or the computer awake.
    pub fn reconnect(&self) {
        self.inner.reconnect();
    }

    /// Ends it, and waits a moment until the desktop shows nothing of it: a notification does not go
    /// away with the program that has asked for it.
    pub async fn end(self) {
        let desk = Arc::clone(&self.inner.desk);
        drop(self);
        desk.cleared().await;
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.inner.desk.cancel_all();
        lock(&self.inner.attended).clear();
    }
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agent").field("status", &self.status()).finish_non_exhaustive()
    }
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

    fn channels(&self) -> Vec<watch::Receiver<bool>> {
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
            ServerMessage::Lock => {
                let desk = Arc::clone(&inner.desk);
                work.spawn(async move { desk.lock().await });
            }
            ServerMessage::Revoke => {
                tracing::warn!(server = enrolment.record.server.origin(), "enrolment revoked");
                inner.forget(&enrolment);
                return;
            }
        }
    }
}
