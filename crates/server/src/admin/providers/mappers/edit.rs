use axum::extract::State;
use axum::response::Response;
use identity::Mapper;
use ids::MapperId;
use serde::Deserialize;

use super::fields::Form;
use super::new;
use crate::admin::form::{FormPage, Link, Problems};
use crate::admin::place::AtProvider;
use crate::admin::session::FreshAdministrator;
use crate::app::App;
use crate::http::body::FormBody;
use crate::http::page::see_other;
use crate::http::params::Params;
use crate::http::problem::Problem;

#[derive(Deserialize)]
pub(crate) struct MapperParam {
    pub(super) id: MapperId,
}

/// `GET /admin/tenants/{slug}/providers/{alias}/mappers/{id}`.
pub(crate) async fn page(
    State(app): State<App>,
    at: AtProvider,
    Params(MapperParam { id }): Params<MapperParam>,
) -> Result<Response, Problem> {
    let mapper = stored(&app, &at, id).await?;
    answer(&app, &at, &mapper, &Form::of(&mapper), Problems::default()).await
}

/// `POST /admin/tenants/{slug}/providers/{alias}/mappers/{id}`: a second time writes the same.
pub(crate) async fn save(
    State(app): State<App>,
    fresh: FreshAdministrator,
    at: AtProvider,
    Params(MapperParam { id }): Params<MapperParam>,
    FormBody(form): FormBody<Form>,
) -> Result<Response, Problem> {
    let before = stored(&app, &at, id).await?;
    let saved = match form.mapper(id) {
        Ok(mapper) => new::save(&app, &fresh, &at, &mapper).await?,
        Err(problems) => Err(problems),
    };
    match saved {
        Ok(()) => Ok(see_other(&at.url("/mappers?done=saved"))),
        Err(problems) => answer(&app, &at, &before, &form, problems).await,
    }
}

/// The mapper of this provider with that id.
pub(super) async fn stored(app: &App, at: &AtProvider, id: MapperId) -> Result<Mapper, Problem> {
    let mut rows = app.store.read(at.place.tenant.id).await?;
    let mappers = rows.mappers(&at.provider.alias).await?;
    mappers.into_iter().find(|mapper| mapper.id == id).ok_or(Problem::NotFound)
}

async fn answer(
    app: &App,
    at: &AtProvider,
    stored: &Mapper,
    form: &Form,
    problems: Problems,
) -> Result<Response, Problem> {
    let page = new::form_page(app, at, form, &stored.name).await?;
    let action = at.url(&format!("/mappers/{}", stored.id));
    let delete = Some(Link::new(format!("{action}/delete"), "Delete…"));
    Ok(FormPage { action, delete, ..page }.answer(problems))
}
