use entra_stand_in::{Arrival, Person};
use serde_json::{Value, json};

use crate::{Answer, Browser, Card, World};

/// The way into one tenant, step by step: what a page's buttons and scripts send.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// The tenant.
    pub tenant: &'static str,
    /// Its provider.
    pub alias: &'static str,
}

impl Way {
    /// The way into a tenant whose provider is called `azure`.
    pub const fn into(tenant: &'static str) -> Self {
        Self { tenant, alias: "azure" }
    }

    /// A path of the tenant.
    pub fn path(self, rest: &str) -> String {
        format!("/realms/{}/{rest}", self.tenant)
    }

    /// Opens the account page: the number of the login that begins.
    ///
    /// # Panics
    ///
    /// When no login page comes.
    #[expect(clippy::expect_used, reason = "a login that does not begin is a red test")]
    pub async fn begin(self, browser: &mut Browser) -> String {
        let first = browser.get(&self.path("account/")).await;
        let location = first.location.clone().expect("a login page");
        let page = browser.follow(first).await;
        assert_eq!(page.status, 200, "{page:?}");
        let mut parameters = location.split(['?', '&']);
        let number = parameters.find_map(|parameter| parameter.strip_prefix("login="));
        number.unwrap_or("0").to_owned()
    }

    /// Begins, and chooses the provider: its authorization URL.
    pub async fn to_provider(self, browser: &mut Browser) -> String {
        let number = self.begin(browser).await;
        self.choose_provider(browser, &number).await
    }

    /// Chooses the provider for the login of that number: its authorization URL.
    ///
    /// # Panics
    ///
    /// When no redirect comes.
    #[expect(clippy::expect_used, reason = "a login that does not begin is a red test")]
    pub async fn choose_provider(self, browser: &mut Browser, number: &str) -> String {
        let path = self.path(&format!("broker/{}/login", self.alias));
        let away = browser.post_form(&path, &[("login", number)]).await;
        away.location.clone().expect("a redirect to the provider")
    }

    /// Begins, and signs in at the provider: the address that it sends the browser back to.
    /// Nobody has opened it.
    pub async fn to_callback(self, browser: &mut Browser, person: &mut Person) -> String {
        let authorize = self.to_provider(browser).await;
        at_provider(person, &authorize).await
    }

    /// The same, and opens it.
    pub async fn entra_leg(self, browser: &mut Browser, person: &mut Person) -> Answer {
        let callback = self.to_callback(browser, person).await;
        browser.get(&callback).await
    }

    /// Up to the card page.
    ///
    /// # Panics
    ///
    /// When the card page does not come.
    pub async fn to_card(self, browser: &mut Browser, person: &mut Person) {
        let answer = self.entra_leg(browser, person).await;
        assert_eq!(answer.location, Some(self.path("login/card")), "{answer:?}");
    }

    /// The whole way.
    ///
    /// # Panics
    ///
    /// When the session does not come.
    pub async fn sign_in(self, browser: &mut Browser, person: &mut Person, card: &mut Card) {
        self.to_card(browser, person).await;
        let answer = card.tap(browser, &self.path("login/card")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(browser.cookie(&self.session_cookie()).is_some(), "no session: {answer:?}");
    }

    /// Asks for a challenge at the card step.
    ///
    /// # Panics
    ///
    /// When none comes.
    pub async fn options(self, browser: &mut Browser) -> Answer {
        let path = self.path("login/card/options");
        let options = browser.post_json(&path, &json!({ "hint": "card" })).await;
        assert_eq!(options.status, 200, "{options:?}");
        options
    }

    /// Answers it.
    pub async fn finish(self, browser: &mut Browser, answer: &Value) -> Answer {
        browser.post_json(&self.path("login/card/finish"), answer).await
    }

    /// Begins, and asks for a challenge for "Use your card".
    pub async fn use_card_options(self, browser: &mut Browser) -> Answer {
        let number = self.begin(browser).await;
        self.choose_card(browser, &number).await
    }

    /// Asks for a challenge for "Use your card" in the login of that number.
    ///
    /// # Panics
    ///
    /// When none comes.
    pub async fn choose_card(self, browser: &mut Browser, number: &str) -> Answer {
        let number: u8 = number.parse().unwrap_or_default();
        let path = self.path("login/use-card/options");
        let options = browser.post_json(&path, &json!({ "hint": "card", "login": number })).await;
        assert_eq!(options.status, 200, "{options:?}");
        options
    }

    /// Answers it.
    pub async fn use_card(self, browser: &mut Browser, answer: &Value) -> Answer {
        browser.post_json(&self.path("login/use-card/finish"), answer).await
    }

    /// Name of the tenant's session cookie.
    pub fn session_cookie(self) -> String {
        format!("__Host-sid-{}", self.tenant)
    }

    /// Name of the cookie that holds a login at the card step.
    pub fn card_cookie(self) -> String {
        format!("__Host-card-{}", self.tenant)
    }
}

/// Signs in at the provider: the address that it sends the browser back to.
///
/// # Panics
///
/// When the provider does not send the browser back.
#[expect(clippy::panic, reason = "a provider that refuses is a red test")]
pub async fn at_provider(person: &mut Person, authorize: &str) -> String {
    match person.sign_in(authorize).await {
        Ok(Arrival::Redirect(url)) => url.to_string(),
        other => panic!("the provider sends nobody back: {other:?}"),
    }
}

impl Answer {
    /// The cookies that this answer sets to something.
    pub fn cookies(&self) -> Vec<(String, String)> {
        let set = self.headers.iter().filter(|(name, _)| name == "set-cookie");
        let pairs = set.filter_map(|(_, line)| line.split(';').next()?.split_once('='));
        let pairs = pairs.filter(|(_, value)| !value.is_empty());
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Whether this answer gives anything that signs somebody in.
    pub fn gives_a_session(&self) -> bool {
        let mut names = self.cookies().into_iter().map(|(name, _)| name);
        names.any(|name| {
            ["__Host-sid-", "__Host-admin", "__Host-dev-"].iter().any(|p| name.starts_with(p))
        })
    }

    /// The heading of a page, or the title of a problem.
    pub fn title(&self) -> String {
        let json = self.json();
        if let Some(title) = json.get("title").and_then(Value::as_str) {
            return title.to_owned();
        }
        let heading = self.body.split_once("<h1").and_then(|(_, rest)| rest.split_once('>'));
        let heading = heading.and_then(|(_, rest)| rest.split_once("</h1>"));
        heading.map(|(heading, _)| heading.trim().to_owned()).unwrap_or_default()
    }
}

impl World {
    /// A tenant `birch` with a provider of the same stand-in's other directory.
    pub async fn with_birch(self) -> Self {
        self.add_connected("birch", entra_stand_in::BIRCH).await;
        self
    }
}
