//! Somebody with a card and a browser.

use e2e::{Answer, Browser, Card, Way, World, at_provider};
use entra_stand_in::Person;
use ids::UserId;

/// The tenant of these tests.
pub(crate) const ACME: Way = Way::into("acme");

/// A person of the tenant, who has a card.
pub(crate) struct Somebody {
    pub(crate) id: UserId,
    pub(crate) browser: Browser,
    person: Person,
    card: Card,
}

impl Somebody {
    /// `name`: what the person is called, and is at Entra before the `@`.
    pub(crate) async fn new(world: &World, name: &str, card: u64) -> Self {
        let username = format!("{}@acme.example", name.to_lowercase());
        let (mut person, mut card) = (Person::new(&username), Card::new(card));
        ACME.sign_in(&mut world.browser(), &mut person, &mut card).await;
        let tenant = world.tenant("acme").await.id;
        let mut tx = world.app.store().write(tenant).await.unwrap();
        let mut row = tx.person_by_username(&username).await.unwrap().unwrap();
        // The directory of these tests sends the display name alone.
        row.attributes.insert("firstName".into(), vec![name.to_owned()]);
        tx.write_person(&row).await.unwrap();
        tx.commit().await.unwrap();
        Self { id: row.id, browser: world.browser(), person, card }
    }

    /// The browser goes where an application sends it, and the person signs in by Entra and the card:
    /// where the browser is sent then.
    pub(crate) async fn signs_in(&mut self, authorize: &str) -> String {
        let login = self.browser.get(authorize).await;
        let location = login.location.clone().unwrap_or_default();
        let number = location.strip_prefix("/realms/acme/login?login=");
        let number = number.unwrap_or_else(|| panic!("no login: {login:?}")).to_owned();
        let provider = ACME.choose_provider(&mut self.browser, &number).await;
        let callback = at_provider(&mut self.person, &provider).await;
        let at_card = self.browser.get(&callback).await;
        let step = ACME.path("login/card");
        assert_eq!(at_card.location.as_deref(), Some(step.as_str()), "{at_card:?}");
        let tapped = self.card.tap(&mut self.browser, &step).await;
        let goes_on = tapped.member("location").as_str().unwrap().to_owned();
        self.goes_through(&goes_on).await
    }

    /// The browser, in which the person is signed in, goes where an application sends it: nothing is
    /// asked.
    pub(crate) async fn goes_through(&mut self, authorize: &str) -> String {
        let back = self.browser.get(authorize).await;
        back.location.clone().unwrap_or_else(|| panic!("not sent back: {back:?}"))
    }

    /// The browser goes where an application sends it, as far as that is here.
    pub(crate) async fn follows(&mut self, url: &str) -> Answer {
        let answer = self.browser.get(url).await;
        self.browser.follow(answer).await
    }

    /// Signs out on the account page: no application has a part in it.
    pub(crate) async fn signs_out(&mut self) {
        let page = self.browser.post_form(&ACME.path("account/sign-out"), &[]).await;
        assert_eq!(page.status, 200, "{page:?}");
        assert!(!self.is_signed_in());
    }

    pub(crate) fn is_signed_in(&self) -> bool {
        self.browser.cookie(&ACME.session_cookie()).is_some()
    }
}
