//! "Certificates & secrets".

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use uuid::Uuid;

use super::{AppPlace, app_place, at};
use crate::clock::day;
use crate::http::App;
use crate::http::page::page;
use crate::model::ClientSecret;
use crate::request::Parameters;

const DAY: i64 = 86_400;
/// What the list "Expires" offers, in days; the first is recommended.
const LIFETIMES: [(i64, &str); 5] = [
    (180, "Recommended: 180 days (6 months)"),
    (90, "90 days (3 months)"),
    (365, "365 days (12 months)"),
    (545, "545 days (18 months)"),
    (730, "730 days (24 months)"),
];

struct Row {
    description: String,
    expires: String,
    value: String,
    secret_id: Uuid,
}

#[derive(Template)]
#[template(path = "portal/credentials.html")]
struct List {
    at: AppPlace,
    rows: Vec<Row>,
    fresh: bool,
}

#[derive(Template)]
#[template(path = "portal/new_secret.html")]
struct New {
    at: AppPlace,
    lifetimes: [(i64, &'static str); 5],
}

pub(super) async fn list(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
) -> Response {
    at(app_place(&shared, directory, app), |at| render(at, None))
}

pub(super) async fn new(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
) -> Response {
    at(app_place(&shared, directory, app), |at| page(&New { at, lifetimes: LIFETIMES }))
}

/// "Add". The answer is the only page that ever shows the value.
pub(super) async fn add(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
    body: Bytes,
) -> Response {
    let form = Parameters::parse_lenient(&body);
    let days = form
        .text("expires")
        .parse()
        .ok()
        .filter(|days| LIFETIMES.iter().any(|(known, _)| known == days));
    let lifetime = days.unwrap_or(180_i64).saturating_mul(DAY);
    let added = app_place(&shared, directory, app)
        .and_then(|_| shared.add_secret(app, form.text("description"), lifetime).ok());
    at(app_place(&shared, directory, app), |at| render(at, added.as_ref()))
}

fn render(at: AppPlace, added: Option<&ClientSecret>) -> Response {
    let row = |secret: &ClientSecret| Row {
        description: secret.description.clone(),
        expires: day(secret.expires_at),
        value: match added {
            Some(added) if added.secret_id == secret.secret_id => added.value.clone(),
            _ => format!("{}******************", secret.value.get(..3).unwrap_or_default()),
        },
        secret_id: secret.secret_id,
    };
    let rows = at.app.secrets.iter().map(row).collect();
    page(&List { at, rows, fresh: added.is_some() })
}
