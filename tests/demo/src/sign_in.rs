//! Step 3 of the guide: from the Home URL through Azure and the card to the account page.

use std::time::{Duration, Instant};

use entra_stand_in::{Page, Person};
use serde_json::{Value, json};
use url::Url;

use crate::browser::Browser;
use crate::desktop::{Hand, Pairing};
use crate::page::Expect as _;
use crate::stage::Stage;
use crate::story::{Told, millis};
use crate::trouble::{Trouble, ensure};

/// Who signs in.
pub(crate) const USERNAME: &str = "ada@acme.example";

/// Where a login waits for its card.
const CARD_STEP: &str = "/realms/acme/login/card";

/// The account page.
pub(crate) const ACCOUNT: &str = "/realms/acme/account/";

/// A person with a browser in which they sign in to Azure and to Cardea.
pub(crate) struct Visitor {
    pub(crate) browser: Browser,
    entra: Person,
    login: Page,
    entra_page: Option<Page>,
}

impl Visitor {
    /// "Click the Home URL": the browser comes to the login page.
    pub(crate) async fn arrive(origin: &str, home: &str) -> Told<Self> {
        let mut browser = Browser::new(origin)?;
        let login = browser.open(home).await?.shows("Show more ways to log in")?;
        let path = login.url.path().to_owned();
        let entra = Person::new(USERNAME);
        let visitor = Self { browser, entra, login, entra_page: None };
        Ok((visitor, format!("{home} leads to the login page {path}")))
    }

    /// "Show more ways to log in" › "Sign in with Azure".
    pub(crate) async fn choose_azure(&mut self) -> Told<()> {
        let authorize = self.press_azure().await?;
        let said = describe(&authorize)?;
        self.entra_page = Some(self.entra.browser.open(authorize.as_str()).await?);
        Ok(((), said))
    }

    /// E-mail address, password, "Verification required", Continue.
    pub(crate) async fn sign_in_at_azure(&mut self) -> Told<()> {
        let page = self.at_entra()?;
        let form = page.form("Next")?.fill("Email address", USERNAME)?;
        let page = self.entra.browser.press(form, "Next").await?;
        let form = page.form("Sign in")?.fill("Password", entra_stand_in::PASSWORD)?;
        let page = self.entra.browser.press(form, "Sign in").await?;
        ensure(page.id == "verification", "\"Verification required\"", &page.text)?;
        let page = self.entra.browser.press(page.form("Continue")?, "Continue").await?;
        ensure(page.id == "consent", "\"Permissions requested\"", &page.text)?;
        self.entra_page = Some(page);
        Ok(((), format!("{USERNAME} with password, verification required, Continue")))
    }

    /// "Consent on behalf of your organization", Accept.
    pub(crate) async fn consent(&mut self) -> Told<()> {
        let page = self.at_entra()?;
        let form = page.form("Accept")?.check("Consent on behalf of your organization")?;
        let page = self.entra.browser.press(form, "Accept").await?;
        let back = page.leaves_to.clone();
        let back = back.ok_or_else(|| Trouble::new("a redirect to Cardea", &page.text))?;
        let said = format!(
            "Azure sends the browser to {} with a code, which Cardea has redeemed",
            back.path()
        );
        self.login = self.browser.open(back.as_str()).await?;
        Ok(((), said))
    }

    /// Cardea asks for the card: nothing has been handed out yet.
    pub(crate) async fn asked_for_card(&mut self) -> Told<()> {
        let page = self.login.clone();
        ensure(page.url.path() == CARD_STEP, CARD_STEP, page.url.path())?;
        let page = page.shows("Set up Cardea on this computer")?;
        page.shows(USERNAME)?;
        let account = self.browser.open(ACCOUNT).await?;
        ensure(account.url.path() != ACCOUNT, "no account page without a card", &account.text)?;
        Ok(((), format!("the login waits at {CARD_STEP}; Azure alone does not open {ACCOUNT}")))
    }

    /// "Set up Cardea on this computer": code, `cardea-agent pair`, its address, confirm.
    pub(crate) async fn set_up(&mut self, stage: &mut Stage) -> Told<()> {
        let offered = self.browser.post_json(&step("/pair"), &json!({})).await?;
        let code = text(&offered, "code")?;
        let pairing = Pairing::begin(stage, &code, &[]).await?;
        ensure(pairing.account == USERNAME, USERNAME, &pairing.account)?;
        // As the page's script does, the token goes from behind the # into the form.
        let (address, token) = pairing.address.split_once('#').unwrap_or((&pairing.address, ""));
        let page = self.browser.open(address).await?.shows(USERNAME)?;
        let form = page.form("Pair this computer")?.fill("token", token)?;
        self.browser
            .press(&form, "Pair this computer")
            .await?
            .shows("is paired with this browser")?;
        pairing.paired().await?;
        stage.agent_connected().await?;
        Ok((
            (),
            format!(
                "`cardea-agent pair {code}` gives an address; opened in the browser that shows the code, and in no other, it pairs the two"
            ),
        ))
    }

