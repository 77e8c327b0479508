use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Browser, Card, World};

/// Each administrator has a card of their own.
static CARDS: AtomicU64 = AtomicU64::new(900);

impl World {
    /// The browser of somebody who has taken an invitation to the console: the card is missing.
    ///
    /// # Panics
    ///
    /// When the invitation does not lead to the card step.
    #[expect(clippy::expect_used, reason = "an invitation that does not work is a red test")]
    pub async fn invited(&self) -> Browser {
        let invitation = server::invite(&self.config).await.expect("an invitation");
        let (_, token) = invitation.split_once('#').expect("its token");
        let mut browser = self.browser();
        let form = [("token", token), ("name", "Olivia Bauer")];
        let answer = browser.post_form("/admin/invite", &form).await;
        let step = Some("/realms/operators/login/card");
        assert_eq!(answer.location.as_deref(), step, "{answer:?}");
        browser
    }

    /// The browser of an administrator, who has come by the real way: an invitation, and a card.
    ///
    /// # Panics
    ///
    /// When the console does not open.
    pub async fn administrator(&self) -> Browser {
        self.administrator_with_card().await.0
    }

    /// The same, with their card.
    ///
    /// # Panics
    ///
    /// When the console does not open.
    pub async fn administrator_with_card(&self) -> (Browser, Card) {
        let mut browser = self.invited().await;
        let mut card = Card::new(CARDS.fetch_add(1, Ordering::Relaxed));
        let tapped = card.tap(&mut browser, "/realms/operators/login/card").await;
        assert_eq!(tapped.member("location"), "/admin/", "{tapped:?}");
        assert!(browser.cookie("__Host-admin").is_some(), "{tapped:?}");
        (browser, card)
    }
}
