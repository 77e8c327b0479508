use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::authority::{AuthorityParam, stored};
use super::head_below;
use crate::admin::confirm::ConfirmPage;
use crate::admin::place::Place;
use crate::admin::session::FreshAdministrator;
use crate::app::App;
use crate::authorities::rest;
use crate::http::page::{Html, see_other};
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::pages::Section;

/// `GET …/smart-cards/{fingerprint}/delete`: asks first.
pub(crate) async fn ask(
    State(app): State<App>,
    place: Place,
    Params(AuthorityParam { fingerprint }): Params<AuthorityParam>,
) -> Result<Response, Problem> {
    let at = stored(&app, &place.tenant, &fingerprint).await?;
    let title = format!("Delete {}?", at.authority.name);
    let page = ConfirmPage {
        console: place.console(&app, Section::SmartCards).await?,
        head: head_below(&place, &title),
        lines: vec![
            "Cards that it has issued are refused from now on. They stay on people's accounts, and \
             count again when you add the authority again."
                .into(),
            "Everybody who signed in with a smart card is signed out, and signs in again with a card \
             that is still taken."
                .into(),
            "Who has no other card cannot sign in.".into(),
        ],
        action: place.url(&format!("smart-cards/{fingerprint}/delete")),
        deed: format!("Delete {}", at.authority.name),
        back: place.url("smart-cards"),
    };
    Ok(Html(page).into_response())
}

/// `POST …/smart-cards/{fingerprint}/delete`: deletes it. A second time finds nothing.
pub(crate) async fn handler(
    State(app): State<App>,
    fresh: FreshAdministrator,
    place: Place,
    Params(AuthorityParam { fingerprint }): Params<AuthorityParam>,
) -> Result<Response, Problem> {
    let at = stored(&app, &place.tenant, &fingerprint).await?;
    let mut tx = fresh.write(&app, &place.tenant).await?;
    if !tx.delete_card_authority(&at.authority.fingerprint).await? {
        return Err(Problem::NotFound);
    }
    let ended = rest::end_all(&mut tx).await?;
    let detail = serde_json::json!({
        "authority": fingerprint, "name": at.authority.name, "cards_signed_out": ended,
    });
    fresh.commit(tx, "x509.authority-deleted", None, detail).await?;
    Ok(see_other(&place.url("smart-cards?done=deleted")))
}
