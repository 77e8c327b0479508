use axum::extract::State;
use axum::response::Response;
use identity::Mapper;
use ids::MapperId;
use store::StoreError;

use super::fields::Form;
use crate::admin::form::{FormPage, Head, Headline, Link, Problems};
use crate::admin::place::AtProvider;
use crate::admin::providers::{Tab, console, head};
use crate::admin::session::FreshAdministrator;
use crate::app::App;
use crate::entropy;
use crate::http::body::FormBody;
use crate::http::page::see_other;
use crate::http::problem::Problem;

/// `GET /admin/tenants/{slug}/providers/{alias}/mappers/new`: the empty form.
pub(crate) async fn page(State(app): State<App>, at: AtProvider) -> Result<Response, Problem> {
    answer(&app, &at, &Form::fresh(), Problems::default()).await
}

/// `POST /admin/tenants/{slug}/providers/{alias}/mappers`: adds a mapper. A second time finds the
/// name taken.
pub(crate) async fn create(
    State(app): State<App>,
    fresh: FreshAdministrator,
    at: AtProvider,
    FormBody(form): FormBody<Form>,
) -> Result<Response, Problem> {
    let saved = match form.mapper(MapperId(entropy::id())) {
        Ok(mapper) => save(&app, &fresh, &at, &mapper).await?,
        Err(problems) => Err(problems),
    };
    match saved {
        Ok(()) => Ok(see_other(&at.url("/mappers?done=saved"))),
        Err(problems) => answer(&app, &at, &form, problems).await,
    }
}

/// Writes a mapper, new or known.
pub(super) async fn save(
    app: &App,
    fresh: &FreshAdministrator,
    at: &AtProvider,
    mapper: &Mapper,
) -> Result<Result<(), Problems>, Problem> {
    let mut tx = fresh.write(app, &at.place.tenant).await?;
    match tx.put_mapper(&at.provider.alias, mapper).await {
        Ok(true) => {}
        Ok(false) => return Err(Problem::NotFound),
        Err(StoreError::Conflict(_)) => {
            let text = "Another mapper of this provider has this name.";
            return Ok(Err(Problems::of("name", text)));
        }
        Err(error) => return Err(error.into()),
    }
    let detail = serde_json::json!({
        "provider": at.provider.alias, "mapper": mapper.id, "name": mapper.name,
        "what": mapper.kind,
    });
    fresh.commit(tx, "mapper.saved", None, detail).await?;
    Ok(Ok(()))
}

async fn answer(
    app: &App,
    at: &AtProvider,
    form: &Form,
    problems: Problems,
) -> Result<Response, Problem> {
    let page = form_page(app, at, form, "Add Mapper").await?;
    Ok(FormPage { action: at.url("/mappers"), submit: "Add", ..page }.answer(problems))
}

/// The page of a mapper, new or known.
pub(super) async fn form_page(
    app: &App,
    at: &AtProvider,
    form: &Form,
    title: &str,
) -> Result<FormPage, Problem> {
    let above = head(at, Tab::Mappers);
    let mut crumbs = above.crumbs;
    crumbs.push(Link::new(at.url(""), &at.provider.display_name));
    crumbs.push(Link::new(at.url("/mappers"), "Mappers"));
    Ok(FormPage {
        console: console(app, at).await?,
        head: Head { title: title.to_owned(), crumbs, ..Head::default() },
        intro: "",
        groups: form.groups(),
        action: String::new(),
        submit: "Save",
        cancel: Some(at.url("/mappers")),
        delete: None,
        headline: Headline::NotSaved,
    })
}
