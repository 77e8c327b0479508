//! Wakes the page that waits: one channel per login, in this process. Another node's page finds
//! out by looking at the row again (see `card_step::events`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use agent_protocol::MatchCode;
use agent_protocol::limits::{CHALLENGE_LIFE, RETURN_LIFE, TICKET_LIFE};
use identity::Moment;
use ids::{DeviceId, LoginId, TicketId};
use login::Challenge;
use serde::Serialize;
use store::{Device, Ticket, TicketState};
use tokio::sync::watch;

/// So many pages of one login listen at most: tabs, and reloads whose old stream still hangs.
const MOST_PAGES: usize = 8;

/// What the page hears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub(crate) enum PageState {
    /// A prompt is on its way to the agent.
    Pushed(Prompt),
    /// The agent shows it.
    Claimed(Prompt),
    /// Its card has answered, and this browser must come back from the agent's desk.
    Returning(Prompt),
    /// A prompt ended without a proof.
    Refused {
        /// Which one.
        ticket: TicketId,
        /// Why, as a stable name.
        reason: String,
    },
    /// A computer has used the page's code, and has its browser come back to confirm.
    Enrolled {
        /// Which one: a page that has got a new code waits for another.
        #[serde(rename = "offer")]
        id: DeviceId,
        /// Its name.
        device: String,
    },
    /// The page's browser has confirmed it.
    Paired {
        /// Which one.
        #[serde(skip)]
        id: DeviceId,
        /// Its name.
        device: String,
    },
    /// Another browser came back in place of the page's, and the offer has ended.
    Elsewhere,
    /// The login goes on elsewhere.
    Done {
        /// There.
        location: String,
    },
    /// The login is over.
    Expired,
}

/// What the page knows of a prompt at the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Prompt {
    /// Tells prompts of one login apart: the page follows the one that it shows.
    pub(crate) ticket: TicketId,
    /// The number that page and agent show.
    #[serde(rename = "match")]
    pub(crate) match_code: MatchCode,
    /// How long it lives from now, in seconds.
    pub(crate) expires_in: u64,
}

impl Prompt {
    /// What a ticket asks for, as of `now`: it waits a minute for its claim, and from then on lives
    /// as long as its challenge. One that is `out`, in the login's row, says itself how long: not so
    /// long any more once its answer waits for the browser.
    pub(crate) fn of(ticket: &Ticket, out: Option<&Challenge>, now: Moment) -> Self {
        let out = out.filter(|out| out.id == ticket.challenge);
        let ends = match (ticket.claimed_at, out) {
            (None, _) => ticket.created_at.plus(TICKET_LIFE),
            (Some(_), Some(out)) => out.expires_at,
            (Some(claimed), None) => claimed.plus(CHALLENGE_LIFE),
        };
        Self::ending(ticket, ends, now)
    }

    /// What is left of a ticket whose answer waits for its browser since `now`.
    pub(crate) fn returning(ticket: &Ticket, now: Moment) -> Self {
        Self::ending(ticket, now.plus(RETURN_LIFE), now)
    }

    fn ending(ticket: &Ticket, ends: Moment, now: Moment) -> Self {
        Self {
            ticket: ticket.id,
            match_code: ticket.match_code,
            expires_in: ends.min(ticket.expires_at).since(now).as_secs(),
        }
    }
}

impl PageState {
    /// How far a ticket has come, whose login has this challenge out. Nothing for a proof: what it
    /// did to the login is told instead.
    pub(crate) fn of(ticket: &Ticket, out: Option<&Challenge>, now: Moment) -> Option<Self> {
        let prompt = || Prompt::of(ticket, out, now);
        match &ticket.state {
            TicketState::Waiting => Some(Self::Pushed(prompt())),
            TicketState::Claimed => Some(Self::Claimed(prompt())),
            TicketState::Held => Some(Self::Returning(prompt())),
            TicketState::Refused { reason } => Some(Self::refused(ticket.id, reason)),
            TicketState::Proved => None,
        }
    }

