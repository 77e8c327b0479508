use entra_stand_in::{ACME, Arrival, Audience, ExternalMethod, Page, Person};
use identity::Moment;
use serde_json::Value;
use store::EamConnection;
use url::Url;
use uuid::Uuid;

use crate::{Answer, Browser, Card, TENANT, World};

/// Cardea as a provider of external MFA, and an application whose directory demands it.
#[derive(Clone, Debug)]
pub struct Mfa {
    /// Application (client) ID of the integration, and what Cardea calls Entra.
    pub client_id: Uuid,
    /// The method, as the directory knows it.
    pub method: ExternalMethod,
    /// Where somebody begins who wants to use the application.
    pub application: String,
    files: Uuid,
    entra: String,
    return_address: String,
}

/// What Entra's page posts to Cardea.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where to.
    pub action: Url,
    /// The fields.
    pub fields: Vec<(String, String)>,
}

impl Request {
    /// A field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The same with another value of a field.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(n, _)| n != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// What Cardea's page posts to Entra.
#[derive(Clone, Debug)]
pub struct AnswerToEntra {
    /// Where to.
    pub action: Url,
    /// The fields.
    pub fields: Vec<(String, String)>,
    /// Whether a script sends it off at once.
    pub sends: bool,
    /// The page, to be read.
    pub text: String,
}

impl AnswerToEntra {
    /// A field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The error; none where there is a token.
    pub fn error(&self) -> Option<&str> {
        self.field("error")
    }
}

/// The form of a page that answers Entra, if it is one.
///
/// # Panics
///
/// When its form cannot be sent.
#[expect(clippy::expect_used, reason = "a page without it is a red test")]
pub fn entra_answer(origin: &str, answer: &Answer) -> Option<AnswerToEntra> {
    let base = Url::parse(origin).expect("an origin");
    let page = Page::read(base, answer.status, &answer.body);
    let form = page.form("Back to Microsoft").ok()?;
    let fields = form.pressed("Back to Microsoft").expect("a form");
    let sends = answer.body.contains(" data-sends");
    Some(AnswerToEntra { action: form.action, fields, sends, text: page.text })
}

impl World {
    /// Connects the tenant [`TENANT`] as Acme's provider of external MFA, which an application demands
    /// and everybody of Acme has registered.
    ///
    /// # Panics
    ///
    /// When something refuses.
    #[expect(clippy::expect_used, reason = "fixtures")]
    pub async fn connect_mfa(&self) -> Mfa {
        let entra = &self.stand_in;
        let app = entra.register_app(ACME, "Cards", Audience::SingleDirectory).client_id;
        self.connect_eam(TENANT, app, &[ACME]).await;
        let issuer = format!("{}/realms/{TENANT}/eam", self.origin);
        // Whoever asks first makes the key; what is tested is mostly what comes later.
        let keys = self.browser().get(&format!("{issuer}/certs")).await;
        assert_eq!(keys.status, 200, "{keys:?}");
        let discovery = format!("{issuer}/.well-known/openid-configuration");
        let endpoint = format!("{issuer}/auth");
        let method = entra.connect_external_mfa(app, "Cards", &endpoint, &discovery);
        let method = method.expect("a method");
        for user in entra.users(ACME) {
            entra.register_external_method(user.id, method.id).expect("a registration");
        }
        let mfa = self.mfa_of(app, method);
        let files = mfa.files;
        entra.require_mfa(ACME, Some(files)).expect("a policy");
        mfa
    }

    /// Cardea as the provider of a method that is set up, and an application of Acme's. That it
    /// demands anything is for a policy to say.
    ///
    /// # Panics
    ///
    /// When something refuses.
    #[expect(clippy::expect_used, reason = "fixtures")]
    pub fn mfa_of(&self, client_id: Uuid, method: ExternalMethod) -> Mfa {
        let entra = &self.stand_in;
        let files = entra.register_app(ACME, "Files", Audience::SingleDirectory).client_id;
        let back = "https://files.example/back";
        entra.add_redirect_uri(files, back).expect("a redirect uri");
        entra.grant_admin_consent(files, &["openid", "profile"]).expect("consent");
        let base = entra.base_url().to_owned();
        let endpoint = format!("{base}/{ACME}/oauth2/v2.0/authorize");
        let application = files.to_string();
        let parameters = [
            ("client_id", application.as_str()),
            ("response_type", "code"),
            ("redirect_uri", back),
            ("scope", "openid profile"),
            ("state", "files"),
            ("nonce", "files"),
        ];
        let url = Url::parse_with_params(&endpoint, parameters).expect("an address");
        let return_address = entra.external_return_address();
        Mfa { client_id, method, application: url.into(), files, entra: base, return_address }
    }

