//! What the authenticator waits for, said while it does, and at no other time: a touch, a finger,
//! or only patience.

use std::time::Duration;

use authenticator::{FingerPrompt, Keepalive};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::board::Kind;
use crate::causes::Causes;
use crate::pinentry::{Choice, Dialog, Pinentry};
use crate::words;

#[cfg(test)]
mod tests;

/// So long an authenticator may work before anybody is told: mostly it is done sooner.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the authenticator waits for. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Waiting(watch::Sender<For>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    Nothing,
    Touch,
    Finger(FingerPrompt),
    /// The PIN at the reader.
    ReaderPin,
    /// Itself: it computes.
    Work,
}

impl Waiting {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(For::Nothing))
    }

    /// The authenticator has said what it does. A card in a reader need not be touched by hand.
    pub(super) fn heard(&self, kind: Kind, keepalive: Keepalive) {
        let what = match (keepalive, kind) {
            (Keepalive::PROCESSING, _) => For::Work,
            (Keepalive::UP_NEEDED, Kind::Key) => For::Touch,
            _ => For::Nothing,
        };
        self.0.send_if_modified(|was| {
            // It says of a finger what it says of a touch.
            let is_new = *was != what && !matches!(was, For::Finger(_));
            if is_new {
                *was = what;
            }
            is_new
        });
    }

    /// It wants to see a finger, until something else is said here.
    pub(crate) fn for_finger(&self, prompt: FingerPrompt) {
        self.0.send_replace(For::Finger(prompt));
    }

    /// It wants the PIN, which is typed at the reader, until something else is said here.
    pub(crate) fn for_pin_at_reader(&self) {
        self.0.send_replace(For::ReaderPin);
    }

    /// It has got that; or something else is asked of the person now.
    pub(crate) fn is_over(&self) {
        self.0.send_replace(For::Nothing);
    }

    /// Shows the dialog whenever something is waited for, and ends when the person will not do it.
    pub(super) async fn refused(&self, pinentry: &Pinentry, who_asks: &str) {
        let mut waiting = self.0.subscribe();
        loop {
            let what = *waiting.borrow_and_update();
            let choice = tokio::select! {
                biased;
                // The sender is `self`: the waits cannot fail.
                _ = waiting.changed() => continue,
                choice = show(what, pinentry, who_asks) => choice,
            };
            if choice != Choice::Ok {
                return;
            }
            let _ = waiting.changed().await;
        }
    }
}

/// Says what is waited for: whether the person goes along.
async fn show(what: For, pinentry: &Pinentry, who_asks: &str) -> Choice {
    let (text, error) = match what {
        For::Nothing => return std::future::pending().await,
        For::Touch => (words::TOUCH_KEY, None),
        For::Finger(prompt) => (words::PUT_FINGER, words::finger_error(prompt)),
        For::ReaderPin => (words::PIN_AT_READER, None),
        For::Work => {
            sleep(PATIENCE).await;
            (words::WORKING, None)
        }
    };
    let description = format!("{who_asks}\n\n{text}");
    let dialog = Dialog {
        title: words::TITLE,
        description: &description,
        error: error.as_deref(),
        ok: words::HIDE,
        ..Dialog::default()
    };
    pinentry.confirm(&dialog).await.unwrap_or_else(|error| {
        // The key blinks; it is touched without a word as well.
        tracing::warn!(error = %Causes(&error), "cannot say what is waited for");
        Choice::Ok
    })
}
