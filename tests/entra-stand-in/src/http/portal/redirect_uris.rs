//! "Authentication": redirect URIs by platform.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use uuid::Uuid;

use super::{AppPlace, app_place, at};
use crate::http::App;
use crate::http::authorize::redirect;
use crate::http::page::page;
use crate::model::Platform;
use crate::request::Parameters;

#[derive(Template)]
#[template(path = "portal/authentication.html")]
struct List {
    at: AppPlace,
}

#[derive(Template)]
#[template(path = "portal/platforms.html")]
struct Platforms {
    at: AppPlace,
}

#[derive(Template)]
#[template(path = "portal/configure.html")]
struct Panel {
    at: AppPlace,
    title: &'static str,
    web: bool,
    typed: String,
    problem: String,
}

/// The path segment of a platform, and its name on screens.
fn platform(segment: &str) -> Option<(Platform, &'static str)> {
    match segment {
        "web" => Some((Platform::Web, "Configure Web")),
        "spa" => Some((Platform::Spa, "Configure single-page application")),
        "public" => Some((Platform::Public, "Configure Desktop + devices")),
        _ => None,
    }
}

pub(super) async fn list(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
) -> Response {
    at(app_place(&shared, directory, app), |at| page(&List { at }))
}

/// "Remove", beside a redirect URI.
pub(super) async fn remove(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
    body: Bytes,
) -> Response {
    let form = Parameters::parse_lenient(&body);
    at(app_place(&shared, directory, app), |at| {
        // The place has shown that it exists.
        let _ = shared
            .update_app(app, |app| app.redirect_uris.retain(|known| known.uri != form.text("uri")));
        redirect(&format!("{}/authentication", at.path))
    })
}

pub(super) async fn platforms(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
) -> Response {
    at(app_place(&shared, directory, app), |at| page(&Platforms { at }))
}

pub(super) async fn panel(
    State(shared): App,
    Path((directory, app, segment)): Path<(Uuid, Uuid, String)>,
) -> Response {
    at(app_place(&shared, directory, app).zip(platform(&segment)), |(at, (platform, title))| {
        let (typed, problem) = (String::new(), String::new());
        page(&Panel { at, title, web: platform == Platform::Web, typed, problem })
    })
}

/// "Configure".
pub(super) async fn configure(
    State(shared): App,
    Path((directory, app, segment)): Path<(Uuid, Uuid, String)>,
    body: Bytes,
) -> Response {
    let form = Parameters::parse_lenient(&body);
    at(app_place(&shared, directory, app).zip(platform(&segment)), |(at, (platform, title))| {
        let uri = form.text("redirect_uri");
        if let Err(problem) = shared.add_redirect_uri(app, uri, platform) {
            let (typed, problem) = (uri.to_owned(), problem.to_string());
            return page(&Panel { at, title, web: platform == Platform::Web, typed, problem });
        }
        if let Some(logout) = form.get("logout_url") {
            // The place has shown that it exists.
            let _ = shared
                .update_app(app, |app| app.front_channel_logout_url = Some(logout.to_owned()));
        }
        redirect(&format!("{}/authentication", at.path))
    })
}
