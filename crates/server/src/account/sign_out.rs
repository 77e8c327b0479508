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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use ids::{CredentialId, UserId};

    use super::*;
    use crate::entropy;
    use crate::test_app::{mia, test_app};
    use crate::test_rows::{credential, session, signed_in, tenant, waiting};

    #[tokio::test]
    async fn nobody_is_signed_out_before_it_is_on_the_disk() {
        let (app, _data) = test_app().await;
        let tenant = tenant("acme");
        app.store.create_tenant(&tenant).await.unwrap();
        let (mia, card) = (mia(UserId(entropy::id())), CredentialId(entropy::id()));
        let waiting = waiting(tenant.id, mia.id);
        let mut tx = app.store.write(tenant.id).await.unwrap();
        tx.write_person(&mia).await.unwrap();
        tx.insert_credential(&credential(card, mia.id)).await.unwrap();
        assert!(tx.write_login(&waiting).await.unwrap());
        let session = signed_in(&mut tx, &waiting, card, session()).await;
        tx.commit().await.unwrap();

        // Somebody else ends it at the same time.
        let mut tx = app.store.write(tenant.id).await.unwrap();
        assert!(tx.end_session(session.id).await.unwrap());
        let mut ended = Box::pin(tx.commit());
        assert!((&mut ended).now_or_never().is_none(), "it is on its way");
        sign_out(&app, &tenant, &session, None).await.unwrap();
        let mut rows = app.store.read(tenant.id).await.unwrap();
        assert_eq!(rows.sessions(mia.id).await.unwrap(), []);
        drop(rows);
        ended.await.unwrap();
        let mut rows = app.store.read(tenant.id).await.unwrap();
        let events = rows.audit(0, 10).await.unwrap();
        assert!(events.iter().all(|event| event.kind != "session.signed-out"));
    }
}
