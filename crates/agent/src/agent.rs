//! The agent as a whole: its enrolments, each with a channel, and one desk for all of them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agent_protocol::{EnrolmentCode, Link};
use link_pkcs11::Modules;
use tokio::task::JoinSet;

use crate::Browser;
use crate::board::{Board, DeviceSource};
use crate::channel::Pace;
use crate::desk::{Desk, Tools, lock};
use crate::held::Held;
use crate::http::{self, Caller};
use crate::locker::Locker;
use crate::notice::Notices;
use crate::pairing::{PairError, Pairing};
use crate::pinentry::Pinentry;
use crate::server_address::ServerAddress;
use crate::socket::{self, Socket};
use crate::state::{Claim, State, StateError};
use crate::status::Status;

mod inner;

pub(crate) use inner::Inner;

/// How an agent is set up. The program reads this from its environment; a test makes it.
pub struct Config {
    /// The folder of its state, mode 0700; made if it is not there.
    pub state_dir: PathBuf,
    /// The socket on which `pair`, `open` and `status` reach it; `None`: none.
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
        let listen = |socket: Socket| {
            let path = socket.path();
            socket.listen().map_err(|source| StartError::Socket { path, source })
        };
        let listener = config.socket.map(listen).transpose()?;
        for enrolment in enrolments {
            Inner::attend(&inner, enrolment);
        }
        let mut tasks = JoinSet::new();
        // Who asks has to do with an agent that knows its enrolments.
        if let Some(listener) = listener {
            tasks.spawn(socket::serve(listener, Arc::clone(&inner)));
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
