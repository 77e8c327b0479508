use std::time::{Duration, Instant};

use entra_stand_in::{Arrival, Person};
use serde_json::{Value, json};
use soft_authenticator::{Draft, SoftAuthenticator};

use crate::{Answer, Browser, TENANT, Trouble, clock};

/// A part of a sign-in, as the browser waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Leg {
    /// From the account page to the login page.
    LoginPage,
    /// "Sign in with Azure": the redirect to Entra.
    ToEntra,
    /// Entra's answer: code exchange, ID token, import, first commit.
    Callback,
    /// The card step asks for a challenge.
    Options,
    /// The card's answer: verification, proof, session, second commit.
    Finish,
    /// The account page, signed in.
    Account,
}

impl Leg {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [
        Self::LoginPage,
        Self::ToEntra,
        Self::Callback,
        Self::Options,
        Self::Finish,
        Self::Account,
    ];

    /// Its name in a table.
    pub fn name(self) -> &'static str {
        match self {
            Self::LoginPage => "account -> login page",
            Self::ToEntra => "to Entra",
            Self::Callback => "callback",
            Self::Options => "options",
            Self::Finish => "finish",
            Self::Account => "account page",
        }
    }
}

/// How long each leg took.
pub type Legs = Vec<(Leg, Duration)>;

/// Somebody with an account at Entra and an authenticator.
#[derive(Debug)]
pub struct Member {
    /// Their name, as the account page shows it.
    pub username: String,
    person: Person,
    /// Their authenticator.
    pub card: Card,
    /// What was sent to the card step, and what came back.
    pub taps: Taps,
}

/// An authenticator that says nothing about its keys.
pub struct Card(pub SoftAuthenticator);

impl std::fmt::Debug for Card {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Card(..)")
    }
}

/// The client's own ledger of what may be there and of what must be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taps {
    /// Answers of the card that were sent.
    pub sent: u32,
    /// Answers that were acknowledged with a session.
    pub acknowledged: u32,
    /// Whether a registration was acknowledged.
    pub enrolled: bool,
}

/// What the card does with the options.
type Respond<'a> = &'a mut (dyn FnMut(&mut SoftAuthenticator, &Value, &str) -> Answered + Send);
type Answered = Result<Value, soft_authenticator::Refused>;

impl Member {
    /// Somebody who has been nowhere; another seed, another card.
    pub fn new(username: &str, seed: u64) -> Self {
        Self {
            username: username.to_owned(),
            person: Person::new(username),
            card: Card(SoftAuthenticator::new(seed)),
            taps: Taps::default(),
        }
    }

    /// Signs in at Entra, then with the card; enrols it when it is the first time.
    ///
    /// # Errors
    ///
    /// Where it stopped.
    pub async fn sign_in(&mut self, browser: &mut Browser) -> Result<Legs, Trouble> {
        self.sign_in_with(browser, |_| {}).await
    }

    /// The same, with a `change` to an assertion before it is signed and sent.
    ///
    /// # Errors
    ///
    /// Where it stopped.
    pub async fn sign_in_with(
        &mut self,
        browser: &mut Browser,
        change: fn(&mut Draft),
    ) -> Result<Legs, Trouble> {
        let mut watch = Watch::start();
        self.vouched(browser, &mut watch).await?;
        let mut respond =
            |card: &mut SoftAuthenticator, options: &Value, origin: &str| match options
                .pointer("/publicKey/user")
            {
                Some(_) => card.register(options, origin),
                None => card.authenticate_with(options, origin, change),
            };
        self.tap(browser, &base_of_card(), &mut watch, &mut respond).await?;
        Ok(watch.legs)
    }

    /// Signs in at Entra, up to the card step.
    ///
    /// # Errors
    ///
    /// Where it stopped.
    pub async fn to_card(&mut self, browser: &mut Browser) -> Result<(), Trouble> {
        self.vouched(browser, &mut Watch::start()).await
    }

    /// Enrols the card at the card step.
    ///
    /// # Errors
    ///
    /// Where it stopped.
    pub async fn enrol(&mut self, browser: &mut Browser) -> Result<(), Trouble> {
        let watch = &mut Watch::start();
        self.tap(browser, &base_of_card(), watch, &mut SoftAuthenticator::register).await
    }

