//! The desk at which requests wait: one ceremony at a time, and not too many.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use agent_protocol::{
    AgentMessage, ClaimAnswer, ClaimRequest, Enrolled, Jti, Link, Outcome, Purpose, Refused,
    RequestError, ResultAnswer, ResultRequest, ReturnToken, SignedRequest, Thumbprint, Ticket,
    VerifiedRequest, WhenLifted, limits, paths,
};
use link_pkcs11::Modules;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::board::{Board, DeviceId};
use crate::cancel::Cancel;
use crate::causes::Causes;
use crate::ceremony::Ceremony;
use crate::clock;
use crate::held::{Held, Left};
use crate::http::{CALL, CallError, Caller};
use crate::locker::Locker;
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
    modules: Option<Modules>,
    /// One ceremony at a time.
    turn: Semaphore,
    live: Mutex<Vec<Live>>,
    prompts: Mutex<HashMap<Thumbprint, Prompts>>,
    /// The requests that passed, until they are expired. In memory: a request is only ever the
    /// answer to a claim of ours, and a ticket is claimed once.
    used: Mutex<HashMap<Jti, SystemTime>>,
    held: Held,
    locker: Locker,
}

/// The programs that the desk works with.
pub(crate) struct Tools {
    /// Asks the person.
    pub(crate) pinentry: Pinentry,
    /// Shows notifications, if anything does.
    pub(crate) notices: Notices,
    /// Locks the desktop.
    pub(crate) locker: Locker,
    /// What knows smart cards with certificates, if anything does.
    pub(crate) modules: Option<Modules>,
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
    pub(crate) fn new(caller: Caller, board: Board, tools: Tools, held: Held) -> Self {
        let Tools { pinentry, notices, locker, modules } = tools;
        Self {
            caller,
            board,
            pinentry,
            notices,
            modules,
            turn: Semaphore::new(1),
            live: Mutex::default(),
            prompts: Mutex::default(),
            used: Mutex::default(),
            held,
            locker,
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
        let admits = lock(&self.prompts)
            .entry(enrolment.device.clone())
            .or_default()
            .admits_link(clock::now());
        if !admits {
            return Err(Some(Refused::TooMany));
        }
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

    /// The tickets of an enrolment whose cards are still there.
    pub(crate) fn held(&self, device: &Thumbprint) -> Vec<Ticket> {
        self.held.tickets(device)
    }

    /// Waits until no notification is shown, if that is soon.
    pub(crate) async fn cleared(&self) {
        self.notices.gone().await;
    }

    /// The card that opened a session here was tapped elsewhere, and the tenant wants it so.
    pub(crate) async fn lock(&self) {
        self.locker.lock().await;
    }

    /// Waits until no request of this enrolment is worked on that is worked on now. Not for those that
    /// come meanwhile: whoever asks again and again would keep a card there that has left.
    async fn idle(&self, device: &Thumbprint) {
        let is_its = |live: &&Live| live.device == *device;
        let now: Vec<_> =
            lock(&self.live).iter().filter(is_its).map(|live| live.ticket.clone()).collect();
        let runs = |live: &Live| is_its(&live) && now.contains(&live.ticket);
        while lock(&self.live).iter().any(runs) {
            // Held by its ceremony, and free between the claim of the desk and that of the ticket. The
            // next ceremony may have taken it before it is our turn.
            drop(tokio::time::timeout(HAND_OVER, self.turn.acquire()).await);
            tokio::task::yield_now().await;
        }
    }

    /// Everything of one enrolment ends.
    pub(crate) fn cancel_all_of(&self, device: &Thumbprint) {
        self.held.forget_all_of(device);
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
    /// Claims the ticket, checks the request, asks person and card, and tells the server. `browse`
    /// hears the address that the person's browser must open for the answer to count, where it must.
    /// Where the card holds the session that it opens, watches it, and says over the channel when it
    /// has left.
    pub(crate) async fn work(
        self,
        say: mpsc::Sender<AgentMessage>,
        browse: oneshot::Sender<String>,
    ) {
        let outcome = self.outcome().await;
        // The server may send the next one as soon as it hears of this one.
        self.clear_desk();
        match outcome {
            Some((outcome, WhenLifted::Nothing)) => {
                self.tell(outcome, browse).await;
            }
            Some((outcome, when_lifted)) => self.watch(outcome, when_lifted, say, browse).await,
            None => {}
        }
    }

    /// What becomes of the ticket, and what happens when the card that answered leaves; `None` when
    /// there is nobody to tell.
    async fn outcome(&self) -> Option<(Outcome, WhenLifted)> {
        let refused = |reason| Some((Outcome::Refused(reason), WhenLifted::Nothing));
        let turn = tokio::time::timeout(HAND_OVER, self.desk.turn.acquire());
        let Ok(Ok(_turn)) = turn.await else { return refused(Refused::Busy) };
        let claimed = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return None,
            claimed = self.claim() => claimed,
        };
        match claimed {
            Ok(request) => {
                self.prompts(|prompts| prompts.show(clock::now()));
                let when_lifted = request.claims().when_lifted;
                let ceremony = self.ceremony(request);
                let outcome = self.ask(&ceremony).await?;
                self.count(&outcome);
                if matches!(outcome, Outcome::Refused(_)) {
                    return Some((outcome, WhenLifted::Nothing));
                }
                // What is on no board cannot be watched: a stay that never was counts as a tap.
                let stay = ceremony.answered.get().copied().unwrap_or_default();
                self.hold(&outcome, when_lifted, stay);
                Some((outcome, when_lifted))
            }
            Err(error) => {
                tracing::warn!(error = %Causes(&error), "no prompt");
                // A claim that failed is over; a request that did not pass is said to be so.
                let invalid = matches!(error, Unworked::Request(_));
                invalid.then(|| refused(Refused::InvalidRequest)).flatten()
            }
        }
    }

    /// The card that answered holds a session from now on, or at least those that it has opened. Not
    /// only when the server has taken the answer: whether it has is not known when its word is lost.
    fn hold(&self, outcome: &Outcome, when_lifted: WhenLifted, stay: DeviceId) {
        let (held, device) = (&self.desk.held, &self.enrolment.device);
        match when_lifted {
            WhenLifted::Nothing => held.follow(device, outcome, stay),
            WhenLifted::EndSession | WhenLifted::EndSessionAndLock => {
                held.answered(device, &self.ticket, outcome, stay);
            }
        }
    }

    /// Tells the server what the card has proved, and when it has left.
    async fn watch(
        self,
        outcome: Outcome,
        when_lifted: WhenLifted,
        say: mpsc::Sender<AgentMessage>,
        browse: oneshot::Sender<String>,
    ) {
        let (desk, device, id) = (&self.desk, &self.enrolment.device, self.ticket.clone());
        let flutter = || tokio::time::sleep(limits::FLUTTER);
        let idle = || desk.idle(device);
        let mut left = pin!(desk.held.left(&desk.board, (device, &id), flutter, idle));
        let mut telling = pin!(self.tell(outcome, browse));
        let mut end = None;
        let may_be_taken = loop {
            tokio::select! {
                told = &mut telling => break told,
                how = &mut left, if end.is_none() => end = Some(how),
            }
        };
        if !may_be_taken {
            return desk.held.forget(device, &id);
        }
        let end = match end {
            Some(end) => end,
            None => left.await,
        };
        tracing::info!(?end, "the card has left");
        if end == Left::Lifted && when_lifted == WhenLifted::EndSessionAndLock {
            // Before the server hears of it: a desktop locks without a network.
            desk.lock().await;
        }
        let message = match end {
            Left::Lifted => AgentMessage::Lifted { id: id.clone() },
            Left::Tapped => AgentMessage::Tapped { id: id.clone() },
            Left::Unwatched => return,
        };
        // Waits where there is no connection. Until it is on its way, it is listed as held.
        if say.send(message).await.is_ok() {
            desk.held.forget(device, &id);
        }
    }

    /// Makes room for the next.
    fn clear_desk(&self) {
        lock(&self.desk.live)
            .retain(|live| live.ticket != self.ticket || live.device != self.enrolment.device);
    }

    /// Goes through the ceremony. Whoever cancels at the notification has said no, like at a dialog.
    async fn ask(&self, ceremony: &Ceremony) -> Option<Outcome> {
        let (record, claims) = (&self.enrolment.record, ceremony.request.claims());
        let who_asks = words::who_asks_in_short(record, claims);
        let life = ceremony.deadline.saturating_duration_since(clock::now());
        let mut run = pin!(ceremony.run());
        tokio::select! {
            biased;
            outcome = &mut run => outcome,
            () = self.desk.notices.cancelled(who_asks, life) => {
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
            modules: self.desk.modules.clone(),
            cancel: self.cancel.clone(),
            deadline: now.checked_add(life).unwrap_or(now),
            answered: Arc::default(),
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

    /// Tells the server. Whether it has taken the outcome, as far as is known: not when it said no.
    async fn tell(&self, outcome: Outcome, browse: oneshot::Sender<String>) -> bool {
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
            Ok(ResultAnswer::Accepted) => {
                tracing::info!(kind, "the server has the outcome");
                true
            }
            Ok(ResultAnswer::Return { token }) => {
                tracing::info!(kind, "the server has the outcome, and waits for the browser");
                if let Some(address) = address(&self.enrolment, &token) {
                    // Nobody listens any more: the person has gone, and so has the login.
                    let _ = browse.send(address);
                }
                true
            }
            Err(error) => {
                let error_text = Causes(&error);
                tracing::warn!(kind, error = %error_text, "the server did not take the outcome");
                !matches!(error, CallError::Refused { .. })
            }
        }
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
        let tools = Tools {
            pinentry: Pinentry::new("/nonexistent"),
            notices: Notices::default(),
            locker: Locker::new("/nonexistent"),
            modules: None,
        };
        let desk = Desk::new(caller, Board::new(), tools, Held::new(limits::TAP));
        let (desk, enrolment) = (Arc::new(desk), Arc::new(enrolment().0));
        let no = Outcome::Refused(Refused::Cancelled);
        let yes = Outcome::Assertion(serde_json::Value::Null);
        for (number, outcome) in [(1, &no), (2, &yes), (3, &no), (4, &no)] {
            let taken = desk.take(&enrolment, ticket(number)).ok().unwrap();
            taken.count(outcome);
        }
        assert_eq!(desk.take(&enrolment, ticket(5)).err(), Some(None));
    }

    #[tokio::test]
    async fn a_card_that_has_left_waits_for_no_request_that_comes_after_it() {
        let caller = Caller::new(&http::tls().unwrap()).unwrap();
        let tools = Tools {
            pinentry: Pinentry::new("/nonexistent"),
            notices: Notices::at(None),
            locker: Locker::new("/nonexistent"),
            modules: None,
        };
        let desk = Arc::new(Desk::new(caller, Board::new(), tools, Held::new(limits::TAP)));
        let enrolment = Arc::new(enrolment().0);
        let first = desk.take(&enrolment, ticket(1)).ok().unwrap();
        let mut idle = pin!(desk.idle(&enrolment.device));
        let soon = Duration::from_millis(100);
        assert!(tokio::time::timeout(soon, &mut idle).await.is_err(), "the first is worked on");
        // The page asks again before the first is gone: there is always one on the desk.
        first.cancel.cancel();
        let second = desk.take(&enrolment, ticket(2)).ok().unwrap();
        drop(first);
        assert!(tokio::time::timeout(HAND_OVER, &mut idle).await.is_ok());
        drop(second);
    }
}
