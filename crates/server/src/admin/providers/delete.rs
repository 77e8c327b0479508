use axum::extract::State;
use axum::response::{IntoResponse, Response};

use crate::admin::confirm::ConfirmPage;
use crate::admin::form::{Head, Link};
use crate::admin::place::AtProvider;
use crate::admin::providers::{console, crumbs};
use crate::admin::session::FreshAdministrator;
use crate::app::App;
use crate::http::page::{Html, see_other};
use crate::http::problem::Problem;

/// `GET /admin/tenants/{slug}/providers/{alias}/delete`: asks first.
pub(crate) async fn ask(State(app): State<App>, at: AtProvider) -> Result<Response, Problem> {
    let name = &at.provider.display_name;
    let mut crumbs = crumbs(&at);
    crumbs.push(Link::new(at.url(""), name));
    let page = ConfirmPage {
        console: console(&app, &at).await?,
        head: Head { title: format!("Delete {name}?"), crumbs, ..Head::default() },
        lines: vec![
            format!("Nobody can sign in with {name} afterwards, and its mappers are deleted too."),
            "People, their links and their cards stay. Added again under the same alias, with the \
             same directory, the provider finds the same people."
                .into(),
        ],
        action: at.url("/delete"),
        deed: format!("Delete {name}"),
        back: at.url(""),
    };
    Ok(Html(page).into_response())
}

/// `POST /admin/tenants/{slug}/providers/{alias}/delete`: deletes it. A second time finds nothing.
pub(crate) async fn handler(
    State(app): State<App>,
    fresh: FreshAdministrator,
    at: AtProvider,
) -> Result<Response, Problem> {
    let mut tx = fresh.write(&app, &at.place.tenant).await?;
    if !tx.delete_provider(&at.provider.alias).await? {
        return Err(Problem::NotFound);
    }
    let detail = serde_json::json!({ "provider": at.provider.alias });
    fresh.commit(tx, "provider.deleted", None, detail).await?;
    Ok(see_other(&at.place.url("providers?done=deleted")))
}