    async fn vouched(&mut self, browser: &mut Browser, watch: &mut Watch) -> Result<(), Trouble> {
        let number = to_login_page(browser).await?;
        watch.leg(Leg::LoginPage);
        let path = format!("/realms/{TENANT}/broker/azure/login");
        let away = browser.post_form(&path, &[("login", &number)]).await?;
        let authorize = away.redirect("choice of provider")?;
        watch.leg(Leg::ToEntra);
        let callback = match self.person.sign_in(&authorize).await {
            Ok(Arrival::Redirect(url)) => url.to_string(),
            other => return Err(Trouble::Entra(format!("{other:?}"))),
        };
        watch.skip();
        let back = browser.get(&callback).await?.redirect("callback")?;
        if back != base_of_card() {
            return Err(Trouble::Entra(back));
        }
        watch.leg(Leg::Callback);
        Ok(())
    }

    /// "Use your card": signs in with the card alone.
    ///
    /// # Errors
    ///
    /// Where it stopped.
    pub async fn use_card(&mut self, browser: &mut Browser) -> Result<Legs, Trouble> {
        let mut watch = Watch::start();
        to_login_page(browser).await?;
        watch.leg(Leg::LoginPage);
        let base = format!("/realms/{TENANT}/login/use-card");
        self.tap(browser, &base, &mut watch, &mut SoftAuthenticator::authenticate).await?;
        Ok(watch.legs)
    }

    async fn tap(
        &mut self,
        browser: &mut Browser,
        base: &str,
        watch: &mut Watch,
        respond: Respond<'_>,
    ) -> Result<(), Trouble> {
        let hint = json!({ "hint": "card" });
        let options = browser.post_json(&format!("{base}/options"), &hint).await?;
        let options = options.ok("options")?.json();
        watch.leg(Leg::Options);
        let wrapped = json!({ "publicKey": options.get("options") });
        let credential = respond(&mut self.card.0, &wrapped, browser.origin())?;
        let answer = json!({ "challenge": options.get("challenge"), "credential": credential });
        watch.skip();
        self.taps.sent = self.taps.sent.saturating_add(1);
        let finished = browser.post_json(&format!("{base}/finish"), &answer).await?;
        let finished = finished.ok("finish")?;
        self.taps.acknowledged = self.taps.acknowledged.saturating_add(1);
        self.taps.enrolled |= options.get("purpose").is_some_and(|purpose| purpose == "create");
        watch.leg(Leg::Finish);
        let location = finished.json();
        let location = location.get("location").and_then(Value::as_str).unwrap_or_default();
        self.see_account(browser, location).await?;
        watch.leg(Leg::Account);
        Ok(())
    }

    /// Opens the account page, which names the person.
    ///
    /// # Errors
    ///
    /// [`Trouble::Unexpected`] for anything else than this person's account page.
    pub async fn see_account(&self, browser: &mut Browser, path: &str) -> Result<Answer, Trouble> {
        let page = browser.get(path).await?.ok("account page")?;
        if page.body.contains(&self.username) {
            Ok(page)
        } else {
            Err(page.unexpected("account page of this person"))
        }
    }
}

fn base_of_card() -> String {
    format!("/realms/{TENANT}/login/card")
}

/// Opens the account page without a session, and arrives at the login page; the login's number.
async fn to_login_page(browser: &mut Browser) -> Result<String, Trouble> {
    let first = browser.get(&format!("/realms/{TENANT}/account/")).await?;
    let login = first.redirect("account page without a session")?;
    browser.get(&login).await?.ok("login page")?;
    let (_, parameters) = login.split_once('?').unwrap_or_default();
    let number = parameters.split('&').find_map(|pair| pair.strip_prefix("login="));
    Ok(number.unwrap_or("0").to_owned())
}

/// Measures leg by leg.
struct Watch {
    since: Instant,
    legs: Legs,
}

impl Watch {
    fn start() -> Self {
        Self { since: clock::now(), legs: Vec::new() }
    }

    /// A leg has ended, and the next one begins.
    fn leg(&mut self, leg: Leg) {
        let now = clock::now();
        self.legs.push((leg, now.saturating_duration_since(self.since)));
        self.since = now;
    }

    /// What happened since belongs to no leg: Entra, or the card.
    fn skip(&mut self) {
        self.since = clock::now();
    }
}
