//! The desk at which requests wait: one ceremony at a time, and not too many.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use agent_protocol::{
    Enrolled, Jti, Link, Purpose, Refused, RequestError, SignedRequest, Thumbprint, Ticket,
    VerifiedRequest, limits,
};
use link_pkcs11::Modules;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use crate::board::Board;
use crate::cancel::Cancel;
use crate::clock;
use crate::held::{Away, Held};
use crate::http::Caller;
use crate::locker::Locker;
use crate::notice::Notices;
use crate::pinentry::Pinentry;
use crate::prompts::{Came, Prompts, Verdict};
use crate::state::Enrolment;
use crate::ticket::Taken;

mod live;

use live::{Live, Stage};

/// How long a request waits for one that was cancelled to be gone.
const HAND_OVER: Duration = Duration::from_secs(2);
/// So long the card of a session may be away for a request that is before the person, and come back to
/// it. Whoever goes on without it has gone.
const AWAY: Duration = Duration::from_secs(5);
/// What the agent answers.
const PURPOSES: [Purpose; 3] = [Purpose::Login, Purpose::Enrol, Purpose::StepUp];

/// What is worked on, and what may be.
pub(crate) struct Desk {
    pub(crate) caller: Caller,
    pub(crate) board: Board,
    pub(crate) tools: Tools,
    pub(crate) held: Held,
    /// One ceremony at a time.
    turn: Semaphore,
    /// One program that locks the desktop at a time.
    locking: Semaphore,
    live: watch::Sender<Vec<Live>>,
    prompts: Mutex<HashMap<Thumbprint, Prompts>>,
    /// The requests that passed, until they are expired. In memory: a request is only ever the
    /// answer to a claim of ours, and a ticket is claimed once.
    used: Mutex<HashMap<Jti, SystemTime>>,
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

impl Desk {
    pub(crate) fn new(caller: Caller, board: Board, tools: Tools, held: Held) -> Self {
        Self {
            caller,
            board,
            tools,
            held,
            turn: Semaphore::new(1),
            locking: Semaphore::new(1),
            live: watch::Sender::default(),
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
        self.take_by(enrolment, ticket.clone(), ticket, Came::Pushed)
    }

    /// The same for the ticket of a link. It counts, for any page may open as many links as it likes;
    /// and apart from what was pushed.
    pub(crate) fn take_link(
        self: &Arc<Self>,
        enrolment: &Arc<Enrolment>,
        link: &Link,
    ) -> Result<Taken, Option<Refused>> {
        if !self.prompts(&enrolment.device, |prompts| prompts.admits_link(clock::now())) {
            return Err(Some(Refused::TooMany));
        }
        self.take_by(enrolment, link.ticket(), link.claim().clone(), Came::ByLink)
    }

    fn take_by(
        self: &Arc<Self>,
        enrolment: &Arc<Enrolment>,
        ticket: Ticket,
        claim: Ticket,
        came: Came,
    ) -> Result<Taken, Option<Refused>> {
        let cancel = Cancel::new();
        let mut taken = Ok(());
        self.live.send_modify(|live| {
            taken = self.may_take(live, &enrolment.device, came);
            if taken.is_ok() {
                let (device, ticket) = (enrolment.device.clone(), ticket.clone());
                let (cancel, stage) = (cancel.clone(), Stage::Claiming);
                live.push(Live { device, ticket, came, cancel, stage });
            }
        });
        taken?;
        let (desk, enrolment) = (Arc::clone(self), Arc::clone(enrolment));
        Ok(Taken { desk, enrolment, ticket, claim, came, cancel })
    }

    /// Whether there is room for one more ticket of an enrolment: one of each enrolment at a time, and none
    /// while the person is asked anything. What another server has only sent is no matter of this one's: it
    /// could keep all others waiting with tickets of which nothing comes.
    ///
    /// A link counts like what was pushed, and who opens one on the person's screen keeps what is pushed
    /// away. What stands before the person stays there until they have answered it: if a second one took
    /// its place, a tap meant for the one would be taken for the other. They can send it away, links are
    /// counted, and the page whose request is refused says at once that something else is being asked.
    fn may_take(
        &self,
        live: &[Live],
        device: &Thumbprint,
        came: Came,
    ) -> Result<(), Option<Refused>> {
        let is_in_the_way =
            |other: &&Live| other.device == *device || matches!(other.stage, Stage::Shown(_));
        if live.iter().filter(is_in_the_way).any(|other| !other.cancel.is_cancelled()) {
            return Err(Some(Refused::Busy));
        }
        let now = clock::now();
        match self.prompts(device, |prompts| prompts.judge(came, now)) {
            Verdict::Drop => return Err(None),
            Verdict::TooMany => return Err(Some(Refused::TooMany)),
            Verdict::Show => {}
        }
        // Links were counted when they came.
        let admits =
            came == Came::ByLink || self.prompts(device, |prompts| prompts.admits_push(now));
        if admits { Ok(()) } else { Err(Some(Refused::TooMany)) }
    }

    /// Waits until it is the next one's turn. `None`: the one before does not go.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        tokio::time::timeout(HAND_OVER, self.turn.acquire()).await.ok()?.ok()
    }

