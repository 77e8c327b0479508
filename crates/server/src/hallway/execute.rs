//! Executes the effects of one step in one transaction: all of them, or none.

mod error;
mod material;
mod names;
mod run;

use ids::{LoginId, TenantId};
use login::{Audit, Effect, Waiting};
use store::{TicketState, Writing};

use crate::app::App;

use error::hit;
use run::Run;

pub(crate) use error::{ExecuteError, HINT};
pub(crate) use material::{
    AskedByEntra, FromAgent, Material, NewPairing, Rotation, SessionMaterial,
};

/// Executes `effects` for `tenant`.
///
/// # Errors
///
/// See [`ExecuteError`]; then nothing was written.
pub(crate) async fn execute(
    app: &App,
    tenant: TenantId,
    effects: Vec<Effect>,
    material: Material,
) -> Result<(), ExecuteError> {
    // On the heap: the handlers' futures stay small, whatever a step needs.
    Box::pin(in_one_transaction(app, tenant, effects, material)).await
}

async fn in_one_transaction(
    app: &App,
    tenant: TenantId,
    effects: Vec<Effect>,
    material: Material,
) -> Result<(), ExecuteError> {
    let mut tx = app.store.write(tenant).await?;
    if let Some(agent) = material.agent {
        if let Some(call) = agent.call
            && !call.spend(&mut tx).await?
        {
            return Err(ExecuteError::Replay);
        }
        if let Some(held) = &material.held {
            hit(tx.hold_ticket(agent.ticket, held).await?, "request")?;
        } else {
            let ended = answered(&effects).ok_or(ExecuteError::Incomplete)?;
            let was_open = tx.finish_ticket(agent.ticket, &ended).await?;
            // A refusal counts, and is on record, although the page took back what was asked.
            hit(was_open || ended != TicketState::Proved, "request")?;
        }
    }
    if let Some(on) = &material.on {
        still_so(&mut tx, on).await?;
    }
    let mut run = Run::new(login_of(&effects), material);
    let last_login = last_login_write(&effects);
    for (index, effect) in effects.into_iter().enumerate() {
        // Two writes of one row in one transaction: the later one says it all.
        let superseded = matches!(effect, Effect::WriteLogin(_)) && Some(index) != last_login;
        if !superseded {
            run.effect(&mut tx, effect).await?;
        }
    }
    let (asked, elsewhere) = run.finish(&mut tx).await?;
    tx.commit().await?;
    if let Some(asked) = asked {
        asked.log();
    }
    if let Some(elsewhere) = elsewhere {
        elsewhere.tell(app);
    }
    Ok(())
}

async fn still_so(tx: &mut Writing, on: &Waiting) -> Result<(), ExecuteError> {
    let row = tx.login(on.started.id).await?.ok_or(ExecuteError::Spent("login"))?;
    let out = |waiting: &Waiting| waiting.challenge.as_ref().map(|challenge| challenge.id);
    hit(row.task == on.task && out(&row) == out(on), "login")
}

/// How an agent's answer ends what it was asked.
fn answered(effects: &[Effect]) -> Option<TicketState> {
    effects.iter().find_map(|effect| match effect {
        Effect::Prove(_) => Some(TicketState::Proved),
        Effect::Audit(Audit::ProofRefused { reason, .. }) => {
            Some(TicketState::Refused { reason: (*reason).to_owned() })
        }
        _ => None,
    })
}

fn last_login_write(effects: &[Effect]) -> Option<usize> {
    effects.iter().rposition(|effect| matches!(effect, Effect::WriteLogin(_)))
}

/// The login that the effects are about: its audit events are found by it.
fn login_of(effects: &[Effect]) -> Option<LoginId> {
    effects.iter().find_map(|effect| match effect {
        Effect::WriteLogin(waiting) => Some(waiting.started.id),
        Effect::TakeLogin { login, .. }
        | Effect::TakeLoginProved { login, .. }
        | Effect::SpendChallenge { login, .. } => Some(*login),
        Effect::Prove(proof) => Some(proof.login),
        _ => None,
    })
}

/// The login that a step leaves behind, when one waits.
pub(crate) fn waiting_of(login: Option<login::Login>) -> Option<Waiting> {
    match login {
        Some(login::Login::Waiting(waiting)) => Some(waiting),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
