//! "Touch your key": said while a key waits for it, and at no other time.

use authenticator::Keepalive;
use tokio::sync::watch;

use crate::board::Kind;
use crate::causes::Causes;
use crate::pinentry::{Choice, Dialog, Pinentry};
use crate::words;

/// Whether a key waits to be touched. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Touch(watch::Sender<bool>);

impl Touch {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// The authenticator has said what it does. A card in a reader need not be touched by hand.
    pub(super) fn heard(&self, kind: Kind, keepalive: Keepalive) {
        self.set(kind == Kind::Key && keepalive == Keepalive::UP_NEEDED);
    }

    /// Something else is asked of the person now.
    pub(crate) fn is_over(&self) {
        self.set(false);
    }

    fn set(&self, is_needed: bool) {
        self.0.send_if_modified(|was| std::mem::replace(was, is_needed) != is_needed);
    }

    /// Shows the dialog whenever a key waits, and ends when the person will not touch it.
    pub(super) async fn refused(&self, pinentry: &Pinentry, who_asks: &str) {
        let description = format!("{who_asks}\n\n{}", words::TOUCH_KEY);
        let dialog = Dialog {
            title: words::TITLE,
            description: &description,
            ok: words::HIDE,
            ..Dialog::default()
        };
        let mut needed = self.0.subscribe();
        // The sender is `self`: the waits cannot fail.
        while needed.wait_for(|needed| *needed).await.is_ok() {
            let choice = tokio::select! {
                biased;
                _ = needed.wait_for(|needed| !*needed) => continue,
                choice = pinentry.confirm(&dialog) => choice,
            };
            match choice {
                Ok(Choice::NotOk | Choice::Cancel) => return,
                Ok(Choice::Ok) => {}
                // The key blinks; it is touched without a word as well.
                Err(error) => tracing::warn!(error = %Causes(&error), "cannot ask for the touch"),
            }
            let _ = needed.wait_for(|needed| !*needed).await;
        }
    }
}
