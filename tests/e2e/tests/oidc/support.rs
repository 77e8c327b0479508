use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::{Answer, Browser, Card, Way, World, at_provider};
use entra_stand_in::{Endpoint, Page, Person};
use identity::Moment;
use ids::{SessionId, UserId};
use jose::{Alg, NumericDate, SigningKey};
use openid_provider::claims::IdToken;
use openid_provider::client::{CardRule, ClientAuthentication, ClientKind, ClientSettings};
use openid_provider::code::Code;
use openid_provider::{Acr, Issuer};
use secrets::{KeyRing, Secret};
use store::{Client, KeyIssuer, KeyState};
use url::Url;

pub(crate) const ACME: Way = Way::into("acme");
pub(crate) const CARD: &str = "/realms/acme/login/card";

/// Both of RFC 7636 B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) fn mia() -> Person {
    Person::new("mia@acme.example")
}

pub(crate) fn una() -> Person {
    Person::new("una@acme.example")
}

/// An application that is registered.
#[derive(Clone, Debug)]
pub(crate) struct Application {
    pub(crate) client_id: String,
    pub(crate) name: String,
    pub(crate) redirect_uri: String,
    issuer: String,
}

/// What an application asks of a browser.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) endpoint: String,
    pub(crate) fields: Vec<(String, String)>,
}

/// What an application gets back.
#[derive(Clone, Debug)]
pub(crate) struct Back(pub(crate) BTreeMap<String, String>);

/// Web, with everything that it may ask for.
pub(crate) fn settings() -> ClientSettings {
    ClientSettings {
        kind: ClientKind::Web,
        authentication: ClientAuthentication::ClientSecret,
        offline_access: true,
        ..ClientSettings::default()
    }
}

/// A world in which mia has a card, with one application.
pub(crate) async fn ready() -> (World, Application, Card) {
    let world = World::start().await;
    let card = enrolled(&world, &mut mia(), 1).await;
    let syncro = Application::add(&world, "syncro", settings()).await;
    (world, syncro, card)
}

/// The same with another registration.
pub(crate) async fn ready_with(
    change: impl FnOnce(&mut ClientSettings),
) -> (World, Application, Card) {
    let world = World::start().await;
    let card = enrolled(&world, &mut mia(), 1).await;
    let mut settings = settings();
    change(&mut settings);
    let syncro = Application::add(&world, "syncro", settings).await;
    (world, syncro, card)
}

/// A person with an enrolled card, who has left no browser signed in.
pub(crate) async fn enrolled(world: &World, person: &mut Person, seed: u64) -> Card {
    let mut card = Card::new(seed);
    ACME.sign_in(&mut world.browser(), person, &mut card).await;
    card
}

/// A browser in which mia is signed in.
pub(crate) async fn signed_in(world: &World, card: &mut Card) -> Browser {
    let mut browser = world.browser();
    ACME.sign_in(&mut browser, &mut mia(), card).await;
    browser
}

impl Application {
    pub(crate) async fn add(world: &World, client_id: &str, settings: ClientSettings) -> Self {
        let redirect_uri = format!("https://{client_id}.example/callback");
        let mut settings = settings;
        if settings.redirect_uris.is_empty() {
            settings.redirect_uris = vec![redirect_uri.clone()];
        }
        let logged_out = format!("https://{client_id}.example/bye");
        settings.post_logout_redirect_uris = vec![logged_out];
        let name = format!("The {client_id} app");
        let redirect_uri = settings.redirect_uris[0].clone();
        let client = Client {
            client_id: client_id.to_owned(),
            name: name.clone(),
            home_url: None,
            settings: Some(settings),
            enabled: true,
            created_at: Moment(0),
        };
        let tenant = world.tenant("acme").await.id;
        let mut tx = world.app.store().write(tenant).await.unwrap();
        assert!(tx.add_client(&client).await.unwrap());
        tx.commit().await.unwrap();
        let issuer = format!("{}/realms/acme", world.origin);
        Self { client_id: client_id.to_owned(), name, redirect_uri, issuer }
    }

