//! One app registration: Overview, Endpoints, the Manage menu.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use uuid::Uuid;

use super::{AppPlace, app_place, at};
use crate::http::App;
use crate::http::page::page;
use crate::model::{Audience, Platform};

#[derive(Template)]
#[template(path = "portal/app.html")]
struct Overview {
    at: AppPlace,
    account_types: &'static str,
    web: usize,
    spa: usize,
    public: usize,
}

#[derive(Template)]
#[template(path = "portal/endpoints.html")]
struct Endpoints {
    at: AppPlace,
    base: String,
    authority: String,
}

#[derive(Template)]
#[template(path = "portal/manage.html")]
struct Manage {
    at: AppPlace,
}

pub(super) async fn overview(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
) -> Response {
    at(app_place(&shared, directory, app), |at| {
        let of =
            |platform| at.app.redirect_uris.iter().filter(|uri| uri.platform == platform).count();
        let (web, spa, public) = (of(Platform::Web), of(Platform::Spa), of(Platform::Public));
        let account_types = match at.app.audience {
            Audience::SingleDirectory => "My organization only",
            Audience::AnyDirectory => "Multiple organizations",
        };
        page(&Overview { at, account_types, web, spa, public })
    })
}

pub(super) async fn endpoints(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
) -> Response {
    at(app_place(&shared, directory, app), |at| {
        let authority = match at.app.audience {
            Audience::SingleDirectory => directory.to_string(),
            Audience::AnyDirectory => "organizations".to_owned(),
        };
        page(&Endpoints { at, base: shared.base.clone(), authority })
    })
}

pub(super) async fn manage(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
) -> Response {
    at(app_place(&shared, directory, app), |at| page(&Manage { at }))
}
