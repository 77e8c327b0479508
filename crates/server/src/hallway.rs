//! Carries logins through the hallway: keeps them between requests, calls `login::step`, and
//! executes its effects in one transaction.

pub(crate) mod ceremony;
pub(crate) mod change;
pub(crate) mod events;
pub(crate) mod execute;
pub(crate) mod one_call;
pub(crate) mod seen;
pub(crate) mod stranger;
pub(crate) mod waiting;

use identity::Tenant;
use login::{Effect, Event, Login, Refusal};

use crate::entropy;

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
