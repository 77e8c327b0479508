//! The desk at which requests wait: one ceremony at a time, and not too many.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use agent_protocol::{
    ClaimAnswer, ClaimRequest, Enrolled, Jti, Link, Outcome, Purpose, Refused, RequestError,
    ResultAnswer, ResultRequest, ReturnToken, SignedRequest, Thumbprint, Ticket, VerifiedRequest,
    limits, paths,
};
use tokio::sync::Semaphore;

use crate::board::Board;
use crate::cancel::Cancel;
use crate::causes::Causes;
use crate::ceremony::Ceremony;
use crate::clock;
use crate::http::{CALL, CallError, Caller};
use crate::notice::Notices;
use crate::pinentry::Pinentry;
use crate::prompts::{Prompts, Verdict};
use crate::state::Enrolment;
use crate::words;

/// How long a request waits for one that was cancelled to be gone.
const HAND_OVER: Duration = Duration::from_secs(2);
/// What the agent answers.
const PURPOSES: [Purpose; 3] = [Purpose::Login, Purpose::Enrol, Purpose::StepUp];

pub(crate) struct Desk {
    caller: Caller,
    board: Board,
    pinentry: Pinentry,
    notices: Notices,
    /// One ceremony at a time.
    turn: Semaphore,
    live: Mutex<Vec<Live>>,
    prompts: Mutex<HashMap<Thumbprint, Prompts>>,
    /// The requests that passed, until they are expired. In memory: a request is only ever the
    /// answer to a claim of ours, and a ticket is claimed once.
    used: Mutex<HashMap<Jti, SystemTime>>,
}

/// A ticket that has not come to its end.
struct Live {
    device: Thumbprint,
    ticket: Ticket,
    cancel: Cancel,
}

/// A ticket that was taken from the channel, or with a link. Dropping it ends what it began.
pub(crate) struct Taken {
    desk: Arc<Desk>,
    enrolment: Arc<Enrolment>,
    ticket: Ticket,
    /// What claims it: the ticket, or the secret of a link.
    claim: Ticket,
    cancel: Cancel,
}

