use std::ops::ControlFlow;
use std::time::Duration;

use agent_protocol::{AgentMessage, Refused, ServerMessage, Ticket, limits, paths};
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::Moment;
use ids::TenantId;
use serde::Deserialize;
use store::{Device, DeviceState, StoreError};
use uuid::Uuid;

use crate::agents::caller::{Caller, Received, proof_of};
use crate::agents::refusal::CallError;
use crate::agents::{Connected, away, lifted, nonce, reason_name, ticket_for};
use crate::app::App;
use crate::entropy;
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::limits as rate;

#[derive(Deserialize)]
struct Nonce {
    nonce: String,
}

/// `GET /agent/v1/channel`: the WebSocket over which requests are pushed. The proof is over a
/// nonce of ours; both count once.
pub(crate) async fn handler(
    State(app): State<App>,
    peer: Peer,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let nonce = claimed_nonce(proof_of(&app, &headers)?);
    let nonce = nonce.filter(|nonce| nonce::is_fresh(&app.ring, nonce));
    let nonce = nonce.ok_or_else(|| CallError::Nonce.refuse_stranger(&app))?;
    let (headers, path, nonce_of_it) = (&headers, paths::CHANNEL, Some(&*nonce));
    let received = Received { headers, method: "GET", path, body: &[], nonce: nonce_of_it };
    let Caller { tenant, device, call } = received.identify(&app).await?;
    if device.state != DeviceState::Confirmed {
        return Err(CallError::NotConfirmed.refuse(&device));
    }
    rate::count_device(&app, &device)?;
    let mut tx = app.store.write(tenant.id).await?;
    if !call.spend(&mut tx).await? {
        return Err(CallError::Replay.refuse(&device));
    }
    if !nonce::spend(&mut tx, &nonce).await? {
        return Err(CallError::NonceSpent.refuse(&device));
    }
    let connection = entropy::id();
    let since = tx.connect_device(device.id, connection).await?;
    let since = since.ok_or_else(|| CallError::NoDevice.refuse(&device))?;
    // Before it is kept: who revokes the agent right after finds it here. And before the answer: the agent
    // may be asked the moment it hears that it is connected.
    let connected = app.agents.connect(device.id, connection, peer);
    tx.commit().await?;
    let at = At { tenant: tenant.id, device, connection, since };
    let upgrade = upgrade
        .max_message_size(limits::MAX_CHANNEL_MESSAGE)
        .max_frame_size(limits::MAX_CHANNEL_MESSAGE);
    Ok(upgrade.on_upgrade(move |socket| async move {
        at.serve(&app, connected, socket).await;
    }))
}

/// The nonce that a proof claims to be over; `identify` checks that it is.
fn claimed_nonce(proof: &str) -> Option<String> {
    let payload = proof.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice::<Nonce>(&payload).ok().map(|claims| claims.nonce)
}

/// An open channel.
struct At {
    tenant: TenantId,
    device: Device,
    /// Tells connections of one device apart, at whichever nodes.
    connection: Uuid,
    /// Since when, by the database's clock.
    since: Moment,
}

impl At {
    async fn serve(self, app: &App, mut connected: Connected, mut socket: WebSocket) {
        tracing::info!(device = %self.device.id, name = self.device.name, "agent connected");
        // Two pings of the agent missed: it is gone, whatever the network says. The connection itself
        // is held a little longer than that.
        let patience = limits::PING.saturating_mul(2);
        let mut keep = tokio::time::interval(KEEP);
        keep.reset();
        let silence = tokio::time::sleep(patience);
        tokio::pin!(silence);
        loop {
            tokio::select! {
                message = connected.messages.recv() => {
                    let Some(message) = message else { break };
                    let ends = message == ServerMessage::Revoke;
                    let sent = socket.send(Message::text(message.encode())).await;
                    if sent.is_err() || ends { break }
                }
                _ = keep.tick() => self.keep(app).await,
                received = socket.recv() => {
                    let now = tokio::time::Instant::now();
                    silence.as_mut().reset(now.checked_add(patience).unwrap_or(now));
                    match received {
                        Some(Ok(Message::Text(text))) => {
                            if self.heard(app, &text).await.is_break() { break }
                        }
                        Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                        Some(Ok(_)) => {} // pings are answered by the library
                    }
                }
                () = &mut silence => break,
            }
        }
        tracing::info!(device = %self.device.id, "agent disconnected");
        drop(connected);
        self.disconnected(app).await;
        let left = away::left(app, self.tenant, self.device.id, self.connection).await;
        if let Err(error) = left {
            tracing::warn!(device = %self.device.id, %error, "pages may wait for an agent that is gone");
        }
    }