    /// Changes the registration, as an administrator may at any moment.
    pub(crate) async fn change(&self, world: &World, change: impl FnOnce(&mut Client)) {
        let tenant = world.tenant("acme").await.id;
        let mut tx = world.app.store().write(tenant).await.unwrap();
        let mut client = tx.client(&self.client_id).await.unwrap().unwrap();
        change(&mut client);
        assert!(tx.change_client(&client).await.unwrap());
        tx.commit().await.unwrap();
    }

    pub(crate) async fn change_settings(
        &self,
        world: &World,
        change: impl FnOnce(&mut ClientSettings),
    ) {
        self.change(world, |client| change(client.settings.as_mut().unwrap())).await;
    }

    /// An ordinary request.
    pub(crate) fn asks(&self) -> Asked {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Asked {
            endpoint: format!("{}/protocol/openid-connect/auth", self.issuer),
            fields: vec![
                field("client_id", &self.client_id),
                field("redirect_uri", &self.redirect_uri),
                field("response_type", "code"),
                field("scope", "openid profile email"),
                field("state", "st&te=1 2"),
                field("nonce", "n0nce"),
                field("code_challenge", CHALLENGE),
                field("code_challenge_method", "S256"),
            ],
        }
    }

    /// The parameters that the browser brings, if it goes to the application now.
    pub(crate) fn maybe_back(&self, answer: &Answer) -> Option<Back> {
        let location = answer.location.as_deref()?;
        let query = location.strip_prefix(&self.redirect_uri)?.strip_prefix('?')?;
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Some(Back::of(self, pairs))
    }

    /// The parameters that the browser brings to the application.
    #[track_caller]
    pub(crate) fn back(&self, answer: &Answer) -> Back {
        let back = self.maybe_back(answer);
        let back = back.unwrap_or_else(|| panic!("not sent back: {answer:?}"));
        assert_eq!((answer.status, header(answer, "referrer-policy")), (303, "no-referrer"));
        assert_eq!(header(answer, "cache-control"), "no-store");
        back
    }

    /// The parameters of a form that the browser posts to the application.
    #[track_caller]
    pub(crate) fn posted(&self, world: &World, answer: &Answer) -> Back {
        assert_eq!(answer.status, 200, "{answer:?}");
        let base = Url::parse(&world.origin).unwrap();
        let page = Page::read(base, answer.status, &answer.body);
        let button = format!("Go to {}", self.name);
        let form = page.form(&button).unwrap();
        assert_eq!(form.action.as_str(), self.redirect_uri);
        let policy = header(answer, "content-security-policy");
        let origin = Url::parse(&self.redirect_uri).unwrap().origin().ascii_serialization();
        assert!(policy.contains(&format!("form-action 'self' {origin};")), "{policy}");
        assert_eq!(header(answer, "referrer-policy"), "no-referrer");
        assert_eq!(header(answer, "cache-control"), "no-store");
        let fields = form.pressed(&button).unwrap();
        Back::of(self, fields)
    }

    /// What stands in the code that came back.
    pub(crate) async fn code(&self, world: &World, back: &Back) -> Code {
        let text = back.0.get("code").unwrap_or_else(|| panic!("no code: {back:?}"));
        let place = format!("oidc-code|{}", world.tenant("acme").await.id);
        let sealed = URL_SAFE_NO_PAD.decode(text).unwrap();
        let plain = KeyRing::of([7; 32]).open(&place, &sealed).unwrap();
        let code: Code = serde_json::from_slice(plain.expose()).unwrap();
        assert_eq!((&code.client_id, &code.redirect_uri), (&self.client_id, &self.redirect_uri));
        assert_eq!(code.code_challenge.as_deref(), Some(CHALLENGE));
        assert_eq!(code.nonce.as_deref(), Some("n0nce"));
        code
    }

