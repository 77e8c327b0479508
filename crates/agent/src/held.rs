//! The cards that hold sessions: each is watched from its answer until it leaves its reader.

use std::time::{Duration, Instant};

use agent_protocol::{Outcome, Thumbprint, Ticket, limits};
use serde_json::Value;
use tokio::sync::watch;

use crate::board::{Board, DeviceId};
use crate::clock;

/// The sessions that cards hold here, and the cards that hold them.
#[derive(Debug)]
pub(crate) struct Held {
    sessions: watch::Sender<Vec<Hold>>,
    /// A card that leaves sooner after its answer was only tapped.
    tap: Duration,
}

/// One session: the ticket that a card answered, and the stay of that card.
#[derive(Clone, Debug)]
struct Hold {
    device: Thumbprint,
    ticket: Ticket,
    /// Which credential answered: its id, or its certificate.
    credential: Option<String>,
    stay: DeviceId,
    /// When it answered. `None`: it has been there again since, and so was put there to stay.
    answered_at: Option<Instant>,
}

/// How the stay of a card has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// It was taken away.
    Lifted,
    /// It was there for its answer alone.
    Tapped,
    /// Nobody knows: it is not watched any more.
    Unwatched,
}

impl Held {
    pub(crate) fn new(tap: Duration) -> Self {
        Self { sessions: watch::Sender::default(), tap }
    }

    /// A card has answered: it holds its session from now on, and those that it opened before. Of one
    /// enrolment so many are watched; the oldest goes first.
    pub(crate) fn answered(
        &self,
        device: &Thumbprint,
        ticket: &Ticket,
        outcome: &Outcome,
        stay: DeviceId,
    ) {
        self.follow(device, outcome, stay);
        let (device, ticket, credential) =
            (device.clone(), ticket.clone(), credential(outcome).map(str::to_owned));
        let answered_at = Some(clock::now());
        let hold = Hold { device, ticket, credential, stay, answered_at };
        self.sessions.send_modify(|held| {
            let of_device = |other: &Hold| other.device == hold.device;
            if held.iter().filter(|other| of_device(other)).count() >= limits::MAX_HELD
                && let Some(oldest) = held.iter().position(of_device)
            {
                held.remove(oldest);
            }
            held.push(hold);
        });
    }

    /// A card has answered that may have been taken away and put back for it: what it held before, it
    /// holds where it is now.
    pub(crate) fn follow(&self, device: &Thumbprint, outcome: &Outcome, stay: DeviceId) {
        let Some(credential) = credential(outcome) else { return };
        self.sessions.send_modify(|held| {
            let is_its = |hold: &&mut Hold| {
                hold.device == *device && hold.credential.as_deref() == Some(credential)
            };
            for hold in held.iter_mut().filter(is_its).filter(|hold| hold.stay != stay) {
                (hold.stay, hold.answered_at) = (stay, None);
            }
        });
    }

    /// What is held, as the server is told at the beginning of a connection.
    pub(crate) fn tickets(&self, device: &Thumbprint) -> Vec<Ticket> {
        let held = self.sessions.borrow();
        held.iter().filter(|hold| hold.device == *device).map(|hold| hold.ticket.clone()).collect()
    }

    /// The server knows how it ended, or there is no session.
    pub(crate) fn forget(&self, device: &Thumbprint, ticket: &Ticket) {
        self.sessions.send_modify(|held| {
            held.retain(|hold| hold.device != *device || hold.ticket != *ticket);
        });
    }

    /// Nothing of an enrolment is watched any more.
    pub(crate) fn forget_all_of(&self, device: &Thumbprint) {
        self.sessions.send_modify(|held| held.retain(|hold| hold.device != *device));
    }

    fn hold(&self, device: &Thumbprint, ticket: &Ticket) -> Option<Hold> {
        find(&self.sessions.borrow(), device, ticket).cloned()
    }

    /// Waits until the card that holds a session is another stay than `stay`, or is not watched.
    async fn moved(&self, device: &Thumbprint, ticket: &Ticket, stay: DeviceId) {
        let moved =
            |held: &Vec<Hold>| find(held, device, ticket).is_none_or(|hold| hold.stay != stay);
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = self.sessions.subscribe().wait_for(moved).await;
    }

    /// Waits until the card that holds this session has left, and is not back when `flutter` is over:
    /// a field that flutters is none that is left. While a ceremony runs, for which `idle` waits, a
    /// card may be taken away and put back: what counts is whether it is there afterwards.
    pub(crate) async fn left<Flutter, Idle>(
        &self,
        board: &Board,
        (device, ticket): (&Thumbprint, &Ticket),
        flutter: impl Fn() -> Flutter,
        idle: impl Fn() -> Idle,
    ) -> Left
    where
        Flutter: Future<Output = ()>,
        Idle: Future<Output = ()>,
    {
        while let Some(hold) = self.hold(device, ticket) {
            tokio::select! {
                biased;
                () = self.moved(device, ticket, hold.stay) => continue,
                () = board.absence_of(hold.stay) => {}
            }
            let left_at = clock::now();
            tokio::select! {
                biased;
                () = board.presence_of(hold.stay) => continue,
                () = flutter() => {}
            }
            idle().await;
            let Some(now) = self.hold(device, ticket) else { break };
            if now.stay == hold.stay && !board.has_stay(hold.stay) {
                return if now.stayed_less_than(self.tap, left_at) {
                    Left::Tapped
                } else {
                    Left::Lifted
                };
            }
        }
        Left::Unwatched
    }
}

impl Hold {
    fn stayed_less_than(&self, time: Duration, left_at: Instant) -> bool {
        self.answered_at.is_some_and(|at| left_at.saturating_duration_since(at) < time)
    }
}

fn find<'h>(held: &'h [Hold], device: &Thumbprint, ticket: &Ticket) -> Option<&'h Hold> {
    held.iter().find(|hold| hold.device == *device && hold.ticket == *ticket)
}

/// The credential that answered.
fn credential(outcome: &Outcome) -> Option<&str> {
    match outcome {
        Outcome::Assertion(answer) | Outcome::Registration(answer) => {
            answer.get("id").and_then(Value::as_str)
        }
        Outcome::X509Assertion(answer) | Outcome::X509Registration(answer) => {
            Some(&answer.certificate)
        }
        Outcome::Refused(_) => None,
    }
}

#[cfg(test)]
mod tests;
