use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use store::Client;

use crate::admin::form::{Head, Link};
use crate::admin::place::Place;
use crate::admin::samples;
use crate::app::App;
use crate::http::page::Html;
use crate::http::problem::Problem;
use crate::pages::sample::{Rendered, Text, rendered};
use crate::pages::{ConsoleFrame, Section};

#[derive(Template)]
#[template(path = "console/clients.html")]
struct ClientsPage {
    console: ConsoleFrame,
    head: Head,
    clients: Vec<Row>,
}

struct Row {
    id: String,
    name: String,
    home: Option<(String, String)>,
}

/// `GET /admin/tenants/{slug}/clients`: the applications that people sign in to.
pub(crate) async fn handler(State(app): State<App>, place: Place) -> Result<Response, Problem> {
    let tenant = &place.tenant;
    let clients = app.store.read(tenant.id).await?.clients().await?;
    let page = ClientsPage {
        console: place.console(&app, Section::Clients).await?,
        head: Head {
            title: "Clients".into(),
            crumbs: vec![Link::new(place.url(""), &tenant.display_name)],
            ..Head::default()
        },
        clients: clients.into_iter().map(|client| row(&app, client)).collect(),
    };
    Ok(Html(page).into_response())
}

/// A home URL leads to our own pages or to the web, never to a script.
fn row(app: &App, client: Client) -> Row {
    let home = client.home_url.and_then(|home| {
        let shown = if home.starts_with('/') { app.config.address(&home) } else { home.clone() };
        let safe = home.starts_with('/') || home.starts_with("https://");
        safe.then_some((home, shown))
    });
    Row { id: client.client_id, name: client.name, home }
}

pub(super) fn samples(text: Text<'_>) -> Rendered {
    let row = |home| Row { id: text("account"), name: text("Account page"), home };
    let home = (text("/realms/acme/account/"), text("https://login.acme.example/realms/acme/"));
    rendered(vec![(
        "some",
        ClientsPage {
            console: ConsoleFrame::sample(text, Section::Clients),
            head: samples::head(text, "Clients"),
            clients: vec![row(Some(home)), row(None)],
        },
    )])
}
