use axum::extract::State;
use axum::response::{IntoResponse, Response};
use store::KeyIssuer;

use super::{PATH, head_below};
use crate::admin::confirm::ConfirmPage;
use crate::admin::place::Place;
use crate::admin::session::FreshAdministrator;
use crate::app::App;
use crate::http::page::{Html, see_other};
use crate::http::problem::Problem;
use crate::pages::Section;
use crate::signing::Next;

/// `GET /admin/tenants/{slug}/external-mfa/rotate`: asks first.
pub(crate) async fn ask(State(app): State<App>, place: Place) -> Result<Response, Problem> {
    let page = ConfirmPage {
        console: place.console(&app, Section::ExternalMfa).await?,
        head: head_below(&place, "Replace the signing key now?"),
        lines: vec![
            "The next key is published now and signs after three days; the old one stays published \
             three days longer. Microsoft Entra keeps keys for a day and wants two days before a change, \
             so nothing is quicker without failed sign-ins."
                .into(),
            "Keys are replaced by themselves every 90 days. If somebody may have the old key, disable \
             the connection until the new one signs: in these days the old key still counts."
                .into(),
        ],
        action: place.url("external-mfa/rotate"),
        deed: "Publish the next key".into(),
        back: place.url(PATH),
    };
    Ok(Html(page).into_response())
}

/// `POST /admin/tenants/{slug}/external-mfa/rotate`: publishes the next key. While one is on its way,
/// and so a second time, there is nothing to do.
pub(crate) async fn handler(
    State(app): State<App>,
    fresh: FreshAdministrator,
    place: Place,
) -> Result<Response, Problem> {
    let on_its_way = || see_other(&place.url("external-mfa?done=on-its-way"));
    let Some(next) = Next::make(&app, &place.tenant, KeyIssuer::Eam).await? else {
        return Ok(on_its_way());
    };
    let mut tx = fresh.write(&app, &place.tenant).await?;
    let kid = next.kid().to_owned();
    if !next.publish(&mut tx).await? {
        return Ok(on_its_way());
    }
    let detail = serde_json::json!({ "kid": kid });
    fresh.commit(tx, "signing-key.rotated", None, detail).await?;
    Ok(see_other(&place.url("external-mfa?done=rotated")))
}
