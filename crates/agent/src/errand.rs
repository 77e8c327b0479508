//! A holder's errand at one card or key: on a thread of its own, with questions by pinentry, until it
//! is done, time is up or the person interrupts it.

use std::error::Error;
use std::time::{Duration, Instant};

use authenticator::management::{Inspection, Management, ManagementError};
use authenticator::{CeremonyError, Control, LinkError};
use link_pcsc::CardError;
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::board::{Open, OpenError};
use crate::cancel::Cancel;
use crate::ceremony::{LAST_WORD, Waiting};
use crate::clock;
use crate::dialogs::{Dialogs, is_over};
use crate::entry::Entry;
use crate::pinentry::Pinentry;
use crate::{random, words};

/// How long an errand may take, with all that the person types and touches.
const ERRAND: Duration = Duration::from_mins(3);
/// How long a device may take to say what it is, before somebody else must be using it.
const INSPECTION: Duration = Duration::from_secs(5);

/// The person who has an errand done.
#[derive(Clone, Debug)]
pub struct Holder {
    /// Asks for PINs.
    pub pinentry: Pinentry,
    /// What the dialogs say it is about.
    pub purpose: String,
    /// Says that the device waits to be touched.
    pub on_touch: fn(),
}

/// Why an errand came to nothing; printed, it says what happened and what to do now.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrandError {
    /// The device cannot be opened.
    #[error("cannot open it. Run cardea-agent doctor: it says what to do.")]
    Open(#[from] OpenError),
    /// It has been taken out since it was looked at.
    #[error(
        "it is not there any more, or another one is in its place. See what is there, and start again."
    )]
    Gone,
    /// The system does not let this user.
    #[error(
        "the system does not let you use this card. Sit down at the screen of this computer, or see \
         what cardea-agent doctor says."
    )]
    Forbidden,
    /// Another program uses the device: a sign-in, for example.
    #[error(
        "another program is using it, perhaps a sign-in. Wait until that is over, and start again."
    )]
    Busy,
    /// The PIN cannot be asked for.
    #[error("cannot ask for the PIN. Install {}, or give --pinentry.", words::PINENTRIES)]
    NoDialog,
    /// The person interrupted it.
    #[error("interrupted. Look what is on it before you go on.")]
    Interrupted,
    /// It has no FIDO2 application.
    #[error("this card is no FIDO2 card. Put another one in.")]
    NotFido,
    /// As the authenticator says.
    #[error("{}", .0.words())]
    Refused(ManagementError),
    /// The thread of the errand panicked.
    #[error("the errand ended unexpectedly. Start again.")]
    Ended,
}

/// Looks at a device. Nobody has to type or to touch, and a sign-in that is under way is waited for
/// a few seconds and not disturbed.
///
/// # Errors
///
/// See [`ErrandError`].
#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a method's path is for one lifetime only, and does not fit an errand"
)]
pub async fn inspect(open: &Open) -> Result<Inspection, ErrandError> {
    let nobody = Holder { pinentry: Pinentry::new(""), purpose: String::new(), on_touch: || {} };
    let inspection = work(open, nobody, INSPECTION, |management| management.inspect()).await;
    inspection.map_err(|error| match error {
        ErrandError::Refused(ManagementError::Ceremony(CeremonyError::TimedOut)) => {
            ErrandError::Busy
        }
        other => other,
    })
}

/// Does `errand` for `holder`.
///
/// # Errors
///
/// See [`ErrandError`].
pub async fn errand<T: Send + 'static>(
    open: &Open,
    holder: Holder,
    errand: impl FnOnce(&mut Management<'_, '_>) -> Result<T, ManagementError> + Send + 'static,
) -> Result<T, ErrandError> {
    work(open, holder, ERRAND, errand).await
}

async fn work<T: Send + 'static>(
    open: &Open,
    holder: Holder,
    limit: Duration,
    errand: impl FnOnce(&mut Management<'_, '_>) -> Result<T, ManagementError> + Send + 'static,
) -> Result<T, ErrandError> {
    let (now, cancel) = (clock::now(), Cancel::new());
    let work = Work {
        open: open.clone(),
        handle: Handle::current(),
        cancel: cancel.clone(),
        deadline: now.checked_add(limit).unwrap_or(now),
    };
    let mut thread = tokio::task::spawn_blocking(move || work.run(holder, errand));
    tokio::select! {
        biased;
        result = &mut thread => result.map_err(|_| ErrandError::Ended)?,
        _ = tokio::signal::ctrl_c() => {
            cancel.cancel();
            let _ = timeout(LAST_WORD, thread).await;
            Err(ErrandError::Interrupted)
        }
    }
}

