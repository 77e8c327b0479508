//! Links: what opens an agent for a browser that is paired with none, and the return step behind it.
//! Neither the login nor the token alone signs anybody in.

use agent_protocol::limits::RETURN_LIFE;
use agent_protocol::{Link, paths};
use e2e::{Answer, Browser, Card, World};
use identity::{CardLifted, FirstCard, TenantPolicy};
use reqwest::Method;
use serde_json::{Value, json};
use server::Bounds;

use crate::device::{Device, options_of};
use crate::pairing::{PAIRING, ask};
use crate::support::{ACME, BIRCH, ada, assert_clear, assert_unchanged, enrolled, mia};

/// Mia has a card and a computer with the agent; this browser is new there, and at the card step.
struct Stage {
    world: World,
    card: Card,
    device: Device,
    browser: Browser,
}

impl Stage {
    async fn set() -> Self {
        let world = World::start().await;
        let card = enrolled(&world, &mut mia(), 1).await;
        let device = device(&world).await;
        let mut browser = world.browser();
        ACME.to_card(&mut browser, &mut mia()).await;
        Self { world, card, device, browser }
    }

    async fn link(&mut self) -> Link {
        link_in(&asked(&mut self.browser).await)
    }

    /// Up to an answer that waits: its return token.
    async fn held(&mut self) -> String {
        let link = self.link().await;
        let taken = self.answer(&link).await;
        assert_eq!(taken.json()["state"], "return", "{taken:?}");
        taken.json()["token"].as_str().unwrap().to_owned()
    }

    /// Claims a link, and answers.
    async fn answer(&mut self, link: &Link) -> Answer {
        let claims = self.device.claim(&self.world, &json!(link.claim())).await;
        let body = self.result(link, &claims);
        self.device.post(&self.world, paths::RESULT, &body).await
    }

    fn result(&mut self, link: &Link, claims: &Value) -> Value {
        let answer = self.card.0.authenticate(&options_of(claims), &self.world.origin).unwrap();
        json!({ "ticket": link.ticket(), "outcome": { "assertion": answer } })
    }

    async fn nothing_issued(&self) {
        let dump = self.world.dump().await;
        // The first sign-in, with which the card was enrolled, has left one of each.
        assert_eq!((dump.rows("proof").len(), dump.rows("session").len()), (1, 1));
    }
}

/// A computer of the tenant, paired with a browser that is not on the stage.
async fn device(world: &World) -> Device {
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    let device = Device::of(ACME);
    device.pair(world, &mut browser).await;
    device
}

async fn asked(browser: &mut Browser) -> Value {
    let asked = browser.post_json(&ACME.path("login/card/link"), &json!({})).await;
    assert_eq!(asked.status, 200, "{asked:?}");
    asked.json()
}

fn link_in(asked: &Value) -> Link {
    asked["link"].as_str().unwrap().parse().unwrap()
}

async fn come_back(browser: &mut Browser, token: &str) -> Answer {
    browser.post_form(&ACME.path("login/card/return"), &[("token", token)]).await
}

