//! Challenges of logins that wait at the card step, from the browser that holds them.

use identity::Tenant;
use login::{Challenge, Event, Login, Waiting};

use crate::app::App;
use crate::hallway::execute::{Material, execute, waiting_of};
use crate::hallway::step;
use crate::http::problem::Problem;

/// Hands out a challenge in place of the one that was out, if any; with it `material` is written. The
/// login as it waits now.
///
/// # Errors
///
/// [`Problem`]; then nothing is written. Of two at once one counts.
pub(super) async fn hand_out(
    app: &App,
    tenant: &Tenant,
    waiting: Waiting,
    challenge: Challenge,
    material: Material,
) -> Result<Waiting, Problem> {
    let event = Event::ChallengeMade { handle: Some(waiting.handle), challenge };
    let (login, effects) = step(Login::Waiting(waiting.clone()), event, tenant)?;
    let material = Material { on: Some(waiting), ..material };
    Box::pin(execute(app, tenant.id, effects, material)).await?;
    waiting_of(login).ok_or(Problem::LoginGone)
}
