//! The exit to Entra: a form that the browser posts, with what the proof's commit has written.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY};
use axum::response::{IntoResponse, Response};
use entra_eam::{Acr, Addressee, Amr, Answer, Choice, Cloud, ErrorCode, IdToken, Outcome};
use identity::{PersonState, Tenant};
use jose::{Alg, NumericDate};
use login::EAM_LIFE;
use secrets::Secret;
use store::{EamProved, EamTransaction, KeyIssuer, Look, Rows};

use crate::app::App;
use crate::doors::eam::{connection, issuer};
use crate::http::cookies::EamCookie;
use crate::http::headers::Csp;
use crate::http::page::{Html, frame, see_other};
use crate::http::problem::Problem;
use crate::http::tenant::TenantLook;
use crate::pages::{EntraPage, EntraStep, EntraWord};
use crate::{entropy, paths, signing};

/// `GET /realms/{slug}/eam/answer`: answers Entra, with a token when the person has proved, with an
/// error when their login is over. As long as Entra waits, asking again gives the same.
pub(crate) async fn handler(
    State(app): State<App>,
    TenantLook(look): TenantLook,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tenant = look.tenant();
    let cookie = EamCookie::read(&headers, &tenant.slug).ok_or(Problem::EntraOver)?;
    let handle = cookie.0.hash();
    let mut rows = app.store.read(tenant.id).await?;
    let transaction = rows.eam_transaction_by_handle(&handle).await?.ok_or(Problem::EntraOver)?;
    if transaction.proved.is_none() && rows.login_by_handle(&handle).await?.is_some() {
        return Ok(see_other(&paths::eam_continue(&tenant.slug)));
    }
    let addressee = addressee(&app, &mut rows, &transaction).await?;
    let still = still_counts(&mut rows, &transaction).await?;
    drop(rows);
    let (outcome, step) = match (&transaction.proved, still) {
        (Some(proved), Ok(())) => {
            let token = token(&app, &look, &transaction, proved).await?;
            (Outcome::IdToken(token), EntraStep::Proved)
        }
        (Some(_), Err(word)) => (Outcome::Error(ErrorCode::AccessDenied), EntraStep::Told(word)),
        (None, _) => (Outcome::Error(over(&transaction)), EntraStep::Leaving),
    };
    let answer = Answer { addressee, outcome };
    Ok(page(&app, tenant, &answer, step, transaction.request.client_request_id))
}

/// Where the answer goes. The row has it from a request; so it is compared again, and so is what an
/// administrator has connected.
async fn addressee(
    app: &App,
    rows: &mut Rows,
    transaction: &EamTransaction,
) -> Result<Addressee, Problem> {
    let request = &transaction.request;
    let connection = connection(rows, &request.client_id).await?;
    let connection = connection.filter(|it| it.directories.contains(&transaction.account.tid));
    let connection = connection.ok_or(Problem::EntraRequest)?;
    let cloud = Cloud::returning_to(&app.clouds, &request.return_address);
    let cloud = cloud.filter(|cloud| cloud.authority() == connection.authority);
    let return_address = cloud.ok_or(Problem::EntraRequest)?.return_address().clone();
    Ok(Addressee { return_address, state: request.state.clone() })
}

/// Whether what was proved counts still: card and person may have been taken away meanwhile.
async fn still_counts(
    rows: &mut Rows,
    transaction: &EamTransaction,
) -> Result<Result<(), EntraWord>, Problem> {
    let facts = rows.person_facts(transaction.person).await?;
    let enabled = facts.is_some_and(|facts| facts.state == PersonState::Enabled);
    let revoked = transaction.proved.as_ref().is_some_and(|proved| proved.revoked);
    Ok(match (enabled, revoked) {
        (false, _) => Err(EntraWord::Disabled),
        (_, true) => Err(EntraWord::CardRevoked),
        _ => Ok(()),
    })
}

/// What Entra is told of a login that has ended without a proof.
fn over(transaction: &EamTransaction) -> ErrorCode {
    let late = entropy::now() >= transaction.created_at.plus(EAM_LIFE);
    if late { ErrorCode::TemporarilyUnavailable } else { ErrorCode::AccessDenied }
}

async fn token(
    app: &App,
    look: &Look,
    transaction: &EamTransaction,
    proved: &EamProved,
) -> Result<Secret, Problem> {
    let request = &transaction.request;
    let choice = Acr::parse(&proved.acr).zip(Amr::parse(&proved.amr));
    let (acr, amr) = choice.ok_or(Problem::Internal)?;
    let published = signing::published_at(app, look, KeyIssuer::Eam, Alg::Rs256).await?;
    let token = IdToken {
        issuer: &issuer(app, look.tenant())?,
        client_id: &request.client_id,
        sub: &request.sub,
        nonce: request.nonce.as_deref(),
        choice: Choice { acr, amr },
        proved_at: NumericDate(proved.at.unix_seconds()),
    };
    token.sign(published.key()).map_err(Problem::internal)
}

/// The page with the form (EAM-30).
pub(crate) fn page(
    app: &App,
    tenant: &Tenant,
    answer: &Answer,
    step: EntraStep,
    reference: Option<String>,
) -> Response {
    let action = answer.addressee.return_address.as_str();
    let fields = answer.fields().into_iter();
    let page = EntraPage {
        frame: frame(tenant),
        step,
        action: action.to_owned(),
        fields: fields.map(|(name, value)| (name, value.to_owned())).collect(),
        reference,
    };
    let more = app.config.entra.form_targets.iter().map(url::Url::as_str);
    let targets: Vec<&str> = std::iter::once(action).chain(more).collect();
    let mut response = Html(page).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, Csp::with_forms_to(&targets).value());
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
