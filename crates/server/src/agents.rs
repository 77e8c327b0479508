//! Agents: who is connected, and what they call.

mod away;
pub(crate) mod caller;
pub(crate) mod channel;
pub(crate) mod claim;
pub(crate) mod enrol;
pub(crate) mod lifted;
pub(crate) mod nonce;
pub(crate) mod patience;
pub(crate) mod refusal;
pub(crate) mod request;
pub(crate) mod result;
mod waiters;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use agent_protocol::{Refused, ServerMessage, Ticket};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::Tenant;
use ids::{DeviceId, TicketId, UserId};
use login::Waiting;
use store::{Device, DeviceState, Rows, TicketState};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::agents::refusal::CallError;
use crate::app::App;
use crate::http::peer::Peer;
use crate::http::problem::Problem;

/// Messages that wait for a slow agent; more, and it counts as gone.
const QUEUE: usize = 8;

/// The agents that are connected to this process.
#[derive(Clone, Default)]
pub(crate) struct Agents {
    connected: Arc<Mutex<HashMap<DeviceId, Connection>>>,
    /// Those whose pages are to confirm them, so that they need not ask again and again.
    pub(crate) waiters: waiters::Waiters,
    /// Whose people want to be left alone.
    pub(crate) patience: patience::Patience,
}

struct Connection {
    /// Tells connections of one device apart: the newest one counts. It never comes again, for an
    /// older one may end much later.
    id: Uuid,
    /// From where it is connected.
    peer: Peer,
    sender: mpsc::Sender<ServerMessage>,
}

impl Agents {
    /// Whether a message to this agent would arrive.
    pub(crate) fn is_online(&self, device: DeviceId) -> bool {
        let connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        connected.get(&device).is_some_and(|connection| !connection.sender.is_closed())
    }

    /// Takes over the device's messages; an older connection of it ends. `id` is a fresh one.
    fn connect(&self, device: DeviceId, id: Uuid, peer: Peer) -> Connected {
        let (sender, messages) = mpsc::channel(QUEUE);
        let mut connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        connected.insert(device, Connection { id, peer, sender });
        Connected { agents: self.clone(), device, id, messages }
    }

    fn disconnect(&self, device: DeviceId, id: Uuid) {
        let mut connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        if connected.get(&device).is_some_and(|connection| connection.id == id) {
            connected.remove(&device);
        }
    }

    /// Whether a page is in another network than this agent, as far as their addresses tell.
    pub(crate) fn is_elsewhere(&self, device: DeviceId, page: Peer) -> bool {
        let connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        connected.get(&device).is_some_and(|agent| agent.peer.is_elsewhere(page))
    }

    /// Tells agents that they are revoked: those that listen here. The next call of the others is
    /// refused.
    pub(crate) fn tell_revoked(&self, devices: &[DeviceId]) {
        for device in devices {
            self.push(*device, ServerMessage::Revoke);
        }
    }

    /// Pushes a message; `false` when the agent is not connected here or does not keep up.
    pub(crate) fn push(&self, device: DeviceId, message: ServerMessage) -> bool {
        let connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = connected.get(&device);
        connection.is_some_and(|connection| connection.sender.try_send(message).is_ok())
    }

    /// Takes back what an agent was asked for this login, if anything: its dialog goes away.
    ///
    /// # Errors
    ///
    /// [`Problem`] when the store fails.
    pub(crate) async fn withdraw(
        &self,
        app: &App,
        tenant: &Tenant,
        waiting: &Waiting,
    ) -> Result<(), Problem> {
        let ticket = app.store.read(tenant.id).await?.ticket_of_login(waiting.started.id).await?;
        let Some(ticket) = ticket.filter(|ticket| is_open(&ticket.state)) else { return Ok(()) };
        let mut tx = app.store.write(tenant.id).await?;
        let cancelled = TicketState::Refused { reason: "cancelled".into() };
        tx.finish_ticket(ticket.id, &cancelled).await?;
        tx.commit().await?;
        if let Some(device) = ticket.device {
            self.push(device, ServerMessage::Cancel { id: wire(ticket.id)? });
        }
        Ok(())
    }
}

fn is_open(state: &TicketState) -> bool {
    matches!(state, TicketState::Waiting | TicketState::Claimed | TicketState::Held)
}

/// The connection of one device; it is listed as long as this lives.
struct Connected {
    agents: Agents,
    device: DeviceId,
    id: Uuid,
    messages: mpsc::Receiver<ServerMessage>,
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.agents.disconnect(self.device, self.id);
    }
}

