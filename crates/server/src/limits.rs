//! Limits on what strangers may try.

mod pace;
mod peers;
mod tried;

use std::sync::{Mutex, MutexGuard, PoisonError};

use identity::Tenant;
use secrets::Token;

use crate::app::App;
use crate::config::Bounds;
use crate::entropy;
use crate::http::peer::Peer;
use crate::http::problem::Problem;

use pace::Pace;
use peers::Peers;
use tried::{Tried, Verdict};

pub(crate) use peers::Attempt;

/// Counters of this process.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    bounds: Bounds,
    codes: Mutex<Pace>,
    peers: Mutex<Peers>,
    tried: Mutex<Tried>,
}

impl Limits {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    /// Counts a try of an agent's code, and tells whether it may go on.
    ///
    /// Wide, and for everybody together, so that no stranger stops others from setting up their
    /// agent; with 34 bits a code and ten minutes of life still hopeless to guess, for an offer
    /// that its page would have to confirm.
    pub(crate) fn allows_code_try(&self) -> bool {
        lock(&self.codes).allows(entropy::now(), self.bounds.agent_codes_per_minute)
    }
}

/// Counts what this peer does.
///
/// # Errors
///
/// [`Problem::TooMany`] when it did so too often within a minute.
pub(crate) fn count(app: &App, attempt: Attempt, peer: Peer) -> Result<(), Problem> {
    let limits = &app.limits;
    let Peer::Address(address) = peer else { return Ok(()) };
    let most = limits.bounds.logins_per_minute;
    if lock(&limits.peers).allows(attempt, address, entropy::now(), most) {
        return Ok(());
    }
    app.quiet.once("too many attempts from one address", None, || {
        tracing::warn!(%address, ?attempt, "too many attempts from one address");
    });
    Err(Problem::TooMany)
}

/// Lets each `state` go to the provider once. Whoever repeats a callback, with whatever code,
/// makes us call nobody.
///
/// # Errors
///
/// [`Problem::AlreadyUsed`] for a state that was tried before. When no more can be remembered, it
/// is let through: this spares the provider calls, and decides nothing. Whether a state counts is
/// decided in the database, where a login spends it, and the gates bound the calls.
pub(crate) fn first_try(app: &App, tenant: &Tenant, state: &Token) -> Result<(), Problem> {
    match lock(&app.limits.tried).note(tenant.id, &state.hash(), entropy::now()) {
        Verdict::First => Ok(()),
        Verdict::Again => {
            app.quiet.once("state came again", Some(tenant), || {
                tracing::info!(tenant = %tenant.slug, "state came again");
            });
            Err(Problem::AlreadyUsed)
        }
        Verdict::Full => {
            app.quiet.once("too many callbacks", Some(tenant), || {
                tracing::warn!(tenant = %tenant.slug, "more callbacks than can be remembered");
            });
            Ok(())
        }
    }
}

/// Forgets a state of which [`first_try`] was told: its call was turned away at the gate, so that
/// the provider was not asked, and the same callback may come again.
pub(crate) fn not_tried(app: &App, tenant: &Tenant, state: &Token) {
    lock(&app.limits.tried).take_back(tenant.id, &state.hash());
}

fn lock<T>(counter: &Mutex<T>) -> MutexGuard<'_, T> {
    counter.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use identity::{Moment, TenantPolicy};
    use ids::{Slug, TenantId};

    use super::*;
    use crate::test_app::test_app;

    #[tokio::test]
    async fn a_state_is_tried_once_and_when_no_more_are_remembered_each_is_let_through() {
        let (app, _data) = test_app().await;
        let tenant = Tenant {
            id: TenantId(entropy::id()),
            slug: Slug::try_from("acme".to_owned()).unwrap(),
            display_name: "Acme".into(),
            policy: TenantPolicy::default(),
            created_at: Moment(0),
        };
        let known = entropy::token();
        first_try(&app, &tenant, &known).unwrap();
        let again = |state| matches!(first_try(&app, &tenant, state), Err(Problem::AlreadyUsed));
        assert!(again(&known));
        not_tried(&app, &tenant, &known);
        first_try(&app, &tenant, &known).unwrap();
        // What strangers send, far more than is remembered.
        for _ in 0..70_000 {
            first_try(&app, &tenant, &entropy::token()).unwrap();
        }
        assert!(again(&known), "strangers made it forgotten");
    }

    #[test]
    fn six_thousand_codes_of_agents_are_tried_a_minute() {
        let limits = Limits::new(Bounds::default());
        let passed = (0..7000).filter(|_| limits.allows_code_try()).count();
        // A few more, if it takes a while to try them.
        assert!((6000..6900).contains(&passed), "{passed}");
    }
}