#[tokio::test]
async fn nothing_is_issued_before_the_browser_that_began_has_come_back() {
    let mut stage = Stage::set().await;
    let asked = asked(&mut stage.browser).await;
    let link = link_in(&asked);
    let claims = stage.device.claim(&stage.world, &json!(link.claim())).await;
    assert_eq!(
        (&claims["match"], &claims["user"], &claims["purpose"]),
        (&asked["match"], &json!("mia@acme.example"), &json!("login"))
    );
    let body = stage.result(&link, &claims);
    let first = stage.device.post(&stage.world, paths::RESULT, &body).await;
    stage.nothing_issued().await;
    let again = stage.device.post(&stage.world, paths::RESULT, &body).await;
    assert_clear("a second answer", &again);
    // The login waits as before, and gives its browser nothing.
    let page = stage.browser.get(&ACME.path("login/card")).await;
    assert_eq!((page.status, page.gives_a_session()), (200, false), "{page:?}");

    let token = first.json()["token"].as_str().unwrap().to_owned();
    let back = come_back(&mut stage.browser, &token).await;
    assert_eq!((back.status, back.title().as_str()), (200, "Your card is checked"), "{back:?}");
    let names: Vec<_> = back.cookies().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, [PAIRING], "the page that waits claims the session");
    let claimed = stage.browser.get(&ACME.path("login/card")).await;
    assert_eq!(claimed.location, Some(ACME.path("account/")), "{claimed:?}");
    assert!(claimed.gives_a_session());

    // The two are paired now.
    stage.device.connect(&stage.world).await;
    stage.browser.drop_cookie(&ACME.session_cookie());
    ACME.to_card(&mut stage.browser, &mut mia()).await;
    stage.device.asked_by(&mut stage.browser).await;
}

/// The attack: a client that signs in upstream as the victim sends its link to them. Their agent
/// opens the page in their own browser, and the client never sees what stands there.
#[tokio::test]
async fn a_relay_that_holds_the_login_gets_nothing_of_its_victims_tap() {
    let mut stage = Stage::set().await;
    let token = stage.held().await;
    let before = stage.world.dump().await;
    let mut victim = stage.world.browser();
    let shown = victim.get(&ACME.path("login/card/return")).await;
    assert_eq!(shown.status, 200);
    assert_unchanged("looking", &before, &stage.world.dump().await);

    let told = come_back(&mut victim, &token).await;
    assert_eq!(told.title(), "Open this in the browser where you started", "{told:?}");
    assert_eq!((told.status, told.gives_a_session()), (403, false), "{told:?}");
    let after = stage.world.dump().await;
    assert_eq!(before.audited(&after), ["login.refused"]);
    assert!(after.rows("audit").iter().any(|row| row["detail"].contains("return-elsewhere")));
    stage.nothing_issued().await;

    for guess in [token.as_str(), &"A".repeat(43), "", "rt="] {
        let answer = come_back(&mut stage.browser, guess).await;
        assert_eq!((answer.status, answer.gives_a_session()), (410, false), "{answer:?}");
    }
    stage.nothing_issued().await;
    assert_eq!(ask(&mut stage.browser).await.json()["state"], "no-agent");
}

#[tokio::test]
async fn a_return_token_of_a_card_counts_once_in_its_time_and_in_its_own_tenant() {
    let mut stage = Stage::set().await;
    stage.world = stage.world.with_birch().await;
    let token = stage.held().await;
    let handle = stage.browser.cookie(&ACME.card_cookie()).unwrap().to_owned();
    stage.browser.set_cookie(&BIRCH.card_cookie(), &handle);
    let path = BIRCH.path("login/card/return");
    assert_eq!(stage.browser.post_form(&path, &[("token", token.as_str())]).await.status, 410);
    let past = "UPDATE login SET challenge_expires_at = 1 WHERE challenge_id IS NOT NULL";
    assert_ne!(stage.world.sql(past).await, 0);
    let late = come_back(&mut stage.browser, &token).await;
    assert_clear("late", &late);
    stage.nothing_issued().await;

    let token = stage.held().await;
    assert_eq!(come_back(&mut stage.browser, &token).await.status, 200);
    let before = stage.world.dump().await;
    let again = come_back(&mut stage.browser, &token).await;
    assert_eq!((again.status, again.cookies()), (410, vec![]), "{again:?}");
    assert_unchanged("again", &before, &stage.world.dump().await);
}

