use agent_protocol::{AgentMessage, Refused, ServerMessage, Ticket, limits, paths};
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::Tenant;
use serde::Deserialize;
use store::{Device, DeviceState, TicketState};

use crate::agents::caller::{self, Caller};
use crate::agents::refusal::CallError;
use crate::agents::{Connected, nonce, reason_name, ticket_for};
use crate::app::App;
use crate::hallway::events::PageState;
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
    let nonce = claimed_nonce(caller::proof_of(&app, &headers)?);
    let nonce = nonce.filter(|nonce| nonce::is_fresh(&app.ring, nonce));
    let nonce = nonce.ok_or_else(|| CallError::Nonce.refuse_stranger(&app))?;
    let body = Bytes::new();
    let Caller { tenant, device, call } =
        caller::identify(&app, &headers, "GET", paths::CHANNEL, &body, Some(&nonce)).await?;
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
    tx.touch_device(device.id).await?;
    tx.commit().await?;
    let upgrade = upgrade
        .max_message_size(limits::MAX_CHANNEL_MESSAGE)
        .max_frame_size(limits::MAX_CHANNEL_MESSAGE);
    // Before the answer: the agent may be asked the moment it hears that it is connected.
    let connected = app.agents.connect(device.id, peer);
    Ok(upgrade.on_upgrade(move |socket| async move {
        serve(&app, &tenant, connected, &device, socket).await;
    }))
}

/// The nonce that a proof claims to be over; `identify` checks that it is.
fn claimed_nonce(proof: &str) -> Option<String> {
    let payload = proof.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice::<Nonce>(&payload).ok().map(|claims| claims.nonce)
}

async fn serve(
    app: &App,
    tenant: &Tenant,
    mut connected: Connected,
    device: &Device,
    mut socket: WebSocket,
) {
    tracing::info!(device = %device.id, name = device.name, "agent connected");
    // Two pings of the agent missed: it is gone, whatever the network says. The connection itself
    // is held a little longer than that.
    let patience = limits::PING.saturating_mul(2);
    loop {
        tokio::select! {
            message = connected.messages.recv() => {
                let Some(message) = message else { break };
                let ends = message == ServerMessage::Revoke;
                let sent = socket.send(Message::text(message.encode())).await;
                if sent.is_err() || ends { break }
            }
            received = tokio::time::timeout(patience, socket.recv()) => match received {
                Ok(Some(Ok(Message::Text(text)))) => heard(app, tenant, device, &text).await,
                Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) | Err(_) => break,
                Ok(Some(Ok(_))) => {} // pings are answered by the library
            },
        }
    }
    tracing::info!(device = %device.id, "agent disconnected");
}

/// What an agent says by itself. It cannot be refused: what makes no sense is told the operator.
async fn heard(app: &App, tenant: &Tenant, device: &Device, text: &str) {
    let device_id = device.id;
    if rate::count_device(app, device).is_err() {
        return;
    }
    match AgentMessage::parse(text) {
        Ok(AgentMessage::Refused { id, reason }) => {
            tracing::info!(device = %device_id, ?reason, "agent does not claim");
            if let Err(problem) = unclaimed(app, tenant, device, &id, reason).await {
                tracing::warn!(device = %device_id, %problem, "its request stays as it is");
            }
        }
        Err(error) => tracing::warn!(device = %device_id, %error, "message of an agent ignored"),
    }
}

/// Ends a request that its agent does not claim, and tells the page why: nothing else would come of
/// it for a minute. One that was claimed ends with its result.
async fn unclaimed(
    app: &App,
    tenant: &Tenant,
    device: &Device,
    named: &Ticket,
    reason: Refused,
) -> Result<(), Problem> {
    let mut rows = app.store.read(tenant.id).await?;
    let ticket = ticket_for(&mut rows, device, named).await?;
    drop(rows);
    if ticket.state != TicketState::Waiting {
        return Ok(());
    }
    let reason = reason_name(reason);
    let mut tx = app.store.write(tenant.id).await?;
    let ended = TicketState::Refused { reason: reason.to_owned() };
    let was_open = tx.finish_ticket(ticket.id, &ended).await?;
    tx.commit().await?;
    if was_open {
        app.pages.tell(ticket.login, PageState::refused(ticket.id, reason));
    }
    Ok(())
}
