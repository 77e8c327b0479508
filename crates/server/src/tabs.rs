//! Tells the open tabs of a session that it has ended: server-sent events, one channel for each
//! session that a page of this process follows. What ends at another node is found by looking.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::header::CACHE_CONTROL;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use futures_util::future::ready;
use futures_util::stream::once;
use identity::Tenant;
use ids::{SessionId, TenantId};
use serde::Serialize;
use store::Session;
use tokio::sync::watch;

use crate::app::App;
use crate::http::problem::Problem;

/// So many tabs of one session are told at most.
const MOST_TABS: usize = 16;
/// How often the row is looked at. Whoever works in a tab finds out sooner: by what is refused.
const LOOK: Duration = Duration::from_secs(5);
/// How often something is said, if only that we are there: connections that are silent for long end.
const ALIVE: Duration = Duration::from_secs(15);

/// Why a session has ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// Its card left the reader.
    CardLifted,
    /// The agent that watched the card was away for too long.
    AgentLost,
    /// Its card was tapped at another computer.
    TappedElsewhere,
}

impl Why {
    /// The one with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::CardLifted, Self::AgentLost, Self::TappedElsewhere]
            .into_iter()
            .find(|why| why.name() == name)
    }

    /// Its stable name, in the audit trail and in addresses.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CardLifted => "card-lifted",
            Self::AgentLost => "agent-lost",
            Self::TappedElsewhere => "tapped-elsewhere",
        }
    }
}

type Heard = watch::Receiver<Option<Why>>;

/// The sessions that tabs of this process follow.
#[derive(Clone, Default)]
pub(crate) struct Tabs(Arc<Mutex<HashMap<SessionId, watch::Sender<Option<Why>>>>>);

impl Tabs {
    /// Follows a session; `None` when so many tabs do already that no person opened them.
    fn follow(&self, session: SessionId) -> Option<Heard> {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        channels.retain(|_, sender| sender.receiver_count() > 0);
        let sender = channels.entry(session).or_insert_with(|| watch::channel(None).0);
        (sender.receiver_count() < MOST_TABS).then(|| sender.subscribe())
    }

    /// Tells the tabs of a session that it has ended.
    pub(crate) fn tell(&self, session: SessionId, why: Why) {
        let channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = channels.get(&session) {
            sender.send_replace(Some(why));
        }
    }

    /// Ends the streams that are open; their tabs come back by themselves, to whoever serves then.
    pub(crate) fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Whether a session may end while its pages are open, by what happens to its card.
pub(crate) fn may_end(tenant: &Tenant, session: &Session) -> bool {
    session.ticket.is_some() || (tenant.policy.one_computer && session.device.is_some())
}

/// What the tab hears.
#[derive(Serialize)]
struct Ended {
    state: &'static str,
    location: String,
}

/// The events of a session: its end, and where to go then. `home` is where the session was at home:
/// there the person is asked to log in again.
///
/// # Errors
///
/// [`Problem::TooMany`] tabs.
pub(crate) fn events(
    app: App,
    tenant: TenantId,
    session: Session,
    home: String,
) -> Result<Response, Problem> {
    // Before the first look, so that nothing is missed between the two.
    let heard = app.tabs.follow(session.id).ok_or(Problem::TooMany)?;
    let end = once(async move {
        let why = end_of(&app, tenant, &session, heard).await?;
        let why = why.map(|why| format!("?done={}", why.name())).unwrap_or_default();
        let ended = Ended { state: "ended", location: home + &why };
        Some(Ok::<_, Infallible>(
            Event::default().event("state").json_data(&ended).unwrap_or_default(),
        ))
    });
    let events = Sse::new(end.filter_map(ready)).keep_alive(KeepAlive::new().interval(ALIVE));
    // As all that is told a session.
    Ok(([(CACHE_CONTROL, "no-store")], events).into_response())
}

/// Waits for the end of a session, and tells why it ended if that was said here; `None` when the
/// server stops before.
async fn end_of(
    app: &App,
    tenant: TenantId,
    session: &Session,
    mut heard: Heard,
) -> Option<Option<Why>> {
    let mut looks = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            biased;
            changed = heard.changed() => return changed.ok().map(|()| *heard.borrow()),
            _ = looks.tick() => {
                // A store that fails now may answer the next time.
                if matches!(is_alive(app, tenant, session).await, Ok(false)) {
                    return Some(*heard.borrow());
                }
            }
        }
    }
}

async fn is_alive(app: &App, tenant: TenantId, session: &Session) -> Result<bool, Problem> {
    let sessions = app.store.read(tenant).await?.sessions(session.person).await?;
    Ok(sessions.iter().any(|alive| alive.id == session.id))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::entropy;

    #[test]
    fn the_tabs_of_a_session_hear_of_its_end_and_no_others() {
        let tabs = Tabs::default();
        let [mine, other] = [(); 2].map(|()| SessionId(entropy::id()));
        let mut heard = [mine, mine, other].map(|session| tabs.follow(session).unwrap());
        tabs.tell(mine, Why::CardLifted);
        assert_eq!(
            heard.each_mut().map(|tab| tab.changed().now_or_never().is_some()),
            [true, true, false]
        );
        assert_eq!(*heard[0].borrow(), Some(Why::CardLifted));
    }

    #[test]
    fn a_session_has_so_many_tabs_and_one_that_is_closed_makes_room() {
        let tabs = Tabs::default();
        let session = SessionId(entropy::id());
        let mut open: Vec<Heard> = (0..MOST_TABS).map(|_| tabs.follow(session).unwrap()).collect();
        assert!(tabs.follow(session).is_none());
        assert!(tabs.follow(SessionId(entropy::id())).is_some(), "another session has its own");
        open.pop();
        assert!(tabs.follow(session).is_some());
    }
}
