//! Finds the card or key that the person means: the only one that can answer; or the one that
//! they touch, lay down, plug in or name.

use std::sync::Arc;
use std::time::Duration;

use agent_protocol::Refused;
use authenticator::race::{Standing, contenders};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::Ceremony;
use super::blinking::{Blinking, Waited};
use super::card::{self, Card, Unfit};
use super::request::Request;
use crate::board::{Arrival, Device, DeviceId, Kind};
use crate::cancel::Cancel;
use crate::tokens::FirstLook;

mod events;
mod question;

/// So long after a card was put into a reader a module may need to see it there.
const KNOWN: Duration = Duration::from_secs(2);

use events::Event;

/// What is known of the devices that are there.
pub(super) struct Selection<'a> {
    ceremony: &'a Ceremony,
    request: &'a Arc<Request>,
    who_asks: &'a str,
    /// Until it is over, the only device that can answer may not be the only one.
    first_look: FirstLook,
    /// The latest when the prompt began.
    begun: DeviceId,
    /// The latest that was looked at.
    seen: DeviceId,
    looks: JoinSet<Looked>,
    /// Those looks that are waited for.
    looking: Vec<Looking>,
    able: Vec<Able>,
    misfits: Vec<Misfit>,
    blinking: Blinking,
    /// Which of several lying cards is offered.
    offered: usize,
    /// Whether the person has put the dialog away, to touch a key.
    hidden: bool,
    /// Whether the person has said that it is there.
    asked: bool,
}

/// The device that is meant.
pub(super) struct Found {
    pub(super) card: Card,
    pub(super) meant: Meant,
    /// The latest device that was looked at.
    pub(super) seen: DeviceId,
}

/// How the person has said that it is this device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// Not at all: it is the only one that can answer. A later one may be the one that they mean.
    NotYet,
    /// By a touch, or by putting it there. A device that moves or answers by itself does the same.
    ByDeed,
    /// By a word at a dialog that names it.
    ByWord,
}

/// A look that is waited for; it is given up when this is dropped.
struct Looking {
    device: DeviceId,
    /// What must stay there for it.
    needed: Vec<DeviceId>,
    cancel: Cancel,
}

impl Drop for Looking {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// A device that was looked at.
struct Looked {
    device: Device,
    /// Nobody put it there for us.
    lies: bool,
    result: Result<(Card, Standing), Unfit>,
}

/// A device that can answer, or may.
struct Able {
    device: Device,
    standing: Standing,
    /// `None` while it blinks.
    card: Option<Card>,
}

/// A device that is not asked.
struct Misfit {
    device: Device,
    lies: bool,
    why: Unfit,
}

/// Finds the device that the person means.
///
/// One that was there before the prompt counts only by its PIN, its touch or an explicit word;
/// one that arrives while the prompt stands is the person's answer to it.
pub(super) async fn find(
    ceremony: &Ceremony,
    request: &Arc<Request>,
    who_asks: &str,
    first_look: FirstLook,
) -> Result<Found, Refused> {
    let begun = ceremony.board.latest();
    let mut selection = Selection {
        ceremony,
        request,
        who_asks,
        first_look,
        begun,
        seen: begun,
        looks: JoinSet::new(),
        looking: Vec::new(),
        able: Vec::new(),
        misfits: Vec::new(),
        blinking: Blinking::new(),
        offered: 0,
        hidden: false,
        asked: false,
    };
    selection.look_again();
    let found = selection.run().await;
    // Whichever it is, no other goes on blinking.
    selection.blinking.stop().await;
    let (card, meant) = found?;
    Ok(Found { card, meant, seen: selection.seen })
}

impl Selection<'_> {
    /// The device that is meant, and how the person has said so.
    async fn run(&mut self) -> Result<(Card, Meant), Refused> {
        loop {
            if let Some(settled) = self.settle().await {
                return Ok(settled);
            }
            let event = self.event().await;
            let meant =
                if matches!(event, Event::Answered(_)) { Meant::ByWord } else { Meant::ByDeed };
            if let Some(card) = self.hear(event)? {
                return Ok((card, meant));
            }
        }
    }