/// Whoever looks at the page again, or hears of it late, sees the time that is left to come back.
#[tokio::test]
async fn a_page_that_is_loaded_again_meanwhile_counts_the_time_to_come_back() {
    let mut stage = Stage::set().await;
    stage.held().await;
    let page = stage.browser.get(&ACME.path("login/card")).await.body;
    let (_, left) = page.split_once("data-left=\"").unwrap();
    let left: u64 = left.split('"').next().unwrap().parse().unwrap();
    let told = stage.browser.events(&ACME.path("login/card/events")).await.next().await;
    assert_eq!(told["state"], "returning");
    for left in [left, told["expires_in"].as_u64().unwrap()] {
        assert!((1..=RETURN_LIFE.as_secs()).contains(&left), "{left}");
    }
}

#[tokio::test]
async fn a_return_token_of_another_login_signs_nobody_in() {
    let mut stage = Stage::set().await;
    let token = stage.held().await;
    let mut adas = stage.world.browser();
    ACME.to_card(&mut adas, &mut ada()).await;
    let answer = come_back(&mut adas, &token).await;
    assert_eq!((answer.status, answer.gives_a_session()), (403, false), "{answer:?}");
    stage.nothing_issued().await;
}

#[tokio::test]
async fn a_new_request_takes_the_place_of_an_answer_that_waits() {
    let mut stage = Stage::set().await;
    let token = stage.held().await;
    stage.link().await;
    assert_eq!(come_back(&mut stage.browser, &token).await.status, 410);
    stage.nothing_issued().await;
}

#[tokio::test]
async fn a_card_that_was_revoked_while_its_answer_waited_signs_nobody_in() {
    let mut stage = Stage::set().await;
    let token = stage.held().await;
    assert_eq!(stage.world.sql("UPDATE credential SET revoked_at = 1").await, 1);
    assert_clear("revoked", &come_back(&mut stage.browser, &token).await);
    stage.nothing_issued().await;
}

#[tokio::test]
async fn an_answer_is_brought_back_by_our_own_page_alone() {
    let mut stage = Stage::set().await;
    let token = stage.held().await;
    let headers =
        [("origin", "https://evil.example"), ("content-type", "application/x-www-form-urlencoded")];
    let path = ACME.path("login/card/return");
    let body = Some(format!("token={token}"));
    let refused = stage.browser.send(Method::POST, &path, body, &headers).await;
    assert_eq!((refused.status, refused.gives_a_session()), (403, false), "{refused:?}");
    stage.nothing_issued().await;
}

#[tokio::test]
async fn a_link_is_claimed_by_its_secret_alone_and_by_a_device_of_its_tenant() {
    let mut stage = Stage::set().await;
    stage.world = stage.world.with_birch().await;
    let link = stage.link().await;
    let world = &stage.world;
    let mut elsewhere = world.browser();
    BIRCH.to_card(&mut elsewhere, &mut entra_stand_in::Person::new("mia@birch.example")).await;
    let stranger = Device::of(BIRCH);
    stranger.pair(world, &mut elsewhere).await;
    let pending = Device::of(ACME);
    let mut third = world.browser();
    ACME.to_card(&mut third, &mut ada()).await;
    assert_eq!(pending.enrol(world, &mut third).await.status, 200);
    let (secret, name) = (json!(link.claim()), json!(link.ticket()));
    for (who, device, ticket) in [
        ("its name is no secret", &stage.device, &name),
        ("a device of another tenant", &stranger, &secret),
        ("a device that waits to be confirmed", &pending, &secret),
        ("a secret of nothing", &stage.device, &json!("A".repeat(43))),
    ] {
        let refused = device.post(world, paths::CLAIM, &json!({ "ticket": ticket })).await;
        assert_clear(who, &refused);
    }
    let early = json!({ "ticket": link.ticket(), "outcome": { "refused": "cancelled" } });
    assert_clear("nobody has claimed", &stage.device.post(world, paths::RESULT, &early).await);
    assert_eq!(world.dump().await.rows("ticket")[0]["state"], "'waiting'");
}

