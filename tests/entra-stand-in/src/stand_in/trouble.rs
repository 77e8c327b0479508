//! Keys that change, a clock that is wrong, endpoints that fail.

use super::StandIn;
use crate::faults::{Endpoint, Fault, IdTokenFault, Pending};

/// Keys and clock.
impl StandIn {
    /// The published next key signs from now on; the old one stays published.
    pub fn rotate_keys(&self) {
        self.shared.world().keys.rotate();
    }

    /// Keys that no longer sign are no longer published.
    pub fn drop_retired_keys(&self) {
        self.shared.world().keys.drop_retired();
    }

    /// Replaces every key at once, unannounced.
    pub fn replace_keys(&self) {
        self.shared.world().keys.replace();
    }

    /// The `kid` that new tokens have.
    pub fn active_kid(&self) -> String {
        self.shared.world().keys.active().kid.clone()
    }

    /// Sets how many seconds the stand-in's clock is ahead (negative: behind).
    pub fn skew_clock(&self, seconds: i64) {
        self.shared.clock.skew(seconds);
    }

    /// Moves the stand-in's clock by so many seconds.
    pub fn advance_clock(&self, seconds: i64) {
        self.shared.clock.advance(seconds);
    }
}

/// Faults.
impl StandIn {
    /// Lets an endpoint fail until [`StandIn::heal`].
    pub fn fail(&self, endpoint: Endpoint, fault: Fault) {
        self.shared.world().faults.push(Pending::new((endpoint, fault), None));
    }

    /// Lets an endpoint fail so many times. What is set for one endpoint takes its turn in the order in
    /// which it was set, so that a `Delay` of 0 lets as many requests pass before the next fault.
    pub fn fail_next(&self, endpoint: Endpoint, times: u32, fault: Fault) {
        self.shared.world().faults.push(Pending::new((endpoint, fault), Some(times)));
    }

    /// Spoils every ID token until [`StandIn::heal`].
    pub fn spoil_id_tokens(&self, fault: IdTokenFault) {
        self.shared.world().id_token_faults.push(Pending::new(fault, None));
    }

    /// Spoils the next ID token.
    pub fn spoil_next_id_token(&self, fault: IdTokenFault) {
        self.shared.world().id_token_faults.push(Pending::new(fault, Some(1)));
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.shared.heal();
    }
}
