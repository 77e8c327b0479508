//! Browser and agent: how they are paired, for how long, and what the agent is told.

use agent_protocol::paths;
use e2e::{Answer, Browser, Desktop, World};
use serde_json::{Value, json};
use server::Bounds;

use crate::device::{Device, options_of};
use crate::support::{ACME, ada, assert_clear, assert_unchanged, enrolled, mia, una};

pub(crate) const PAIRING: &str = "__Host-dev-acme";

pub(crate) async fn paired(world: &World) -> (Device, Browser) {
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    let mut device = Device::of(ACME);
    device.pair(world, &mut browser).await;
    device.connect(world).await;
    (device, browser)
}

pub(crate) async fn ask(browser: &mut Browser) -> Answer {
    browser.post_json(&ACME.path("login/card/agent"), &json!({})).await
}

const DAY: i64 = 86_400_000_000;

/// How many days the one pairing lives from now.
async fn days_left(world: &World) -> i64 {
    let rows = world.dump().await.rows("pairing");
    assert_eq!(rows.len(), 1);
    let now = world.app.store().now().await.unwrap().0;
    (rows[0]["expires_at"].parse::<i64>().unwrap() - now + DAY / 2) / DAY
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

    let day = "UPDATE pairing SET expires_at = expires_at - 172800000000, \
               rotated_at = rotated_at - 172800000000";
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
    device.asked_by(&mut browser).await;
    assert_eq!(browser.cookie(PAIRING), Some(second.as_str()));
    assert_eq!(days_left(&world).await, 88, "who only asks does not keep it alive");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pairing_lives_on_with_the_cards_that_answer_through_it() {
    let (world, desktop) = (World::start().await, Desktop::start());
    let _card = desktop.put_new_card(1);
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    desktop.set_up(&world, &mut browser, &ACME.path("login/card")).await;
    let back = format!("UPDATE pairing SET expires_at = expires_at - {}", 30 * DAY);
    assert_eq!(world.sql(&back).await, 1);
    assert_eq!((days_left(&world).await, used(&world).await), (60, false));
    let mut events = browser.events(&ACME.path("login/card/events")).await;
    assert_eq!(ask(&mut browser).await.json()["state"], "pushed");
    while events.next().await["state"] != "done" {}
    assert_eq!((days_left(&world).await, used(&world).await), (90, true));
}

/// Whether a card has answered through the one pairing.
async fn used(world: &World) -> bool {
    world.dump().await.rows("pairing")[0]["used_at"] != "NULL"
}

#[tokio::test]
async fn a_person_sees_the_computers_that_they_have_set_up_and_removes_one() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let (device, mut browser) = paired(&world).await;
    assert_eq!(card.tap(&mut browser, &ACME.path("login/card")).await.status, 200);
    let account = browser.get(&ACME.path("account/")).await;
    assert!(account.body.contains("Remove the computer ward-3-pc"), "{account:?}");
    let id = uuid_of(&world.dump().await.rows("device")[0]["device_id"]);
    let path = ACME.path(&format!("account/computers/{id}/remove"));

    let mut her_card = enrolled(&world, &mut ada(), 2).await;
    let mut adas = world.browser();
    ACME.sign_in(&mut adas, &mut ada(), &mut her_card).await;
    let theirs = adas.get(&ACME.path("account/")).await;
    assert!(theirs.status == 200 && !theirs.body.contains("ward-3-pc"), "{theirs:?}");
    let before = world.dump().await;
    assert_eq!(adas.post_form(&path, &[]).await.status, 404, "of somebody else");
    assert_eq!(before, world.dump().await);

    let removed = browser.post_form(&path, &[]).await;
    assert_eq!(removed.location, Some(ACME.path("account/?done=computer-removed")));
    let after = world.dump().await;
    assert_eq!(before.audited(&after), ["agent.removed"]);
    assert!(after.rows("pairing").is_empty());
    assert_eq!(browser.post_form(&path, &[]).await.status, 404, "once");
    let late = device.post(&world, paths::CLAIM, &json!({ "ticket": "x" })).await;
    assert_eq!(late.status, 401, "its key opens nothing");
    assert!(!browser.get(&ACME.path("account/")).await.body.contains("ward-3-pc"));
}

