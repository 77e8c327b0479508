//! One ticket on its way: claimed, shown to person and card, answered, and watched for as long as
//! the card that answered holds what it has opened.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use agent_protocol::{
    AgentMessage, ClaimAnswer, ClaimRequest, Outcome, Refused, RequestError, ResultAnswer,
    ResultRequest, ReturnToken, Ticket, VerifiedRequest, WhenLifted, limits, paths,
};
use tokio::sync::{mpsc, oneshot};
use tracing::{Instrument as _, debug_span};

use crate::board::DeviceId;
use crate::cancel::Cancel;
use crate::causes::Causes;
use crate::ceremony::Ceremony;
use crate::clock;
use crate::desk::Desk;
use crate::held::Left;
use crate::http::{CALL, CallError};
use crate::prompts::{Came, Prompts};
use crate::state::Enrolment;
use crate::words;

/// A card that is away for so long was lifted: no reader's field flutters longer. The session ends within
/// a second of the hand, so there must be room for what comes before (pcscd looks each 0.4 s at a reader
/// that does not tell by itself) and after (server and page).
const LIFTED: Duration = Duration::from_millis(500);

const _: () = assert!(LIFTED.as_millis() + 400 + 50 < 1000);

/// A ticket that was taken from the channel, or with a link. Dropping it ends what it began.
pub(crate) struct Taken {
    pub(crate) desk: Arc<Desk>,
    pub(crate) enrolment: Arc<Enrolment>,
    pub(crate) ticket: Ticket,
    /// What claims it: the ticket, or the secret of a link.
    pub(crate) claim: Ticket,
    pub(crate) came: Came,
    pub(crate) cancel: Cancel,
}

/// Why a ticket was not worked on.
#[derive(Debug, thiserror::Error)]
enum Unworked {
    #[error("cannot claim the ticket")]
    Claim(#[source] CallError),
    #[error("the request is refused")]
    Request(#[from] RequestError),
}

/// What the server has said of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// It has taken it, and found it good.
    Taken,
    /// It keeps it, and judges it when the person's browser is back.
    Waits,
    /// No: there is no session.
    Refused,
    /// Its word is lost, or it has failed: the session may be there.
    Unknown,
}

impl Told {
    /// What an error means for what was told. Only a server that says whose fault it is has decided.
    fn from_error(error: &CallError) -> Self {
        if matches!(error, CallError::Refused { status: 400..=499, .. }) {
            Self::Refused
        } else {
            Self::Unknown
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
        let outcome = self.outcome().instrument(debug_span!("ceremony")).await;
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
        // Before its turn: a server that is slow to answer is nobody else's trouble.
        let claimed = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return None,
            claimed = self.claim() => claimed,
        };
        let request = match claimed {
            Ok(request) => Arc::new(request),
            Err(error) => {
                tracing::warn!(error = %Causes(&error), "no prompt");
                // A claim that failed is over; a request that did not pass is said to be so.
                let invalid = matches!(error, Unworked::Request(_));
                return invalid.then(|| refused(Refused::InvalidRequest)).flatten();
            }
        };
        let (desk, device) = (&self.desk, &self.enrolment.device);
        desk.claimed(device, &self.ticket, &request);
        let ceremony = self.ceremony(Arc::clone(&request));
        let turn = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return None,
            turn = desk.turn() => turn,
        };
        let Some(_turn) = turn else { return refused(Refused::Busy) };
        desk.shown(device, &self.ticket, &request);
        self.prompts(|prompts| prompts.show(self.came, clock::now()));
        self.proof(&ceremony).await
    }

    /// What person and card have to say to a request, and what happens when that card leaves.
    async fn proof(&self, ceremony: &Ceremony) -> Option<(Outcome, WhenLifted)> {
        let outcome = self.ask(ceremony).await?;
        self.count(&outcome);
        if matches!(outcome, Outcome::Refused(_)) {
            return Some((outcome, WhenLifted::Nothing));
        }
        let when_lifted = ceremony.request.claims().when_lifted;
        // What is on no board cannot be watched: a stay that never was counts as a tap.
        let stay = ceremony.answered.get().copied().unwrap_or_default();
        self.hold(&outcome, when_lifted, stay);
        Some((outcome, when_lifted))
    }

