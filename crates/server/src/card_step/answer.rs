//! Takes an answer of a card, from a browser or from an agent: verify, decide, write.

use identity::Tenant;
use login::{Event, Login, Task, Then, Vouched, Waiting};

use crate::app::App;
use crate::exits;
use crate::hallway::ceremony::{self, Answer, Verified};
use crate::hallway::execute::{ExecuteError, Material, SessionMaterial, execute};
use crate::hallway::step;
use crate::hallway::waiting::session_token;
use crate::http::problem::Problem;

/// What became of the login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It waits for one step more.
    Waits,
    /// It is over; what the exit issues is written.
    Ended,
}

/// Verifies the answer and carries out what the hallway says.
///
/// # Errors
///
/// [`Problem`]; then only the challenge is spent, and the refusal is in the audit trail.
pub(crate) async fn take(
    app: &App,
    tenant: &Tenant,
    waiting: &Waiting,
    answer: Answer<'_>,
    user_agent: String,
) -> Result<Outcome, Problem> {
    let challenge = answer.challenge;
    let mut rows = app.store.read(tenant.id).await?;
    let Verified { event, card } =
        ceremony::verify(app, tenant, &mut rows, waiting, answer).await?;
    drop(rows);
    if let Event::CardRefused { reason, .. } = event {
        return Err(refuse(app, tenant, waiting, challenge, reason).await);
    }
    let (login, effects) = match step(Login::Waiting(waiting.clone()), event, tenant) {
        Ok(outcome) => outcome,
        Err(refusal) => {
            refuse(app, tenant, waiting, challenge, refusal.code()).await;
            return Err(refusal.into());
        }
    };
    let session = SessionMaterial {
        token: session_token(&app.ring, &waiting.handle)?.hash(),
        life: exits::life(tenant, waiting.started.request.door),
        user_agent,
    };
    let material = Material { card, session: Some(session), ..Material::default() };
    match execute(app, tenant.id, effects, material).await {
        Ok(()) => {
            let outcome = if login.is_some() { Outcome::Waits } else { Outcome::Ended };
            tell(tenant, waiting, outcome);
            Ok(outcome)
        }
        Err(ExecuteError::Clone) => {
            Err(refuse(app, tenant, waiting, challenge, "counter-went-back").await)
        }
        Err(error) => Err(error.into()),
    }
}

/// One line for each login that ends well, with what an operator asks first.
fn tell(tenant: &Tenant, waiting: &Waiting, outcome: Outcome) {
    let (login, person) = (waiting.started.id, waiting.person);
    if outcome == Outcome::Waits || waiting.then != Then::Exit {
        tracing::info!(tenant = %tenant.slug, %login, %person, "card accepted");
        return;
    }
    let provider = match &waiting.vouched {
        Vouched::Upstream { provider, .. } => Some(tracing::field::display(provider)),
        Vouched::Invitation | Vouched::Session => None,
    };
    let door = tracing::field::debug(waiting.started.request.door);
    let new_card = waiting.task != Task::Authenticate;
    tracing::info!(tenant = %tenant.slug, %login, %person, provider, door, new_card, "signed in");
}

/// Spends the challenge and writes the refusal; the problem for whoever sent the answer.
async fn refuse(
    app: &App,
    tenant: &Tenant,
    waiting: &Waiting,
    challenge: ids::ChallengeId,
    reason: &'static str,
) -> Problem {
    tracing::warn!(tenant = %tenant.slug, login = %waiting.started.id, reason, "card refused");
    let event = Event::CardRefused { challenge, reason };
    let outcome = step(Login::Waiting(waiting.clone()), event, tenant);
    let Ok((_, effects)) = outcome else { return Problem::LoginGone };
    match execute(app, tenant.id, effects, Material::default()).await {
        // Spent meanwhile: whoever spent it has written what there is to write.
        Ok(()) | Err(ExecuteError::Spent(_)) => Problem::CardRefused(reason),
        Err(error) => error.into(),
    }
}
