//! Browser and agent: how they are paired, for how long, and what the agent is told.

use agent_protocol::paths;
use e2e::{Answer, Browser, World};
use serde_json::{Value, json};

use crate::device::Device;
use crate::support::{ACME, ada, assert_clear, enrolled, mia, una};

const PAIRING: &str = "__Host-dev-acme";

async fn paired(world: &World) -> (Device, Browser) {
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    let mut device = Device::of(ACME);
    device.pair(world, &mut browser).await;
    device.connect(world).await;
    (device, browser)
}

async fn ask(browser: &mut Browser) -> Answer {
    browser.post_json(&ACME.path("login/card/agent"), &json!({})).await
}

/// Two digits can be guessed: each wrong number ends its offer, is in the audit trail, and counts
/// with the wrong codes of that login.
#[tokio::test]
async fn a_wrong_number_ends_the_offer_and_five_of_them_end_the_guessing() {
    let world = World::start().await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut una()).await;
    for wrong in 1..=5 {
        let offer = Device::of(ACME).enrol(&world, &mut browser).await;
        let number: u8 = offer.json()["number"].as_str().unwrap().parse().unwrap();
        let number = json!({ "number": format!("{:02}", (number + 1) % 100) });
        let before = world.dump().await;
        let path = ACME.path("login/card/pair/confirm");
        let refused = browser.post_json(&path, &number).await;
        assert_clear("a wrong number", &refused);
        assert_eq!(refused.code(), "number-wrong");
        let after = world.dump().await;
        assert_eq!(before.audited(&after), ["agent.number-wrong"], "{wrong}");
        assert_eq!(after.rows("login")[0]["code_tries"], wrong.to_string());
        assert!(after.rows("device").iter().all(|row| row["state"] == "'revoked'"), "{wrong}");
        let right = json!({ "number": offer.json()["number"] });
        let late = browser.post_json(&path, &right).await;
        assert_eq!(late.code(), "pairing-expired", "the right number comes too late");
    }
    let before = world.dump().await;
    let refused = browser.post_json(&ACME.path("login/card/pair"), &json!({})).await;
    assert_clear("a sixth code", &refused);
    assert_eq!(refused.code(), "pairing-too-often");
    assert_eq!(before, world.dump().await);
    assert!(browser.cookie(PAIRING).is_none());
}

/// However many offers come to one login, one of them waits.
#[tokio::test]
async fn a_new_offer_ends_the_one_before() {
    let world = World::start().await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut una()).await;
    let (first, second) = (Device::of(ACME), Device::of(ACME));
    assert_eq!(first.enrol(&world, &mut browser).await.status, 200);
    second.pair(&world, &mut browser).await;
    let states: Vec<_> =
        world.dump().await.rows("device").iter().map(|row| row["state"].clone()).collect();
    assert!(states.contains(&"'revoked'".to_owned()), "{states:?}");
    assert!(states.contains(&"'confirmed'".to_owned()) && states.len() == 2, "{states:?}");
    let late = first.post(&world, paths::ENROL_WAIT, &json!({})).await;
    assert_clear("the offer before", &late);
    assert_eq!(second.post(&world, paths::ENROL_WAIT, &json!({})).await.status, 200);
}

