//! The person's browser, with the person before it.

use e2e::{Answer, Browser, at_provider};
use entra_stand_in::Page;
use url::Url;

use crate::client::{Asked, Suite};

/// What it took until an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Took {
    /// Nothing: it came at once.
    Nothing,
    /// A tap of the card alone.
    Tap,
    /// A whole login.
    Login,
}

/// An answer, and what it took.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) answer: Answer,
    pub(crate) took: Took,
}

impl Suite {
    /// Goes where the application asks, and does what it takes.
    pub(crate) async fn visit(&mut self, asked: &Asked) -> Visit {
        let first = self.browser.get(&asked.url()).await;
        self.go_on(first).await
    }

    /// The same by a form of the application's page.
    pub(crate) async fn visit_by_form(&mut self, asked: &Asked) -> Visit {
        let origin = "https://suite.example";
        let posted = self.browser.post_from(origin, &asked.endpoint, &asked.fields).await;
        let inside = posted.location.as_deref().is_some_and(|it| it.starts_with('/'));
        let first = if inside {
            self.browser.get(posted.location.as_deref().unwrap()).await
        } else {
            posted
        };
        self.go_on(first).await
    }

    async fn go_on(&mut self, first: Answer) -> Visit {
        let location = first.location.clone().unwrap_or_default();
        let login = self.place.way.path("login?login=");
        if let Some(rest) = location.strip_prefix(&login) {
            let number = rest.split('&').next().unwrap().to_owned();
            let authorize = self.place.way.choose_provider(&mut self.browser, &number).await;
            let callback = at_provider(&mut self.place.person, &authorize).await;
            let at_card = self.browser.get(&callback).await;
            assert_eq!(at_card.location, Some(self.card_step()), "{at_card:?}");
            return Visit { answer: self.tap().await, took: Took::Login };
        }
        if location == self.card_step() {
            return Visit { answer: self.tap().await, took: Took::Tap };
        }
        Visit { answer: first, took: Took::Nothing }
    }

    fn card_step(&self) -> String {
        self.place.way.path("login/card")
    }

    async fn tap(&mut self) -> Answer {
        let step = self.card_step();
        let tapped = self.place.card.tap(&mut self.browser, &step).await;
        assert_eq!(tapped.status, 200, "{tapped:?}");
        let location = tapped.member("location").as_str().unwrap().to_owned();
        self.browser.get(&location).await
    }

    /// Presses the only button of a page of ours.
    pub(crate) async fn press(&mut self, page: &Answer, button: &str) -> Answer {
        let base = Url::parse(&self.shared.origin).unwrap();
        let form = Page::read(base, page.status, &page.body).form(button).unwrap();
        let fields = form.pressed(button).unwrap();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        // A form without an address of its own goes to the page's.
        self.browser.post_form(form.action.as_str(), &fields).await
    }
}

/// A page of ours, and no way to anywhere else.
#[track_caller]
pub(crate) fn stays_here(browser: &Browser, answer: &Answer) {
    assert_eq!(answer.location, None, "{answer:?}");
    assert!(!answer.body.contains("suite.example"), "{answer:?}");
    assert!(answer.content_type.starts_with("text/html"), "{answer:?}");
    assert!(!answer.title().is_empty(), "{} of {answer:?}", browser.origin());
}