    /// A prompt that ended without a proof.
    pub(crate) fn refused(ticket: TicketId, reason: &str) -> Self {
        Self::Refused { ticket, reason: reason.to_owned() }
    }

    /// A computer that wants to be paired.
    pub(crate) fn enrolled(device: &Device) -> Self {
        Self::Enrolled { id: device.id, device: device.name.clone() }
    }

    /// A computer that is paired.
    pub(crate) fn paired(device: &Device) -> Self {
        Self::Paired { id: device.id, device: device.name.clone() }
    }

    /// Whether nothing can follow.
    pub(crate) fn is_last(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Expired)
    }

    fn stage(&self) -> Option<(TicketId, Stage)> {
        match self {
            Self::Pushed(prompt) => Some((prompt.ticket, Stage::Pushed)),
            Self::Claimed(prompt) => Some((prompt.ticket, Stage::Claimed)),
            Self::Returning(prompt) => Some((prompt.ticket, Stage::Returning)),
            Self::Refused { ticket, .. } => Some((*ticket, Stage::Refused)),
            Self::Enrolled { .. }
            | Self::Paired { .. }
            | Self::Elsewhere
            | Self::Done { .. }
            | Self::Expired => None,
        }
    }
}

/// How far a prompt is. None goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum Stage {
    Pushed,
    Claimed,
    Returning,
    Refused,
}

/// How far a computer is that is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Computer {
    Enrolled,
    Paired,
}

/// What a page was told last, so that it hears nothing twice: of prompts, and of computers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told {
    prompt: Option<(TicketId, Stage)>,
    computer: Option<(DeviceId, Computer)>,
}

impl Told {
    /// Whether the page does not know this yet.
    pub(crate) fn lacks(&self, state: &PageState) -> bool {
        match (state, state.stage(), self.prompt) {
            (PageState::Enrolled { id, .. }, ..) => {
                self.computer.is_none_or(|(last, _)| last != *id)
            }
            (PageState::Paired { id, .. }, ..) => self.computer != Some((*id, Computer::Paired)),
            (_, Some((ticket, now)), Some((known, before))) => ticket != known || now > before,
            _ => true,
        }
    }

    /// Notes what the page is told.
    pub(crate) fn note(&mut self, state: &PageState) {
        match state {
            PageState::Enrolled { id, .. } => self.computer = Some((*id, Computer::Enrolled)),
            PageState::Paired { id, .. } => self.computer = Some((*id, Computer::Paired)),
            PageState::Elsewhere => self.computer = None,
            _ => {}
        }
        self.prompt = state.stage().or(self.prompt);
    }

    /// The computer that the page waits for.
    pub(crate) fn awaited_computer(&self) -> Option<DeviceId> {
        self.computer.filter(|(_, how_far)| *how_far == Computer::Enrolled).map(|(id, _)| id)
    }

    /// The prompt that the page takes for open.
    pub(crate) fn open_prompt(&self) -> Option<TicketId> {
        let (ticket, stage) = self.prompt?;
        (stage < Stage::Refused).then_some(ticket)
    }
}

/// What a page listens to; empty until something happens.
pub(crate) type Listener = watch::Receiver<Option<PageState>>;

/// The channels of the logins that a page of this process listens to.
#[derive(Clone, Default)]
pub(crate) struct Pages(Arc<Mutex<HashMap<LoginId, watch::Sender<Option<PageState>>>>>);

impl Pages {
    /// Listens to a login; `None` when so many pages do already that no person opened them. The
    /// channel lives as long as somebody listens.
    pub(crate) fn listen(&self, login: LoginId) -> Option<Listener> {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        channels.retain(|_, sender| sender.receiver_count() > 0);
        let sender = channels.entry(login).or_insert_with(|| watch::channel(None).0);
        (sender.receiver_count() < MOST_PAGES).then(|| sender.subscribe())
    }

    /// Tells the page of a login, if one listens here.
    pub(crate) fn tell(&self, login: LoginId, state: PageState) {
        let channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = channels.get(&login) {
            sender.send_replace(Some(state));
        }
    }

    /// Ends the streams that are open; their pages come back by themselves, to whoever serves then.
    pub(crate) fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests;
