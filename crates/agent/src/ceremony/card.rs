//! Finds the card: one that lies there, or one that comes.

use std::time::Duration;

use agent_protocol::{Ceremony as Wanted, Refused, UserVerification};
use authenticator::get_info::{self, Response as Info};
use authenticator::{CeremonyLink, Control, execute};

use super::Ceremony;
use crate::board::{Arrival, Device, DeviceId, Kind};
use crate::causes::Causes;
use crate::clock;
use crate::pinentry::{Choice, Dialog, PinentryError};
use crate::words;

/// Somebody who says "it is there" when it is not is asked again after this time: a dialog that
/// answers by itself must not be asked as fast as programs can be started.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// How long a device may take to say what it is: one that another program keeps busy must not
/// keep the person from being asked for another.
const OPEN_LIMIT: Duration = Duration::from_secs(5);

/// An open card or key.
pub(super) struct Card {
    pub(super) id: DeviceId,
    pub(super) kind: Kind,
    pub(super) link: Box<dyn CeremonyLink>,
    info: Info,
}

/// Finds a FIDO card. One that lay on the reader before the prompt counts only after its PIN or
/// an explicit word; one that arrives while the prompt stands is the person's answer to it.
pub(super) async fn find(ceremony: &Ceremony, who_asks: &str) -> Result<Card, Refused> {
    let mut seen = ceremony.board.latest();
    let lying = ceremony.board.devices();
    for device in lying.iter().rev() {
        if let Some(card) = open(ceremony, device).await {
            return lying_card(ceremony, who_asks, card).await;
        }
    }
    let mut error = (!lying.is_empty()).then_some(words::OTHER_CARD);
    let mut pause = Duration::ZERO;
    loop {
        tokio::select! {
            biased;
            device = ceremony.board.arrival_after(seen) => {
                seen = device.id;
                match (open(ceremony, &device).await, device.arrival) {
                    (Some(card), Arrival::Now) => return Ok(card),
                    (Some(card), Arrival::Before) => {
                        return lying_card(ceremony, who_asks, card).await;
                    }
                    (None, _) => {}
                }
                error = Some(words::OTHER_CARD);
            }
            choice = async {
                tokio::time::sleep(pause).await;
                ask_for_card(ceremony, who_asks, error).await
            } => match choice.map_err(failed)? {
                Choice::Ok => {
                    error = Some(words::NO_CARD_YET);
                    pause = ASK_AGAIN;
                }
                Choice::NotOk | Choice::Cancel => return Err(Refused::Cancelled),
            },
        }
    }
}

/// Opens a device and asks it what it is; `None` when it is nothing for us.
async fn open(ceremony: &Ceremony, device: &Device) -> Option<Card> {
    let (open, name) = (device.open.clone(), device.name.clone());
    let cancel = ceremony.cancel.clone();
    let limit = clock::now().checked_add(OPEN_LIMIT);
    let deadline = limit.map_or(ceremony.deadline, |limit| limit.min(ceremony.deadline));
    let opened = tokio::task::spawn_blocking(move || {
        let mut link = open().map_err(|error| {
            tracing::info!(name, error = %Causes(&error), "not used");
        })?;
        let mut control = Control { deadline, cancel: cancel.flag(), on_keepalive: &mut |_| {} };
        let info = execute(&mut *link, &get_info::Request, &mut control).map_err(|error| {
            tracing::info!(name, error = %Causes(&error), "not used");
        })?;
        Ok::<_, ()>((link, info))
    });
    let (link, info) = opened.await.ok()?.ok()?;
    info.speaks_ctap2().then_some(Card { id: device.id, kind: device.kind, link, info })
}

/// Whether the ceremony cannot end well without a PIN. A sensor on the card does not count: a
/// card that lies there may be touched for another reason.
fn asks_for_pin(ceremony: &Ceremony, info: &Info) -> bool {
    let claims = ceremony.request.claims();
    let chooses =
        matches!(claims.ceremony, Wanted::Create(_)) && info.option("clientPin").is_some();
    let required = claims.user_verification == UserVerification::Required;
    required && !info.has("uv") && (info.has("clientPin") || chooses)
}

/// A card that nobody put there for us: it goes on to its PIN, or is confirmed.
async fn lying_card(ceremony: &Ceremony, who_asks: &str, card: Card) -> Result<Card, Refused> {
    if asks_for_pin(ceremony, &card.info) {
        return Ok(card);
    }
    let dialog = Dialog {
        title: words::TITLE,
        description: who_asks,
        ok: match card.kind {
            Kind::Card => words::USE_THIS_CARD,
            Kind::Key => words::USE_THIS_KEY,
        },
        ..Dialog::default()
    };
    match ceremony.pinentry.confirm(&dialog).await.map_err(failed)? {
        Choice::Ok => Ok(card),
        Choice::NotOk | Choice::Cancel => Err(Refused::Cancelled),
    }
}

async fn ask_for_card(
    ceremony: &Ceremony,
    who_asks: &str,
    error: Option<&str>,
) -> Result<Choice, PinentryError> {
    let description = format!("{who_asks}\n\n{}", words::PUT_CARD);
    let dialog = Dialog {
        title: words::TITLE,
        description: &description,
        error,
        ok: words::CHECK_AGAIN,
        ..Dialog::default()
    };
    ceremony.pinentry.confirm(&dialog).await
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn failed(error: PinentryError) -> Refused {
    tracing::error!(error = %Causes(&error), "cannot ask the person");
    Refused::Failed
}
