use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use crate::admin::form::Head;
use crate::admin::place::AtProvider;
use crate::admin::providers::{Tab, console, head};
use crate::admin::samples;
use crate::app::App;
use crate::doors::broker_login::redirect_uri;
use crate::http::page::Html;
use crate::http::problem::Problem;
use crate::pages::sample::{Rendered, Text, rendered};
use crate::pages::{ConsoleFrame, Section};

#[derive(Template)]
#[template(path = "console/test.html")]
struct TestPage {
    console: ConsoleFrame,
    head: Head,
    name: String,
    start: String,
    redirect: String,
}

/// `GET …/providers/{alias}/test`: what the test does, and the link that begins it.
pub(crate) async fn handler(State(app): State<App>, at: AtProvider) -> Result<Response, Problem> {
    let page = TestPage {
        console: console(&app, &at).await?,
        head: head(&at, Tab::Test),
        name: at.provider.display_name.clone(),
        start: at.url("/test/start"),
        redirect: redirect_uri(&app, &at.place.tenant, &at.provider.alias),
    };
    Ok(Html(page).into_response())
}

pub(in crate::admin) fn samples(text: Text<'_>) -> Rendered {
    rendered(vec![(
        "start",
        TestPage {
            console: ConsoleFrame::sample(text, Section::IdentityProviders),
            head: samples::head(text, "Azure"),
            name: text("Azure"),
            start: text("/admin/tenants/acme/providers/azure/test/start"),
            redirect: text("https://login.acme.example/realms/acme/broker/azure/endpoint"),
        },
    )])
}
