//! Two nodes on one database: the page listens at one, and the agent's answer comes to the other.
#![expect(clippy::unwrap_used, reason = "what goes wrong here is a red test")]

use e2e::{Browser, Desktop, Engine, Events, Node, World};
use entra_stand_in::Person;
use serde_json::{Value, json};

const STEP: &str = "/realms/acme/login/card";

struct Ward {
    world: World,
    node: Node,
    desktop: Desktop,
    browser: Browser,
}

impl Ward {
    /// Mia at the card step, with an agent at the first node.
    async fn open() -> Self {
        let world = World::on(Engine::Postgres).await;
        let (node, desktop) = (world.another_node().await, Desktop::start());
        let mut browser = world.browser();
        world.entra_leg(&mut browser, &mut Person::new("mia@acme.example")).await.unwrap();
        desktop.set_up(&world, &mut browser, STEP).await;
        Self { world, node, desktop, browser }
    }

    /// The page of this login, as the other node sends it what happens.
    async fn listen(&self) -> Events {
        self.browser.clone().through(&self.node).events(&format!("{STEP}/events")).await
    }

    /// Asks the agent, and waits until the other node's page goes on or gives up.
    async fn ask_agent(&mut self) -> Value {
        let mut events = self.listen().await;
        let pushed = self.browser.post_json(&format!("{STEP}/agent"), &json!({})).await;
        assert_eq!(pushed.member("state"), "pushed", "{pushed:?}");
        loop {
            let event = events.next().await;
            if !matches!(state(&event), "pushed" | "claimed" | "paired") {
                return event;
            }
        }
    }

    /// Opens what the page was told, at the other node.
    async fn go_on(&mut self, told: &Value) -> e2e::Answer {
        let location = told.get("location").and_then(Value::as_str).unwrap();
        let mut browser = self.browser.clone().through(&self.node);
        let answer = browser.get(location).await;
        let answer = browser.follow(answer).await;
        self.browser = browser.anywhere();
        answer
    }
}

fn state(told: &Value) -> &str {
    told.get("state").and_then(Value::as_str).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_at_another_node_goes_on_with_what_the_agent_has_proved() {
    let mut ward = Ward::open().await;
    let card = ward.desktop.put_new_card(1);
    let done = ward.ask_agent().await;
    assert_eq!(state(&done), "done", "{done}");
    let account = ward.go_on(&done).await;
    assert!(account.status == 200 && account.body.contains("mia@acme.example"), "{account:?}");

    ward.browser.post_form("/realms/acme/account/cards/add", &[]).await;
    let confirmed = ward.ask_agent().await;
    assert_eq!((state(&confirmed), &confirmed["location"]), ("done", &json!(STEP)));
    drop(card);
    let _second = ward.desktop.put_new_card(2);
    let added = ward.ask_agent().await;
    let account = json!("/realms/acme/account/?done=added");
    assert_eq!((state(&added), &added["location"]), ("done", &account));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_at_another_node_hears_that_the_agent_was_refused() {
    let mut ward = Ward::open().await;
    let mut events = ward.listen().await;
    let pushed = ward.browser.post_json(&format!("{STEP}/agent"), &json!({})).await;
    assert_eq!(pushed.member("state"), "pushed", "{pushed:?}");
    let mut told = events.next().await;
    while matches!(state(&told), "paired" | "pushed") {
        told = events.next().await;
    }
    assert_eq!((state(&told), &told["ticket"]), ("claimed", &pushed.member("ticket")));
    let cancelled = ward.browser.post_json(&format!("{STEP}/agent/cancel"), &json!({})).await;
    assert_eq!(cancelled.status, 200, "{cancelled:?}");
    let refused = events.next().await;
    assert_eq!((state(&refused), &refused["reason"]), ("refused", &json!("cancelled")));
    let ended = ward.world.sql("DELETE FROM login").await;
    assert_eq!(ended, 1);
    assert_eq!(state(&events.next().await), "expired");
    assert!(events.next().await.is_null(), "that was the last word");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_at_another_node_hears_what_becomes_of_the_computer_that_has_used_its_code() {
    let mut ward = Ward::open().await;
    // Another login, to which no computer was offered yet.
    ward.browser.drop_cookie("__Host-card-acme");
    let mut mia = Person::new("mia@acme.example");
    ward.world.entra_leg(&mut ward.browser, &mut mia).await.unwrap();
    let mut events = ward.listen().await;
    for (here, heard) in [(false, "elsewhere"), (true, "paired")] {
        let code = ward.browser.post_json(&format!("{STEP}/pair"), &json!({})).await.member("code");
        let other = Desktop::start();
        let pairing = other.pair(&ward.world, code.as_str().unwrap()).await;
        let enrolled = events.next().await;
        assert_eq!((state(&enrolled), &enrolled["device"]), ("enrolled", &json!("ward-3-pc")));
        let mut browser = if here { ward.browser.clone() } else { ward.world.browser() };
        let answer = browser.come_back(pairing.address()).await;
        assert_eq!(answer.status == 200, here, "{answer:?}");
        assert_eq!(state(&events.next().await), heard);
        assert_eq!(pairing.confirmed().await.is_ok(), here);
    }
}
