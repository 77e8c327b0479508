//! Carries logins through the hallway: keeps them between requests, calls `login::step`, and
//! executes its effects in one transaction.

pub(crate) mod ceremony;
mod certificate;
pub(crate) mod change;
pub(crate) mod events;
pub(crate) mod execute;
pub(crate) mod newcomer;
pub(crate) mod one_call;
pub(crate) mod seen;
pub(crate) mod stranger;
pub(crate) mod waiting;

use identity::Tenant;
use login::{Effect, Event, Login, Refusal};

use crate::entropy;

/// The page counts a challenge's life down, the browser and the agent are told of it, and the row
/// ends with it: they mean the same one.
const _: () = {
    let life = login::CHALLENGE_LIFE.as_nanos();
    assert!(life == passkeys::CHALLENGE_LIFE.as_nanos(), "the browser's timeout");
    assert!(life == agent_protocol::limits::CHALLENGE_LIFE.as_nanos(), "what an agent takes");
};

/// Takes one event at the present moment.
///
/// # Errors
///
/// The refusal of the hallway.
pub(crate) fn step(
    login: Login,
    event: Event,
    tenant: &Tenant,
) -> Result<(Option<Login>, Vec<Effect>), Refusal> {
    login::step(login, event, &tenant.policy, entropy::now())
}