    /// What an agent says by itself. It cannot be refused: what makes no sense is told the operator.
    /// Where we fail, or it says too much, the connection ends: it may have been a card that left, and
    /// when the agent is back, it says again what it holds.
    async fn heard(&self, app: &App, text: &str) -> ControlFlow<()> {
        let (tenant, device) = (self.tenant, &self.device);
        if rate::count_device(app, device).is_err() {
            return ControlFlow::Break(());
        }
        let taken = match AgentMessage::parse(text) {
            Ok(AgentMessage::Refused { id, reason }) => {
                tracing::info!(device = %device.id, ?reason, "agent does not claim");
                unclaimed(app, tenant, device, &id, reason).await
            }
            Ok(AgentMessage::Lifted { id }) => lifted::lifted(app, tenant, device, &id).await,
            Ok(AgentMessage::Tapped { id }) => lifted::tapped(app, tenant, device, &id).await,
            Ok(AgentMessage::Holds { ids }) => {
                lifted::holds(app, tenant, device, &ids, self.since).await
            }
            Err(error) => {
                tracing::warn!(device = %device.id, %error, "message of an agent ignored");
                return ControlFlow::Continue(());
            }
        };
        let Err(problem) = taken else { return ControlFlow::Continue(()) };
        tracing::warn!(device = %device.id, %problem, "what an agent said changes nothing");
        let is_our_fault = problem.status_and_code().0.is_server_error();
        if is_our_fault { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Vouches for the agent, where a session depends on it.
    async fn keep(&self, app: &App) {
        let kept = async {
            if app.store.read(self.tenant).await?.holds_sessions(self.device.id).await? {
                let mut tx = app.store.write(self.tenant).await?;
                tx.keep_device(self.device.id, self.connection).await?;
                tx.commit().await?;
            }
            Ok::<(), StoreError>(())
        };
        if let Err(error) = kept.await {
            tracing::warn!(device = %self.device.id, %error, "cannot note that an agent is there");
        }
    }

    /// Notes that the agent has gone, and waits for it, where a session depends on it.
    async fn disconnected(&self, app: &App) {
        let noted = async {
            if !app.store.read(self.tenant).await?.holds_sessions(self.device.id).await? {
                return Ok::<bool, StoreError>(false);
            }
            let mut tx = app.store.write(self.tenant).await?;
            let was_last = tx.disconnect_device(self.device.id, self.connection).await?;
            tx.commit().await?;
            Ok(was_last)
        };
        match noted.await {
            Ok(true) => {
                tokio::spawn(lifted::wait_for(app.clone(), self.tenant));
            }
            Ok(false) => {}
            // Its node vouches no longer for it, and so it counts as gone a minute later.
            Err(error) => {
                tracing::warn!(device = %self.device.id, %error, "cannot note that an agent is gone");
            }
        }
    }
}

/// How often a node vouches for an agent that is connected to it: well within [`store::LEASE`].
const KEEP: Duration = Duration::from_secs(20);

/// Ends a request that its agent does not claim.
async fn unclaimed(
    app: &App,
    tenant: TenantId,
    device: &Device,
    named: &Ticket,
    reason: Refused,
) -> Result<(), Problem> {
    let mut rows = app.store.read(tenant).await?;
    let ticket = ticket_for(&mut rows, device, named).await?;
    drop(rows);
    Ok(away::unclaimed(app, tenant, &ticket, reason_name(reason)).await?)
}