#[tokio::test]
async fn a_person_names_their_computers_and_nobody_elses() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let (_device, mut browser) = paired(&world).await;
    assert_eq!(card.tap(&mut browser, &ACME.path("login/card")).await.status, 200);
    let id = uuid_of(&world.dump().await.rows("device")[0]["device_id"]);
    let path = ACME.path(&format!("account/computers/{id}/rename"));
    let account = browser.get(&ACME.path("account/")).await;
    assert!(account.body.contains(&format!("action=\"{path}\"")), "{account:?}");

    let mut her_card = enrolled(&world, &mut ada(), 2).await;
    let mut adas = world.browser();
    ACME.sign_in(&mut adas, &mut ada(), &mut her_card).await;
    let before = world.dump().await;
    let name = [("name", " Ward <3>\u{7} ")];
    assert_eq!(adas.post_form(&path, &name).await.status, 404, "of somebody else");
    for none in ["", "  ", "\u{1b}"] {
        assert_eq!(browser.post_form(&path, &[("name", none)]).await.status, 400, "{none:?}");
    }
    assert_eq!(before, world.dump().await);

    for (time, events) in [("first", &["agent.renamed"][..]), ("again", &[])] {
        let before = world.dump().await;
        let renamed = browser.post_form(&path, &name).await;
        assert_eq!(renamed.location, Some(ACME.path("account/?done=computer-renamed")), "{time}");
        assert_eq!(before.audited(&world.dump().await), events, "{time}");
    }
    let account = browser.get(&ACME.path("account/?done=computer-renamed")).await;
    assert!(account.body.contains("The computer has its new name"), "{account:?}");
    assert!(!account.body.contains("Ward <3>") && account.body.contains("Ward &#60;3&#62;"));

    browser.post_form(&ACME.path(&format!("account/computers/{id}/remove")), &[]).await;
    assert_eq!(browser.post_form(&path, &name).await.status, 404, "once it is removed");
}

#[tokio::test]
async fn an_administrator_names_the_agents_of_a_person() {
    let world = World::start().await;
    let mut admin = world.administrator().await;
    enrolled(&world, &mut mia(), 1).await;
    enrolled(&world, &mut ada(), 2).await;
    let (_device, _browser) = paired(&world).await;
    let dump = world.dump().await;
    let id = uuid_of(&dump.rows("device")[0]["device_id"]);
    let person = uuid_of(&dump.rows("pairing")[0]["person_id"]);
    let hers = format!("/admin/tenants/acme/users/{person}");
    let path = format!("{hers}/agents/{id}/rename");
    let page = admin.get(&hers).await;
    assert!(page.body.contains(&format!("action=\"{path}\"")), "{page:?}");
    for people in dump.rows("person") {
        let other = uuid_of(&people["person_id"]);
        if other != person {
            let path = format!("/admin/tenants/acme/users/{other}/agents/{id}/rename");
            assert_eq!(admin.post_form(&path, &[("name", "desk")]).await.status, 404, "{other}");
        }
    }
    assert_eq!(admin.post_form(&path, &[("name", " ")]).await.status, 400);
    assert_eq!(dump, world.dump().await);

    let renamed = admin.post_form(&path, &[("name", "Ward 3")]).await;
    assert_eq!(renamed.location, Some(format!("{hers}?done=agent-renamed")));
    assert_eq!(dump.audited(&world.dump().await), ["agent.renamed"]);
    let page = admin.get(&format!("{hers}?done=agent-renamed")).await;
    assert!(page.body.contains("The agent has its new name"), "{page:?}");
    assert!(page.body.contains("Revoke Ward 3"), "{page:?}");
    let audit = admin.get("/admin/tenants/acme/audit").await;
    assert!(audit.body.contains("The agent on ward-3-pc was given the name Ward 3"), "{audit:?}");
    admin.post_form(&format!("{hers}/agents/{id}/revoke"), &[]).await;
    assert_eq!(admin.post_form(&path, &[("name", "desk")]).await.status, 404, "revoked");
}

#[tokio::test]
async fn ending_all_other_sessions_leaves_the_computer_of_this_browser_alone() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let (_there, _) = paired(&world).await;
    let (_here, mut browser) = paired(&world).await;
    assert_eq!(card.tap(&mut browser, &ACME.path("login/card")).await.status, 200);
    assert_eq!(world.dump().await.rows("pairing").len(), 2);
    let ended = browser.post_form(&ACME.path("account/sessions/end-others"), &[]).await;
    assert_eq!(ended.status, 303, "{ended:?}");
    assert_eq!(world.dump().await.rows("pairing").len(), 1);
    browser.drop_cookie(&ACME.session_cookie());
    ACME.to_card(&mut browser, &mut mia()).await;
    assert_eq!(ask(&mut browser).await.json()["state"], "pushed");
}

