use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use identity::Tenant;
use ids::TicketId;
use login::{Purpose, Then, Waiting};
use store::{Rows, Ticket, TicketState};
use tokio::sync::watch;

use crate::app::App;
use crate::card_step::answer::Outcome;
use crate::card_step::{claim_url, next};
use crate::hallway::events::PageState;
use crate::hallway::waiting::AtCard;
use crate::http::problem::Problem;

/// How often the rows are looked at, for what happens on another node.
const LOOK: Duration = Duration::from_secs(2);

/// How often something is said, if only that we are there: connections that are silent for long end.
const ALIVE: Duration = Duration::from_secs(15);

/// `GET /realms/{slug}/login/card/events`: what happens to this login, as server-sent events. The
/// stream ends with the login.
pub(crate) async fn handler(
    State(app): State<App>,
    AtCard { tenant, waiting }: AtCard,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let login = waiting.started.id;
    let listener = app.pages.listen(login).ok_or(Problem::TooMany)?;
    let ticket = app.store.read(tenant.id).await?.ticket_of_login(login).await?;
    let looked = Looked { ticket: ticket.map(seen), waiting, tenant };
    let page = Page { listener, looked, app, told: "idle", over: false };
    let stream = unfold(page, |mut page| async move {
        let state = page.next().await?;
        let event = Event::default().event("state").json_data(&state).unwrap_or_default();
        Some((Ok(event), page))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(ALIVE)))
}

struct Page {
    listener: watch::Receiver<PageState>,
    looked: Looked,
    app: App,
    told: &'static str,
    over: bool,
}

impl Page {
    /// The next thing to say; `None` after the last.
    async fn next(&mut self) -> Option<PageState> {
        if self.over {
            return None;
        }
        let state = self.hear_or_look().await?;
        self.told = state.state;
        self.over = matches!(state.state, "done" | "expired");
        Some(state)
    }

    async fn hear_or_look(&mut self) -> Option<PageState> {
        loop {
            tokio::select! {
                changed = self.listener.changed() => {
                    changed.ok()?;
                    return Some(self.listener.borrow_and_update().clone());
                }
                () = tokio::time::sleep(LOOK) => {
                    let state = self.looked.again(&self.app, self.told).await;
                    // A store that fails now may answer the next time.
                    if let Ok(Some(state)) = state {
                        return Some(state);
                    }
                }
            }
        }
    }
}

/// A login as it was when it was last looked at.
struct Looked {
    /// As it was when the page began to listen.
    waiting: Waiting,
    /// What an agent was asked last, and how far that had come.
    ticket: Option<(TicketId, TicketState)>,
    tenant: Tenant,
}

fn seen(ticket: Ticket) -> (TicketId, TicketState) {
    (ticket.id, ticket.state)
}

impl Looked {
    /// What the rows say now that the page has not been told.
    async fn again(&mut self, app: &App, told: &str) -> Result<Option<PageState>, Problem> {
        let login = self.waiting.started.id;
        let mut rows = app.store.read(self.tenant.id).await?;
        let row = rows.login(login).await?;
        let ticket = rows.ticket_of_login(login).await?;
        let news = self.news(ticket.as_ref(), told);
        self.ticket = ticket.clone().map(seen);
        match row {
            Some(row) if row.task == self.waiting.task => Ok(news),
            Some(_) => Ok(Some(done(next(&self.tenant, &self.waiting, Outcome::Waits)))),
            None => self.ended(&mut rows, ticket, news).await.map(Some),
        }
    }

    /// What an agent has made of what it was asked.
    fn news(&self, ticket: Option<&Ticket>, told: &str) -> Option<PageState> {
        let ticket = ticket.filter(|ticket| self.ticket != Some(seen((*ticket).clone())))?;
        let state = match &ticket.state {
            TicketState::Waiting | TicketState::Proved => return None,
            TicketState::Claimed => {
                let match_code = Some(format!("{:02}", ticket.match_code));
                PageState { match_code, ..PageState::of("claimed") }
            }
            TicketState::Refused { reason } => {
                PageState { reason: Some(reason.clone()), ..PageState::of("refused") }
            }
        };
        let same = self.ticket.as_ref().is_some_and(|(id, _)| *id == ticket.id);
        (!same || state.state != told).then_some(state)
    }

    /// How a login ended whose row is gone.
    async fn ended(
        &self,
        rows: &mut Rows,
        ticket: Option<Ticket>,
        news: Option<PageState>,
    ) -> Result<PageState, Problem> {
        if rows.session_by_claim(&self.waiting.handle).await?.is_some() {
            return Ok(done(claim_url(&self.tenant, &self.waiting)));
        }
        let last = match self.waiting.then {
            Then::AddCard => Some(Purpose::Register),
            Then::RemoveCard(_) => Some(Purpose::Authenticate),
            // Without a session there is nothing to go on to.
            Then::Confirm | Then::Exit => None,
        };
        let proved = ticket.filter(|ticket| ticket.state == TicketState::Proved);
        if proved.is_some_and(|ticket| Some(ticket.purpose) == last) {
            return Ok(done(next(&self.tenant, &self.waiting, Outcome::Ended)));
        }
        Ok(news.unwrap_or_else(|| PageState::of("expired")))
    }
}

fn done(location: String) -> PageState {
    PageState { location: Some(location), ..PageState::of("done") }
}
