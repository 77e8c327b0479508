//! One ceremony: who asks, which card, and what the card says.

use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use agent_protocol::{Outcome, Refused, VerifiedRequest};
use authenticator::CeremonyError;
use link_pkcs11::Modules;
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::board::{Board, DeviceId};
use crate::cancel::Cancel;
use crate::causes::Causes;
use crate::dialogs::{Dialogs, is_over};
use crate::entry::Entry;
use crate::pinentry::Pinentry;
use crate::state::Enrolment;
use crate::tokens::{FirstLook, Tokens};
use crate::words;

mod blinking;
mod card;
mod certificate;
mod newcomer;
mod request;
mod selection;
mod sign;
mod waiting;

use card::Card;
use request::Request;
use selection::{Found, Meant};
pub(crate) use waiting::Waiting;

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
    pub(crate) modules: Option<Modules>,
    pub(crate) cancel: Cancel,
    /// When its challenge ends.
    pub(crate) deadline: Instant,
    /// The stay of the device that answered; empty until one has.
    pub(crate) answered: Arc<OnceLock<DeviceId>>,
}

impl Ceremony {
    /// Goes through it. `None`: somebody cancelled it, and there is nobody to tell.
    pub(crate) async fn run(&self) -> Option<Outcome> {
        let (record, claims) = (&self.enrolment.record, self.request.claims());
        let who_asks = words::who_asks(record, claims);
        let request = match Request::read(claims, &record.tenant_name) {
            Ok(request) => Arc::new(request),
            Err(error) => return Some(Outcome::Refused(refusal(&error))),
        };
        let modules = self.modules.as_ref().filter(|_| request.certificates.is_some());
        if request.ctap.is_none() && modules.is_none() {
            tracing::warn!("nothing here can answer; cardea-agent doctor says more");
            return Some(Outcome::Refused(Refused::NoCard));
        }
        let tokens = match modules {
            Some(modules) => tokio::select! {
                biased;
                () = self.cancel.cancelled() => return None,
                tokens = Tokens::watch(modules, &self.board) => Some(tokens),
            },
            None => None,
        };
        let first_look = tokens.as_ref().map_or(FirstLook::NONE, Tokens::first_look);
        let found = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return None,
            found = selection::find(self, &request, &who_asks, first_look) => found,
        };
        match found {
            Ok(Found { card, meant: Meant::NotYet, seen }) => {
                self.sign_or_make_room(request, card, seen, &who_asks).await
            }
            Ok(Found { card, meant, .. }) => {
                self.sign(request, card, meant, &who_asks, Entry::default()).await
            }
            Err(refused) => Some(Outcome::Refused(refused)),
        }
    }

    /// Lets the only card do its part. One that is put there before the PIN is entered, and can
    /// answer, is the one that the person means, and takes its place.
    async fn sign_or_make_room(
        &self,
        request: Arc<Request>,
        card: Card,
        seen: DeviceId,
        who_asks: &str,
    ) -> Option<Outcome> {
        let attempt = Self { cancel: Cancel::new(), ..self.clone() };
        let entry = Entry::default();
        let part = attempt.sign(Arc::clone(&request), card, Meant::NotYet, who_asks, entry.clone());
        let mut part = pin!(part);
        let newcomer = async {
            let card = newcomer::newcomer(&attempt, &request, seen).await;
            if entry.displace() { card } else { std::future::pending().await }
        };
        let newcomer = tokio::select! {
            biased;
            () = self.cancel.cancelled() => None,
            // Whoever cancels while the last word is said has cancelled in time.
            outcome = &mut part => return outcome.filter(|_| !self.cancel.is_cancelled()),
            card = newcomer => Some(card),
        };
        attempt.cancel.cancel();
        part.await;
        // Whatever was entered was entered for the other.
        self.sign(request, newcomer?, Meant::ByDeed, who_asks, Entry::default()).await
    }

    /// Lets the card do its part, on a thread of its own. Tells whether a PIN was entered.
    async fn sign(
        &self,
        request: Arc<Request>,
        card: Card,
        meant: Meant,
        who_asks: &str,
        entry: Entry,
    ) -> Option<Outcome> {
        let (ceremony, handle, id) = (self.clone(), Handle::current(), card.id);
        let (waiting, stay) = (Waiting::new(), self.board.stay_of(id));
        let needed = self.board.needed_for(id);
        let said = format!("{who_asks}\n\n{}", words::device(card.kind, &card.name));
        let (of_person, who_asks) = (waiting.clone(), said.clone());
        let mut thread = tokio::task::spawn_blocking(move || {
            let mut person = Dialogs {
                handle,
                pinentry: ceremony.pinentry.clone(),
                cancel: ceremony.cancel.clone(),
                who_asks,
                new_pin: words::choose_pin,
                waiting: of_person,
                // A card that lies on its reader is touched by lying there; a key says when it waits.
                on_touch: || tracing::debug!("the authenticator waits for its holder"),
                entry,
                failed: false,
            };
            let result = sign::sign(&ceremony, &request, (card, meant), &mut person);
            result.unwrap_or_else(|error| Outcome::Refused(ceremony.refusal(&error, &person)))
        });
        let outcome = tokio::select! {
            biased;
            () = self.cancel.cancelled() => {
                let _ = timeout(LAST_WORD, thread).await;
                return None;
            }
            outcome = &mut thread => outcome,
            () = self.board.departure_among(&needed) => {
                // No PIN is typed for a card that is not there any more.
                self.cancel.cancel();
                let _ = timeout(LAST_WORD, thread).await;
                return Some(Outcome::Refused(Refused::Removed));
            }
            () = waiting.refused(&self.pinentry, &said) => {
                self.cancel.cancel();
                let _ = timeout(LAST_WORD, thread).await;
                return Some(Outcome::Refused(Refused::Cancelled));
            }
        };
        // A ceremony that was cancelled at the last moment is void, whatever the card said.
        if self.cancel.is_cancelled() {
            return None;
        }
        let outcome = outcome.unwrap_or_else(|error| {
            tracing::error!(%error, "a ceremony ended in a panic");
            Outcome::Refused(Refused::Failed)
        });
        if !matches!(outcome, Outcome::Refused(_)) {
            self.answered.get_or_init(|| stay);
        }
        Some(outcome)
    }

    fn refusal(&self, error: &CeremonyError, person: &Dialogs) -> Refused {
        tracing::info!(error = %Causes(error), "no answer of the card");
        match error {
            CeremonyError::Declined if person.failed => Refused::NoDialog,
            CeremonyError::Declined if is_over(self.deadline) => Refused::Timeout,
            error => refusal(error),
        }
    }
}

/// What the page is told.
fn refusal(error: &CeremonyError) -> Refused {
    match error {
        CeremonyError::Cancelled | CeremonyError::Declined | CeremonyError::Denied => {
            Refused::Cancelled
        }
        CeremonyError::TimedOut => Refused::Timeout,
        CeremonyError::NoCredential | CeremonyError::NoCertificate => Refused::NoCredential,
        CeremonyError::UnsupportedKey => Refused::UnsupportedKey,
        CeremonyError::KeyPin => Refused::KeyPin,
        CeremonyError::Excluded => Refused::Excluded,
        CeremonyError::StoreFull => Refused::Full,
        CeremonyError::NoPinSet | CeremonyError::CardPinNotSet => Refused::NoPin,
        CeremonyError::PinAuthBlocked => Refused::PinAuthBlocked,
        CeremonyError::PinBlocked | CeremonyError::UvBlocked | CeremonyError::CardLocked => {
            Refused::Blocked
        }
        CeremonyError::Removed(_) => Refused::Removed,
        _ => Refused::Failed,
    }
}
