//! Cards that leave their reader, and agents that do not come back: the sessions that rest on them
//! end.

use std::time::Duration;

use agent_protocol::{Refused, ServerMessage, Ticket};
use identity::{CardLifted, Moment, Tenant};
use ids::{DeviceId, TenantId, TicketId};
use store::{AuditEntry, Device, EndedSession, Page, TicketState, Writing};

use crate::agents::refusal::CallError;
use crate::agents::{reason_name, ticket_id};
use crate::app::App;
use crate::hallway::events::PageState;
use crate::http::problem::Problem;
use crate::tabs::Why;

/// Tenants that are read at a time.
const TENANTS: u32 = 64;

/// The card that answered `named` has left its reader at `device`.
///
/// # Errors
///
/// [`Problem`] for a ticket of another device, and when the store fails.
pub(super) async fn lifted(
    app: &App,
    tenant: TenantId,
    device: &Device,
    named: &Ticket,
) -> Result<(), Problem> {
    if !counts(app, tenant).await? {
        return Ok(());
    }
    // First what may still become a session, and then the session: the other way round, an answer
    // that is written or whose browser comes back between the two would be missed.
    lifted_unanswered(app, tenant, device, named).await?;
    lifted_before(app, tenant, device, |ticket| Some(ticket.id) == ticket_id(named)).await?;
    let Some(ticket) = held_here(app, tenant, device, named).await? else { return Ok(()) };
    let mut tx = app.store.write(tenant).await?;
    let ended = tx.end_lifted(device.id, ticket).await?;
    finish(app, tx, ended, Why::CardLifted).await
}

/// The card that answered `named` was only tapped: the session that it opened rests on nothing.
///
/// # Errors
///
/// [`Problem`] for a ticket of another device, and when the store fails.
pub(super) async fn tapped(
    app: &App,
    tenant: TenantId,
    device: &Device,
    named: &Ticket,
) -> Result<(), Problem> {
    let held = held_here(app, tenant, device, named).await?;
    let Some(ticket) = held.or_else(|| ticket_id(named)) else { return Ok(()) };
    let mut tx = app.store.write(tenant).await?;
    // Its answer may still wait for its browser: then the session that comes of it is told.
    let known =
        tx.release_session(device.id, ticket).await? || tx.note_tapped(ticket, device.id).await?;
    if known { Ok(tx.commit().await?) } else { Ok(()) }
}

/// What is still held at `device`, as its agent says at the beginning of a connection: the rest was
/// lifted while it was away. A session that began later than the connection is not meant.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(super) async fn holds(
    app: &App,
    tenant: TenantId,
    device: &Device,
    held: &[Ticket],
    connected_at: Moment,
) -> Result<(), Problem> {
    let mut rows = app.store.read(tenant).await?;
    let waits = !rows.tickets_held_at(device.id).await?.is_empty();
    if !waits && !rows.holds_sessions(device.id).await? {
        return Ok(());
    }
    drop(rows);
    if !counts(app, tenant).await? {
        return Ok(());
    }
    let held: Vec<TicketId> = held.iter().filter_map(ticket_id).collect();
    let is_gone = |ticket: &store::Ticket| {
        let older = ticket.claimed_at.is_some_and(|claimed| claimed < connected_at);
        older && !held.contains(&ticket.id)
    };
    lifted_before(app, tenant, device, is_gone).await?;
    let mut tx = app.store.write(tenant).await?;
    let ended = tx.end_not_held(device.id, &held, connected_at).await?;
    finish(app, tx, ended, Why::CardLifted).await
}

/// Ends what rests on the cards of agents that were away for longer than their tenant's grace.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(super) async fn lost(app: &App, tenant: &Tenant) -> Result<(), Problem> {
    if !tenant.policy.card_lifted.ends_session() {
        return Ok(());
    }
    let grace = tenant.policy.agent_grace();
    let lost = app.store.read(tenant.id).await?.lost_sessions(grace, app.up_since).await?;
    if lost.is_empty() {
        return Ok(());
    }
    let mut tx = app.store.write(tenant.id).await?;
    let ended = tx.end_lost(lost, grace).await?;
    finish(app, tx, ended, Why::AgentLost).await
}

/// The same in every tenant: for agents whose node has died, and was not there to wait for them.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(crate) async fn lost_everywhere(app: &App) -> Result<(), Problem> {
    let mut after = None;
    loop {
        let tenants = app.store.tenants(&Page { after, limit: TENANTS }).await?;
        for tenant in &tenants {
            // What fails in one tenant must not keep the others waiting.
            if let Err(problem) = lost(app, tenant).await {
                tracing::warn!(tenant = %tenant.slug, %problem, "sessions of lost agents stay for now");
            }
        }
        let Some(last) = tenants.last() else { return Ok(()) };
        after = Some(last.slug.clone());
    }
}

/// Waits for an agent whose connection has ended, as long as its tenant's policy has it.
pub(super) async fn wait_for(app: App, tenant: TenantId) {
    let wait = async {
        let Some(tenant) = app.store.read(tenant).await?.tenant().await? else { return Ok(()) };
        tokio::time::sleep(tenant.policy.agent_grace().saturating_add(MOMENT)).await;
        lost(&app, &tenant).await
    };
    let waited: Result<(), Problem> = wait.await;
    if let Err(problem) = waited {
        tracing::warn!(%problem, "sessions of a lost agent stay until the next sweep");
    }
}

