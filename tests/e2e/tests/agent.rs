//! The card step through the agent: set up from within the login, then a card on a reader.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what goes wrong here is a red test"
)]

use e2e::{Browser, Desktop, TENANT, World};
use entra_stand_in::Person;
use serde_json::json;

const STEP: &str = "/realms/acme/login/card";

/// Sets the agent up from the page of a login that waits.
async fn set_up(world: &World, browser: &mut Browser, desktop: &Desktop) {
    let code = browser.post_json(&format!("{STEP}/pair"), &json!({})).await.json();
    let pairing = desktop.pair(world, code["code"].as_str().unwrap()).await;
    let offer = pairing.offer().clone();
    assert_eq!((offer.tenant.as_str(), offer.account.as_str()), (TENANT, "mia@acme.example"));
    assert_eq!((offer.browser.as_str(), offer.os.as_str()), ("Chrome", "Linux"));
    let confirmed = json!({ "number": offer.number.as_str() });
    let answer = browser.post_json(&format!("{STEP}/pair/confirm"), &confirmed).await;
    assert_eq!(answer.json()["state"], "paired", "{answer:?}");
    pairing.confirmed().await.unwrap();
    desktop.agent.connected().await;
}

/// Asks the agent, and waits for what the page hears.
async fn ask_agent(browser: &mut Browser) -> serde_json::Value {
    let mut events = browser.events(&format!("{STEP}/events")).await;
    let pushed = browser.post_json(&format!("{STEP}/agent"), &json!({})).await;
    assert_eq!(pushed.json()["state"], "pushed", "{pushed:?}");
    loop {
        let event = events.next().await;
        if !matches!(event["state"].as_str(), Some("pushed" | "claimed" | "idle" | "enrolled")) {
            return event;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_card_is_enrolled_through_the_agent_and_signs_in_the_next_time() {
    let world = World::start().await;
    let desktop = Desktop::start();
    let _card = desktop.put_new_card(1);
    let mut mia = Person::new("mia@acme.example");
    let mut browser = world.browser();
    world.entra_leg(&mut browser, &mut mia).await.unwrap();
    set_up(&world, &mut browser, &desktop).await;

    for _ in ["enrol", "authenticate"] {
        let done = ask_agent(&mut browser).await;
        assert_eq!(done["state"], "done", "{done}");
        let exit = browser.get(done["location"].as_str().unwrap()).await;
        assert_eq!(exit.location.as_deref(), Some("/realms/acme/account/"), "{exit:?}");
        let account = browser.get("/realms/acme/account/").await;
        assert!(account.body.contains("mia@acme.example"), "{account:?}");
        browser.drop_cookie("__Host-sid-acme");
        world.entra_leg(&mut browser, &mut mia).await.unwrap();
    }
}
