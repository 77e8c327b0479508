use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use identity::Tenant;
use login::Waiting;
use tokio::sync::watch;

use crate::app::App;
use crate::card_step::claim_url;
use crate::hallway::events::PageState;
use crate::hallway::waiting::AtCard;
use crate::http::problem::Problem;

/// How often the row is looked at, for what happens on another node.
const LOOK: Duration = Duration::from_secs(2);

/// How often something is said, if only that we are there: connections that are silent for long end.
const ALIVE: Duration = Duration::from_secs(15);

/// `GET /realms/{slug}/login/card/events`: what happens to this login, as server-sent events. The
/// stream ends with the login.
pub(crate) async fn handler(
    State(app): State<App>,
    AtCard { tenant, waiting }: AtCard,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let listener = app.pages.listen(waiting.started.id).ok_or(Problem::TooMany)?;
    let page = Page { listener, waiting, tenant, app, over: false };
    let stream = unfold(page, |mut page| async move {
        let state = page.next().await?;
        let event = Event::default().event("state").json_data(&state).unwrap_or_default();
        Some((Ok(event), page))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(ALIVE)))
}

struct Page {
    listener: watch::Receiver<PageState>,
    waiting: Waiting,
    tenant: Tenant,
    app: App,
    over: bool,
}

impl Page {
    /// The next thing to say; `None` after the last.
    async fn next(&mut self) -> Option<PageState> {
        if self.over {
            return None;
        }
        loop {
            tokio::select! {
                changed = self.listener.changed() => {
                    changed.ok()?;
                    let state = self.listener.borrow_and_update().clone();
                    self.over = state.state == "done";
                    return Some(state);
                }
                () = tokio::time::sleep(LOOK) => {
                    if let Some(state) = self.look().await {
                        self.over = true;
                        return Some(state);
                    }
                }
            }
        }
    }

    /// Whether the row is gone: then the login is done or has expired.
    async fn look(&self) -> Option<PageState> {
        self.try_look().await.unwrap_or(None)
    }

    async fn try_look(&self) -> Result<Option<PageState>, Problem> {
        let mut rows = self.app.store.read(self.tenant.id).await?;
        if rows.login(self.waiting.started.id).await?.is_some() {
            return Ok(None);
        }
        if rows.session_by_claim(&self.waiting.handle).await?.is_some() {
            let location = Some(claim_url(&self.tenant, &self.waiting));
            return Ok(Some(PageState { location, ..PageState::of("done") }));
        }
        Ok(Some(PageState::of("expired")))
    }
}
