use agent_protocol::{Link, Selector};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use login::Channel;
use serde::{Deserialize, Serialize};

use crate::agents;
use crate::app::App;
use crate::card_step::agent::{ask, ticket};
use crate::entropy;
use crate::hallway::ceremony::{self, Asked, label_text};
use crate::hallway::events::{PageState, Prompt};
use crate::hallway::waiting::AtCard;
use crate::http::body::JsonBody;
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::limits::{self, Attempt};

#[derive(Deserialize)]
pub(crate) struct Request {
    /// What the person calls a new card.
    label: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Response {
    /// What the page opens: `cardea://t/…`.
    link: String,
    #[serde(flatten)]
    prompt: Prompt,
}

/// `POST /realms/{slug}/login/card/link`: "Use the Cardea on this computer". A ticket for whichever
/// agent of the tenant opens the link, for a browser that is paired with none that answers.
///
/// # Security
///
/// Only a hash of the link's secret is written. The agent that claims it may not be at the desk of
/// this browser, so its card's answer counts once this browser has come back from there.
pub(crate) async fn handler(
    State(app): State<App>,
    AtCard { tenant, waiting }: AtCard,
    peer: Peer,
    headers: HeaderMap,
    JsonBody(request): JsonBody<Request>,
) -> Result<Json<Response>, Problem> {
    limits::count(&app, Attempt::Challenge, peer)?;
    let asked = Asked {
        label: request.label.as_deref().and_then(label_text),
        network: peer.address(),
        by_link: true,
        ..Asked::by(&headers)
    };
    let mut rows = app.store.read(tenant.id).await?;
    let channel = Channel::Returning(None);
    let challenge = ceremony::for_waiting(&app, &mut rows, &waiting, channel, asked).await?;
    drop(rows);
    let selector = Selector::of(app.config.origin(), tenant.slug.as_str());
    let link = Link::new(selector, entropy::bytes());
    let id = agents::ticket_id(&link.ticket()).ok_or(Problem::Internal)?;
    let ticket = ticket(&waiting, id, None, &challenge);
    let login = waiting.started.id;
    ask(&app, &tenant, waiting, challenge, ticket.clone(), None).await?;
    let prompt = Prompt::of(&ticket, None, entropy::now());
    app.pages.tell(login, PageState::Pushed(prompt.clone()));
    Ok(Json(Response { link: link.reveal(), prompt }))
}
