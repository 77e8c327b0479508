//! Agents that go while a prompt is out, and prompts that come to nothing before they are shown:
//! the page that waits hears so.

use std::time::Duration;

use ids::{DeviceId, TenantId};
use store::{StoreError, Ticket};
use uuid::Uuid;

use crate::app::App;
use crate::hallway::events::PageState;

/// How long an agent may be away: two tries to come back, of which the second is begun within a
/// second and a half.
const AWAY: Duration = Duration::from_secs(2);

/// What the page is told then.
const REASON: &str = "agent-offline";

/// Where this connection of an agent was its last and something is asked of it, gives it a moment to
/// come back. If it does not, nothing would come of what was asked, and the page is told.
///
/// # Errors
///
/// [`StoreError`].
pub(super) async fn left(
    app: &App,
    tenant: TenantId,
    device: DeviceId,
    connection: Uuid,
) -> Result<(), StoreError> {
    // What is asked from now on reaches a newer connection or nobody, and its page knows which.
    let asked = app.store.read(tenant).await?.tickets_open_at(device).await?;
    if !asked.is_empty() {
        let app = app.clone();
        tokio::spawn(async move {
            tokio::time::sleep(AWAY).await;
            for ticket in asked {
                if let Err(error) = abandon(&app, tenant, &ticket, connection).await {
                    tracing::warn!(%device, %error, "cannot tell a page that its agent is gone");
                }
            }
        });
    }
    Ok(())
}

async fn abandon(
    app: &App,
    tenant: TenantId,
    ticket: &Ticket,
    connection: Uuid,
) -> Result<(), StoreError> {
    let mut tx = app.store.write(tenant).await?;
    let is_abandoned = tx.abandon_ticket(ticket.id, connection, REASON).await?;
    tx.commit().await?;
    if is_abandoned {
        app.pages.tell(ticket.login, PageState::refused(ticket.id, REASON));
    }
    Ok(())
}

/// Ends a request that no agent shows to anybody, and tells the page why: nothing else would come of
/// it for a minute. One that was claimed ends with its result.
///
/// # Errors
///
/// [`StoreError`].
pub(super) async fn unclaimed(
    app: &App,
    tenant: TenantId,
    ticket: &Ticket,
    reason: &str,
) -> Result<(), StoreError> {
    let mut tx = app.store.write(tenant).await?;
    let was_open = tx.refuse_unclaimed(ticket.id, reason).await?;
    tx.commit().await?;
    if was_open {
        app.pages.tell(ticket.login, PageState::refused(ticket.id, reason));
    }
    Ok(())
}
