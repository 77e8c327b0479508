use entra_stand_in::{BrowserError, Form, Page};
use url::Url;

use crate::{Answer, Browser};

/// More redirects than any page has.
const MOST_REDIRECTS: usize = 10;

/// Somebody at a browser without scripts, who uses pages by what can be read on them. It stays on
/// its browser's site: when it is sent to another, the page says where.
pub struct Hand {
    /// The browser.
    pub browser: Browser,
    /// The page that is open.
    pub page: Page,
    typed: Vec<Input>,
}

/// What was put into the form that is still to be sent.
enum Input {
    Fill(String, String),
    Choose(String, String),
    Check(String),
}

impl Hand {
    /// Opens an address.
    ///
    /// # Panics
    ///
    /// When it is none.
    #[expect(clippy::expect_used, reason = "a test with a wrong address is a wrong test")]
    pub async fn at(mut browser: Browser, address: &str) -> Self {
        let base = Url::parse(browser.origin()).expect("an origin");
        let url = base.join(address).expect("an address");
        let answer = browser.get(url.as_str()).await;
        let mut hand =
            Self { browser, page: Page::leaving(url.clone(), url.clone()), typed: Vec::new() };
        hand.arrive(url, answer).await;
        hand
    }

    /// Opens another address, in the same browser.
    pub async fn open(&mut self, address: &str) {
        let url = self.url(address);
        let answer = self.browser.get(url.as_str()).await;
        self.arrive(url, answer).await;
    }

    /// Follows a link.
    ///
    /// # Panics
    ///
    /// When there is none of that text.
    pub async fn click(&mut self, link: &str) {
        let url = found(self.page.link(link)).to_string();
        self.open(&url).await;
    }

    /// Types into a field of the form that is pressed next.
    pub fn fill(&mut self, field: &str, text: &str) {
        self.typed.push(Input::Fill(field.to_owned(), text.to_owned()));
    }

    /// Chooses an option of a list.
    pub fn choose(&mut self, list: &str, option: &str) {
        self.typed.push(Input::Choose(list.to_owned(), option.to_owned()));
    }

    /// Ticks a box or a radio button.
    pub fn check(&mut self, label: &str) {
        self.typed.push(Input::Check(label.to_owned()));
    }

    /// Presses a button: its form goes out, with what was put in.
    ///
    /// # Panics
    ///
    /// When there is no such button, or its form lacks what was put in.
    pub async fn press(&mut self, button: &str) {
        let form = found(self.page.form(button));
        let form = self.typed.drain(..).fold(form, |form, input| found(input.put(form)));
        let fields = found(form.pressed(button));
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut url = form.action;
        let answer = if form.posts {
            self.browser.post_form(url.as_str(), &fields).await
        } else {
            url.query_pairs_mut().clear().extend_pairs(fields);
            self.browser.get(url.as_str()).await
        };
        self.arrive(url, answer).await;
    }

    /// The value of a field.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn value(&self, field: &str) -> String {
        found(self.page.value(field)).to_owned()
    }

    /// What stands in the element of that id.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[expect(clippy::panic, reason = "a page without it is a red test")]
    pub fn read(&self, id: &str) -> String {
        let text = self.page.element(id);
        text.map_or_else(|| panic!("no {id} on {}", self.page.text), str::to_owned)
    }

    /// Reads on the page what must stand there.
    ///
    /// # Panics
    ///
    /// When it does not.
    #[track_caller]
    pub fn sees(&self, text: &str) {
        let Page { url, status, .. } = &self.page;
        assert!(self.page.text.contains(text), "{text:?} on {url} ({status}): {}", self.page.text);
    }

    /// Where the browser was sent, beyond its site.
    ///
    /// # Panics
    ///
    /// When it was not.
    #[expect(clippy::panic, reason = "a page that stays is a red test")]
    pub fn leaves_to(&self) -> String {
        let away = self.page.leaves_to.as_ref();
        away.map_or_else(|| panic!("no redirect, but {}", self.page.text), Url::to_string)
    }

    async fn arrive(&mut self, mut url: Url, mut answer: Answer) {
        let own = self.page.url.origin();
        self.typed.clear();
        for _ in 0..MOST_REDIRECTS {
            let Some(location) = answer.location else { break };
            let next = Self::joined(&url, &location);
            if next.origin() != own {
                self.page = Page::leaving(url, next);
                return;
            }
            answer = self.browser.get(next.as_str()).await;
            url = next;
        }
        self.page = Page::read(url, answer.status, &answer.body);
    }

    fn url(&self, address: &str) -> Url {
        Self::joined(&self.page.url, address)
    }

    #[expect(clippy::expect_used, reason = "a page with a wrong address is a red test")]
    fn joined(base: &Url, address: &str) -> Url {
        base.join(address).expect("an address")
    }
}

impl Input {
    fn put(self, form: Form) -> Result<Form, BrowserError> {
        match self {
            Self::Fill(field, text) => form.fill(&field, &text),
            Self::Choose(list, option) => form.choose(&list, &option),
            Self::Check(label) => form.check(&label),
        }
    }
}

#[expect(clippy::panic, reason = "a page without it is a red test")]
fn found<T>(found: Result<T, BrowserError>) -> T {
    found.unwrap_or_else(|error| panic!("{error}"))
}
