//! Back to factory-fresh.

use std::time::Duration;

use crate::{ErrandError, Kind, inspect};
use authenticator::management::{Inspection, ManagementError, PinState};
use tokio::time::timeout;

use super::confirm::confirm;
use super::{Desk, tell};
use crate::failure::Failure;

/// How long somebody may take to take a device out and put it back.
const PUT_BACK: Duration = Duration::from_secs(60);

pub(super) async fn run(desk: &Desk) -> Result<(), Failure> {
    let loss = format!(
        "The {} will forget everything: every sign-in that is stored on it, its PIN and its \
         fingerprints. Nobody can bring them back. Where it is the only card or key of an account, \
         add another one to that account first.",
        desk.place()
    );
    let was = marks(desk).await?;
    confirm(&loss, desk.yes).await?;
    match reset(desk, was).await {
        // It may have been in for long: only the first ten seconds count.
        Err(Failure::Errand(_, ErrandError::Refused(ManagementError::ResetTooLate)))
            if !desk.device.is_simulated() =>
        {
            reset(&put_back(desk).await?, was).await?;
        }
        result => result?,
    }
    desk.done("it is as if new")
}

/// What tells a device from another, as far as it says so without a PIN: its AAGUID, its firmware,
/// how many wrong PINs it takes and how many more sign-ins.
type Marks = ([u8; 16], Option<u64>, Option<u32>, Option<u32>);

async fn marks(desk: &Desk) -> Result<Marks, Failure> {
    let Inspection { info, pin, free_places, .. } =
        inspect(&desk.open).await.map_err(|error| desk.failed(error))?;
    let tries_left = match pin {
        // The same, before and after it was without power.
        PinState::Set { tries_left, .. } | PinState::BlockedUntilPowerOff { tries_left } => {
            Some(tries_left)
        }
        PinState::Blocked => Some(0),
        _ => None,
    };
    Ok((info.aaguid, info.firmware_version, tries_left, free_places))
}

/// Resets it, if it is still the one that the person was asked about.
async fn reset(desk: &Desk, was: Marks) -> Result<(), Failure> {
    if marks(desk).await? != was {
        return Err(Failure::Another(desk.device.name.clone()));
    }
    let touch = match desk.device.kind {
        Kind::Card => || {},
        Kind::Key => || tell("Touch the key now, until it stops blinking."),
    };
    desk.errand("Reset", touch, |management| management.reset()).await
}

/// The same device, which the person takes out and puts back.
async fn put_back(desk: &Desk) -> Result<Desk, Failure> {
    let too_late = || desk.failed(ErrandError::Refused(ManagementError::ResetTooLate));
    tell(&format!(
        "It has been in for too long. Take the {} out and put it back now; it is reset as soon as \
         it is there.",
        desk.place()
    ));
    let back = tokio::select! {
        back = timeout(PUT_BACK, desk.device.comes_back()) => back,
        _ = tokio::signal::ctrl_c() => return Err(Failure::Unconfirmed),
    };
    match back {
        Ok(Ok((device, open))) => Ok(desk.with(device, open)),
        _ => Err(too_late()),
    }
}