/// What the thread of an errand needs.
struct Work {
    open: Open,
    handle: Handle,
    cancel: Cancel,
    deadline: Instant,
}

impl Work {
    fn run<T>(
        self,
        holder: Holder,
        errand: impl FnOnce(&mut Management<'_, '_>) -> Result<T, ManagementError>,
    ) -> Result<T, ErrandError> {
        let Self { open, handle, cancel, deadline } = self;
        let mut link = open().map_err(unopened)?;
        let mut person = Dialogs {
            handle,
            pinentry: holder.pinentry,
            cancel: cancel.clone(),
            who_asks: holder.purpose,
            new_pin: words::new_pin,
            waiting: Waiting::new(),
            entry: Entry::default(),
            on_touch: holder.on_touch,
            failed: false,
        };
        let on_keepalive = &mut |_| {};
        let mut control = Control { deadline, cancel: cancel.flag(), on_keepalive };
        let entropy = &mut random::entropy;
        let result = errand(&mut Management::new(&mut *link, &mut person, &mut control, entropy));
        result.map_err(|error| told(error, person.failed, is_over(deadline)))
    }
}

/// Why it cannot be opened.
fn unopened(error: OpenError) -> ErrandError {
    let kind = error.0.downcast_ref().map(std::io::Error::kind);
    if kind == Some(std::io::ErrorKind::NotFound) { ErrandError::Gone } else { error.into() }
}

/// What is said of an error, where more is known than the authenticator knows.
fn told(error: ManagementError, no_dialog: bool, is_over: bool) -> ErrandError {
    match error {
        ManagementError::Ceremony(CeremonyError::Declined) if no_dialog => ErrandError::NoDialog,
        ManagementError::Ceremony(CeremonyError::Declined) if is_over => {
            ErrandError::Refused(ManagementError::Ceremony(CeremonyError::TimedOut))
        }
        ManagementError::Ceremony(CeremonyError::InUse(_) | CeremonyError::Busy) => {
            ErrandError::Busy
        }
        ManagementError::Ceremony(CeremonyError::NotCtap2) => ErrandError::NotFido,
        ManagementError::Ceremony(CeremonyError::Link(ref cause)) => match card_error(cause) {
            Some(CardError::Forbidden) => ErrandError::Forbidden,
            Some(CardError::NoFidoApplication(_)) => ErrandError::NotFido,
            _ => ErrandError::Refused(error),
        },
        other => ErrandError::Refused(other),
    }
}

/// What the reader's link says, where it is a reader's.
fn card_error(error: &LinkError) -> Option<&CardError> {
    error.source()?.downcast_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_card(error: CardError) -> String {
        let link = LinkError::Protocol(error.into());
        let error = ManagementError::Ceremony(CeremonyError::Link(link));
        told(error, false, false).to_string()
    }

    #[test]
    fn who_may_not_use_a_card_is_told_so_and_not_to_take_it_out() {
        assert!(of_card(CardError::Forbidden).contains("does not let you"));
        assert!(of_card(CardError::Endless).contains("did not answer as it should"));
    }

    #[test]
    fn a_device_that_was_taken_out_is_told_apart_from_one_that_cannot_be_opened() {
        let of = |kind: std::io::ErrorKind| unopened(OpenError(std::io::Error::from(kind).into()));
        assert!(matches!(of(std::io::ErrorKind::NotFound), ErrandError::Gone));
        assert!(matches!(of(std::io::ErrorKind::PermissionDenied), ErrandError::Open(_)));
    }

    #[test]
    fn a_person_who_was_not_asked_did_not_cancel() {
        let declined = || ManagementError::Ceremony(CeremonyError::Declined);
        assert!(told(declined(), false, false).to_string().contains("You cancelled"));
        assert!(told(declined(), true, true).to_string().contains("Install pinentry"));
        assert!(told(declined(), false, true).to_string().contains("Time ran out"));
    }
}
