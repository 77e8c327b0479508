//! A Cardea, and somebody with a card and a browser.

use std::net::{Ipv4Addr, TcpListener};

use e2e::{Answer, Browser, Card, Way, World, at_provider};
use entra_stand_in::Person;
use identity::Moment;
use ids::UserId;
use openid_provider::client::presets::Preset;
use store::Client;

const ACME: Way = Way::into("acme");
const MIA: &str = "mia@acme.example";

/// A running Cardea with a tenant `acme`, in which a person has a card.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) person: UserId,
    pub(crate) browser: Browser,
    mia: Person,
    card: Card,
}

/// An application that is registered.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) secret: String,
    /// Where it will listen, on 127.0.0.1.
    pub(crate) port: u16,
}

impl Registered {
    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let world = World::start().await;
        let (mut mia, mut card) = (Person::new(MIA), Card::new(1));
        ACME.sign_in(&mut world.browser(), &mut mia, &mut card).await;
        let tenant = world.tenant("acme").await.id;
        let mut tx = world.app.store().write(tenant).await.unwrap();
        let mut row = tx.person_by_username(MIA).await.unwrap().unwrap();
        // The directory of these tests sends the display name alone.
        row.attributes.insert("firstName".into(), vec!["Mia".to_owned()]);
        tx.write_person(&row).await.unwrap();
        tx.commit().await.unwrap();
        let browser = world.browser();
        Self { person: row.id, world, browser, mia, card }
    }

    /// Registers a web application as an administrator does, by its preset, with addresses on this
    /// computer. `paths`: where answers go, and where the browser goes after the logout.
    pub(crate) async fn register(&self, paths: [&str; 2], refreshes: bool) -> Registered {
        // Nobody else gets this port while all of them are free.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let addresses = paths.map(|path| format!("http://127.0.0.1:{port}{path}"));
        let answers = [("redirect_uris", &*addresses[0]), ("logout_uris", &*addresses[1])];
        let mut settings = Preset::find("generic-web").unwrap().fill(&answers).unwrap();
        settings.offline_access = refreshes;
        settings.check().unwrap();
        let client_id = format!("application-{port}");
        let client = Client {
            client_id: client_id.clone(),
            name: "The application".to_owned(),
            home_url: None,
            settings: Some(settings),
            enabled: true,
            created_at: Moment(0),
        };
        let (secret, hash) = openid_provider::client::new_secret([9; 32]);
        let tenant = self.world.tenant("acme").await.id;
        let mut tx = self.world.app.store().write(tenant).await.unwrap();
        assert!(tx.add_client(&client).await.unwrap());
        assert!(tx.add_client_secret(&client_id, &hash).await.unwrap());
        tx.commit().await.unwrap();
        let issuer = format!("{}/realms/acme", self.world.origin);
        let secret = secret.expose_text().unwrap().to_owned();
        Registered { issuer, client_id, secret, port }
    }

    /// The person's browser goes where the application sends it, and the person signs in by Entra and the
    /// card: where the browser is sent then.
    pub(crate) async fn signs_in(&mut self, authorize: &str) -> String {
        let login = self.browser.get(authorize).await;
        let location = login.location.clone().unwrap_or_default();
        let number = location.strip_prefix("/realms/acme/login?login=");
        let number = number.unwrap_or_else(|| panic!("no login: {login:?}")).to_owned();
        let provider = ACME.choose_provider(&mut self.browser, &number).await;
        let callback = at_provider(&mut self.mia, &provider).await;
        let at_card = self.browser.get(&callback).await;
        let step = ACME.path("login/card");
        assert_eq!(at_card.location.as_deref(), Some(step.as_str()), "{at_card:?}");
        let tapped = self.card.tap(&mut self.browser, &step).await;
        let goes_on = tapped.member("location").as_str().unwrap().to_owned();
        let back = self.browser.get(&goes_on).await;
        back.location.clone().unwrap_or_else(|| panic!("not sent back: {back:?}"))
    }

    /// The browser, in which somebody is signed in, goes where the application sends it: nothing is asked.
    pub(crate) async fn goes_through(&mut self, authorize: &str) -> String {
        let back = self.browser.get(authorize).await;
        back.location.clone().unwrap_or_else(|| panic!("not sent back: {back:?}"))
    }

    /// The browser goes where the application sends it, as far as that is here.
    pub(crate) async fn follows(&mut self, url: &str) -> Answer {
        let answer = self.browser.get(url).await;
        self.browser.follow(answer).await
    }

    /// The groups of the person, of which each sign-in at Entra tells.
    pub(crate) async fn groups(&self) -> Vec<String> {
        let tenant = self.world.tenant("acme").await.id;
        let mut rows = self.world.app.store().read(tenant).await.unwrap();
        let mut person = rows.person(self.person).await.unwrap().unwrap();
        person.attributes.remove("group").unwrap_or_default()
    }

    pub(crate) fn is_signed_in(&self) -> bool {
        self.browser.cookie(&ACME.session_cookie()).is_some()
    }
}
