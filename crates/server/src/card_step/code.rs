use agent_protocol::EnrolmentCode;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use login::{Event, Login, Permit, Task};
use secrets::TokenHash;
use serde::Deserialize;

use crate::app::App;
use crate::card_step::account::account;
use crate::hallway::execute::{Material, execute};
use crate::hallway::step;
use crate::hallway::waiting::AtCard;
use crate::http::body::FormBody;
use crate::http::page::{Html, frame, see_other};
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::limits::{self, Attempt};
use crate::pages::{CodeEntry, CodeProblem, EnrolPage, EnrolStep};
use crate::paths;

/// So often one login may try: a code has 34 bits.
const CODE_TRIES: u32 = 5;

/// How many tries are left after so many.
pub(super) fn tries_left(tries: u32) -> u8 {
    u8::try_from(CODE_TRIES.saturating_sub(tries)).unwrap_or_default()
}

#[derive(Deserialize)]
pub(crate) struct Form {
    code: String,
}

/// `POST /realms/{slug}/login/code`: an administrator's one-time code, which lets this login enrol
/// a first card.
pub(crate) async fn handler(
    State(app): State<App>,
    at: AtCard,
    peer: Peer,
    FormBody(form): FormBody<Form>,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Code, peer)?;
    if at.waiting.task != Task::Enrol(Permit::CodeNeeded) {
        return Ok(see_other(&paths::card(&at.tenant.slug)));
    }
    let tries = app.store.read(at.tenant.id).await?.code_tries(at.waiting.started.id).await?;
    // What cannot be a code is no try: nobody learns anything from it.
    let Some(hash) = code_hash(&app, &form.code)? else {
        let empty = form.code.trim().is_empty();
        let problem = if empty { CodeProblem::Empty } else { CodeProblem::Malformed };
        return again(&app, &at, tries_left(tries), problem).await;
    };
    // Who has none left makes us write nothing.
    if tries_left(tries) == 0 {
        return again(&app, &at, 0, CodeProblem::Refused).await;
    }
    // Counted before it is compared, so that parallel guesses do not get more tries.
    let mut tx = app.store.write(at.tenant.id).await?;
    let tries = tx.count_code_try(at.waiting.started.id).await?;
    tx.commit().await?;
    if tries > CODE_TRIES {
        return again(&app, &at, 0, CodeProblem::Refused).await;
    }
    let tries_left = tries_left(tries);
    match accept(&app, &at, hash).await {
        Ok(()) => Ok(see_other(&paths::card(&at.tenant.slug))),
        Err(Problem::Refused(_) | Problem::AlreadyUsed) => {
            tracing::info!(tenant = %at.tenant.slug, login = %at.waiting.started.id, "one-time code refused");
            again(&app, &at, tries_left, CodeProblem::Refused).await
        }
        Err(other) => Err(other),
    }
}

/// What is kept of a code, however the person wrote it. Keyed: a code has 34 bits only, and who
/// reads the database must not be able to try them all.
pub(crate) fn code_hash(app: &App, text: &str) -> Result<Option<TokenHash>, Problem> {
    let Ok(code) = text.parse::<EnrolmentCode>() else { return Ok(None) };
    let token = app.ring.derive("one-time code", code.as_str().as_bytes());
    Ok(Some(token.map_err(Problem::internal)?.hash()))
}

async fn accept(app: &App, at: &AtCard, code: TokenHash) -> Result<(), Problem> {
    let issued = app.store.read(at.tenant.id).await?.code(&code).await?;
    let event = Event::CodeGiven {
        handle: at.waiting.handle,
        code,
        issued_for: issued.as_ref().and_then(|issued| issued.person),
        valid_until: issued.map(|issued| issued.expires_at).unwrap_or_default(),
    };
    let (_, effects) = step(Login::Waiting(at.waiting.clone()), event, &at.tenant)?;
    let material = Material { on: Some(at.waiting.clone()), ..Material::default() };
    Ok(execute(app, at.tenant.id, effects, material).await?)
}

async fn again(
    app: &App,
    at: &AtCard,
    tries_left: u8,
    problem: CodeProblem,
) -> Result<Response, Problem> {
    let mut rows = app.store.read(at.tenant.id).await?;
    let person = rows.person(at.waiting.person).await?.ok_or(Problem::LoginGone)?;
    let account = account(&mut rows, &at.tenant, &at.waiting, &person).await?;
    let frame = frame(&at.tenant);
    let start_again = frame.url("login/start-again");
    let step = EnrolStep::Code(CodeEntry { tries_left, problem: Some(problem) });
    Ok(Html(EnrolPage { frame, account, step, start_again }).into_response())
}
