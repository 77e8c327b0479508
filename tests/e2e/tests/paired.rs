//! "Use your card" with the agent: a browser that is paired with one signs in again without an
//! upstream, where the tenant lets a card alone do so.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what goes wrong here is a red test"
)]

use std::sync::Arc;

use cardea_agent::DeviceId;
use e2e::{Answer, Browser, Card, Desktop, TENANT, Way, World, ask_agent};
use entra_stand_in::Person;
use firmware_sim::Simulator;
use identity::{CardFirst, PersonState, TenantPolicy};
use ids::UserId;
use serde_json::json;

const ACME: Way = Way::into(TENANT);
const OPERATORS: Way = Way::into("operators");
const BUTTON: &str = "With Cardea on ward-3-pc";

/// Presses "With Cardea on …" in a login of this number.
async fn press(browser: &mut Browser, way: Way, number: &str) -> Answer {
    browser.post_form(&way.path("login/use-card/agent"), &[("login", number)]).await
}

/// Presses it on a login page of the account.
async fn begin(browser: &mut Browser) -> Answer {
    let number = ACME.begin(browser).await;
    press(browser, ACME, &number).await
}

/// Mia's desk: her card is enrolled through the agent, this browser is paired with it, and she has
/// signed out.
struct Desk {
    desktop: Desktop,
    browser: Browser,
    card: Arc<Simulator>,
    stay: DeviceId,
    mia: UserId,
}

impl Desk {
    async fn new(world: &World) -> Self {
        let (mut browser, desktop) = (world.browser(), Desktop::start());
        ACME.to_card(&mut browser, &mut Person::new("mia@acme.example")).await;
        let step = ACME.path("login/card");
        desktop.set_up(world, &mut browser, &step).await;
        let card = Desktop::new_card(1);
        let stay = desktop.put(&card);
        let done = ask_agent(&mut browser, &step).await;
        browser.get(done["location"].as_str().unwrap()).await;
        browser.post_form(&ACME.path("account/sign-out"), &[]).await;
        let tenant = world.tenant(TENANT).await;
        let mut rows = world.app.store().read(tenant.id).await.unwrap();
        let mia = rows.person_by_username("mia@acme.example").await.unwrap().unwrap().id;
        Self { desktop, browser, card, stay, mia }
    }

    /// What the page hears in the end when its agent is asked.
    async fn asks(&mut self) -> serde_json::Value {
        ask_agent(&mut self.browser, &ACME.path("login/card")).await
    }

    /// The button is refused, and writes nothing.
    async fn is_refused(&mut self, world: &World, code: &str) {
        let number = ACME.begin(&mut self.browser).await;
        let before = world.dump().await;
        let path = ACME.path("login/use-card/agent");
        let (origin, form) = (world.origin.clone(), "application/x-www-form-urlencoded");
        let headers = [("content-type", form), ("origin", &*origin), ("accept", "*/*")];
        let body = Some(format!("login={number}"));
        let refused = self.browser.send("POST".parse().unwrap(), &path, body, &headers).await;
        assert_eq!((refused.status, refused.code().as_str()), (403, code), "{refused:?}");
        assert_eq!(before, world.dump().await, "{code}: nothing is written");
        assert!(self.browser.cookie("__Host-card-acme").is_none(), "{code}");
    }
}

async fn put_policy(world: &World, card_first: CardFirst) {
    let tenant = world.tenant(TENANT).await;
    let mut tx = world.app.store().write(tenant.id).await.unwrap();
    tx.put_policy(&TenantPolicy { card_first, ..tenant.policy }).await.unwrap();
    tx.commit().await.unwrap();
}

