//! Takes an answer of a card, from a browser or from an agent: verify, decide, write.

use identity::Tenant;
use login::{Audit, Channel, Door, Effect, Event, Login, Task, Then, Vouched, Waiting};
use store::HeldAnswer;

use crate::app::App;
use crate::card_step::entra;
use crate::entropy;
use crate::hallway::ceremony::{self, Answer, Verified};
use crate::hallway::execute::{
    ExecuteError, FromAgent, Material, NewPairing, SessionMaterial, execute,
};
use crate::hallway::step;
use crate::hallway::waiting::session_token;
use crate::http::problem::Problem;

/// What became of the login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It waits for one step more.
    Waits,
    /// The answer is kept until the browser that began has come back. Nothing else is written.
    Held,
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
    pairing: Option<NewPairing>,
) -> Result<Outcome, Problem> {
    let kept = kept(&answer)?;
    let refusing = Refusing { challenge: answer.challenge, agent: answer.agent };
    let channel = answer.channel;
    let mut rows = app.store.read(tenant.id).await?;
    let Verified { event, card, is_new, renewed } =
        ceremony::verify(app, tenant, &mut rows, waiting, answer).await?;
    let choice = entra::choice(&mut rows, waiting, card.as_ref()).await?;
    let new_card = card.filter(|_| is_new);
    drop(rows);
    if let Event::CardRefused { reason, .. } = event {
        return Err(refuse(app, tenant, waiting, refusing, reason).await);
    }
    let Ok(choice) = choice else {
        return Err(refuse(app, tenant, waiting, refusing, entra::OTHER_METHOD).await);
    };
    let (login, effects) = match step(Login::Waiting(waiting.clone()), event, tenant) {
        Ok(outcome) => outcome,
        Err(refusal) => {
            let refused = refuse(app, tenant, waiting, refusing, refusal.code()).await;
            let over = matches!(refused, Problem::GivenUp);
            return Err(if over { refused } else { refusal.into() });
        }
    };
    let token = session_token(&app.ring, &waiting.handle)?.hash();
    let door = waiting.started.request.door;
    let session = SessionMaterial::of(tenant, door, token, user_agent);
    let agent = refusing.agent;
    let waits =
        effects.iter().any(|effect| matches!(effect, Effect::Audit(Audit::AnswerWaits { .. })));
    let material = if waits {
        // It is verified again, in all, when the browser is there.
        let held = Some(kept.ok_or(Problem::Internal)?);
        Material { on: Some(waiting.clone()), held, agent, ..Material::default() }
    } else {
        Material { card: new_card, renewed, session, choice, agent, pairing, ..Material::default() }
    };
    match execute(app, tenant.id, effects, material).await {
        Ok(()) if waits => Ok(Outcome::Held),
        Ok(()) => {
            story(tenant, waiting, channel);
            Ok(if login.is_some() { Outcome::Waits } else { Outcome::Ended })
        }
        Err(
            error @ (ExecuteError::Counter | ExecuteError::Revoked | ExecuteError::KnownCredential),
        ) => Err(refuse(app, tenant, waiting, refusing, error.code()).await),
        Err(error) => Err(error.into()),
    }
}

/// What is kept of an answer that is to wait.
fn kept(answer: &Answer<'_>) -> Result<Option<HeldAnswer>, Problem> {
    let Some(token) = answer.back else { return Ok(None) };
    let kept = answer.response.keep().map_err(Problem::internal)?;
    let answer = serde_json::to_string(&kept).map_err(Problem::internal)?;
    Ok(Some(HeldAnswer { token, answer, tapped: false }))
}

/// One line that tells the story of a login, for the operator at three in the morning. People stand
/// in it by their ids: the console knows their names.
fn story(tenant: &Tenant, waiting: &Waiting, channel: Channel) {
    let to_entra = waiting.started.request.door == Door::Eam;
    let for_application = waiting.started.request.application.is_some();
    let what = match (waiting.then, waiting.task) {
        (Then::Exit, Task::Authenticate) if to_entra => "proved to Entra",
        (Then::Exit, Task::Enrol(_)) if to_entra => "enrolled a first card and proved to Entra",
        (Then::Exit, Task::Authenticate) => "signed in",
        (Then::Exit, Task::Enrol(_)) => "enrolled a first card and signed in",
        (Then::AddCard, Task::Authenticate) => "confirmed with a card",
        (Then::AddCard, Task::Enrol(_)) => "added a card",
        (Then::Confirm, _) if for_application => "confirmed for an application",
        (Then::Confirm, _) => "confirmed a change in the console",
        (Then::RemoveCard(_), _) => "removed a card",
    };
    let vouched = match &waiting.vouched {
        Vouched::Upstream { provider, .. } => provider.as_str(),
        Vouched::Invitation => "invitation",
        Vouched::Session { .. } => "session",
        Vouched::Hint { .. } => "hint",
        Vouched::Pairing { .. } => "pairing",
    };
    let via = match channel {
        Channel::Browser => "browser",
        Channel::Agent(_) => "agent",
        Channel::Returning(_) => "agent, and back",
    };
    let took = entropy::now().since(waiting.started.started_at);
    tracing::info!(
        tenant = %tenant.slug, person = %waiting.person, login = %waiting.started.id,
        vouched, via, seconds = took.as_secs(), "{what}"
    );
}

/// What a refused answer spends.
#[derive(Clone, Copy)]
pub(crate) struct Refusing {
    /// The challenge that it was an answer to.
    pub(crate) challenge: ids::ChallengeId,
    /// How it came from an agent.
    pub(crate) agent: Option<FromAgent>,
}

/// Spends the challenge and writes the refusal; the problem for whoever sent the answer.
pub(crate) async fn refuse(
    app: &App,
    tenant: &Tenant,
    waiting: &Waiting,
    Refusing { challenge, agent }: Refusing,
    reason: &'static str,
) -> Problem {
    tracing::warn!(tenant = %tenant.slug, login = %waiting.started.id, reason, "card refused");
    let event = Event::CardRefused { challenge, reason };
    let outcome = step(Login::Waiting(waiting.clone()), event, tenant);
    let Ok((login, effects)) = outcome else { return Problem::LoginGone };
    match execute(app, tenant.id, effects, Material { agent, ..Material::default() }).await {
        Ok(()) if login.is_none() => {
            tracing::warn!(tenant = %tenant.slug, login = %waiting.started.id, "login given up");
            Problem::GivenUp
        }
        // Spent meanwhile: whoever spent it has written what there is to write.
        Ok(()) | Err(ExecuteError::Spent(_)) => Problem::CardRefused(reason),
        Err(error) => error.into(),
    }
}
