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
    credential: Option<Credential>,
    place: Place,
    /// Where it was before answers of which the server has not said that they are good, the oldest
    /// first.
    moves: Vec<Move>,
}

/// Where a card is that holds a session.
#[derive(Clone, Copy, Debug)]
struct Place {
    stay: DeviceId,
    /// When it answered. `None`: it has been there again since, and so was put there to stay.
    answered_at: Option<Instant>,
}

/// A hold has followed an answer, on the word of the card alone.
#[derive(Clone, Debug)]
struct Move {
    /// The ticket that was answered.
    by: Ticket,
    from: Place,
}

/// Which credential a card has answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// The id of a FIDO credential, base64url.
    Fido(String),
    /// A certificate, DER in base64url.
    Certificate(String),
}

/// A card that is away, and holds a session.
#[derive(Clone, Debug)]
pub(crate) struct Away {
    /// What it answered with, where its answer said so.
    pub(crate) credential: Option<Credential>,
    /// The latest stay of all when it left: what comes later may be the card.
    pub(crate) seen: DeviceId,
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
    /// enrolment so many are watched; the oldest goes first, and whoever watches it hears that it is
    /// [`Left::Unwatched`].
    pub(crate) fn answered(
        &self,
        device: &Thumbprint,
        ticket: &Ticket,
        outcome: &Outcome,
        stay: DeviceId,
    ) {
        self.follow(device, ticket, outcome, stay);
        let place = Place { stay, answered_at: Some(clock::now()) };
        let (device, ticket, moves) = (device.clone(), ticket.clone(), Vec::new());
        let hold = Hold { device, ticket, credential: credential(outcome), place, moves };
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

    /// A card has answered a ticket that may have been taken away and put back for it: what it held
    /// before, it holds where it is now, until [`Self::judged`] says whether that is so.
    pub(crate) fn follow(
        &self,
        device: &Thumbprint,
        by: &Ticket,
        outcome: &Outcome,
        stay: DeviceId,
    ) {
        let Some(credential) = credential(outcome) else { return };
        self.sessions.send_modify(|held| {
            let is_its = |hold: &&mut Hold| {
                hold.device == *device && hold.credential.as_ref() == Some(&credential)
            };
            for hold in held.iter_mut().filter(is_its).filter(|hold| hold.place.stay != stay) {
                hold.moves.push(Move { by: by.clone(), from: hold.place });
                hold.place = Place { stay, answered_at: None };
            }
        });
    }

    /// What the server has made of the answer to a ticket. What has followed it stays where it is when
    /// the answer `is_good`, and else is where it was before.
    ///
    /// # Security
    ///
    /// Which credential has answered is the card's own word until then, and its id is no secret: a card
    /// that merely repeats it must not keep a session whose card has left.
    pub(crate) fn judged(&self, device: &Thumbprint, by: &Ticket, is_good: bool) {
        self.sessions.send_modify(|held| {
            let of_device = |hold: &&mut Hold| hold.device == *device;
            held.iter_mut().filter(of_device).for_each(|hold| hold.judge(by, is_good));
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
        let moved = |held: &Vec<Hold>| {
            find(held, device, ticket).is_none_or(|hold| hold.place.stay != stay)
        };
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = self.sessions.subscribe().wait_for(moved).await;
    }

    /// Waits until the card that holds this session has left, and is not back when `flutter` is over:
    /// a field that flutters is none that is left. While a ceremony runs for which `idle` waits, the
    /// card may be taken away and put back: what counts is whether it is there afterwards.
    pub(crate) async fn left<Flutter, Idle>(
        &self,
        board: &Board,
        (device, ticket): (&Thumbprint, &Ticket),
        flutter: impl Fn() -> Flutter,
        idle: impl Fn(Away) -> Idle,
    ) -> Left
    where
        Flutter: Future<Output = ()>,
        Idle: Future<Output = ()>,
    {
        while let Some(hold) = self.hold(device, ticket) {
            tokio::select! {
                biased;
                () = self.moved(device, ticket, hold.place.stay) => continue,
                () = board.absence_of(hold.place.stay) => {}
            }
            let (left_at, seen) = (clock::now(), board.latest());
            tokio::select! {
                biased;
                () = board.presence_of(hold.place.stay) => continue,
                () = flutter() => {}
            }
            idle(Away { credential: hold.credential, seen }).await;
            let Some(now) = self.hold(device, ticket) else { break };
            if now.place.stay == hold.place.stay && !board.has_stay(hold.place.stay) {
                return if now.place.stayed_less_than(self.tap, left_at) {
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
    fn judge(&mut self, by: &Ticket, is_good: bool) {
        let Some(at) = self.moves.iter().position(|it| it.by == *by) else { return };
        if is_good {
            // There it was, whatever was said before.
            self.moves.drain(..=at);
            return;
        }
        let undone = self.moves.remove(at);
        match self.moves.get_mut(at) {
            Some(next) => next.from = undone.from,
            None => self.place = undone.from,
        }
    }
}

impl Place {
    fn stayed_less_than(&self, time: Duration, left_at: Instant) -> bool {
        self.answered_at.is_some_and(|at| left_at.saturating_duration_since(at) < time)
    }
}

fn find<'h>(held: &'h [Hold], device: &Thumbprint, ticket: &Ticket) -> Option<&'h Hold> {
    held.iter().find(|hold| hold.device == *device && hold.ticket == *ticket)
}

/// The credential that answered.
fn credential(outcome: &Outcome) -> Option<Credential> {
    match outcome {
        Outcome::Assertion(answer) | Outcome::Registration(answer) => {
            let id = answer.get("id").and_then(Value::as_str)?;
            Some(Credential::Fido(id.to_owned()))
        }
        Outcome::X509Assertion(answer) | Outcome::X509Registration(answer) => {
            Some(Credential::Certificate(answer.certificate.clone()))
        }
        Outcome::Refused(_) => None,
    }
}

#[cfg(test)]
mod tests;