#[tokio::test]
async fn a_link_waits_a_minute_and_is_claimed_once_by_one_of_two() {
    let mut stage = Stage::set().await;
    let link = stage.link().await;
    assert_eq!(stage.world.sql("UPDATE ticket SET created_at = created_at - 61000000").await, 1);
    let claim = |link: &Link| json!({ "ticket": link.claim() });
    let late = stage.device.post(&stage.world, paths::CLAIM, &claim(&link)).await;
    assert_clear("late", &late);

    let link = stage.link().await;
    let second = device(&stage.world).await;
    let [one, other] = [&stage.device, &second]
        .map(|device| device.sign(&device.call(&stage.world, paths::CLAIM, &claim(&link))));
    let (one, other) = tokio::join!(one.request(&stage.world), other.request(&stage.world));
    let won = [&one, &other].iter().filter(|answer| answer.status == 200).count();
    assert_eq!(won, 1, "{one:?} {other:?}");
    let (winner, loser) =
        if one.status == 200 { (&stage.device, &second) } else { (&second, &stage.device) };
    for device in [winner, loser] {
        assert_clear("again", &device.post(&stage.world, paths::CLAIM, &claim(&link)).await);
    }
    let refused = json!({ "ticket": link.ticket(), "outcome": { "refused": "cancelled" } });
    assert_clear("the loser", &loser.post(&stage.world, paths::RESULT, &refused).await);
    assert_eq!(winner.post(&stage.world, paths::RESULT, &refused).await.status, 200);
}

/// Anybody can have them open links. Who says no to strangers is asked by their own browser all the same.
#[tokio::test]
async fn links_that_were_refused_silence_no_browser_of_ones_own() {
    let world = World::start().await;
    enrolled(&world, &mut mia(), 1).await;
    let (mut device, mut own) = (Device::of(ACME), world.browser());
    ACME.to_card(&mut own, &mut mia()).await;
    device.pair(&world, &mut own).await;
    device.connect(&world).await;
    let before = world.dump().await;
    let refused = json!({ "refused": "cancelled" });
    for _ in 0..2 {
        let mut stranger = world.browser();
        ACME.to_card(&mut stranger, &mut ada()).await;
        let link = link_in(&asked(&mut stranger).await);
        device.claim(&world, &json!(link.claim())).await;
        let body = json!({ "ticket": link.ticket(), "outcome": refused });
        assert_eq!(device.post(&world, paths::RESULT, &body).await.status, 200);
    }
    let declined =
        |events: Vec<String>| events.iter().filter(|e| *e == "agent.declined-twice").count();
    assert_eq!(declined(before.audited(&world.dump().await)), 1, "somebody asks again and again");
    for left_alone in [false, false, true] {
        let state = ask(&mut own).await.json()["state"].clone();
        assert_eq!(state == "declined", left_alone, "{state}");
        if state == "pushed" {
            let mut heard = device.hear().await;
            while heard["t"] != "ticket" {
                heard = device.hear().await;
            }
            device.claim(&world, &heard["id"]).await;
            let body = json!({ "ticket": heard["id"], "outcome": refused });
            assert_eq!(device.post(&world, paths::RESULT, &body).await.status, 200);
        }
    }
}