async fn revoke_cards(world: &World, person: UserId) {
    let tenant = world.tenant(TENANT).await;
    let mut tx = world.app.store().write(tenant.id).await.unwrap();
    for card in tx.credentials(person).await.unwrap() {
        assert!(tx.revoke_credential(card.id).await.unwrap());
    }
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_signs_in_again_by_the_agent_alone() {
    let (world, desktop) = (World::start().await, Desktop::start());
    let _card = desktop.put_new_card(1);
    let mut browser = world.invited().await;
    let step = OPERATORS.path("login/card");
    desktop.set_up(&world, &mut browser, &step).await;
    let done = ask_agent(&mut browser, &step).await;
    browser.get(done["location"].as_str().unwrap()).await;
    browser.post_form("/admin/sign-out", &[]).await;
    assert!(browser.cookie("__Host-admin").is_none());

    let first = browser.get("/admin/").await;
    let number = first.location.as_deref().unwrap().split_once("login=").unwrap().1.to_owned();
    let page = browser.follow(first).await;
    assert!(page.body.contains(BUTTON), "{page:?}");
    let before = world.dump().await;
    let begun = press(&mut browser, OPERATORS, &number).await;
    assert_eq!(begun.location.as_deref(), Some(step.as_str()), "{begun:?}");
    assert_eq!(before.audited(&world.dump().await), ["login.by-pairing"]);
    let card_page = browser.get(&step).await;
    assert!(card_page.body.contains("Olivia Bauer"), "{card_page:?}");
    let done = ask_agent(&mut browser, &step).await;
    assert_eq!(done["state"], "done", "{done}");
    let exit = browser.get(done["location"].as_str().unwrap()).await;
    assert_eq!(exit.location.as_deref(), Some("/admin/"), "{exit:?}");
    assert!(browser.cookie("__Host-admin").is_some());
    assert_eq!(browser.get("/admin/").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_card_was_taken_away_signs_in_again_by_the_agent() {
    let world = World::start().await;
    let mut desk = Desk::new(&world).await;
    let page = desk.browser.get(&ACME.path("login?notice=card-lifted")).await;
    assert!(page.body.contains("Your card was taken away"), "{page:?}");
    assert!(page.body.contains(BUTTON), "{page:?}");
    let begun = begin(&mut desk.browser).await;
    assert_eq!(begun.location, Some(ACME.path("login/card")), "{begun:?}");
    let done = desk.asks().await;
    assert_eq!(done["state"], "done", "{done}");
    desk.browser.get(done["location"].as_str().unwrap()).await;
    let account = desk.browser.get(&ACME.path("account/")).await;
    assert!(account.body.contains("mia@acme.example"), "{account:?}");
    assert!(desk.card.holder().times_asked() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_is_not_paired_is_not_offered_it_and_writes_nothing() {
    let world = World::start().await;
    let mut desk = Desk::new(&world).await;
    desk.browser.drop_cookie("__Host-dev-acme");
    let page = desk.browser.get(&ACME.path("login")).await;
    assert!(!page.body.contains(BUTTON), "{page:?}");
    assert!(page.body.contains("On this computer it needs Cardea"), "{page:?}");
    assert!(!page.body.contains("Put your card on the reader, or"), "{page:?}");
    desk.is_refused(&world, "not-paired").await;
    // Nor with a pairing that somebody makes up.
    desk.browser.set_cookie("__Host-dev-acme", &"A".repeat(43));
    desk.is_refused(&world, "not-paired").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_card_alone_does_not_sign_in_no_agent_is_asked() {
    let world = World::start().await;
    let mut desk = Desk::new(&world).await;
    put_policy(&world, CardFirst::Off).await;
    let page = desk.browser.get(&ACME.path("login")).await;
    assert!(!page.body.contains(BUTTON), "{page:?}");
    desk.is_refused(&world, "card-first-refused").await;
    put_policy(&world, CardFirst::WithinDays(1)).await;
    let days = "UPDATE person SET last_upstream_at = last_upstream_at - 90000000000";
    assert!(world.sql(days).await > 0);
    let page = desk.browser.get(&ACME.path("login")).await;
    assert!(!page.body.contains(BUTTON), "{page:?}");
    desk.is_refused(&world, "card-first-refused").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_forbids_meanwhile_counts_at_the_proof() {
    let world = World::start().await;
    let mut desk = Desk::new(&world).await;
    begin(&mut desk.browser).await;
    put_policy(&world, CardFirst::Off).await;
    let told = desk.asks().await;
    assert_eq!(told["state"], "refused", "{told}");
    assert_eq!(told["reason"], "card-first-refused", "{told}");
    assert!(desk.browser.cookie("__Host-sid-acme").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_disabled_or_has_no_card_begins_nothing() {
    let world = World::start().await;
    let mut desk = Desk::new(&world).await;
    assert_eq!(
        world.sql("UPDATE person SET state = 'disabled' WHERE username LIKE 'mia%'").await,
        1
    );
    desk.is_refused(&world, "person-disabled").await;
    let tenant = world.tenant(TENANT).await;
    let mut tx = world.app.store().write(tenant.id).await.unwrap();
    assert!(tx.set_person_state(desk.mia, PersonState::Enabled).await.unwrap());
    tx.commit().await.unwrap();

    // A card that is revoked after the login began ends it, too.
    let begun = begin(&mut desk.browser).await;
    assert_eq!(begun.status, 303, "{begun:?}");
    revoke_cards(&world, desk.mia).await;
    let step = ACME.path("login/card");
    let asked = desk.browser.post_json(&format!("{step}/agent"), &json!({})).await;
    assert_eq!(asked.code(), "login-expired", "{asked:?}");
    desk.browser.drop_cookie("__Host-card-acme");
    desk.is_refused(&world, "card-first-refused").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_persons_card_does_not_end_it() {
    let world = World::start().await;
    let mut desk = Desk::new(&world).await;
    let mut adas = Card::new(7);
    ACME.sign_in(&mut world.browser(), &mut Person::new("ada@acme.example"), &mut adas).await;
    desk.desktop.take(desk.stay);
    begin(&mut desk.browser).await;
    let options = ACME.options(&mut desk.browser).await;
    let mut of_anybody = options.member("options");
    of_anybody.as_object_mut().unwrap().remove("allowCredentials");
    let wrapped = json!({ "publicKey": of_anybody });
    let credential = adas.0.authenticate(&wrapped, desk.browser.origin()).unwrap();
    let answer = json!({ "challenge": options.member("challenge"), "credential": credential });
    let before = world.dump().await;
    let refused = ACME.finish(&mut desk.browser, &answer).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    assert_eq!(before.audited(&world.dump().await), ["login.refused"]);
    assert!(desk.browser.cookie("__Host-sid-acme").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pairing_begins_a_dozen_logins_a_minute() {
    let world = World::start().await;
    let mut desk = Desk::new(&world).await;
    let mut answers = Vec::new();
    // More than the pace gives back within the longest minute of this test.
    for _ in 0..200 {
        answers.push(press(&mut desk.browser, ACME, "0").await.status);
        if answers.last() == Some(&429) {
            break;
        }
    }
    assert_eq!(answers.last(), Some(&429), "{answers:?}");
    assert!(answers.len() > 12, "{answers:?}");
}
