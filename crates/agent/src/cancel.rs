//! One word that ends a ceremony, heard by tasks and by the thread that talks to the card.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

/// Ends a ceremony, once and for good. Clones share the one word.
#[derive(Clone, Debug)]
pub(crate) struct Cancel {
    flag: Arc<AtomicBool>,
    heard: watch::Sender<bool>,
}

impl Cancel {
    pub(crate) fn new() -> Self {
        Self { flag: Arc::default(), heard: watch::Sender::new(false) }
    }

    /// Ends the ceremony.
    pub(crate) fn cancel(&self) {
        self.flag.store(true, Ordering::SeqCst);
        self.heard.send_replace(true);
    }

    /// Whether it is over.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.flag.load(Ordering::SeqCst)
    }

    /// For the thread that talks to the card.
    pub(crate) fn flag(&self) -> &AtomicBool {
        &self.flag
    }

    /// Returns when it is over.
    pub(crate) async fn cancelled(&self) {
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = self.heard.subscribe().wait_for(|over| *over).await;
    }
}