    /// A ticket has come to its end: there is room for the next.
    pub(crate) fn clear(&self, device: &Thumbprint, ticket: &Ticket) {
        self.live.send_modify(|live| live.retain(|it| !it.is(device, ticket)));
    }

    /// A ticket was claimed, and its request passed.
    pub(crate) fn claimed(
        &self,
        device: &Thumbprint,
        ticket: &Ticket,
        request: &Arc<VerifiedRequest>,
    ) {
        self.reached(device, ticket, || Stage::Claimed(Arc::clone(request)));
    }

    /// The request of a ticket is put before the person now.
    pub(crate) fn shown(
        &self,
        device: &Thumbprint,
        ticket: &Ticket,
        request: &Arc<VerifiedRequest>,
    ) {
        self.reached(device, ticket, || Stage::Shown(Arc::clone(request)));
    }

    fn reached(&self, device: &Thumbprint, ticket: &Ticket, stage: impl Fn() -> Stage) {
        self.live.send_modify(|live| {
            live.iter_mut().filter(|it| it.is(device, ticket)).for_each(|it| it.stage = stage());
        });
    }

    /// Notes what happens with what is shown to the person for an enrolment, or asks about it.
    pub(crate) fn prompts<T>(
        &self,
        device: &Thumbprint,
        note: impl FnOnce(&mut Prompts) -> T,
    ) -> T {
        note(lock(&self.prompts).entry(device.clone()).or_default())
    }

    /// Checks a request that was claimed with a ticket. It passes once.
    pub(crate) fn admit(
        &self,
        enrolment: &Enrolment,
        request: &str,
        now: SystemTime,
    ) -> Result<VerifiedRequest, RequestError> {
        let record = &enrolment.record;
        let enrolled = Enrolled {
            request_keys: &enrolment.request_keys,
            origin: record.server.origin(),
            tenant: &record.tenant,
            rp_id: &record.rp_id,
            device: &enrolment.device,
            purposes: &PURPOSES,
        };
        let is_used = |jti: &Jti| lock(&self.used).contains_key(jti);
        let verified = SignedRequest::verify(request, &enrolled, &is_used, now)?;
        self.spend(&verified, now)?;
        Ok(verified)
    }

    /// The page gave up.
    pub(crate) fn cancel(&self, device: &Thumbprint, ticket: &Ticket) {
        self.end_those(|live| live.is(device, ticket));
    }

    /// The tickets of an enrolment whose cards are still there.
    pub(crate) fn held(&self, device: &Thumbprint) -> Vec<Ticket> {
        self.held.tickets(device)
    }

    /// Waits until no notification is shown, if that is soon.
    pub(crate) async fn cleared(&self) {
        self.tools.notices.gone().await;
    }

    /// Whether a server may have the desktop locked now.
    pub(crate) fn admits_lock(&self, device: &Thumbprint) -> bool {
        self.prompts(device, |prompts| prompts.admits_lock(clock::now()))
    }

    /// Has the desktop locked: the card that opened a session here was tapped elsewhere, or has left, and
    /// the tenant wants it so. Nothing to do where that is under way.
    pub(crate) async fn lock(&self) {
        let Ok(_alone) = self.locking.try_acquire() else {
            tracing::debug!("the desktop is being locked already");
            return;
        };
        self.tools.locker.lock().await;
    }

    /// Waits while a request is worked on for which the card of a session may have been taken away and will
    /// be put back: one that the enrolment's server had pushed before, and that this card can answer. Not
    /// for those that come meanwhile: whoever asks again and again would keep a card there that has left.
    /// After [`AWAY`] only if a card or key has come since; the request itself ends with its challenge.
    ///
    /// # Security
    ///
    /// Any page can open a link, and leave its dialog on the screen: a request that came by one is not
    /// waited for, or the session of a person who has gone would stay for as long.
    pub(crate) async fn idle(&self, device: &Thumbprint, away: Away) {
        let may_answer =
            |live: &&Live| live.device == *device && live.can_be_answered(away.credential.as_ref());
        let now: Vec<Ticket> =
            self.live.borrow().iter().filter(may_answer).map(|live| live.ticket.clone()).collect();
        let runs = |live: &Live| now.contains(&live.ticket) && may_answer(&live);
        let mut live = self.live.subscribe();
        let not_back = async {
            if tokio::time::timeout(AWAY, self.board.put_there_after(away.seen)).await.is_ok() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            // The sender lives as long as `self`, so the wait cannot fail.
            _ = live.wait_for(|live| !live.iter().any(runs)) => {}
            () = not_back => {}
        }
    }

    /// Everything of one enrolment ends.
    pub(crate) fn cancel_all_of(&self, device: &Thumbprint) {
        self.held.forget_all_of(device);
        self.end_those(|live| live.device == *device);
    }

    /// Everything ends.
    pub(crate) fn cancel_all(&self) {
        self.end_those(|_| true);
    }

    fn end_those(&self, which: impl Fn(&Live) -> bool) {
        self.live.send_modify(|live| {
            live.iter().filter(|it| which(it)).for_each(|it| it.cancel.cancel());
        });
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

/// A lock whose holder panicked is still a lock: what it guards is one list.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(crate) mod tests;