/// The database counts in milliseconds.
const MOMENT: Duration = Duration::from_millis(5);

/// Whether it matters in this tenant, now, that a card leaves.
async fn counts(app: &App, tenant: TenantId) -> Result<bool, Problem> {
    let tenant = app.store.read(tenant).await?.tenant().await?;
    Ok(tenant.is_some_and(|tenant| tenant.policy.card_lifted.ends_session()))
}

/// The ticket, if a card holds a session with it at this device. That it holds none is no fault: the
/// person may have signed out.
async fn held_here(
    app: &App,
    tenant: TenantId,
    device: &Device,
    named: &Ticket,
) -> Result<Option<TicketId>, Problem> {
    let Some(ticket) = ticket_id(named) else { return Ok(None) };
    let Some(session) = app.store.read(tenant).await?.session_of_ticket(ticket).await? else {
        return Ok(None);
    };
    if session.device == device.id {
        return Ok(Some(ticket));
    }
    let mut tx = app.store.write(tenant).await?;
    let detail = serde_json::json!({ "session": session.id, "device": device.id });
    let person = Some(session.person);
    tx.audit(&AuditEntry { person, ..AuditEntry::new("agent.lift-refused", detail) }).await?;
    tx.commit().await?;
    Err(CallError::OtherDevice.refuse(device))
}

/// Refuses a request whose answer we have not: it may be on its way, or be written right now, in a
/// transaction that this one waits for. What was found is committed in any case: who goes on with
/// readers because of it must see what it rests on.
async fn lifted_unanswered(
    app: &App,
    tenant: TenantId,
    device: &Device,
    named: &Ticket,
) -> Result<(), Problem> {
    let Some(id) = ticket_id(named) else { return Ok(()) };
    let ticket = app.store.read(tenant).await?.ticket(id).await?;
    let claimed = ticket
        .filter(|ticket| ticket.device == Some(device.id) && ticket.state == TicketState::Claimed);
    let Some(ticket) = claimed else { return Ok(()) };
    let mut tx = app.store.write(tenant).await?;
    let is_refused = tx.refuse_claimed(id, device.id, REMOVED).await?;
    tx.commit().await?;
    if is_refused {
        app.pages.tell(ticket.login, PageState::refused(id, REMOVED));
    }
    Ok(())
}

/// Refuses answers that wait for their browsers, for their cards have left: what would come of them
/// has nothing to rest on.
async fn lifted_before(
    app: &App,
    tenant: TenantId,
    device: &Device,
    has_left: impl Fn(&store::Ticket) -> bool,
) -> Result<(), Problem> {
    let mut waiting = app.store.read(tenant).await?.tickets_held_at(device.id).await?;
    // One that was only tapped has left, and need not be there.
    waiting
        .retain(|ticket| has_left(ticket) && ticket.held.as_ref().is_some_and(|held| !held.tapped));
    for ticket in waiting {
        let mut tx = app.store.write(tenant).await?;
        let refused = TicketState::Refused { reason: REMOVED.to_owned() };
        let is_refused = tx.finish_ticket(ticket.id, &refused).await?;
        tx.commit().await?;
        if is_refused {
            app.pages.tell(ticket.login, PageState::refused(ticket.id, REMOVED));
        }
    }
    Ok(())
}

/// What a page is told of a card that was taken away too early.
const REMOVED: &str = reason_name(Refused::Removed);

/// Keeps the end of sessions, and tells their tabs.
async fn finish(
    app: &App,
    mut tx: Writing,
    ended: Vec<EndedSession>,
    why: Why,
) -> Result<(), Problem> {
    write_down(&mut tx, &ended, why).await?;
    tx.commit().await?;
    tell(app, &ended, why);
    Ok(())
}

/// Writes down that sessions have ended, in the transaction that ends them.
///
/// # Errors
///
/// [`store::StoreError`].
pub(crate) async fn write_down(
    tx: &mut Writing,
    ended: &[EndedSession],
    why: Why,
) -> Result<(), store::StoreError> {
    for session in ended {
        let (id, device, reason) = (session.id, session.device, why.name());
        let detail = serde_json::json!({ "session": id, "device": device, "reason": reason });
        let person = Some(session.person);
        tx.audit(&AuditEntry { person, ..AuditEntry::new("session.ended", detail) }).await?;
    }
    Ok(())
}

/// Tells the tabs of sessions that have ended, and the operator.
pub(crate) fn tell(app: &App, ended: &[EndedSession], why: Why) {
    for EndedSession { id, device, .. } in ended {
        tracing::info!(session = %id, %device, reason = why.name(), "session ended");
        app.tabs.tell(*id, why);
    }
}

/// Has desktops lock, where the tenant wants that.
pub(crate) fn lock(app: &App, desks: &[DeviceId], policy: CardLifted) {
    if policy == CardLifted::EndsSessionAndLocks {
        for device in desks {
            // One that is connected elsewhere, or not at all, stays as it is.
            app.agents.push(*device, ServerMessage::Lock);
        }
    }
}

#[cfg(test)]
mod tests;