#[tokio::test]
async fn the_cookie_of_a_pairing_rotates_after_a_day() {
    let world = World::start().await;
    enrolled(&world, &mut mia(), 1).await;
    let (mut device, mut browser) = paired(&world).await;
    let first = browser.cookie(PAIRING).unwrap().to_owned();
    device.asked_by(&mut browser).await;
    assert_eq!(browser.cookie(PAIRING), Some(first.as_str()), "a day has not passed");

    let day = "UPDATE pairing SET expires_at = expires_at - 86400000001";
    assert_eq!(world.sql(day).await, 1);
    let mut thief = world.browser();
    ACME.to_card(&mut thief, &mut ada()).await;
    thief.set_cookie(PAIRING, &first);
    let transactions = world.app.store().figures().transactions;
    device.asked_by(&mut browser).await;
    let second = browser.cookie(PAIRING).unwrap().to_owned();
    assert_ne!(second, first);
    let used = world.app.store().figures().transactions - transactions;
    assert_eq!(used, 2, "the ticket before is taken back, and the new one comes with the cookie");
    assert_eq!(ask(&mut thief).await.json()["state"], "no-agent", "the old one opens nothing");

    let rows = world.dump().await.rows("pairing");
    assert_eq!(rows.len(), 1);
    let left: i64 = rows[0]["expires_at"].parse::<i64>().unwrap();
    let now = world.app.store().now().await.unwrap().0;
    let days = (left - now) / 86_400_000_000;
    assert!((89..=90).contains(&days), "{days} days");
    device.asked_by(&mut browser).await;
    assert_eq!(browser.cookie(PAIRING), Some(second.as_str()));
}

/// A pairing is one of a browser with a desktop, not of a person: at a shared desk the agent is
/// asked for whoever signs in, and says for whom.
#[tokio::test]
async fn at_a_shared_desk_the_agent_says_whose_card_is_asked_for() {
    let world = World::start().await;
    enrolled(&world, &mut mia(), 1).await;
    enrolled(&world, &mut ada(), 2).await;
    let (mut device, mut browser) = paired(&world).await;
    browser.drop_cookie("__Host-card-acme");
    ACME.to_card(&mut browser, &mut ada()).await;
    let ticket = device.asked_by(&mut browser).await;
    let claims = device.claim(&world, &ticket).await;
    assert_eq!(
        (&claims["user"], &claims["purpose"]),
        (&json!("ada@acme.example"), &json!("login"))
    );
    let credentials = claims["allowCredentials"].as_array().unwrap();
    assert_eq!(credentials.len(), 1, "her card alone: {claims}");
}

/// A tap that changes somebody's cards must not look like a sign-in.
#[tokio::test]
async fn adding_and_removing_a_card_reach_the_agent_as_what_they_are() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let (mut device, mut browser) = paired(&world).await;
    let ticket = device.asked_by(&mut browser).await;
    assert_words(&device.claim(&world, &ticket).await, "login", "Account page");

    let tapped = card.tap(&mut browser, &ACME.path("login/card")).await;
    assert_eq!(tapped.status, 200, "{tapped:?}");
    add(&mut browser).await;
    let ticket = device.asked_by(&mut browser).await;
    let claims = device.claim(&world, &ticket).await;
    assert_words(&claims, "step-up", "Account page (to ADD another card)");

    add(&mut browser).await;
    assert_eq!(card.tap(&mut browser, &ACME.path("login/card")).await.status, 200);
    let added = e2e::Card::new(7).tap(&mut browser, &ACME.path("login/card")).await;
    assert_eq!(added.status, 200, "{added:?}");
    let id = uuid_of(&world.dump().await.rows("credential")[0]["credential_id"]);
    let path = ACME.path(&format!("account/cards/{id}/remove"));
    assert_eq!(browser.post_form(&path, &[]).await.status, 303);
    let ticket = device.asked_by(&mut browser).await;
    let claims = device.claim(&world, &ticket).await;
    assert_words(&claims, "step-up", "Account page (to REMOVE a card)");
}

async fn add(browser: &mut Browser) {
    let begun = browser.post_form(&ACME.path("account/cards/add"), &[]).await;
    assert_eq!(begun.location, Some(ACME.path("login/card")), "{begun:?}");
}

#[track_caller]
fn assert_words(claims: &Value, purpose: &str, app: &str) {
    assert_eq!((&claims["purpose"], &claims["app"]), (&json!(purpose), &json!(app)));
}

/// A UUID as SQL quotes a blob: `X'0123…'`.
pub(crate) fn uuid_of(quoted: &str) -> uuid::Uuid {
    quoted.trim_start_matches('X').trim_matches('\'').parse().unwrap()
}
