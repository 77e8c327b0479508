use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use identity::Tenant;
use login::{Challenge, Purpose, Then, Waiting};
use store::{Device, DeviceState, Rows, Ticket, TicketState};
use tokio::time::Interval;

use crate::app::App;
use crate::card_step::answer::Outcome;
use crate::card_step::{claim_url, next};
use crate::entropy;
use crate::hallway::events::{Listener, PageState, Told};
use crate::hallway::waiting::AtCard;
use crate::http::problem::Problem;

/// How often the rows are looked at, for what happens on another node.
const LOOK: Duration = Duration::from_secs(2);

/// How often something is said, if only that we are there: connections that are silent for long end.
const ALIVE: Duration = Duration::from_secs(15);

/// `GET /realms/{slug}/login/card/events`: what happens to this login, as server-sent events. It
/// begins with how things stand, so that a page misses nothing however late its stream opens. The
/// stream ends with the login.
pub(crate) async fn handler(
    State(app): State<App>,
    AtCard { tenant, waiting }: AtCard,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    // Before the first look, so that nothing is missed between the two.
    let listener = app.pages.listen(waiting.started.id).ok_or(Problem::TooMany)?;
    let looks = tokio::time::interval(LOOK);
    let page = Page { listener, looks, waiting, tenant, told: Told::default(), app, over: false };
    let stream = unfold(page, |mut page| async move {
        let state = page.next().await?;
        let event = Event::default().event("state").json_data(&state).unwrap_or_default();
        Some((Ok(event), page))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(ALIVE)))
}

struct Page {
    listener: Listener,
    /// The first of them is at once.
    looks: Interval,
    /// The login as it was when the page began to listen.
    waiting: Waiting,
    tenant: Tenant,
    told: Told,
    app: App,
    over: bool,
}

impl Page {
    /// The next thing to say; `None` after the last.
    async fn next(&mut self) -> Option<PageState> {
        while !self.over {
            let state = tokio::select! {
                changed = self.listener.changed() => {
                    changed.ok()?;
                    self.listener.borrow_and_update().clone()
                }
                _ = self.looks.tick() => self.look_again().await,
            };
            if let Some(state) = state.filter(|state| self.told.lacks(state)) {
                self.told.note(&state);
                self.over = state.is_last();
                return Some(state);
            }
        }
        None
    }

    /// A store that fails now may answer the next time; the operator is told, not the page.
    async fn look_again(&self) -> Option<PageState> {
        self.look().await.unwrap_or_else(|problem| {
            self.app.quiet.once("a page's look failed", Some(&self.tenant), || {
                let login = self.waiting.started.id;
                tracing::warn!(tenant = %self.tenant.slug, %login, %problem, "a page's look failed");
            });
            None
        })
    }

    /// What the rows say now that the page does not know.
    async fn look(&self) -> Result<Option<PageState>, Problem> {
        let login = self.waiting.started.id;
        let mut rows = self.app.store.read(self.tenant.id).await?;
        let row = rows.login(login).await?;
        // After the row: an answer that has ended the login is on the ticket then.
        let ticket = rows.ticket_of_login(login).await?;
        match row {
            Some(row) if row.task == self.waiting.task => {
                if let Some(state) = self.prompt(ticket.as_ref(), row.challenge.as_ref()) {
                    return Ok(Some(state));
                }
                let device = rows.device_of_login(login).await?;
                Ok(self.computer(device.as_ref(), ticket.is_some()))
            }
            Some(_) => Ok(Some(done(next(&self.tenant, &self.waiting, Outcome::Waits)))),
            None => self.ended(&mut rows, ticket).await.map(Some),
        }
    }

    /// How far the computer is that was last offered; nothing more once it was asked. One that is
    /// gone while the page waits for it was opened in another browser.
    fn computer(&self, device: Option<&Device>, asked: bool) -> Option<PageState> {
        let awaited = self.told.awaited_computer();
        let is_gone = awaited.is_some_and(|id| device.is_none_or(|device| device.id != id));
        match device {
            Some(device) if device.state == DeviceState::Pending => {
                Some(PageState::enrolled(device))
            }
            _ if is_gone => Some(PageState::Elsewhere),
            Some(device) => (!asked).then(|| PageState::paired(device)),
            None => None,
        }
    }

    /// How far the last prompt has come, if the page does not know. One that is gone while its
    /// login waits went with its agent.
    fn prompt(&self, ticket: Option<&Ticket>, out: Option<&Challenge>) -> Option<PageState> {
        let state = match ticket {
            Some(ticket) => PageState::of(ticket, out, entropy::now()),
            None => self.told.open_prompt().map(|gone| PageState::refused(gone, "agent-revoked")),
        };
        state.filter(|state| self.told.lacks(state))
    }

    /// How a login ended whose row is gone.
    async fn ended(&self, rows: &mut Rows, ticket: Option<Ticket>) -> Result<PageState, Problem> {
        if rows.session_by_claim(&self.waiting.handle).await?.is_some() {
            return Ok(done(claim_url(&self.tenant, &self.waiting)));
        }
        let last = match self.waiting.then {
            Then::AddCard => Some(Purpose::Register),
            Then::RemoveCard(_) => Some(Purpose::Authenticate),
            // Without a session there is nothing to go on to.
            Then::Confirm | Then::Exit => None,
        };
        let Some(ticket) = ticket else { return Ok(PageState::Expired) };
        if ticket.state == TicketState::Proved && Some(ticket.purpose) == last {
            return Ok(done(next(&self.tenant, &self.waiting, Outcome::Ended)));
        }
        let refused = matches!(ticket.state, TicketState::Refused { .. });
        let refused = refused.then(|| self.prompt(Some(&ticket), None)).flatten();
        Ok(refused.unwrap_or(PageState::Expired))
    }
}

fn done(location: String) -> PageState {
    PageState::Done { location }
}
