//! The hallway: one person's way from an application's request to a proof.
//!
//! [`step()`] is the only place that decides whether a person is who they say. Events go in; the
//! next state and the effects come out. No I/O, no clock, no randomness: the server carries out
//! all effects of a step in one database transaction, keeps the login between requests (sealed in
//! the browser's cookie until somebody trusted has vouched for the person, then in a row) and
//! gives time and random values. A model checker drives the same function.

mod effect;
mod event;
mod guard;
mod state;
mod step;

pub use effect::{Audit, Effect, Enrolment, Issue, Proof};
pub use event::{CardFacts, EamProof, Event, Evidence, PersonFacts, Shown, UpstreamFacts};
pub use guard::Refusal;
pub use state::{
    Challenge, Channel, Door, EntraAccount, Login, LoginRequest, Permit, Purpose, Started,
    Stranger, StrangerAt, Task, Then, Vouched, Waiting,
};
pub use step::step;

use std::time::Duration;

/// A login lives so long, by the database's clock.
pub const LOGIN_LIFE: Duration = Duration::from_secs(600);

/// A login at the EAM door lives so long from its beginning, the card step included: Entra gives up
/// after about five minutes, and a minute of them is not ours.
pub const EAM_LIFE: Duration = Duration::from_secs(240);

/// So long a proof that Entra has asked for spares a second tap: as long as a challenge lives, for
/// between the two there is nothing but Entra's way back.
pub const ONE_TAP_LIFE: Duration = CHALLENGE_LIFE;

/// A challenge lives so long from the moment it is handed out.
pub const CHALLENGE_LIFE: Duration = Duration::from_secs(120);

/// So long an answer waits for the browser that began, where it must come back.
pub const RETURN_LIFE: Duration = Duration::from_secs(30);

/// So many answers of cards are refused in one login; with the last of them it ends. A person has
/// found the right card long before, and who tries cards or answers in turn begins anew, which the
/// audit trail shows.
pub const MOST_REFUSALS: u32 = 10;

/// How much earlier than our request a fresh sign-in may say that it was: whole seconds are rounded
/// down, and two clocks that are kept right differ by little. Each second more is one in which the
/// sign-in of somebody who has left the computer counts as fresh.
pub const FRESH_SKEW: Duration = Duration::from_secs(10);

#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "in a model an overflow is a red test"
)]
mod model;
#[cfg(test)]
mod tests;