/// Of what came of it, each event says so: that an answer waits, and how it ended.
#[tokio::test]
async fn a_link_that_is_claimed_in_another_network_is_said_to_be_and_goes_on_record() {
    let world = World::limited(Bounds::default()).await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    for (agent, elsewhere) in [("203.0.113.7", false), ("198.51.100.4", true)] {
        let mut device = device(&world).await;
        device.at = Some(agent);
        let mut browser = world.browser().at("203.0.113.7");
        for (who, told) in [("a stranger", 403), ("the browser that began", 200)] {
            ACME.to_card(&mut browser, &mut mia()).await;
            let before = world.dump().await;
            let link = link_in(&asked(&mut browser).await);
            let claims = device.claim(&world, &json!(link.claim())).await;
            let said = claims["context"]["other_network"].as_bool().unwrap_or_default();
            assert_eq!(said, elsewhere, "{claims}");
            let answer = card.0.authenticate(&options_of(&claims), &world.origin).unwrap();
            let body = json!({ "ticket": link.ticket(), "outcome": { "assertion": answer } });
            let held = device.post(&world, paths::RESULT, &body).await;
            let token = held.json()["token"].as_str().unwrap().to_owned();
            let mut comes = if told == 200 { browser.clone() } else { world.browser() };
            assert_eq!(come_back(&mut comes, &token).await.status, told, "{who}");
            let after = world.dump().await;
            for event in after.rows("audit").iter().filter(|row| {
                let new = !before.rows("audit").contains(row);
                new && ["'login.awaits-browser'", "'login.refused'", "'login.signed-in'"]
                    .contains(&row["kind"].as_str())
            }) {
                let noted = event["detail"].contains("other_network");
                assert_eq!(noted, elsewhere, "{who}: {event:?}");
            }
            let last = if told == 200 { "login.signed-in" } else { "login.refused" };
            assert!(before.audited(&after).contains(&last.to_owned()), "{who}");
        }
    }
}

/// As on a stage where sessions end with their cards: the device is connected, the answer waits.
async fn held_by_a_card() -> (Stage, Link, String) {
    let policy = TenantPolicy {
        first_card: FirstCard::FreshEntraSignIn,
        card_lifted: CardLifted::EndsSession,
        ..TenantPolicy::default()
    };
    let world = World::with_policy(policy).await;
    let card = enrolled(&world, &mut mia(), 1).await;
    let mut device = device(&world).await;
    device.connect(&world).await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    let mut stage = Stage { world, card, device, browser };
    let link = stage.link().await;
    let answered = stage.answer(&link).await;
    let token = answered.json()["token"].as_str().unwrap().to_owned();
    (stage, link, token)
}

#[tokio::test]
async fn a_card_that_is_lifted_before_the_browser_is_back_opens_nothing() {
    let (mut stage, link, token) = held_by_a_card().await;
    stage.device.say(&json!({ "t": "lifted", "id": link.ticket() })).await;
    stage.device.heard_all().await;
    let back = come_back(&mut stage.browser, &token).await;
    assert_eq!((back.status, back.gives_a_session()), (410, false), "{back:?}");
    stage.nothing_issued().await;
}

#[tokio::test]
async fn an_agent_that_comes_back_without_the_card_opens_nothing() {
    let (mut stage, _, token) = held_by_a_card().await;
    stage.device.connect(&stage.world).await;
    stage.device.say(&json!({ "t": "holds", "ids": [] })).await;
    stage.device.heard_all().await;
    let back = come_back(&mut stage.browser, &token).await;
    assert_eq!((back.status, back.gives_a_session()), (410, false), "{back:?}");
    stage.nothing_issued().await;
}

#[tokio::test]
async fn an_answer_that_came_after_the_connection_is_not_meant_by_its_list() {
    let (mut stage, _, token) = held_by_a_card().await;
    stage.device.say(&json!({ "t": "holds", "ids": [] })).await;
    stage.device.heard_all().await;
    assert_eq!(come_back(&mut stage.browser, &token).await.status, 200);
    assert!(stage.browser.get(&ACME.path("login/card")).await.gives_a_session());
}

#[tokio::test]
async fn a_session_of_a_card_that_was_tapped_before_the_browser_is_back_rests_on_nothing() {
    let (mut stage, link, token) = held_by_a_card().await;
    stage.device.say(&json!({ "t": "tapped", "id": link.ticket() })).await;
    stage.device.heard_all().await;
    assert_eq!(come_back(&mut stage.browser, &token).await.status, 200);
    assert!(stage.browser.get(&ACME.path("login/card")).await.gives_a_session());
    let dump = stage.world.dump().await;
    assert!(dump.rows("session").iter().all(|row| row["ticket_id"] == "NULL"));
}