    /// Asks, and the browser is sent back at once, with a code.
    pub(crate) async fn gets_code_at_once(&self, world: &World, browser: &mut Browser) -> Code {
        let answer = browser.get(&self.asks().url()).await;
        let back = self.back(&answer);
        self.code(world, &back).await
    }

    /// A secret with which it shows who it is.
    pub(crate) async fn new_secret(&self, world: &World) -> String {
        let (secret, hash) = openid_provider::client::new_secret([9; 32]);
        let tenant = world.tenant("acme").await.id;
        let mut tx = world.app.store().write(tenant).await.unwrap();
        assert!(tx.add_client_secret(&self.client_id, &hash).await.unwrap());
        tx.commit().await.unwrap();
        secret.expose_text().unwrap().to_owned()
    }

    /// What the token endpoint gives for a code.
    pub(crate) async fn redeems(&self, world: &World, back: &Back, secret: &str) -> Answer {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", back.get("code").unwrap()),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", VERIFIER),
            ("client_id", &self.client_id),
            ("client_secret", secret),
        ];
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let token = ACME.path("protocol/openid-connect/token");
        world.browser().send(reqwest::Method::POST, &token, Some(body), &headers).await
    }

    /// An ID token as the application would have got it.
    pub(crate) async fn id_token(&self, world: &World, sub: UserId, session: SessionId) -> Secret {
        let certs = format!("{}/protocol/openid-connect/certs", self.issuer);
        assert_eq!(world.browser().get(&certs).await.status, 200);
        let tenant = world.tenant("acme").await;
        let mut rows = world.app.store().read(tenant.id).await.unwrap();
        let client = rows.client(&self.client_id).await.unwrap().unwrap().served().unwrap();
        let keys = rows.signing_keys(KeyIssuer::Tenant).await.unwrap();
        let (row, _) = keys.iter().find(|(_, state)| *state == KeyState::Active).unwrap();
        let certificate = row.certificate.as_deref();
        let key = SigningKey::from_pkcs8(Alg::Rs256, &row.private, certificate).unwrap();
        let long_ago = NumericDate(1_700_000_000);
        let token = IdToken {
            issuer: &Issuer::new(&world.origin, &tenant.slug).unwrap(),
            client: &client,
            sub,
            session,
            auth_time: long_ago,
            acr: Acr::PhishingResistant,
            amr: &[],
            nonce: None,
            access_token: &Secret::from("a".to_owned()),
            person: &serde_json::Map::new(),
            issued_at: long_ago,
        };
        token.sign(&key).unwrap()
    }
}

impl Asked {
    /// The same with another value of a field.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(n, _)| n != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with a field more, whether there is one or not.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(n, _)| n != name);
        self
    }

    pub(crate) fn body(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.fields).finish()
    }

    pub(crate) fn url(&self) -> String {
        format!("{}?{}", self.endpoint, self.body())
    }

    /// By a form of the application's page.
    pub(crate) async fn post(&self, browser: &mut Browser) -> Answer {
        browser.post_from("https://syncro.example", &self.endpoint, &self.fields).await
    }
}

impl Back {
    #[track_caller]
    fn of(application: &Application, pairs: Vec<(String, String)>) -> Self {
        let count = pairs.len();
        let back = Self(pairs.into_iter().collect());
        assert_eq!(back.0.len(), count, "twice: {back:?}");
        assert_eq!(back.0.get("iss"), Some(&application.issuer), "{back:?}");
        back
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn error(&self) -> &str {
        assert_eq!(self.get("code"), None);
        self.get("error").unwrap_or_default()
    }
}

pub(crate) fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let found = answer.headers.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.as_str()).unwrap_or_default()
}

