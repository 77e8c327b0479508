//! The channel of one enrolment: an outbound WebSocket that comes back by itself.

use std::sync::Arc;
use std::time::Duration;

use agent_protocol::channel::ChannelError;
use agent_protocol::{AgentMessage, NonceAnswer, PROOF_HEADER, ServerMessage, limits, paths};
use futures_util::{SinkExt as _, StreamExt as _};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
};

use crate::causes::Causes;
use crate::clock;
use crate::desk::Desk;
use crate::http::{self, CALL, CallError, Caller};
use crate::random;
use crate::state::Enrolment;

/// What is shorter is no sleep of the computer, but the time between two looks at clocks.
pub(crate) const NAP: Duration = Duration::from_secs(1);

/// How the agent keeps its channels.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How often it pings; a server that has said nothing for two of these is gone.
    pub ping: Duration,
    /// The first wait before it tries again.
    pub retry_first: Duration,
    /// The longest.
    pub retry_most: Duration,
    /// How long the computer has slept so far.
    pub slept: fn() -> Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            ping: limits::PING,
            retry_first: Duration::from_millis(500),
            retry_most: Duration::from_mins(1),
            slept: clock::slept,
        }
    }
}

/// Why there is no channel.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("cannot get a nonce")]
    Nonce(#[from] CallError),
    #[error("cannot open the channel")]
    Open(#[from] tungstenite::Error),
    #[error("the server does not answer in time")]
    Timeout,
}

/// What a channel needs from the agent.
pub(crate) struct Channel {
    pub(crate) enrolment: Arc<Enrolment>,
    /// Knows what cards still hold.
    pub(crate) desk: Arc<Desk>,
    pub(crate) caller: Caller,
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) pace: Pace,
    /// Told when something has changed that makes another try worth while.
    pub(crate) wake: Arc<Notify>,
    pub(crate) connected: watch::Sender<bool>,
    pub(crate) heard: mpsc::Sender<ServerMessage>,
    pub(crate) to_say: mpsc::Receiver<AgentMessage>,
    /// What was to be said over a connection from before a sleep.
    pub(crate) unsaid: Option<AgentMessage>,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

impl Channel {
    /// Keeps the channel open until the task is ended.
    pub(crate) async fn run(mut self) {
        let mut wait = self.pace.retry_first;
        loop {
            match self.connect().await {
                Ok(socket) => {
                    let begun = clock::now();
                    self.connected.send_replace(true);
                    tracing::info!(server = self.server(), "channel open");
                    self.serve(socket).await;
                    self.connected.send_replace(false);
                    tracing::info!(server = self.server(), "channel closed");
                    // A server that takes us and drops us at once is no better than one that
                    // is down.
                    if begun.elapsed() >= self.pace.ping {
                        wait = self.pace.retry_first;
                    }
                }
                Err(error) => tracing::info!(
                    server = self.server(),
                    error = %Causes(&error),
                    "no channel"
                ),
            }
            tokio::select! {
                () = tokio::time::sleep(jittered(wait)) => {
                    wait = wait.saturating_mul(2).min(self.pace.retry_most);
                }
                () = self.wake.notified() => wait = self.pace.retry_first,
            }
        }
    }

    fn server(&self) -> &str {
        self.enrolment.record.server.origin()
    }

    /// Opens the channel with a proof over a nonce of the server.
    async fn connect(&self) -> Result<Socket, ConnectError> {
        let (server, key) = (&self.enrolment.record.server, &self.enrolment.key);
        let body = serde_json::json!({});
        let answer: NonceAnswer = self.caller.post(server, paths::NONCE, &body, key, CALL).await?;
        let proof = http::new_proof("GET", &server.url(paths::CHANNEL), b"");
        let proof = proof.map_err(CallError::Random)?.with_nonce(answer.nonce);
        let proof = proof.sign(key).map_err(CallError::Key)?;
        let mut request = server.channel_url(paths::CHANNEL).into_client_request()?;
        let proof = proof.parse().map_err(|_| CallError::Malformed)?;
        request.headers_mut().insert(PROOF_HEADER, proof);
        let connector = Connector::Rustls(Arc::clone(&self.tls));
        let open = connect_async_tls_with_config(request, Some(small()), true, Some(connector));
        let (socket, _) = timeout(CALL, open).await.map_err(|_| ConnectError::Timeout)??;
        Ok(socket)
    }

    /// Passes messages on, until the connection ends.
    async fn serve(&mut self, mut socket: Socket) {
        let slept = (self.pace.slept)();
        if self.say_what_is_held(&mut socket).await.is_err() {
            return;
        }
        let mut ping = tokio::time::interval(self.pace.ping);
        ping.reset();
        let mut silent = false;
        loop {
            let done = tokio::select! {
                message = socket.next() => {
                    silent = false;
                    !self.hear(message).await
                }
                Some(message) = self.to_say.recv() => {
                    if self.has_slept_since(slept) {
                        self.unsaid = Some(message);
                        return;
                    }
                    socket.send(Message::text(message.encode())).await.is_err()
                }
                _ = ping.tick() => {
                    let gone = silent;
                    silent = true;
                    gone || socket.send(Message::Ping(Vec::new().into())).await.is_err()
                }
                // Something makes it worth while to look; a timer of ours would wake the computer.
                () = self.wake.notified() => false,
            };
            if done || self.has_slept_since(slept) {
                return;
            }
        }
    }

    /// Whether the computer has slept meanwhile. The server, and what is on the way to it, have then most
    /// likely forgotten the connection, which itself would not say so before two pings.
    fn has_slept_since(&self, before: Duration) -> bool {
        let has_slept = (self.pace.slept)().saturating_sub(before) > NAP;
        if has_slept {
            tracing::info!(server = self.server(), "the computer has slept");
        }
        has_slept
    }

    /// What has left while there was no connection, and then what is still there: the server ends what
    /// is in neither. The list is taken first, so that what leaves meanwhile is in both.
    async fn say_what_is_held(&mut self, socket: &mut Socket) -> Result<(), tungstenite::Error> {
        let ids = self.desk.held(&self.enrolment.device);
        while let Some(message) = self.unsaid.take().or_else(|| self.to_say.try_recv().ok()) {
            socket.send(Message::text(message.encode())).await?;
        }
        socket.send(Message::text(AgentMessage::Holds { ids }.encode())).await
    }

    /// Passes one message on; `false` when it was the last.
    async fn hear(&self, message: Option<Result<Message, tungstenite::Error>>) -> bool {
        match message {
            Some(Ok(Message::Text(text))) => match ServerMessage::parse(&text) {
                Ok(message) => self.heard.send(message).await.is_ok(),
                Err(error) => {
                    ignored(&error);
                    true
                }
            },
            Some(Ok(Message::Binary(_))) => {
                ignored(&ChannelError::Malformed);
                true
            }
            Some(Ok(Message::Close(_))) | None => false,
            Some(Ok(_)) => true,
            Some(Err(error)) => {
                tracing::info!(error = %Causes(&error), "channel broken");
                false
            }
        }
    }
}

fn ignored(error: &ChannelError) {
    tracing::warn!(%error, "message ignored");
}

/// Nothing in the protocol is longer.
fn small() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(limits::MAX_CHANNEL_MESSAGE))
        .max_frame_size(Some(limits::MAX_CHANNEL_MESSAGE))
}

/// Between half of `wait` and all of it, so that the agents of a server that comes back do not
/// all arrive at once.
fn jittered(wait: Duration) -> Duration {
    let [byte] = random::array().unwrap_or([0]);
    wait.mul_f64(0.5 + f64::from(byte) / 510.0)
}
