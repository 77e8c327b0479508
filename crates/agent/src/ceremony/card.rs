//! Looks at a card or key: whether it is one for us, and whether it can answer.

use std::time::{Duration, Instant};

use authenticator::get_info::Response as Info;
use authenticator::race::{self, Standing};
use authenticator::{CeremonyError, CeremonyLink, Control};

use super::request::Request;
use crate::board::{Device, DeviceId, Kind};
use crate::cancel::Cancel;
use crate::causes::Causes;
use crate::clock;

/// How long a device may take to say what it is: one that another program keeps busy must not
/// keep the person from being asked for another.
const LOOK_LIMIT: Duration = Duration::from_secs(5);

/// An open card or key.
pub(super) struct Card {
    pub(super) id: DeviceId,
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) link: Box<dyn CeremonyLink>,
    pub(super) info: Info,
}

/// Why a device is not asked.
#[derive(Debug)]
pub(super) enum Unfit {
    /// It does not open, or it is no FIDO device.
    Strange,
    /// It cannot answer.
    Cannot(CeremonyError),
}

/// Opens a device and asks it, without a touch, whether it can answer. Blocks.
pub(super) fn look(
    device: &Device,
    request: &Request,
    cancel: &Cancel,
    end: Instant,
) -> Result<(Card, Standing), Unfit> {
    let result = open(device, request, cancel, end);
    if let Err(Unfit::Cannot(error)) = &result {
        tracing::info!(name = device.name, error = %Causes(error), "not asked");
    }
    result
}

fn open(
    device: &Device,
    request: &Request,
    cancel: &Cancel,
    end: Instant,
) -> Result<(Card, Standing), Unfit> {
    let mut link = (device.open)().map_err(|error| {
        tracing::info!(name = device.name, error = %Causes(&error), "not used");
        Unfit::Strange
    })?;
    let limit = clock::now().checked_add(LOOK_LIMIT);
    let deadline = limit.map_or(end, |limit| limit.min(end));
    let mut control = Control { deadline, cancel: cancel.flag(), on_keepalive: &mut |_| {} };
    let (info, standing) = race::look(&mut *link, request.wanted(), &mut control)
        .map_err(|error| unfit(device.kind, error))?;
    let (id, kind, name) = (device.id, device.kind, device.name.clone());
    Ok((Card { id, kind, name, link, info }, standing))
}

fn unfit(kind: Kind, error: CeremonyError) -> Unfit {
    match error {
        // Most cards in this world are no FIDO cards.
        CeremonyError::Link(_) if kind == Kind::Card => Unfit::Strange,
        // It had no more to do than to say what it is.
        CeremonyError::TimedOut => Unfit::Cannot(CeremonyError::Busy),
        error => Unfit::Cannot(error),
    }
}
