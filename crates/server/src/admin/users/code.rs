use std::time::Duration;

use agent_protocol::EnrolmentCode;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use identity::PersonState;
use store::{Code, CodePurpose};

use crate::admin::form::{Head, Link};
use crate::admin::place::AtPerson;
use crate::admin::samples;
use crate::admin::session::FreshAdministrator;
use crate::admin::users::crumbs;
use crate::app::App;
use crate::card_step::code::code_hash;
use crate::entropy;
use crate::http::page::{Html, when};
use crate::http::problem::{Clash, Problem};
use crate::pages::sample::{Rendered, Text, rendered, when as at};
use crate::pages::{ConsoleFrame, Section, When};

/// How long a code lives.
const LIFE: Duration = Duration::from_secs(600);

#[derive(Template)]
#[template(path = "console/code.html")]
struct CodePage {
    console: ConsoleFrame,
    head: Head,
    name: String,
    code: String,
    until: When,
    account: String,
    back: String,
}

/// `POST …/users/{id}/code`: issues a one-time code for a first card and shows it, this once. A
/// second time issues another one, and the first ends.
pub(crate) async fn handler(
    State(app): State<App>,
    fresh: FreshAdministrator,
    at: AtPerson,
) -> Result<Response, Problem> {
    let until = app.store.now().await?.plus(LIFE);
    let mut tx = fresh.write(&app, &at.place.tenant).await?;
    let cards = tx.credentials(at.person.id).await?;
    if at.person.state == PersonState::Disabled {
        return Err(Problem::Clash(Clash::PersonDisabled));
    }
    if cards.iter().any(|card| card.revoked_at.is_none()) {
        return Err(Problem::Clash(Clash::HasCard));
    }
    let code = EnrolmentCode::from_random(entropy::bytes());
    let hash = code_hash(&app, code.as_str())?.ok_or(Problem::Internal)?;
    let issued = Code {
        person: Some(at.person.id),
        purpose: CodePurpose::FirstCard,
        expires_at: until,
        issued_by: Some(fresh.id()),
    };
    tx.put_code(&hash, &issued).await?;
    let detail = serde_json::json!({ "purpose": "first-card" });
    fresh.commit(tx, "code.issued", Some(at.person.id), detail).await?;
    let tenant = &at.place.tenant;
    let mut crumbs = crumbs(&at.place);
    crumbs.push(Link::new(at.url(""), at.name()));
    let title = format!("One-time code for {}", at.name());
    let page = CodePage {
        console: at.place.console(&app, Section::Users).await?,
        head: Head { title, crumbs, ..Head::default() },
        name: at.name().to_owned(),
        code: code.shown(),
        until: when(until),
        account: app.config.address(&format!("/realms/{}/account/", tenant.slug)),
        back: at.url(""),
    };
    Ok(Html(page).into_response())
}

pub(in crate::admin) fn samples(text: Text<'_>) -> Rendered {
    rendered(vec![(
        "issued",
        CodePage {
            console: ConsoleFrame::sample(text, Section::Users),
            head: samples::head(text, "One-time code for Alice Martin"),
            name: text("Alice Martin"),
            code: text("KRQM-BXPT"),
            until: at(text, "Today, 08:22", "2026-11-23T08:22:00Z"),
            account: text("https://login.acme.example/realms/acme/account/"),
            back: text("/admin/tenants/acme/users/0193b5f0"),
        },
    )])
}
