//! Wakes the page that waits: one channel per login, in this process. Another node's page finds
//! out by looking at the row again (see `card_step::events`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ids::LoginId;
use serde::Serialize;
use tokio::sync::watch;

/// So many pages of one login listen at most: tabs, and reloads whose old stream still hangs.
const MOST_PAGES: usize = 8;

/// What the page hears.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct PageState {
    /// One of `idle`, `pushed`, `claimed`, `confirming`, `paired`, `refused`, `done`, `expired`.
    pub(crate) state: &'static str,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// The computer that wants to be paired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device: Option<String>,
    /// What page and agent both show.
    #[serde(skip_serializing_if = "Option::is_none", rename = "match")]
    pub(crate) match_code: Option<String>,
    /// Where the page goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<String>,
}

impl PageState {
    /// A state without particulars.
    pub(crate) fn of(state: &'static str) -> Self {
        Self { state, ..Self::default() }
    }
}

/// The channels of the logins that a page of this process listens to.
#[derive(Clone, Default)]
pub(crate) struct Pages(Arc<Mutex<HashMap<LoginId, watch::Sender<PageState>>>>);

impl Pages {
    /// Listens to a login; `None` when so many pages do already that no person opened them. The
    /// channel lives as long as somebody listens.
    pub(crate) fn listen(&self, login: LoginId) -> Option<watch::Receiver<PageState>> {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        channels.retain(|_, sender| sender.receiver_count() > 0);
        let sender =
            channels.entry(login).or_insert_with(|| watch::channel(PageState::of("idle")).0);
        (sender.receiver_count() < MOST_PAGES).then(|| sender.subscribe())
    }

    /// Tells the page of a login, if one listens here.
    pub(crate) fn tell(&self, login: LoginId, state: PageState) {
        let channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = channels.get(&login) {
            sender.send_replace(state);
        }
    }
}

#[cfg(test)]
mod tests {
    use ids::LoginId;

    use super::*;
    use crate::entropy;

    #[tokio::test]
    async fn a_page_hears_of_its_own_login_only() {
        let pages = Pages::default();
        let (mine, other) = (LoginId(entropy::id()), LoginId(entropy::id()));
        let mut listener = pages.listen(mine).unwrap();
        pages.tell(other, PageState::of("done"));
        pages.tell(mine, PageState::of("claimed"));
        listener.changed().await.unwrap();
        assert_eq!(listener.borrow().state, "claimed");
    }

    #[test]
    fn channels_end_with_their_listeners() {
        let pages = Pages::default();
        for _ in 0..100 {
            drop(pages.listen(LoginId(entropy::id())));
        }
        assert_eq!(pages.0.lock().unwrap().len(), 1);
    }
}