    /// Writes a connection of a tenant, in place of an earlier one with this client id.
    ///
    /// # Panics
    ///
    /// When the store refuses.
    #[expect(clippy::expect_used, reason = "fixtures")]
    pub async fn connect_eam(&self, slug: &str, client_id: Uuid, directories: &[Uuid]) {
        let tenant = self.tenant(slug).await;
        let row = EamConnection {
            client_id: client_id.to_string(),
            app_id: client_id.to_string(),
            authority: self.stand_in.base_url().to_owned(),
            directories: directories.iter().map(Uuid::to_string).collect(),
            enabled: true,
            created_at: Moment(0),
        };
        let mut tx = self.app.store().write(tenant.id).await.expect("a transaction");
        tx.put_eam_connection(&row).await.expect("a connection");
        tx.commit().await.expect("a commit");
    }
}

impl Mfa {
    /// Somebody wants to use the application: what Entra has their browser post to Cardea. Entra's
    /// clock goes on by a second before, for two hints about one person of one second are the same.
    ///
    /// # Panics
    ///
    /// When Entra asks for nothing.
    #[expect(clippy::expect_used, reason = "a directory that asks for nothing is a red test")]
    pub async fn asked(&self, person: &mut Person) -> Request {
        let clock = format!("{}/control/clock", self.entra);
        let tick = serde_json::json!({ "advance": 1 });
        let ticked = Browser::new(&self.entra).post_json(&clock, &tick).await;
        assert_eq!(ticked.status, 200, "{ticked:?}");
        let arrival = person.sign_in(&self.application).await.expect("a sign-in");
        let (action, fields) = arrival.external_mfa();
        Request { action, fields }
    }

    /// The browser posts it, from Entra's page.
    pub async fn post(&self, browser: &mut Browser, request: &Request) -> Answer {
        browser.post_from(&self.entra, request.action.as_str(), &request.fields).await
    }

    /// Up to the page of the card step, or what comes instead.
    pub async fn to_card(&self, browser: &mut Browser, person: &mut Person) -> Answer {
        let request = self.asked(person).await;
        let answer = self.post(browser, &request).await;
        browser.follow(answer).await
    }

    /// The whole way: asks, taps, and gives the page that answers Entra.
    ///
    /// # Panics
    ///
    /// When the card is refused.
    pub async fn prove(
        &self,
        browser: &mut Browser,
        person: &mut Person,
        card: &mut Card,
    ) -> Answer {
        let page = self.to_card(browser, person).await;
        assert_eq!(page.status, 200, "{page:?}");
        self.tap(browser, card).await
    }

    /// Taps at the card step, and opens the page that answers Entra.
    ///
    /// # Panics
    ///
    /// When the card is refused.
    pub async fn tap(&self, browser: &mut Browser, card: &mut Card) -> Answer {
        let tapped = card.tap(browser, &format!("/realms/{TENANT}/login/card")).await;
        assert_eq!(tapped.status, 200, "{tapped:?}");
        let location = tapped.member("location").as_str().unwrap_or_default().to_owned();
        browser.get(&location).await
    }

    /// Entra is told, and says what becomes of the sign-in.
    ///
    /// # Panics
    ///
    /// When the page answers nobody, or another than Entra.
    #[expect(clippy::expect_used, reason = "a page that answers nobody is a red test")]
    pub async fn back(&self, person: &mut Person, origin: &str, answer: &Answer) -> Arrival {
        let form = entra_answer(origin, answer).expect("an answer to Entra");
        assert_eq!(form.action.as_str(), self.return_address);
        person.back_from_provider(form.action, &form.fields).await.expect("a page of Entra's")
    }
}

impl AnswerToEntra {
    /// A part of the token, read without a look at its signature: 0 for the header, 1 for the claims.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[expect(clippy::expect_used, reason = "an answer without a token is a red test")]
    pub fn part(&self, number: usize) -> Value {
        use base64::Engine as _;
        let token = self.field("id_token").expect("a token");
        let part = token.split('.').nth(number).expect("a part");
        let json = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part);
        serde_json::from_slice(&json.expect("base64url")).expect("json")
    }
}
