//! Back to factory-fresh.

use std::future::ready;
use std::pin::pin;
use std::time::Duration;

use authenticator::management::{Inspection, ManagementError, PinState};
use tokio::time::timeout;

use super::confirm::confirm;
use super::{Chosen, tell};
use crate::failure::Failure;
use crate::{ErrandError, Kind, inspect};

/// How long somebody may take to take a device out and put it back.
const PUT_BACK: Duration = Duration::from_secs(60);

pub(super) async fn run(chosen: &Chosen) -> Result<(), Failure> {
    let loss = format!(
        "The {} will forget everything: every sign-in that is stored on it, its PIN and its \
         fingerprints. Nobody can bring them back. Where it is the only card or key of an account, \
         add another one to that account first.",
        chosen.place()
    );
    let was = marks(chosen).await?;
    confirm(&loss, chosen.yes).await?;
    match reset(chosen, was).await {
        // It may have been in for long: only the first ten seconds count.
        Err(Failure::Errand(_, ErrandError::Refused(ManagementError::ResetTooLate))) => {
            reset(&put_back(chosen).await?, was).await?;
        }
        result => result?,
    }
    chosen.done("it is as if new")
}

/// What tells a device from another, as far as it says so without a PIN: its AAGUID, its firmware,
/// how many wrong PINs it takes and how many more sign-ins.
type Marks = ([u8; 16], Option<u64>, Option<u32>, Option<u32>);

async fn marks(chosen: &Chosen) -> Result<Marks, Failure> {
    let Inspection { info, pin, free_places, .. } =
        inspect(&chosen.open).await.map_err(|error| chosen.failed(error))?;
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
async fn reset(chosen: &Chosen, was: Marks) -> Result<(), Failure> {
    if marks(chosen).await? != was {
        return Err(Failure::Another(chosen.device.name.clone()));
    }
    let touch = match chosen.device.kind {
        Kind::Card => || {},
        Kind::Key => || tell("Touch the key now, until it stops blinking."),
    };
    chosen.errand("Reset", touch, |management| management.reset()).await
}

/// The same device, which the person takes out and puts back.
async fn put_back(chosen: &Chosen) -> Result<Chosen, Failure> {
    let too_late = || chosen.failed(ErrandError::Refused(ManagementError::ResetTooLate));
    let mut back = pin!(timeout(PUT_BACK, chosen.device.comes_back()));
    // Who does it as soon as they are told must be seen to.
    let at_once = tokio::select! {
        biased;
        back = &mut back => Some(back),
        () = ready(()) => None,
    };
    let back = if let Some(back) = at_once {
        back
    } else {
        tell(&format!(
            "It has been in for too long. Take the {} out and put it back now; it is reset as soon \
             as it is there.",
            chosen.place()
        ));
        tokio::select! {
            back = back => back,
            _ = tokio::signal::ctrl_c() => return Err(Failure::Unconfirmed),
        }
    };
    match back {
        Ok(Ok((device, open))) => Ok(chosen.with(device, open)),
        _ => Err(too_late()),
    }
}