/// The agents that were enrolled in logins of a person, to tell them when they are revoked.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(crate) async fn of_person(
    app: &App,
    tenant: &Tenant,
    person: UserId,
) -> Result<Vec<DeviceId>, Problem> {
    let devices = app.store.read(tenant.id).await?.devices(person).await?;
    let live = devices.iter().filter(|device| device.state != DeviceState::Revoked);
    Ok(live.map(|device| device.id).collect())
}

/// A ticket as the agent knows it: the 16 random bytes of its id.
///
/// # Errors
///
/// [`Problem::Internal`], which 16 bytes do not give.
pub(crate) fn wire(id: TicketId) -> Result<Ticket, Problem> {
    Ticket::try_from(URL_SAFE_NO_PAD.encode(id.0.as_bytes())).map_err(Problem::internal)
}

/// The ticket that an agent names, if it was made for this agent.
///
/// # Errors
///
/// [`CallError`] and, when the store fails, [`Problem`].
pub(crate) async fn ticket_for(
    rows: &mut Rows,
    device: &Device,
    named: &Ticket,
) -> Result<store::Ticket, Problem> {
    let id = ticket_id(named).ok_or_else(|| CallError::NoTicket.refuse(device))?;
    let ticket = rows.ticket(id).await?;
    let ticket = ticket.ok_or_else(|| CallError::NoTicket.refuse(device))?;
    if ticket.device == Some(device.id) {
        return Ok(ticket);
    }
    Err(CallError::OtherDevice.refuse(device))
}

/// The same for its claim: a ticket of a link is for whoever has the link's secret, once.
///
/// # Errors
///
/// [`CallError`] and, when the store fails, [`Problem`].
pub(crate) async fn ticket_to_claim(
    rows: &mut Rows,
    device: &Device,
    named: &Ticket,
) -> Result<store::Ticket, Problem> {
    let Some(of_link) = named.of_link() else { return ticket_for(rows, device, named).await };
    let id = ticket_id(&of_link).ok_or_else(|| CallError::NoTicket.refuse(device))?;
    let ticket = rows.ticket(id).await?;
    let ticket = ticket.ok_or_else(|| CallError::NoTicket.refuse(device))?;
    match ticket.device {
        None => Ok(ticket),
        Some(claimed) if claimed == device.id => Ok(ticket),
        Some(_) => Err(CallError::OtherDevice.refuse(device)),
    }
}

/// Why an agent has no credential for us, as the rows and the page's words call it.
pub(crate) const fn reason_name(reason: Refused) -> &'static str {
    match reason {
        Refused::Blocked => "blocked",
        Refused::Busy => "busy",
        Refused::Cancelled => "cancelled",
        Refused::Excluded => "excluded",
        Refused::Failed => "failed",
        Refused::Full => "full",
        Refused::InvalidRequest => "invalid-request",
        Refused::KeyPin => "key-pin",
        Refused::NoCard => "no-card",
        Refused::NoCredential => "no-credential",
        Refused::NoDialog => "no-dialog",
        Refused::NoPin => "no-pin",
        Refused::PinAuthBlocked => "pin-auth-blocked",
        Refused::Removed => "removed",
        Refused::TooMany => "too-many",
        Refused::Timeout => "timeout",
        Refused::UnsupportedKey => "unsupported-key",
        _ => "unknown",
    }
}

/// The id that a ticket's name means; none for what was never one of ours.
pub(crate) fn ticket_id(ticket: &Ticket) -> Option<TicketId> {
    let bytes = URL_SAFE_NO_PAD.decode(ticket.as_str()).ok()?;
    Uuid::from_slice(&bytes).ok().map(TicketId)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy;

    #[test]
    fn the_late_end_of_a_connection_that_hung_ends_no_newer_one() {
        let (agents, device) = (Agents::default(), DeviceId(entropy::id()));
        let connect = || agents.connect(device, entropy::id(), Peer::Local);
        let hangs = connect();
        // Another came and went; the one that hangs has not heard of its end yet.
        drop(connect());
        assert!(!agents.is_online(device));
        let newest = connect();
        drop(hangs);
        assert!(agents.is_online(device), "it is connected, and would be told nothing");
        drop(newest);
        assert!(!agents.is_online(device));
    }

    #[test]
    fn a_reason_is_called_as_the_agent_writes_it() {
        for name in [
            "blocked",
            "busy",
            "cancelled",
            "excluded",
            "failed",
            "full",
            "invalid-request",
            "key-pin",
            "no-card",
            "no-credential",
            "no-dialog",
            "no-pin",
            "pin-auth-blocked",
            "removed",
            "too-many",
            "timeout",
            "unknown",
            "unsupported-key",
        ] {
            let reason: Refused = serde_json::from_value(name.into()).unwrap();
            assert_eq!(reason_name(reason), name);
            assert_eq!(serde_json::to_value(reason).unwrap(), name);
        }
    }
}
