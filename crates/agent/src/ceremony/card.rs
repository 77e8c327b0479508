//! Looks at a card or key: whether it is one for us, and whether it can answer.

use std::time::{Duration, Instant};

use authenticator::get_info::Response as Info;
use authenticator::race::{self, Standing};
use authenticator::{CeremonyError, CeremonyLink, Control, Until};

use super::certificate::{self, Holding};
use super::request::Request;
use crate::board::{Device, DeviceId, Kind, Open, Signer, Way};
use crate::cancel::Cancel;
use crate::causes::Causes;
use crate::clock;

/// How long a device may take to say what it is: one that another program keeps busy must not
/// keep the person from being asked for another.
const LOOK_LIMIT: Duration = Duration::from_secs(5);
/// The same for a card with certificates, which are read from it: some are slow.
const READ_LIMIT: Duration = Duration::from_secs(20);

/// An open card or key.
pub(super) struct Card {
    pub(super) id: DeviceId,
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) answers: Answers,
}

/// How it answers.
pub(super) enum Answers {
    /// As a FIDO authenticator.
    Ctap { link: Box<dyn CeremonyLink>, info: Info },
    /// With the key of a certificate.
    Certificates(Holding),
}

impl Card {
    /// Whether the ceremony cannot end well without a PIN.
    pub(super) fn asks_for_pin(&self, request: &Request) -> bool {
        match &self.answers {
            Answers::Ctap { info, .. } => {
                request.ctap.as_ref().is_some_and(|ctap| ctap.asks_for_pin(info))
            }
            Answers::Certificates(_) => true,
        }
    }
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
    let result = match &device.way {
        Way::Ctap(open) => authenticator(device, open, request, cancel, end),
        Way::Certificates(signer) => certificates(device, signer, request, cancel, end),
    };
    if let Err(Unfit::Cannot(error)) = &result {
        tracing::info!(name = device.name, error = %Causes(error), "not asked");
    }
    result
}

fn authenticator(
    device: &Device,
    open: &Open,
    request: &Request,
    cancel: &Cancel,
    end: Instant,
) -> Result<(Card, Standing), Unfit> {
    let Some(ctap) = &request.ctap else { return Err(Unfit::Strange) };
    let mut link = open().map_err(|error| {
        tracing::info!(name = device.name, error = %Causes(&error), "not used");
        Unfit::Strange
    })?;
    let deadline = soon(LOOK_LIMIT, end);
    let mut control = Control { deadline, cancel: cancel.flag(), on_keepalive: &mut |_| {} };
    let (info, standing) = race::look(&mut *link, ctap.wanted(), &mut control)
        .map_err(|error| unfit(device.kind, error))?;
    Ok((card(device, Answers::Ctap { link, info }), standing))
}

fn certificates(
    device: &Device,
    signer: &Signer,
    request: &Request,
    cancel: &Cancel,
    end: Instant,
) -> Result<(Card, Standing), Unfit> {
    let Some(wanted) = &request.certificates else { return Err(Unfit::Strange) };
    let until = Until { deadline: soon(READ_LIMIT, end), cancel: cancel.flag() };
    let holding = certificate::look(signer(), wanted, until)?;
    Ok((card(device, Answers::Certificates(holding)), Standing::CanAnswer))
}

fn card(device: &Device, answers: Answers) -> Card {
    Card { id: device.id, kind: device.kind, name: device.name.clone(), answers }
}

/// So long from now, and no longer than to the end.
fn soon(limit: Duration, end: Instant) -> Instant {
    clock::now().checked_add(limit).map_or(end, |limit| limit.min(end))
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
