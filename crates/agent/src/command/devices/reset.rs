//! Back to factory-fresh.

use std::time::Duration;

use crate::{ErrandError, Kind};
use authenticator::management::ManagementError;
use tokio::time::timeout;

use super::confirm::confirm;
use super::{Desk, tell};
use crate::failure::Failure;

/// How long somebody may take to take a device out and put it back.
const PUT_BACK: Duration = Duration::from_secs(60);

pub(super) async fn run(desk: &Desk) -> Result<(), Failure> {
    let name = &desk.device.name;
    let loss = format!(
        "The {} will forget everything: every sign-in that is stored on it, its PIN and its \
         fingerprints. Nobody can bring them back. Where it is the only card or key of an account, \
         add another one to that account first.",
        desk.place()
    );
    confirm(&loss, name, desk.yes).await?;
    match reset(desk).await {
        // It may have been in for long: only the first ten seconds count.
        Err(Failure::Errand(_, ErrandError::Refused(ManagementError::ResetTooLate)))
            if !desk.device.is_simulated() =>
        {
            reset(&put_back(desk).await?).await?;
        }
        result => result?,
    }
    desk.done("it is as if new")
}

async fn reset(desk: &Desk) -> Result<(), Failure> {
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
