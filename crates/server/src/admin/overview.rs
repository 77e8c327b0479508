use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use store::{PeopleFilter, PeopleOnly};

use crate::admin::form::{Head, Link, Message};
use crate::admin::frame::banners;
use crate::admin::place::Place;
use crate::admin::samples;
use crate::app::App;
use crate::http::page::{Html, see_other};
use crate::http::problem::Problem;
use crate::pages::sample::{Rendered, Text, rendered};
use crate::pages::{ConsoleFrame, Section};

#[derive(Deserialize)]
pub(crate) struct View {
    done: Option<String>,
}

#[derive(Template)]
#[template(path = "console/overview.html")]
struct OverviewPage {
    console: ConsoleFrame,
    head: Head,
    base: String,
    slug: String,
    issuer: String,
    account: String,
    providers: Vec<(String, String)>,
    nobody_yet: bool,
}

/// `GET /admin/tenants/{slug}`: without the slash at the end.
pub(crate) async fn slash(place: Place) -> Response {
    see_other(&place.url(""))
}

/// `GET /admin/tenants/{slug}/`: the tenant at a glance, and what needs a look.
pub(crate) async fn handler(
    State(app): State<App>,
    place: Place,
    Query(view): Query<View>,
) -> Result<Response, Problem> {
    let tenant = &place.tenant;
    let mut console = place.console(&app, Section::Overview).await?;
    let mut rows = app.store.read(tenant.id).await?;
    let providers = rows.providers().await?;
    console.banners.extend(banners(&mut rows, tenant, &providers).await?);
    let one = PeopleFilter { only: PeopleOnly::Completed, limit: 1, ..Default::default() };
    let nobody_yet = rows.people(&one).await?.is_empty();
    drop(rows);
    let account = format!("/realms/{}/account/", tenant.slug);
    let messages = match view.done.as_deref() {
        Some("created") => vec![Message::good("The tenant is made")],
        _ => Vec::new(),
    };
    let buttons = vec![Link::new(&account, "Open the account page")];
    let title = tenant.display_name.clone();
    let page = OverviewPage {
        console,
        head: Head { title, buttons, messages, ..Head::default() },
        base: place.url(""),
        slug: tenant.slug.to_string(),
        issuer: app.config.address(&format!("/realms/{}", tenant.slug)),
        account,
        providers: providers
            .into_iter()
            .map(|provider| (provider.alias.to_string(), provider.display_name))
            .collect(),
        nobody_yet,
    };
    Ok(Html(page).into_response())
}

pub(super) fn samples(text: Text<'_>) -> Rendered {
    let page = |providers: Vec<(String, String)>, nobody_yet| OverviewPage {
        console: ConsoleFrame::sample(text, Section::Overview),
        head: samples::head(text, "Acme Hospital"),
        base: text("/admin/tenants/acme/"),
        slug: text("acme"),
        issuer: text("https://login.acme.example/realms/acme"),
        account: text("/realms/acme/account/"),
        providers,
        nobody_yet,
    };
    let azure = || vec![(text("azure"), text("Azure"))];
    rendered(vec![
        ("new", page(Vec::new(), true)),
        ("connected", page(azure(), true)),
        ("in-use", page(azure(), false)),
    ])
}