/// What an administrator does to a person's access ends their agents, and tells them at once.
#[tokio::test]
async fn an_administrator_who_ends_access_ends_the_agents() {
    let world = World::start().await;
    let mut admin = world.administrator().await;
    enrolled(&world, &mut mia(), 1).await;
    for act in ["sessions/end", "disable", "cards/{card}/revoke"] {
        let (mut device, _browser) = paired(&world).await;
        let dump = world.dump().await;
        let person = uuid_of(&dump.rows("pairing")[0]["person_id"]);
        let is_hers = |card: &&std::collections::BTreeMap<String, String>| {
            card["person_id"] == dump.rows("pairing")[0]["person_id"]
        };
        let cards = dump.rows("credential");
        let card = uuid_of(&cards.iter().find(is_hers).unwrap()["credential_id"]).to_string();
        let act = act.replace("{card}", &card);
        let path = format!("/admin/tenants/acme/users/{person}/{act}");
        let done = admin.post_form(&path, &[]).await;
        assert_eq!(done.status, 303, "{act}: {done:?}");
        assert!(world.dump().await.rows("pairing").is_empty(), "{act}");
        assert_eq!(device.hear().await["t"], "revoke", "{act}");
        admin.post_form(&format!("/admin/tenants/acme/users/{person}/enable"), &[]).await;
    }
}

#[tokio::test]
async fn a_page_in_another_network_is_said_to_be_there_and_goes_on_record() {
    let world = World::limited(Bounds::default()).await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    for (page, agent, elsewhere) in
        [("203.0.113.7", "203.0.113.7", false), ("203.0.113.7", "198.51.100.4", true)]
    {
        let mut browser = world.browser().at(page);
        ACME.to_card(&mut browser, &mut mia()).await;
        let mut device = Device::of(ACME);
        device.at = Some(agent);
        device.pair(&world, &mut browser).await;
        device.connect(&world).await;
        let ticket = device.asked_by(&mut browser).await;
        let claims = device.claim(&world, &ticket).await;
        let said = claims["context"]["other_network"].as_bool().unwrap_or_default();
        assert_eq!(said, elsewhere, "{claims}");
        let answer = card.0.authenticate(&options_of(&claims), &world.origin).unwrap();
        let body = json!({ "ticket": ticket, "outcome": { "assertion": answer } });
        let taken = device.post(&world, paths::RESULT, &body).await;
        assert_eq!(taken.status, 200, "{taken:?}");
        // There the browser must come back first; it is paired already, and stays so.
        assert_eq!(taken.json()["state"] == "return", elsewhere, "{taken:?}");
        if let Some(token) = taken.json()["token"].as_str() {
            let pairing = browser.cookie(PAIRING).unwrap().to_owned();
            let path = ACME.path("login/card/return");
            let back = browser.post_form(&path, &[("token", token)]).await;
            assert_eq!((back.status, back.cookies()), (200, vec![]), "{back:?}");
            assert_eq!(browser.cookie(PAIRING), Some(pairing.as_str()));
        }
        let events = world.dump().await.rows("audit");
        let last = events.iter().max_by_key(|row| row["seq"].parse::<i64>().unwrap()).unwrap();
        assert_eq!(last["kind"], "'login.signed-in'");
        assert_eq!(last["detail"].contains("other_network"), elsewhere, "{last:?}");
    }
}

/// The agent drops what comes then, and says nothing: so the server does not even ask.
#[tokio::test]
async fn who_says_no_twice_is_left_alone_and_the_trail_tells_why() {
    let world = World::start().await;
    enrolled(&world, &mut mia(), 1).await;
    let (mut device, mut browser) = paired(&world).await;
    for refusals in 1..=2 {
        let ticket = device.asked_by(&mut browser).await;
        device.claim(&world, &ticket).await;
        let before = world.dump().await;
        let body = json!({ "ticket": ticket, "outcome": { "refused": "cancelled" } });
        assert_eq!(device.post(&world, paths::RESULT, &body).await.status, 200);
        let told = before.audited(&world.dump().await);
        assert_eq!(told.contains(&"agent.declined-twice".to_owned()), refusals == 2, "{told:?}");
    }
    let before = world.dump().await;
    assert_eq!(ask(&mut browser).await.json(), json!({ "state": "declined" }));
    assert_unchanged("asked again", &before, &world.dump().await);
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