    /// The page asks the agent; the person answers the dialogs and taps the card. Returns when.
    pub(crate) async fn tap(&mut self, stage: &Stage) -> Result<(Instant, String, Page), Trouble> {
        let hand = Hand::ready(stage.simulator()?);
        let mut events = self.browser.events(&step("/events")).await?;
        let pushed = self.browser.post_json(&step("/agent"), &json!({})).await?;
        ensure(text(&pushed, "state")? == "pushed", "pushed", &pushed)?;
        let done = loop {
            let event = events.next().await?;
            match text(&event, "state")?.as_str() {
                "pushed" | "claimed" | "paired" => {}
                _ => break event,
            }
        };
        ensure(text(&done, "state")? == "done", "done", &done)?;
        let page = self.browser.open(&text(&done, "location")?).await?;
        Ok((hand.tapped().await?, text(&pushed, "match")?, page))
    }

    /// The first tap: a factory-fresh card gets a PIN and a credential.
    pub(crate) async fn enrol(&mut self, stage: &Stage) -> Told<Page> {
        let (_, number, page) = self.tap(stage).await?;
        let shown = dialogs(stage)?;
        let chosen = shown.matches("GETPIN -> Pin").count();
        ensure(shown.contains("This card is new"), "the dialog for a new PIN", &shown)?;
        ensure(chosen >= 2, "the new PIN typed twice", &shown)?;
        ensure(shown.contains(&number), format_args!("the number {number}"), &shown)?;
        let said = format!(
            "page and agent both show {number}; the new card gets a PIN, is tapped, and is Ada's"
        );
        Ok((page, said))
    }

    /// Comes back on another day: Azure, then the card that is known by now.
    pub(crate) async fn again(&mut self) -> Told<()> {
        let signed_out = self.sign_out().await?;
        let login = self.browser.open(ACCOUNT).await?;
        self.login = login.shows("Show more ways to log in")?;
        let authorize = self.press_azure().await?;
        let arrival = self.entra.sign_in(authorize.as_str()).await?;
        let entra_stand_in::Arrival::Redirect(back) = arrival else {
            return Err(Trouble::new("a redirect to Cardea", format_args!("{arrival:?}")));
        };
        self.login = self.browser.open(back.as_str()).await?;
        let path = self.login.url.path();
        ensure(path == CARD_STEP, CARD_STEP, &self.login.text)?;
        let heading = "Authenticate yourself by using your cards or the digital app";
        self.login.clone().shows(heading)?;
        Ok(((), format!("{signed_out}; Azure asked for {}", asked(&self.entra.steps))))
    }

    /// The daily way: one tap. Says how long it took from there to the account page.
    pub(crate) async fn assert(&mut self, stage: &Stage) -> Told<Duration> {
        let before = dialogs(stage)?;
        let (tapped, number, page) = self.tap(stage).await?;
        let took = tapped.elapsed();
        page.shows(USERNAME)?;
        let shown = dialogs(stage)?;
        let new = shown.strip_prefix(&before).unwrap_or_default();
        ensure(new.contains("asks for your card"), "a dialog that asks for the card", new)?;
        ensure(!new.contains("This card is new"), "the card that is known", new)?;
        let took_said = millis(took);
        Ok((
            took,
            format!(
                "page and agent both show {number}; PIN, tap; {took_said} later the account page"
            ),
        ))
    }

    async fn sign_out(&mut self) -> Result<&'static str, Trouble> {
        let account = self.browser.open(ACCOUNT).await?;
        let form = account.form("Sign out")?;
        self.browser.press(&form, "Sign out").await?;
        Ok("signed out at Cardea")
    }

    async fn press_azure(&mut self) -> Result<Url, Trouble> {
        let form = self.login.form("Sign in with Azure")?;
        let away = self.browser.press(&form, "Sign in with Azure").await?;
        away.leaves_to.clone().ok_or_else(|| away.not("a redirect to Azure"))
    }

    fn at_entra(&mut self) -> Result<Page, Trouble> {
        self.entra_page.take().ok_or_else(|| Trouble::new("a page of Azure", "none"))
    }
}

fn step(path: &str) -> String {
    format!("{CARD_STEP}{path}")
}

/// What the agent's dialogs have shown so far.
fn dialogs(stage: &Stage) -> Result<String, Trouble> {
    let read = std::fs::read_to_string(stage.transcript());
    match read {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(crate::trouble::cannot("to read what the dialogs showed")),
    }
}

/// What an authorization request carries, and what for.
fn describe(authorize: &Url) -> Result<String, Trouble> {
    let carries = |name: &str| authorize.query_pairs().any(|(key, _)| key == name);
    for name in ["state", "nonce", "code_challenge", "prompt"] {
        ensure(carries(name), format_args!("{name} in the request to Azure"), authorize)?;
    }
    Ok("Cardea sends the browser to Azure; state, nonce and code_challenge tie the answer to this \
        sign-in, prompt asks for a fresh one"
        .to_owned())
}

fn asked(steps: &[entra_stand_in::Step]) -> String {
    if steps.is_empty() {
        return "nothing".into();
    }
    let words: Vec<String> = steps.iter().map(|step| format!("{step:?}").to_lowercase()).collect();
    words.join(", ")
}

fn text(value: &Value, name: &str) -> Result<String, Trouble> {
    let text = value.get(name).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| Trouble::new(format_args!("\"{name}\""), value))
}
