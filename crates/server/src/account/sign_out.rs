use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use identity::Tenant;
use store::{AuditEntry, Session};

use crate::account::session::SignedIn;
use crate::app::App;
use crate::http::cookies::SessionCookie;
use crate::http::page::{Html, frame};
use crate::http::problem::Problem;
use crate::pages::SignedOutPage;
use crate::paths;

/// `POST /realms/{slug}/account/sign-out`: ends this session. The provider's own stays.
pub(crate) async fn handler(
    State(app): State<App>,
    SignedIn { tenant, session }: SignedIn,
) -> Result<Response, Problem> {
    let page = signed_out(&app, &tenant, &session, paths::account(&tenant.slug)).await?;
    sign_out(&app, &tenant, &session, None).await?;
    let clear = [(SET_COOKIE, SessionCookie::clear(&tenant.slug))];
    Ok((clear, Html(page)).into_response())
}

/// Ends a session, as its person wants: at the application that is named, or here. One that was ended
/// meanwhile stays as it is: whoever ended it has written it down.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(crate) async fn sign_out(
    app: &App,
    tenant: &Tenant,
    session: &Session,
    client: Option<&str>,
) -> Result<(), Problem> {
    let mut tx = app.store.write(tenant.id).await?;
    if !tx.end_session(session.id).await? {
        // Nobody is told "ended" before that is on the disk, whoever has done it.
        return Ok(tx.commit().await?);
    }
    let person = Some(session.person);
    let mut detail = serde_json::json!({ "session": session.id });
    if let (Some(client), Some(detail)) = (client, detail.as_object_mut()) {
        detail.insert("client".into(), client.into());
    }
    let entry = AuditEntry::new("session.signed-out", detail);
    tx.audit(&AuditEntry { person, actor: person, ..entry }).await?;
    Ok(tx.commit().await?)
}

/// The page after the end of `session`. It names the provider that vouched for it: there the
/// person may still be signed in.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(crate) async fn signed_out(
    app: &App,
    tenant: &Tenant,
    session: &Session,
    sign_in: String,
) -> Result<SignedOutPage, Problem> {
    let provider = match &session.provider {
        Some(alias) => app.store.read(tenant.id).await?.provider(alias).await?,
        None => None,
    };
    let provider = provider.map(|provider| provider.display_name);
    Ok(SignedOutPage { frame: frame(tenant), sign_in, provider })
}