    /// The card that answered holds a session from now on, or at least those that it has opened. Not
    /// only when the server has taken the answer: whether it has is not known when its word is lost. What
    /// it had opened before follows it to where it is now for as long as the server has not said no.
    fn hold(&self, outcome: &Outcome, when_lifted: WhenLifted, stay: DeviceId) {
        let (held, device) = (&self.desk.held, &self.enrolment.device);
        match when_lifted {
            WhenLifted::Nothing => held.follow(device, &self.ticket, outcome, stay),
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
        let flutter = || tokio::time::sleep(LIFTED);
        let idle = |away| desk.idle(device, away);
        let mut left = pin!(desk.held.left(&desk.board, (device, &id), flutter, idle));
        let mut telling = pin!(self.tell(outcome, browse));
        let mut end = None;
        let told = loop {
            tokio::select! {
                told = &mut telling => break told,
                how = &mut left, if end.is_none() => end = Some(how),
            }
        };
        if told == Told::Refused {
            return desk.held.forget(device, &id);
        }
        let end = match end {
            Some(end) => end,
            None => left.await,
        };
        tracing::info!(?end, "the card has left");
        let message = match end {
            // Of a card that is not watched any more nobody knows when it leaves: its session does
            // not rest on it.
            Left::Lifted | Left::Unwatched => AgentMessage::Lifted { id: id.clone() },
            Left::Tapped => AgentMessage::Tapped { id: id.clone() },
        };
        let say = async {
            // Waits where there is no connection. Until it is on its way, it is listed as held.
            if say.send(message).await.is_ok() {
                desk.held.forget(device, &id);
            }
        };
        let lock = async {
            if end == Left::Lifted && when_lifted == WhenLifted::EndSessionAndLock {
                desk.lock().await;
            }
        };
        // Neither waits for the other: a desktop locks without a network, and a session ends although the
        // session manager is slow.
        tokio::join!(say, lock);
    }

    /// Makes room for the next.
    fn clear_desk(&self) {
        self.desk.clear(&self.enrolment.device, &self.ticket);
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
            () = self.desk.tools.notices.cancelled(who_asks, life) => {
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
        Ok(self.desk.admit(&self.enrolment, &answer.request, clock::wall())?)
    }

    fn ceremony(&self, request: Arc<VerifiedRequest>) -> Ceremony {
        // The life of its challenge, counted from here: whose clock is right does not matter.
        let claims = request.claims();
        let life = Duration::from_secs(claims.exp.saturating_sub(claims.iat));
        let life = life.min(limits::CHALLENGE_LIFE);
        let now = clock::now();
        Ceremony {
            enrolment: Arc::clone(&self.enrolment),
            request,
            board: self.desk.board.clone(),
            pinentry: self.desk.tools.pinentry.clone(),
            modules: self.desk.tools.modules.clone(),
            cancel: self.cancel.clone(),
            deadline: now.checked_add(life).unwrap_or(now),
            answered: Arc::default(),
        }
    }

    /// What the person did counts for what is shown to them next.
    pub(crate) fn count(&self, outcome: &Outcome) {
        self.prompts(|prompts| match outcome {
            Outcome::Refused(Refused::Cancelled) => prompts.refused(self.came, clock::now()),
            Outcome::Refused(_) => {}
            _ => prompts.accepted(self.came),
        });
    }

    fn prompts(&self, note: impl FnOnce(&mut Prompts)) {
        self.desk.prompts(&self.enrolment.device, note);
    }

    /// Tells the server. What has followed the card that answered stays with it only if it was the right
    /// one.
    async fn tell(&self, outcome: Outcome, browse: oneshot::Sender<String>) -> Told {
        let told = self.told(outcome, browse).await;
        let is_good = told == Told::Taken;
        self.desk.held.judged(&self.enrolment.device, &self.ticket, is_good);
        told
    }

    async fn told(&self, outcome: Outcome, browse: oneshot::Sender<String>) -> Told {
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
        match tell.instrument(debug_span!("tell")).await {
            Ok(ResultAnswer::Accepted) => {
                tracing::info!(kind, "the server has the outcome");
                Told::Taken
            }
            Ok(ResultAnswer::Return { token }) => {
                tracing::info!(kind, "the server has the outcome, and waits for the browser");
                if let Some(address) = address(&self.enrolment, &token) {
                    // Nobody listens any more: the person has gone, and so has the login.
                    let _ = browse.send(address);
                }
                Told::Waits
            }
            Err(error) => {
                let error_text = Causes(&error);
                tracing::warn!(kind, error = %error_text, "the server did not take the outcome");
                Told::from_error(&error)
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

#[cfg(test)]
mod tests;
