use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use store::Client;

use super::{PATH, TITLE, View, badge, head, kind};
use crate::admin::form::{Head, Message};
use crate::admin::place::Place;
use crate::app::App;
use crate::http::page::Html;
use crate::http::problem::Problem;
use crate::pages::{ConsoleFrame, Section, Tone};

#[derive(Template)]
#[template(path = "console/clients.html")]
pub(super) struct ClientsPage {
    pub(super) console: ConsoleFrame,
    pub(super) head: Head,
    pub(super) base: String,
    pub(super) clients: Vec<Row>,
}

pub(super) struct Row {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) leads_to: Option<LeadsTo>,
    pub(super) state: (Tone, &'static str),
    /// Whether it has a page in the console.
    pub(super) is_application: bool,
}

/// Where people get by it.
pub(super) struct LeadsTo {
    /// None for an address that a page does not link to.
    pub(super) href: Option<String>,
    pub(super) shown: String,
}

/// `GET /admin/tenants/{slug}/clients`: the applications that people sign in to.
pub(crate) async fn handler(
    State(app): State<App>,
    place: Place,
    Query(view): Query<View>,
) -> Result<Response, Problem> {
    let clients = app.store.read(place.tenant.id).await?.clients().await?;
    let messages = match view.done.as_deref() {
        Some("removed") => vec![Message::good("The application is removed")],
        _ => Vec::new(),
    };
    let page = ClientsPage {
        console: place.console(&app, Section::Clients).await?,
        head: Head { messages, ..head(&place, TITLE) },
        base: place.url(PATH),
        clients: clients.into_iter().map(|client| row(&app, client)).collect(),
    };
    Ok(Html(page).into_response())
}

fn row(app: &App, client: Client) -> Row {
    Row {
        kind: kind(client.settings.as_ref()),
        leads_to: leads_to(app, &client),
        state: badge(&client),
        is_application: client.settings.is_some(),
        id: client.client_id,
        name: client.name,
    }
}

/// A link leads to our own pages or to the web, never to a script. Who has no home shows where its
/// answers go.
fn leads_to(app: &App, client: &Client) -> Option<LeadsTo> {
    let Some(home) = client.home() else {
        let uri = client.settings.as_ref()?.redirect_uris.first()?;
        return Some(LeadsTo { href: None, shown: uri.clone() });
    };
    let own = home.starts_with('/');
    let href = (own || home.starts_with("https://")).then(|| home.to_owned());
    let shown = if own { app.config.address(home) } else { home.to_owned() };
    Some(LeadsTo { href, shown })
}