    /// Looks at everything that is there.
    fn look_again(&mut self) {
        self.misfits.clear();
        let before = self.seen;
        for device in self.ceremony.board.devices() {
            // One that comes at this moment is looked at now, and not once more as an arrival.
            self.seen = self.seen.max(device.id);
            if self.able.iter().all(|able| able.device.id != device.id) {
                let lies = device.id <= before || !device.was_put_there_after(self.begun);
                self.look(device, lies);
            }
        }
    }

    fn look(&mut self, device: Device, lies: bool) {
        let (request, cancel) = (Arc::clone(self.request), Cancel::new());
        let end = self.ceremony.deadline;
        let (handle, board) = (Handle::current(), self.ceremony.board.clone());
        self.looking.push(Looking {
            device: device.id,
            needed: board.needed_for(device.id),
            cancel: cancel.clone(),
        });
        self.looks.spawn_blocking(move || {
            let result = card::look(&device, &request, &cancel, end);
            // Perhaps it is known by its certificates in a moment: then it is not strange.
            if matches!(result, Err(Unfit::Strange))
                && device.arrival == Arrival::Now
                && request.certificates.is_some()
            {
                let known = board.certificates_in_reader_of(&device);
                let _ = handle.block_on(async { timeout(KNOWN, known).await });
            }
            Looked { device, lies, result }
        });
    }

    /// A card that answers as a FIDO authenticator is not offered once more for its certificates; only
    /// where it is to be enrolled, the person says as which of the two.
    fn drop_twins(&mut self) {
        if Request::creates(self.ceremony.request.claims()) {
            return;
        }
        let sure = |able: &&Able| able.standing == Standing::CanAnswer;
        let devices: Vec<_> =
            self.able.iter().filter(sure).map(|able| able.device.clone()).collect();
        let is_twin = |able: &Able| devices.iter().any(|it| it.is_in_reader_of(&able.device));
        self.able.retain(|able| !is_twin(able));
    }

    fn can_answer(&self) -> bool {
        self.able.iter().any(|able| able.standing == Standing::CanAnswer)
    }

    /// Those among which the person chooses.
    fn pool(&self) -> Vec<&Able> {
        let standings: Vec<_> = self.able.iter().map(|able| able.standing).collect();
        contenders(&standings).into_iter().filter_map(|n| self.able.get(n)).collect()
    }

    /// Lets those keys blink that should; gives the device that is meant without a question.
    async fn settle(&mut self) -> Option<(Card, Meant)> {
        if !self.looking.is_empty() {
            return None;
        }
        let (only, keys) = self.meant();
        let must_stop = |able: &Able| able.card.is_none() && !keys.contains(&able.device.id);
        if self.able.iter().any(must_stop)
            && let Some(touched) = self.stop_blinking().await
        {
            return Some((touched, Meant::ByDeed));
        }
        for able in self.able.iter_mut().filter(|able| keys.contains(&able.device.id)) {
            if let Some(key) = able.card.take() {
                self.blinking.add(key, self.ceremony);
            }
        }
        if !self.first_look.is_over() {
            return None;
        }
        let request = Arc::clone(self.request);
        let only = self.take(only?, |card| card.asks_for_pin(&request))?;
        Some((only, Meant::NotYet))
    }

    /// The only device that can answer, if there is but one; else the keys of those that may.
    fn meant(&self) -> (Option<DeviceId>, Vec<DeviceId>) {
        match &self.pool()[..] {
            [only] if only.standing == Standing::CanAnswer => (Some(only.device.id), Vec::new()),
            several => {
                let keys = several.iter().filter(|able| able.device.kind == Kind::Key);
                (None, keys.map(|able| able.device.id).collect())
            }
        }
    }

    /// Nothing blinks any more; gives the key that was touched at the last moment.
    async fn stop_blinking(&mut self) -> Option<Card> {
        for Waited { key, result } in self.blinking.stop().await {
            if result.is_ok() {
                return Some(key);
            }
            if let Some(able) = self.able.iter_mut().find(|able| able.device.id == key.id) {
                able.card = Some(key);
            }
        }
        // What has not come back is in nobody's hand.
        self.able.retain(|able| able.card.is_some());
        None
    }

    /// Takes a device that does not blink, if it is as wanted.
    fn take(&mut self, id: DeviceId, is_wanted: impl Fn(&Card) -> bool) -> Option<Card> {
        let able = self.able.iter_mut().find(|able| able.device.id == id)?;
        if able.card.as_ref().is_some_and(is_wanted) { able.card.take() } else { None }
    }
}