/// The login that an application's request has begun, by Entra and the card: where the browser goes on.
pub(crate) async fn logs_in(
    browser: &mut Browser,
    login_page: &Answer,
    person: &mut Person,
    card: &mut Card,
) -> Answer {
    let location = login_page.location.clone().unwrap();
    assert!(location.starts_with("/realms/acme/login?login="), "{login_page:?}");
    let number = location.split(['=', '&']).nth(1).unwrap();
    let authorize = ACME.choose_provider(browser, number).await;
    let callback = at_provider(person, &authorize).await;
    let at_card = browser.get(&callback).await;
    assert_eq!(at_card.location.as_deref(), Some(CARD), "{at_card:?}");
    taps(browser, card).await
}

/// Taps at the card step, and goes on.
pub(crate) async fn taps(browser: &mut Browser, card: &mut Card) -> Answer {
    let tapped = card.tap(browser, CARD).await;
    assert_eq!(tapped.status, 200, "{tapped:?}");
    let location = tapped.member("location").as_str().unwrap().to_owned();
    browser.get(&location).await
}

/// How often browsers were at Entra.
pub(crate) fn at_entra(world: &World) -> u64 {
    world.stand_in.count(Endpoint::Authorize)
}

/// Exactly one tap, and no Entra, is asked for: where the browser goes on after it.
pub(crate) async fn one_tap(
    world: &World,
    browser: &mut Browser,
    application: &Application,
    asked: &Asked,
    card: &mut Card,
) -> Answer {
    let entra = at_entra(world);
    let proofs = world.dump().await.rows("proof").len();
    let at_card = browser.get(&asked.url()).await;
    assert_eq!(at_card.location.as_deref(), Some(CARD), "{at_card:?}");
    let page = browser.follow(at_card).await;
    assert_eq!(page.title(), "To go on, use your card", "{page:?}");
    assert!(page.body.contains(&format!("To go on to {}", application.name)), "{page:?}");
    let back = taps(browser, card).await;
    assert_eq!(at_entra(world), entra, "somebody was sent to Entra");
    assert_eq!(world.dump().await.rows("proof").len(), proofs + 1);
    back
}

/// A person's row.
pub(crate) async fn id_of(world: &World, name: &str) -> UserId {
    let tenant = world.tenant("acme").await.id;
    let mut rows = world.app.store().read(tenant).await.unwrap();
    rows.person_by_username(name).await.unwrap().unwrap().id
}

/// Somebody's newest session.
pub(crate) async fn session_of(world: &World, name: &str) -> store::Session {
    let id = id_of(world, name).await;
    let tenant = world.tenant("acme").await.id;
    let mut rows = world.app.store().read(tenant).await.unwrap();
    rows.sessions(id).await.unwrap().pop().unwrap()
}

/// Lets time go by for every proof that there is.
pub(crate) async fn later(world: &World, seconds: u32) {
    let earlier = format!("UPDATE proof SET verified_at = verified_at - {seconds}000000");
    assert!(world.sql(&earlier).await > 0);
}

/// The rule for an application's cards.
pub(crate) fn card_rule(rule: CardRule) -> impl FnOnce(&mut ClientSettings) {
    move |settings| settings.card = rule
}

/// The same, sealed, some seconds earlier or later.
pub(crate) async fn moved(
    world: &World,
    kind: &str,
    sealed: &str,
    moment: &str,
    seconds: i64,
) -> String {
    let place = format!("{kind}|{}", world.tenant("acme").await.id);
    let ring = KeyRing::of([7; 32]);
    let plain = ring.open(&place, &URL_SAFE_NO_PAD.decode(sealed).unwrap()).unwrap();
    let mut value: serde_json::Value = serde_json::from_slice(plain.expose()).unwrap();
    value[moment] = (value[moment].as_i64().unwrap() + seconds * 1_000_000).into();
    URL_SAFE_NO_PAD.encode(ring.seal(&place, [1; 24], value.to_string().as_bytes()).unwrap())
}