/// Why a ticket was not worked on.
#[derive(Debug, thiserror::Error)]
enum Unworked {
    #[error("cannot claim the ticket")]
    Claim(#[source] CallError),
    #[error("the request is refused")]
    Request(#[from] RequestError),
}

impl Desk {
    pub(crate) fn new(caller: Caller, board: Board, pinentry: Pinentry, notices: Notices) -> Self {
        Self {
            caller,
            board,
            pinentry,
            notices,
            turn: Semaphore::new(1),
            live: Mutex::default(),
            prompts: Mutex::default(),
            used: Mutex::default(),
        }
    }

    /// Takes a ticket from the channel, or refuses it: `Err(None)` without a word.
    pub(crate) fn take(
        self: &Arc<Self>,
        enrolment: &Arc<Enrolment>,
        ticket: Ticket,
    ) -> Result<Taken, Option<Refused>> {
        self.take_by(enrolment, ticket.clone(), ticket)
    }

    /// The same for the ticket of a link. It counts like one that was pushed: any page may open as
    /// many links as it likes.
    pub(crate) fn take_link(
        self: &Arc<Self>,
        enrolment: &Arc<Enrolment>,
        link: &Link,
    ) -> Result<Taken, Option<Refused>> {
        self.take_by(enrolment, link.ticket(), link.claim().clone())
    }

    fn take_by(
        self: &Arc<Self>,
        enrolment: &Arc<Enrolment>,
        ticket: Ticket,
        claim: Ticket,
    ) -> Result<Taken, Option<Refused>> {
        let device = enrolment.device.clone();
        let mut live = lock(&self.live);
        if live.iter().any(|other| !other.cancel.is_cancelled()) {
            return Err(Some(Refused::Busy));
        }
        let verdict = lock(&self.prompts).entry(device.clone()).or_default().judge(clock::now());
        match verdict {
            Verdict::Show => {}
            Verdict::Drop => return Err(None),
            Verdict::TooMany => return Err(Some(Refused::TooMany)),
        }
        let cancel = Cancel::new();
        live.push(Live { device, ticket: ticket.clone(), cancel: cancel.clone() });
        let (desk, enrolment) = (Arc::clone(self), Arc::clone(enrolment));
        Ok(Taken { desk, enrolment, ticket, claim, cancel })
    }

    /// The page gave up.
    pub(crate) fn cancel(&self, device: &Thumbprint, ticket: &Ticket) {
        let live = lock(&self.live);
        live.iter().filter(|l| l.device == *device && l.ticket == *ticket).for_each(|l| {
            l.cancel.cancel();
        });
    }

    /// Everything of one enrolment ends.
    pub(crate) fn cancel_all_of(&self, device: &Thumbprint) {
        lock(&self.live).iter().filter(|l| l.device == *device).for_each(|l| l.cancel.cancel());
    }

    /// Everything ends.
    pub(crate) fn cancel_all(&self) {
        lock(&self.live).iter().for_each(|live| live.cancel.cancel());
    }

    /// Remembers a request that passed; one that passed before does not pass again.
    fn spend(&self, request: &VerifiedRequest, now: SystemTime) -> Result<(), RequestError> {
        let claims = request.claims();
        let life = limits::CHALLENGE_LIFE.saturating_add(limits::SKEW.saturating_mul(2));
        let until = now.checked_add(life).unwrap_or(now);
        let mut used = lock(&self.used);
        used.retain(|_, until| *until > now);
        match used.insert(claims.jti.clone(), until) {
            None => Ok(()),
            Some(_) => Err(RequestError::Used),
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.cancel.cancel();
        self.clear_desk();
    }
}

impl Taken {
    /// Claims the ticket, checks the request, asks person and card, and tells the server. Gives the
    /// address that the person's browser must open for the answer to count, where it must.
    pub(crate) async fn work(self) -> Option<String> {
        let outcome = self.outcome().await;
        // The server may send the next one as soon as it hears of this one.
        self.clear_desk();
        self.tell(outcome?).await
    }

    /// What becomes of the ticket; `None` when there is nobody to tell.
    async fn outcome(&self) -> Option<Outcome> {
        let turn = tokio::time::timeout(HAND_OVER, self.desk.turn.acquire());
        let Ok(Ok(_turn)) = turn.await else { return Some(Outcome::Refused(Refused::Busy)) };
        let claimed = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return None,
            claimed = self.claim() => claimed,
        };
        match claimed {
            Ok(request) => {
                self.prompts(|prompts| prompts.show(clock::now()));
                let outcome = self.hold(request).await?;
                self.count(&outcome);
                Some(outcome)
            }
            Err(error) => {
                tracing::warn!(error = %Causes(&error), "no prompt");
                // A claim that failed is over; a request that did not pass is said to be so.
                let invalid = matches!(error, Unworked::Request(_));
                invalid.then_some(Outcome::Refused(Refused::InvalidRequest))
            }
        }
    }

    /// Makes room for the next.
    fn clear_desk(&self) {
        lock(&self.desk.live)
            .retain(|live| live.ticket != self.ticket || live.device != self.enrolment.device);
    }

    /// Goes through the ceremony. Whoever cancels at the notification has said no, like at a dialog.
    async fn hold(&self, request: VerifiedRequest) -> Option<Outcome> {
        let words = words::notice(&self.enrolment.record, request.claims());
        let ceremony = self.ceremony(request);
        let life = ceremony.deadline.saturating_duration_since(clock::now());
        let mut run = pin!(ceremony.run());
        tokio::select! {
            biased;
            outcome = &mut run => outcome,
            () = self.desk.notices.cancelled(&words, life) => {
                // The dialogs go, and what a card says at the last moment does not count.
                self.cancel.cancel();
                run.await;
                Some(Outcome::Refused(Refused::Cancelled))
            }
        }
    }

    async fn claim(&self) -> Result<VerifiedRequest, Unworked> {
        let server = &self.enrolment.record.server;
        let body = ClaimRequest { ticket: self.claim.clone() };
        let claim = self.desk.caller.post(server, paths::CLAIM, &body, &self.enrolment.key, CALL);
        let answer: ClaimAnswer = claim.await.map_err(Unworked::Claim)?;
        Ok(self.verify(&answer.request, clock::wall())?)
    }

    fn verify(&self, request: &str, now: SystemTime) -> Result<VerifiedRequest, RequestError> {
        let record = &self.enrolment.record;
        let enrolled = Enrolled {
            request_keys: &self.enrolment.request_keys,
            origin: record.server.origin(),
            tenant: &record.tenant,
            rp_id: &record.rp_id,
            device: &self.enrolment.device,
            purposes: &PURPOSES,
        };
        let is_used = |jti: &Jti| lock(&self.desk.used).contains_key(jti);
        let verified = SignedRequest::verify(request, &enrolled, &is_used, now)?;
        self.desk.spend(&verified, now)?;
        Ok(verified)
    }

    fn ceremony(&self, request: VerifiedRequest) -> Ceremony {
        // The life of its challenge, counted from here: whose clock is right does not matter.
        let claims = request.claims();
        let life = Duration::from_secs(claims.exp.saturating_sub(claims.iat));
        let life = life.min(limits::CHALLENGE_LIFE);
        let now = clock::now();
        Ceremony {
            enrolment: Arc::clone(&self.enrolment),
            request: Arc::new(request),
            board: self.desk.board.clone(),
            pinentry: self.desk.pinentry.clone(),
            cancel: self.cancel.clone(),
            deadline: now.checked_add(life).unwrap_or(now),
        }
    }

    /// What the person did counts for what is shown to them next.
    fn count(&self, outcome: &Outcome) {
        self.prompts(|prompts| match outcome {
            Outcome::Refused(Refused::Cancelled) => prompts.refused(clock::now()),
            Outcome::Refused(_) => {}
            _ => prompts.accepted(),
        });
    }

    fn prompts(&self, change: impl FnOnce(&mut Prompts)) {
        let mut prompts = lock(&self.desk.prompts);
        change(prompts.entry(self.enrolment.device.clone()).or_default());
    }

    async fn tell(&self, outcome: Outcome) -> Option<String> {
        let kind = match &outcome {
            Outcome::Assertion(_) => "assertion",
            Outcome::Registration(_) => "registration",
            Outcome::X509Assertion(_) => "x509-assertion",
            Outcome::X509Registration(_) => "x509-registration",
            Outcome::Refused(_) => "refused",
        };
        let server = &self.enrolment.record.server;
        let body = ResultRequest { ticket: self.ticket.clone(), outcome };
        let tell = self.desk.caller.post(server, paths::RESULT, &body, &self.enrolment.key, CALL);
        match tell.await {
            Ok(ResultAnswer::Accepted) => tracing::info!(kind, "the server has the outcome"),
            Ok(ResultAnswer::Return { token }) => {
                tracing::info!(kind, "the server has the outcome, and waits for the browser");
                return address(&self.enrolment, &token);
            }
            Err(error) => tracing::warn!(
                kind,
                error = %Causes(&error),
                "the server did not take the outcome"
            ),
        }
        None
    }
}

/// Where the person's browser goes for the answer to count.
///
/// # Security
///
/// A place of ours at the server of the enrolment: nothing of it but the token comes from a
/// message, and that cannot lead anywhere else.
fn address(enrolment: &Enrolment, token: &ReturnToken) -> Option<String> {
    let path = paths::card_return(&enrolment.record.tenant)?;
    Some(format!("{}#rt={}", enrolment.record.server.url(&path), token.as_str()))
}

/// A lock whose holder panicked is still a lock: what it guards is one list.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http;
    use crate::state::tests::enrolment;

    fn ticket(number: u8) -> Ticket {
        Ticket::from_random([number; 32])
    }

    #[test]
    fn a_person_who_refuses_twice_is_left_alone_and_one_who_goes_along_is_not() {
        let caller = Caller::new(&http::tls().unwrap()).unwrap();
        let desk =
            Desk::new(caller, Board::new(), Pinentry::new("/nonexistent"), Notices::default());
        let (desk, enrolment) = (Arc::new(desk), Arc::new(enrolment().0));
        let no = Outcome::Refused(Refused::Cancelled);
        let yes = Outcome::Assertion(serde_json::Value::Null);
        for (number, outcome) in [(1, &no), (2, &yes), (3, &no), (4, &no)] {
            let taken = desk.take(&enrolment, ticket(number)).ok().unwrap();
            taken.count(outcome);
        }
        assert_eq!(desk.take(&enrolment, ticket(5)).err(), Some(None));
    }
}
