//! Shared desks: a session ends with what happens to the card that opened it.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what goes wrong here is a red test"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cardea_agent::DeviceId;
use e2e::{Browser, Card, Desktop, Events, Way, World, ask_agent};
use entra_stand_in::Person;
use firmware_sim::Simulator;
use identity::{CardFirst, CardLifted, FirstCard, TenantPolicy};
use serde_json::{Value, json};

const ACME: Way = Way::into("acme");
const ACCOUNT: &str = "/realms/acme/account/";
/// No event of these tests takes so long, unless it never comes.
const SOON: Duration = Duration::from_secs(20);

fn policy(card_lifted: CardLifted) -> TenantPolicy {
    TenantPolicy {
        first_card: FirstCard::FreshEntraSignIn,
        card_first: CardFirst::WithinDays(1),
        card_lifted,
        // Nobody waits in these tests; the form asks for 10 seconds at least.
        agent_grace_seconds: 0,
        ..TenantPolicy::default()
    }
}

/// Mia at a desk, signed in with a card that lies on its reader.
struct Desk {
    desktop: Desktop,
    browser: Browser,
    card: Arc<Simulator>,
    stay: DeviceId,
}

impl Desk {
    async fn new(world: &World, way: Way, username: &str) -> Self {
        Self::at(world, way, username, Desktop::start(), new_card()).await
    }

    async fn at(
        world: &World,
        way: Way,
        username: &str,
        desktop: Desktop,
        card: Arc<Simulator>,
    ) -> Self {
        let mut browser = world.browser();
        way.to_card(&mut browser, &mut Person::new(username)).await;
        let step = way.path("login/card");
        desktop.set_up(world, &mut browser, &step).await;
        let stay = desktop.put(&card);
        let done = ask_agent(&mut browser, &step).await;
        assert_eq!(done["state"], "done", "{done}");
        browser.get(done["location"].as_str().unwrap()).await;
        let desk = Self { desktop, browser, card, stay };
        assert!(is_in(&desk.browser, way).await);
        desk
    }

    /// A tab with the account page, which follows the session.
    async fn tab(&mut self) -> Events {
        let page = self.browser.get(ACCOUNT).await.body;
        assert!(page.contains("data-events=\"/realms/acme/account/events\""), "{page}");
        self.browser.events("/realms/acme/account/events").await
    }

    fn lift(&self) {
        self.desktop.take(self.stay);
    }
}

/// A card unlike all others.
fn new_card() -> Arc<Simulator> {
    static SEED: AtomicU64 = AtomicU64::new(1);
    Desktop::new_card(SEED.fetch_add(1, Ordering::Relaxed))
}

async fn is_in(browser: &Browser, way: Way) -> bool {
    browser.clone().get(&way.path("account/")).await.status == 200
}

fn ended(why: &str) -> Value {
    json!({ "state": "ended", "location": format!("{ACCOUNT}?done={why}") })
}

/// Why sessions have ended, in their order.
async fn reasons(world: &World) -> Vec<String> {
    let mut events = world.dump().await.rows("audit");
    events.retain(|event| event["kind"] == "'session.ended'");
    events.sort_by_key(|event| event["seq"].parse::<i64>().unwrap());
    let reason = |detail: &str| {
        let detail: Value = serde_json::from_str(detail.trim_matches('\'')).unwrap();
        detail["reason"].as_str().unwrap_or_default().to_owned()
    };
    events.iter().map(|event| reason(&event["detail"])).collect()
}

async fn until(is_so: impl AsyncFn() -> bool) {
    let mut looks = tokio::time::interval(Duration::from_millis(10));
    let wait = async {
        while !is_so().await {
            looks.tick().await;
        }
    };
    tokio::time::timeout(SOON, wait).await.unwrap();
}

