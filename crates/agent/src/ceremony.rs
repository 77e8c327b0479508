//! One ceremony: who asks, which card, and what the card says.

use std::sync::Arc;
use std::time::{Duration, Instant};

use agent_protocol::{Outcome, Refused, VerifiedRequest};
use authenticator::CeremonyError;
use tokio::runtime::Handle;
use tokio::time::{sleep_until, timeout};

use crate::board::Board;
use crate::cancel::Cancel;
use crate::causes::Causes;
use crate::dialogs::{Dialogs, is_over};
use crate::pinentry::Pinentry;
use crate::state::Enrolment;
use crate::words;

mod card;
mod sign;
mod touch;

pub(crate) use touch::Touch;

/// How long the thread that talks to a card may take to hear that the ceremony is void. After
/// that it is left behind, with a card that it resets.
pub(crate) const LAST_WORD: Duration = Duration::from_millis(800);

/// What a ceremony needs.
#[derive(Clone)]
pub(crate) struct Ceremony {
    pub(crate) enrolment: Arc<Enrolment>,
    pub(crate) request: Arc<VerifiedRequest>,
    pub(crate) board: Board,
    pub(crate) pinentry: Pinentry,
    pub(crate) cancel: Cancel,
    /// When its challenge ends.
    pub(crate) deadline: Instant,
}

impl Ceremony {
    /// Goes through it. `None`: somebody cancelled it, and there is nobody to tell.
    pub(crate) async fn run(&self) -> Option<Outcome> {
        let who_asks = words::who_asks(&self.enrolment.record, self.request.claims());
        let end = tokio::time::Instant::from_std(self.deadline);
        let card = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return None,
            () = sleep_until(end) => Err(Refused::NoCard),
            card = card::find(self, &who_asks) => card,
        };
        match card {
            Ok(card) => self.sign(card, who_asks).await,
            Err(refused) => Some(Outcome::Refused(refused)),
        }
    }

    /// Lets the card do its part, on a thread of its own.
    async fn sign(&self, card: card::Card, who_asks: String) -> Option<Outcome> {
        let (ceremony, handle, id) = (self.clone(), Handle::current(), card.id);
        let touch = Touch::new();
        let (of_person, said) = (touch.clone(), who_asks.clone());
        let mut thread = tokio::task::spawn_blocking(move || {
            let mut person = Dialogs {
                handle,
                pinentry: ceremony.pinentry.clone(),
                cancel: ceremony.cancel.clone(),
                who_asks,
                new_pin: words::choose_pin,
                touch: of_person,
                // A card that lies on its reader is touched by lying there; a key says when it waits.
                on_touch: || tracing::debug!("the authenticator waits for its holder"),
                failed: false,
            };
            let result = sign::sign(&ceremony, card, &mut person);
            result.unwrap_or_else(|error| Outcome::Refused(ceremony.refusal(&error, &person)))
        });
        let outcome = tokio::select! {
            biased;
            () = self.cancel.cancelled() => {
                let _ = timeout(LAST_WORD, thread).await;
                return None;
            }
            outcome = &mut thread => outcome,
            () = self.board.departure_of(id) => {
                // No PIN is typed for a card that is not there any more.
                self.cancel.cancel();
                let _ = timeout(LAST_WORD, thread).await;
                return Some(Outcome::Refused(Refused::Removed));
            }
            () = touch.refused(&self.pinentry, &said) => {
                self.cancel.cancel();
                let _ = timeout(LAST_WORD, thread).await;
                return Some(Outcome::Refused(Refused::Cancelled));
            }
        };
        // A ceremony that was cancelled at the last moment is void, whatever the card said.
        if self.cancel.is_cancelled() {
            return None;
        }
        Some(outcome.unwrap_or_else(|error| {
            tracing::error!(%error, "a ceremony ended in a panic");
            Outcome::Refused(Refused::Failed)
        }))
    }

    fn refusal(&self, error: &CeremonyError, person: &Dialogs) -> Refused {
        tracing::info!(error = %Causes(error), "no answer of the card");
        match error {
            CeremonyError::Declined if person.failed => Refused::Failed,
            CeremonyError::Declined if is_over(self.deadline) => Refused::Timeout,
            CeremonyError::Cancelled | CeremonyError::Declined | CeremonyError::Denied => {
                Refused::Cancelled
            }
            CeremonyError::TimedOut => Refused::Timeout,
            CeremonyError::NoCredential => Refused::NoCredential,
            CeremonyError::Excluded => Refused::Excluded,
            CeremonyError::StoreFull => Refused::Full,
            CeremonyError::NoPinSet => Refused::NoPin,
            CeremonyError::PinAuthBlocked => Refused::PinAuthBlocked,
            CeremonyError::PinBlocked | CeremonyError::UvBlocked => Refused::Blocked,
            CeremonyError::Removed(_) => Refused::Removed,
            _ => Refused::Failed,
        }
    }
}
