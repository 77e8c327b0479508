//! One tap, not two: where Entra has asked for a card in the sign-in that this browser comes back from,
//! what was proved there proves this login too.

use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use identity::{Moment, Tenant};
use login::{EamProof, Event, Login, LoginRequest, ONE_TAP_LIFE};
use secrets::Token;
use store::EamTransaction;

use crate::app::App;
use crate::doors::oidc;
use crate::exits;
use crate::hallway::execute::{Material, SessionMaterial, execute};
use crate::hallway::step;
use crate::hallway::waiting::session_token;
use crate::http::cookies::EamCookie;
use crate::http::page::see_other;
use crate::http::problem::Problem;

/// The exit of the login that `handle` holds, if a tap for Entra spares it one. When it does not, for
/// whatever reason, the card step follows as always.
pub(crate) async fn spared(
    app: &App,
    tenant: &Tenant,
    handle: &Token,
    headers: &HeaderMap,
) -> Option<Response> {
    let held = EamCookie::read(headers, &tenant.slug)?;
    // Such a session hangs on the stay of a card at a reader, and Entra's tap tells nothing of that.
    if tenant.policy.card_lifted.ends_session() || tenant.policy.one_computer {
        return None;
    }
    let exit = exit(app, tenant, handle, &held.0, headers).await;
    exit.unwrap_or_else(|problem| {
        let (_, reason) = problem.status_and_code();
        tracing::info!(tenant = %tenant.slug, reason, "a tap for Entra does not spare another");
        None
    })
}

async fn exit(
    app: &App,
    tenant: &Tenant,
    handle: &Token,
    held: &Token,
    headers: &HeaderMap,
) -> Result<Option<Response>, Problem> {
    let now = app.store.now().await?;
    let mut rows = app.store.read(tenant.id).await?;
    let transaction = rows.eam_transaction_for_one_tap(&held.hash()).await?;
    let Some(proof) = transaction.and_then(|it| proof_of(it, now)) else { return Ok(None) };
    let waiting = rows.login_by_handle(&handle.hash()).await?.ok_or(Problem::LoginGone)?;
    let person = rows.person_facts(waiting.person).await?.ok_or(Problem::LoginGone)?;
    drop(rows);
    let login = waiting.started.id;
    let LoginRequest { door, return_to, application, .. } = waiting.started.request.clone();
    let event = Event::ProvedToEntra { proof, held: held.hash(), handle: handle.hash(), person };
    let (_, effects) = step(Login::Waiting(waiting), event, tenant)?;
    let token = session_token(&app.ring, &handle.hash())?;
    let browser = exits::user_agent(headers);
    let session = SessionMaterial::of(tenant, door, token.hash(), browser);
    execute(app, tenant.id, effects, Material { session, ..Material::default() }).await?;
    tracing::info!(
        tenant = %tenant.slug, person = %person.id, %login, via = "entra",
        "signed in by the tap that Entra has asked for"
    );
    let mut response = match application {
        Some(application) => oidc::answer::proved(tenant, application, return_to),
        None => see_other(&return_to),
    };
    let set = exits::kind(door).map(|kind| exits::cookie(tenant, kind, token));
    for cookie in set.into_iter().chain([EamCookie::clear(&tenant.slug)]) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(Some(response))
}

/// What was proved, by the store's clock: it says when, and when this login has left for Entra.
fn proof_of(transaction: EamTransaction, now: Moment) -> Option<EamProof> {
    let proved = transaction.proved?;
    Some(EamProof {
        transaction: transaction.hint,
        handle: transaction.handle,
        account: transaction.account,
        person: transaction.person,
        card: proved.card,
        card_of: proved.card_of,
        revoked: proved.revoked,
        proved_at: proved.at,
        valid_until: proved.at.plus(ONE_TAP_LIFE),
        now,
    })
}