async fn sessions(world: &World) -> usize {
    world.dump().await.rows("session").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lifted_card_ends_its_session_in_all_its_tabs_and_no_other() {
    let world = World::with_policy(policy(CardLifted::EndsSession)).await.with_birch().await;
    let mut mia = Desk::new(&world, ACME, "mia@acme.example").await;
    let ada = Desk::new(&world, ACME, "ada@acme.example").await;
    let ben = Way::into("birch");
    let una = Desk::new(&world, ben, "ada@birch.example").await;
    let mut elsewhere = world.browser();
    let mut key = Card::new(9);
    ACME.sign_in(&mut elsewhere, &mut Person::new("una@acme.example"), &mut key).await;

    let mut tabs = [mia.tab().await, mia.tab().await];
    mia.lift();
    for tab in &mut tabs {
        assert_eq!(tab.next().await, ended("card-lifted"));
        assert_eq!(tab.next().await, Value::Null, "that was the last word");
    }
    let again = mia.browser.get(&format!("{ACCOUNT}?done=card-lifted")).await;
    let page = mia.browser.follow(again).await;
    assert!(page.body.contains("Your card was taken away"), "{page:?}");
    assert!(!is_in(&mia.browser, ACME).await);
    assert!(is_in(&ada.browser, ACME).await && is_in(&una.browser, ben).await);
    assert!(is_in(&elsewhere, ACME).await);
    assert_eq!(reasons(&world).await, ["card-lifted"]);
    assert!(!mia.desktop.is_locked());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desktop_locks_with_the_session_where_the_tenant_wants_it() {
    let world = World::with_policy(policy(CardLifted::EndsSessionAndLocks)).await;
    let mut mia = Desk::new(&world, ACME, "mia@acme.example").await;
    let mut tab = mia.tab().await;
    mia.lift();
    assert_eq!(tab.next().await, ended("card-lifted"));
    until(async || mia.desktop.is_locked()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_does_not_want_it_keeps_its_sessions() {
    let world = World::with_policy(policy(CardLifted::KeepsSession)).await;
    let mut mia = Desk::new(&world, ACME, "mia@acme.example").await;
    let page = mia.browser.get(ACCOUNT).await.body;
    assert!(!page.contains("data-events"), "{page}");
    mia.lift();
    drop(mia.desktop);
    // Neither now nor when agents are looked for that are gone.
    let aged = "UPDATE session SET created_at = created_at - 3600000000";
    assert_eq!(world.sql(aged).await, 1);
    world.sql("UPDATE device SET connected_until = last_seen_at").await;
    server::sweep_all(&world.app).await;
    assert!(is_in(&mia.browser, ACME).await);
    assert_eq!(reasons(&world).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_was_only_tapped_leaves_a_session_that_stays() {
    let world = World::with_policy(policy(CardLifted::EndsSession)).await;
    let (desktop, card) = (Desktop::with_taps_of(Duration::from_secs(3600)), new_card());
    let mia = Desk::at(&world, ACME, "mia@acme.example", desktop, card).await;
    mia.lift();
    until(async || world.dump().await.rows("session")[0]["ticket_id"] == "NULL").await;
    // Its agent need not be there any more.
    drop(mia.desktop);
    world.sql("UPDATE session SET created_at = created_at - 3600000000").await;
    world.sql("UPDATE device SET connected_until = last_seen_at").await;
    server::sweep_all(&world.app).await;
    assert!(is_in(&mia.browser, ACME).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_its_agent_does_not_come_back() {
    let world = World::with_policy(policy(CardLifted::EndsSession)).await;
    let mut mia = Desk::new(&world, ACME, "mia@acme.example").await;
    let mut tab = mia.tab().await;
    drop(mia.desktop);
    assert_eq!(tab.next().await, ended("agent-lost"));
    let again = mia.browser.get(&format!("{ACCOUNT}?done=agent-lost")).await;
    let page = mia.browser.follow(again).await;
    assert!(page.body.contains("The computer with your card went away"), "{page:?}");
    assert_eq!(reasons(&world).await, ["agent-lost"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_has_its_grace_to_come_back() {
    let patient = TenantPolicy { agent_grace_seconds: 600, ..policy(CardLifted::EndsSession) };
    let world = World::with_policy(patient).await;
    let mia = Desk::new(&world, ACME, "mia@acme.example").await;
    drop(mia.desktop);
    world.sql("UPDATE session SET created_at = created_at - 3600000000").await;
    world.sql("UPDATE device SET connected_until = last_seen_at").await;
    server::sweep_all(&world.app).await;
    assert!(is_in(&mia.browser, ACME).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_finds_agents_whose_node_has_died() {
    let world = World::with_policy(policy(CardLifted::EndsSession)).await;
    let mia = Desk::new(&world, ACME, "mia@acme.example").await;
    server::sweep_all(&world.app).await;
    assert!(is_in(&mia.browser, ACME).await, "its agent is connected");
    // As if the node that vouched for the agent had died an hour ago, without a word.
    world.sql("UPDATE session SET created_at = created_at - 3600000000").await;
    world.sql("UPDATE device SET connected_until = connected_until - 3600000000").await;
    server::sweep_all(&world.app).await;
    assert!(is_in(&mia.browser, ACME).await, "after a start, agents have a minute to come back");
    // As if it had died since.
    world.sql("UPDATE device SET connected_until = last_seen_at").await;
    server::sweep_all(&world.app).await;
    assert!(!is_in(&mia.browser, ACME).await);
    assert_eq!(reasons(&world).await, ["agent-lost"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_at_another_computer_ends_its_session_at_the_first() {
    let one = TenantPolicy { one_computer: true, ..policy(CardLifted::EndsSessionAndLocks) };
    let world = World::with_policy(one).await;
    let mut first = Desk::new(&world, ACME, "mia@acme.example").await;
    let ada = Desk::new(&world, ACME, "ada@acme.example").await;
    let mut tab = first.tab().await;
    // The same card lies at both: nobody lifted it.
    let card = Arc::clone(&first.card);
    let second = Desk::at(&world, ACME, "mia@acme.example", Desktop::start(), card).await;
    assert_eq!(tab.next().await, ended("tapped-elsewhere"));
    assert!(!is_in(&first.browser, ACME).await);
    assert!(is_in(&second.browser, ACME).await && is_in(&ada.browser, ACME).await);
    until(async || first.desktop.is_locked()).await;
    assert!(!second.desktop.is_locked() && !ada.desktop.is_locked());
    assert_eq!(reasons(&world).await, ["tapped-elsewhere"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_policy_a_card_has_sessions_at_several_computers() {
    let world = World::with_policy(policy(CardLifted::EndsSession)).await;
    let first = Desk::new(&world, ACME, "mia@acme.example").await;
    let card = Arc::clone(&first.card);
    let second = Desk::at(&world, ACME, "mia@acme.example", Desktop::start(), card).await;
    assert!(is_in(&first.browser, ACME).await && is_in(&second.browser, ACME).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_ended_elsewhere_ends_its_tabs_too() {
    let world = World::with_policy(policy(CardLifted::EndsSession)).await;
    let mut mia = Desk::new(&world, ACME, "mia@acme.example").await;
    let mut tab = mia.tab().await;
    mia.browser.post_form("/realms/acme/account/sign-out", &[]).await;
    assert_eq!(tab.next().await, json!({ "state": "ended", "location": ACCOUNT }));
    // What the card does then ends nothing any more, and is no fault.
    mia.lift();
    let ada = Desk::new(&world, ACME, "ada@acme.example").await;
    ada.lift();
    until(async || sessions(&world).await == 0).await;
    assert_eq!(reasons(&world).await, ["card-lifted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_the_console_ends_with_its_card_too() {
    let world = World::start().await;
    let operators = world.tenant("operators").await;
    let ends = TenantPolicy { card_lifted: CardLifted::EndsSession, ..operators.policy };
    let mut tx = world.app.store().write(operators.id).await.unwrap();
    tx.put_policy(&ends).await.unwrap();
    tx.commit().await.unwrap();
    let invitation = server::invite(&world.config).await.unwrap();
    let (_, token) = invitation.split_once('#').unwrap();
    let (mut browser, desktop) = (world.browser(), Desktop::start());
    browser.post_form("/admin/invite", &[("token", token), ("name", "Olivia Bauer")]).await;
    let step = "/realms/operators/login/card";
    desktop.set_up(&world, &mut browser, step).await;
    let stay = desktop.put(&new_card());
    let done = ask_agent(&mut browser, step).await;
    browser.get(done["location"].as_str().unwrap()).await;
    let page = browser.get("/admin/").await.body;
    assert!(page.contains("data-events=\"/admin/events\""), "{page}");

    let mut tab = browser.events("/admin/events").await;
    desktop.take(stay);
    let location = "/admin/?done=card-lifted";
    assert_eq!(tab.next().await, json!({ "state": "ended", "location": location }));
    let again = browser.get(location).await;
    let page = browser.follow(again).await;
    assert!(page.body.contains("Your card was taken away"), "{page:?}");
}
