//! Limits on what strangers may try.

mod known;
mod pace;
mod peers;
mod tried;

use std::sync::{Mutex, MutexGuard, PoisonError};

use identity::Tenant;
use ids::{DeviceId, TenantId, UserId};
use secrets::Token;
use store::Device;

use crate::app::App;
use crate::config::Bounds;
use crate::entropy;
use crate::http::peer::Peer;
use crate::http::problem::Problem;

use known::Known;
use pace::Pace;
use peers::Peers;
use tried::{Tried, Verdict};

pub(crate) use peers::Attempt;

/// Counters of this process.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    bounds: Bounds,
    codes: Mutex<Pace>,
    devices: Mutex<Known<DeviceId>>,
    directories: Mutex<Known<(TenantId, String)>>,
    pairings: Mutex<Known<(DeviceId, UserId)>>,
    peers: Mutex<Peers>,
    tried: Mutex<Tried>,
}

impl Limits {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    /// Counts a wrong code of an agent, and tells whether it is not one too many.
    fn allows_wrong_code(&self) -> bool {
        lock(&self.codes).allows(entropy::now(), self.bounds.agent_codes_per_minute)
    }
}

/// Counts a code of an agent that is not out, of everybody together.
///
/// A code that is out passes whatever was counted: strangers with many addresses must not stop
/// others from setting up their agent. What makes guessing hopeless is that each address has its
/// pace, that a code has 34 bits and ten minutes of life, and that its page confirms the offer
/// only with the number that the agent shows.
///
/// # Errors
///
/// [`Problem::TooMany`] when there were too many within a minute.
pub(crate) fn count_wrong_code(app: &App) -> Result<(), Problem> {
    if app.limits.allows_wrong_code() {
        return Ok(());
    }
    app.quiet.once("too many wrong codes of agents", None, || {
        tracing::warn!("too many wrong codes of agents: somebody guesses");
    });
    Err(Problem::TooMany)
}

/// Counts a call of an agent.
///
/// # Errors
///
/// [`Problem::TooMany`] when this device made too many within a minute.
pub(crate) fn count_device(app: &App, device: &Device) -> Result<(), Problem> {
    let limits = &app.limits;
    if lock(&limits.devices).allows(device.id, entropy::now(), limits.bounds.logins_per_minute) {
        return Ok(());
    }
    app.quiet.once("too many calls of one agent", None, || {
        tracing::warn!(device = %device.id, "too many calls of one agent");
    });
    Err(Problem::TooMany)
}

/// So many logins a pairing begins within a minute: each is a row, and a request at a desk.
const BY_PAIRING: u32 = 12;

/// Counts a login that begins by a pairing, of this person's with this agent.
///
/// # Errors
///
/// [`Problem::TooMany`] when there were too many within a minute.
pub(crate) fn count_pairing(app: &App, device: &Device, person: UserId) -> Result<(), Problem> {
    let key = (device.id, person);
    if lock(&app.limits.pairings).allows(key, entropy::now(), BY_PAIRING) {
        return Ok(());
    }
    app.quiet.once("too many logins by one pairing", None, || {
        tracing::warn!(device = %device.id, %person, "too many logins by one pairing");
    });
    Err(Problem::TooMany)
}

/// A directory's people come from many addresses: so many times what one address may.
const DIRECTORY: u32 = 16;

/// Counts a request for external MFA that a directory has signed.
///
/// # Errors
///
/// [`Problem::TooMany`] when there were too many within a minute.
pub(crate) fn count_directory(app: &App, tenant: &Tenant, tid: &str) -> Result<(), Problem> {
    let limits = &app.limits;
    let most = limits.bounds.logins_per_minute.saturating_mul(DIRECTORY);
    let key = (tenant.id, tid.to_owned());
    if lock(&limits.directories).allows(key, entropy::now(), most) {
        return Ok(());
    }
    app.quiet.once("too many requests of one directory", Some(tenant), || {
        tracing::warn!(tenant = %tenant.slug, tid, "too many requests of one directory");
    });
    Err(Problem::TooMany)
}

/// Counts what this peer does.
///
/// # Errors
///
/// [`Problem::TooMany`] when it did so too often within a minute.
pub(crate) fn count(app: &App, attempt: Attempt, peer: Peer) -> Result<(), Problem> {
    let limits = &app.limits;
    let Peer::Address(address) = peer else { return Ok(()) };
    let most = limits.bounds.logins_per_minute.saturating_mul(attempt.for_many());
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
    use ids::Slug;

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

    #[tokio::test]
    async fn a_directory_may_ask_for_as_many_as_sixteen_addresses() {
        let (app, _data) = test_app().await;
        let tenant = Tenant {
            id: TenantId(entropy::id()),
            slug: Slug::try_from("acme".to_owned()).unwrap(),
            display_name: "Acme".into(),
            policy: TenantPolicy::default(),
            created_at: Moment(0),
        };
        let passed =
            |tid| (0..12_000).filter(|_| count_directory(&app, &tenant, tid).is_ok()).count();
        // A few more, if it takes a while to try them.
        assert!((9600..11_500).contains(&passed("one")));
        assert!(count_directory(&app, &tenant, "another").is_ok());
    }

    #[tokio::test]
    async fn an_application_may_ask_from_one_address_for_all_its_people() {
        let (app, _data) = test_app().await;
        let peer = Peer::Address(std::net::IpAddr::from([192, 0, 2, 1]));
        let passed = |attempt| (0..12_000).filter(|_| count(&app, attempt, peer).is_ok()).count();
        // A few more, if it takes a while to try them.
        assert!((9600..11_500).contains(&passed(Attempt::Token)));
        assert!((600..2500).contains(&passed(Attempt::Begin)), "and no more of anything else");
    }

    #[test]
    fn six_thousand_wrong_codes_of_agents_are_answered_a_minute() {
        let limits = Limits::new(Bounds::default());
        let passed = (0..7000).filter(|_| limits.allows_wrong_code()).count();
        // A few more, if it takes a while to try them.
        assert!((6000..6900).contains(&passed), "{passed}");
    }
}
