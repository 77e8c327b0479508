//! The person: at Entra, at Cardea's pages, at the dialogs.

use e2e::{Browser, World, ask_agent};
use entra_stand_in::Person;
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::story::Trouble;

const USERNAME: &str = "mia@acme.example";
const STEP: &str = "/realms/acme/login/card";
const ACCOUNT: &str = "/realms/acme/account/";
const SESSION: &str = "__Host-sid-acme";

/// A person with a browser, and the servers that they sign in to.
pub(crate) struct Visitor {
    world: World,
    browser: Browser,
    entra: Person,
}

impl Visitor {
    /// Starts the servers. Entra's has made its keys afterwards, which takes longer here than Cardea
    /// would wait for them.
    pub(crate) async fn arrive() -> Result<Self, Trouble> {
        let world = World::start().await;
        let mut browser = world.browser();
        let (base, directory) = (world.stand_in.base_url(), world.azure.directory);
        let keys = format!("{base}/{directory}/discovery/v2.0/keys");
        let answer = browser.get(&keys).await;
        if answer.status != 200 {
            return Err(Trouble(format!("no keys: {answer:?}")));
        }
        Ok(Self { world, browser, entra: Person::new(USERNAME) })
    }

    /// Signs in at Entra.
    pub(crate) async fn reach_card(&mut self) -> Result<(), Trouble> {
        let answer = self.world.entra_leg(&mut self.browser, &mut self.entra).await?;
        if answer.location.as_deref() == Some(STEP) {
            Ok(())
        } else {
            Err(Trouble(format!("no card page: {answer:?}")))
        }
    }

    /// Sets the agent up with the code that the page shows.
    pub(crate) async fn pair(&mut self, agent: &Agent) -> Result<(), Trouble> {
        let code = self.browser.post_json(&format!("{STEP}/pair"), &json!({})).await.member("code");
        let pairing = agent.pair(&self.world.origin, code.as_str().unwrap_or_default()).await?;
        let answer = self.browser.come_back(&pairing.address).await;
        if answer.status != 200 {
            return Err(Trouble(format!("{answer:?}")));
        }
        pairing.done().await
    }

    /// Answers the card step with the key: makes a credential where there is none, signs in where
    /// there is one.
    pub(crate) async fn use_key(&mut self) -> Result<(), Trouble> {
        let done = ask_agent(&mut self.browser, STEP).await;
        let Some(location) = done.get("location").and_then(Value::as_str) else {
            return Err(Trouble(done.to_string()));
        };
        self.browser.get(location).await;
        let account = self.browser.get(ACCOUNT).await;
        if account.status == 200 && account.body.contains(USERNAME) {
            Ok(())
        } else {
            Err(Trouble(format!("no account page: {account:?}")))
        }
    }

    /// Comes back without a session.
    pub(crate) async fn come_again(&mut self) -> Result<(), Trouble> {
        self.browser.drop_cookie(SESSION);
        self.reach_card().await?;
        self.use_key().await
    }
}
