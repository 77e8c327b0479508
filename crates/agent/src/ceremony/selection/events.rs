//! What happens while the device is being found, and what it means.

use std::time::Duration;

use agent_protocol::Refused;
use authenticator::CeremonyError;
use authenticator::race::Standing;
use tokio::task::JoinError;
use tokio::time::{Instant, sleep, sleep_until};

use super::question::{Offer, Question};
use super::{Able, Looked, Misfit, Selection};
use crate::board::{Device, DeviceId};
use crate::causes::Causes;
use crate::ceremony::blinking::Waited;
use crate::ceremony::card::{Card, Unfit};
use crate::ceremony::refusal;
use crate::pinentry::{Choice, PinentryError};

/// Somebody who says "it is there" when it is not is asked again after this time: a dialog that
/// answers by itself must not be asked as fast as programs can be started.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// What happens next.
pub(super) enum Event {
    End,
    Arrived(Vec<Device>),
    Left,
    /// The module has put on the board what lay there.
    FirstLook,
    Looked(Result<Looked, JoinError>),
    Waited(Waited),
    Answered(Result<(Choice, Question), PinentryError>),
}

impl Selection<'_> {
    pub(super) async fn event(&mut self) -> Event {
        let (board, end) = (&self.ceremony.board, Instant::from_std(self.ceremony.deadline));
        let able = self.able.iter().map(|able| able.device.id);
        let misfits = self.misfits.iter().map(|misfit| misfit.device.id);
        let looking = self.looking.iter().flat_map(|looking| looking.needed.iter().copied());
        let known: Vec<_> = able.chain(misfits).chain(looking).collect();
        let dialog = self.ask();
        let reads = !self.first_look.is_over();
        tokio::select! {
            biased;
            () = sleep_until(end) => Event::End,
            devices = board.arrivals_after(self.seen) => Event::Arrived(devices),
            () = board.departure_among(&known) => Event::Left,
            () = self.first_look.over(), if reads => Event::FirstLook,
            Some(looked) = self.looks.join_next() => Event::Looked(looked),
            Some(waited) = self.blinking.next() => Event::Waited(waited),
            answer = dialog => Event::Answered(answer),
        }
    }

    /// Shows the dialog that fits, and waits for the answer.
    fn ask(&self) -> impl Future<Output = Result<(Choice, Question), PinentryError>> + use<> {
        let question = (self.looking.is_empty() && !self.hidden).then(|| self.question());
        let pause = if self.asked && self.able.is_empty() { ASK_AGAIN } else { Duration::ZERO };
        let pinentry = self.ceremony.pinentry.clone();
        async move {
            let Some(question) = question else { return std::future::pending().await };
            sleep(pause).await;
            Ok((pinentry.confirm(&question.dialog()).await?, question))
        }
    }

    /// Does what the event means: the device that is meant; or none yet, or none at all.
    pub(super) fn hear(&mut self, event: Event) -> Result<Option<Card>, Refused> {
        match event {
            Event::End => return Err(self.at_the_end()),
            Event::Arrived(devices) => {
                for device in devices {
                    self.seen = self.seen.max(device.id);
                    let lies = !device.was_put_there_after(self.begun);
                    self.look(device, lies);
                }
            }
            Event::Left => {
                let board = &self.ceremony.board;
                self.forget(|id| !board.holds(id))?;
            }
            Event::FirstLook => {}
            Event::Looked(Ok(looked)) => return Ok(self.judge(looked)),
            Event::Looked(Err(error)) => {
                tracing::error!(%error, "a look ended in a panic");
                if self.looks.is_empty() {
                    self.looking.clear();
                }
            }
            Event::Waited(waited) => return self.waited(waited),
            Event::Answered(answer) => return self.answered(answer),
        }
        Ok(None)
    }

    /// What is said of a ceremony for which no device was found in time.
    fn at_the_end(&self) -> Refused {
        if !self.able.is_empty() {
            return Refused::Timeout;
        }
        let reason = self.misfits.iter().find_map(|misfit| match &misfit.why {
            Unfit::Cannot(error) => Some(refusal(error)),
            Unfit::Strange => None,
        });
        reason.unwrap_or(Refused::NoCard)
    }

    /// Forgets those that have left. The last that could answer takes the ceremony with it; one
    /// that only might is taken away to make room for the right one.
    fn forget(&mut self, has_left: impl Fn(DeviceId) -> bool) -> Result<(), Refused> {
        let could_answer = self.can_answer();
        self.able.retain(|able| !has_left(able.device.id));
        self.misfits.retain(|misfit| !has_left(misfit.device.id));
        // Who reads a card that is gone may not hear of it for long.
        self.looking.retain(|looking| !looking.needed.iter().any(|id| has_left(*id)));
        self.hidden = false;
        let is_last = could_answer && self.able.is_empty() && self.looking.is_empty();
        if is_last { Err(Refused::Removed) } else { Ok(()) }
    }

    /// A device was looked at. One that was put there for us, and can answer, is meant; one that
    /// only might is asked about like those that lie there.
    fn judge(&mut self, Looked { device, lies, result }: Looked) -> Option<Card> {
        let looks = self.looking.len();
        self.looking.retain(|looking| looking.device != device.id);
        // One that was given up counts as little as one of a device that has left.
        if self.looking.len() == looks || !self.ceremony.board.holds(device.id) {
            return None;
        }
        self.hidden = false;
        match result {
            Ok((card, Standing::CanAnswer)) if !lies => return Some(card),
            Ok((card, standing)) => {
                self.able.push(Able { device, standing, card: Some(card) });
                // They are offered in the order in which they came.
                self.able.sort_by_key(|able| able.device.id);
                self.drop_twins();
            }
            Err(why) => self.misfits.push(Misfit { device, lies, why }),
        }
        None
    }

    /// A key blinks no more. One that was touched is meant; one that fails leaves it to the others.
    fn waited(&mut self, Waited { key, result }: Waited) -> Result<Option<Card>, Refused> {
        match result {
            Ok(()) => return Ok(Some(key)),
            Err(CeremonyError::Removed(_)) => self.forget(|id| id == key.id)?,
            Err(error) => {
                tracing::info!(error = %Causes(&error), "a key blinks no more");
                if let Some(n) = self.able.iter().position(|able| able.device.id == key.id) {
                    let device = self.able.remove(n).device;
                    let why = Unfit::Cannot(error);
                    self.misfits.push(Misfit { device, lies: false, why });
                }
                self.hidden = false;
            }
        }
        Ok(None)
    }

    fn answered(
        &mut self,
        answer: Result<(Choice, Question), PinentryError>,
    ) -> Result<Option<Card>, Refused> {
        let (choice, question) = answer.map_err(|error| {
            tracing::error!(error = %Causes(&error), "cannot ask the person");
            Refused::NoDialog
        })?;
        match (choice, question.offer) {
            (Choice::Ok, Offer::Device(id)) => return Ok(self.take(id, |_| true)),
            (Choice::Ok, Offer::Hide) => self.hidden = true,
            (Choice::Ok, Offer::LookAgain) => {
                self.asked = true;
                self.look_again();
            }
            (Choice::NotOk, _) if question.not_ok.is_some() => {
                self.offered = self.offered.saturating_add(1);
            }
            (Choice::NotOk | Choice::Cancel, _) => return Err(Refused::Cancelled),
        }
        Ok(None)
    }
}
