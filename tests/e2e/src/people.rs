use std::time::Duration;

use agent_protocol::EnrolmentCode;
use entra_stand_in::{Arrival, Person};
use ids::UserId;
use secrets::KeyRing;
use serde_json::json;
use soft_authenticator::SoftAuthenticator;
use store::{Code, CodePurpose};

use crate::{Answer, Browser, TENANT, World};

/// Somebody's card, in the browser's reach.
#[derive(Clone)]
pub struct Card(pub SoftAuthenticator);

/// Where a sign-in stopped.
#[derive(Debug, thiserror::Error)]
#[error("sign-in stopped at {step}: {answer:?}")]
pub struct SignInError {
    /// At which step.
    pub step: &'static str,
    /// With what.
    pub answer: Box<Answer>,
}

impl SignInError {
    fn at(step: &'static str, answer: Answer) -> Self {
        Self { step, answer: Box::new(answer) }
    }
}

impl Card {
    /// A new card; another seed, another card.
    pub fn new(seed: u64) -> Self {
        Self(SoftAuthenticator::new(seed))
    }

    /// Does what the card step's page does: fetches options, lets the card answer, and sends the
    /// answer.
    pub async fn tap(&mut self, browser: &mut Browser, base: &str) -> Answer {
        let options = browser.post_json(&format!("{base}/options"), &json!({"hint": "card"})).await;
        if options.status != 200 {
            return options;
        }
        let answer = self.answer(browser, &options);
        browser.post_json(&format!("{base}/finish"), &answer).await
    }

    /// The card's answer to options, as the page sends it.
    ///
    /// # Panics
    ///
    /// When the card refuses.
    #[expect(clippy::expect_used, reason = "a card that refuses is a red test")]
    pub fn answer(&mut self, browser: &Browser, options: &Answer) -> serde_json::Value {
        let wrapped = json!({ "publicKey": options.member("options") });
        let credential = if options.member("purpose") == "create" {
            self.0.register(&wrapped, browser.origin()).expect("a registration")
        } else {
            self.0.authenticate(&wrapped, browser.origin()).expect("an assertion")
        };
        json!({ "challenge": options.member("challenge"), "credential": credential })
    }
}

impl World {
    /// Begins at the account page, chooses Azure, signs in there: the callback is the answer.
    ///
    /// # Errors
    ///
    /// [`SignInError`] with the page that came instead.
    pub async fn entra_leg(
        &self,
        browser: &mut Browser,
        person: &mut Person,
    ) -> Result<Answer, SignInError> {
        let callback = self.to_callback(browser, person).await?;
        Ok(browser.get(&callback).await)
    }

    /// The same, up to the address that Entra sends the browser back to; nobody has opened it.
    ///
    /// # Errors
    ///
    /// [`SignInError`] with the page that came instead.
    pub async fn to_callback(
        &self,
        browser: &mut Browser,
        person: &mut Person,
    ) -> Result<String, SignInError> {
        let first = browser.get(&format!("/realms/{TENANT}/account/")).await;
        let Some(login) = first.location.clone() else {
            return Err(SignInError::at("account page", first));
        };
        let page = browser.follow(first).await;
        if page.status != 200 {
            return Err(SignInError::at("login page", page));
        }
        let mut parameters = login.split(['?', '&']);
        let number = parameters.find_map(|parameter| parameter.strip_prefix("login="));
        let number = number.unwrap_or("0").to_owned();
        let path = format!("/realms/{TENANT}/broker/azure/login");
        let away = browser.post_form(&path, &[("login", &number)]).await;
        let Some(authorize) = away.location.clone() else {
            return Err(SignInError::at("choice of provider", away));
        };
        match person.sign_in(&authorize).await {
            Ok(Arrival::Redirect(url)) => Ok(url.to_string()),
            other => {
                let mut answer = away;
                answer.body = format!("{other:?}");
                Err(SignInError::at("entra", answer))
            }
        }
    }

    /// The whole way: Entra, then the card, new or known; the browser is signed in afterwards.
    ///
    /// # Errors
    ///
    /// [`SignInError`] with the page that came instead.
    pub async fn sign_in(
        &self,
        browser: &mut Browser,
        person: &mut Person,
        card: &mut Card,
    ) -> Result<Answer, SignInError> {
        let callback = self.entra_leg(browser, person).await?;
        if callback.location.as_deref() != Some(&format!("/realms/{TENANT}/login/card")) {
            return Err(SignInError::at("callback", callback));
        }
        let tapped = card.tap(browser, &format!("/realms/{TENANT}/login/card")).await;
        if tapped.status != 200 {
            return Err(SignInError::at("card", tapped));
        }
        let location = tapped.member("location").as_str().unwrap_or_default().to_owned();
        let account = browser.get(&location).await;
        if account.status != 200 {
            return Err(SignInError::at("account page", account));
        }
        Ok(account)
    }

    /// A one-time code for a first card in the tenant `acme`, as an administrator issues it;
    /// another `random`, another code.
    ///
    /// # Panics
    ///
    /// When the store refuses.
    #[expect(clippy::unwrap_used, reason = "a store that refuses is a red test")]
    pub async fn issue_code(&self, person: UserId, random: u8) -> String {
        let code = EnrolmentCode::from_random([random; 16]);
        let hash = KeyRing::of([7; 32]).derive("one-time code", code.as_str().as_bytes());
        let expires_at = self.app.store().now().await.unwrap().plus(Duration::from_secs(600));
        let (person, purpose) = (Some(person), CodePurpose::FirstCard);
        let row = Code { person, purpose, expires_at, issued_by: None };
        let tenant = self.tenant(TENANT).await;
        let mut tx = self.app.store().write(tenant.id).await.unwrap();
        tx.put_code(&hash.unwrap().hash(), &row).await.unwrap();
        tx.commit().await.unwrap();
        code.shown()
    }
}
