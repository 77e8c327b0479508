use axum::extract::State;
use axum::response::{IntoResponse, Response};
use identity::MapperKind;

use super::edit::{MapperParam, stored};
use super::fields::Form;
use super::new::form_page;
use crate::admin::confirm::ConfirmPage;
use crate::admin::place::AtProvider;
use crate::admin::session::FreshAdministrator;
use crate::app::App;
use crate::http::page::{Html, see_other};
use crate::http::params::Params;
use crate::http::problem::Problem;

/// `GET …/mappers/{id}/delete`: asks first.
pub(crate) async fn ask(
    State(app): State<App>,
    at: AtProvider,
    Params(MapperParam { id }): Params<MapperParam>,
) -> Result<Response, Problem> {
    let mapper = stored(&app, &at, id).await?;
    let title = format!("Delete {}?", mapper.name);
    let page = form_page(&app, &at, &Form::of(&mapper), &title).await?;
    let line = match mapper.kind {
        MapperKind::Onboarding => {
            "Without it, people without a card are not asked to enrol one at their sign-in."
        }
        _ => "What it has written to people stays; new sign-ins do not write it any more.",
    };
    let page = ConfirmPage {
        console: page.console,
        head: page.head,
        lines: vec![line.into()],
        action: at.url(&format!("/mappers/{id}/delete")),
        deed: format!("Delete {}", mapper.name),
        back: at.url("/mappers"),
    };
    Ok(Html(page).into_response())
}

/// `POST …/mappers/{id}/delete`: deletes it. A second time finds nothing.
pub(crate) async fn handler(
    State(app): State<App>,
    fresh: FreshAdministrator,
    at: AtProvider,
    Params(MapperParam { id }): Params<MapperParam>,
) -> Result<Response, Problem> {
    let mapper = stored(&app, &at, id).await?;
    let mut tx = fresh.write(&app, &at.place.tenant).await?;
    if !tx.delete_mapper(&at.provider.alias, id).await? {
        return Err(Problem::NotFound);
    }
    let detail = serde_json::json!({
        "provider": at.provider.alias, "mapper": id, "name": mapper.name,
    });
    fresh.commit(tx, "mapper.deleted", None, detail).await?;
    Ok(see_other(&at.url("/mappers?done=deleted")))
}
