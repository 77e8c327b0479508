//! A card on a reader, through the agent.

use e2e::{Desktop, World, ask_agent};

use crate::support::{ACME, answered, assert_in, mia};

const STEP: &str = "/realms/acme/login/card";

#[tokio::test(flavor = "multi_thread")]
async fn a_card_on_a_reader_proves_to_entra() {
    let world = World::start().await;
    let mfa = world.connect_mfa().await;
    let desktop = Desktop::start();
    let _card = desktop.put_new_card(1);
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    desktop.set_up(&world, &mut browser, STEP).await;
    assert_eq!(ask_agent(&mut browser, STEP).await["state"], "done");
    browser.get(STEP).await;
    let session = browser.cookie("__Host-sid-acme").unwrap().to_owned();

    let mut person = mia();
    let page = mfa.to_card(&mut browser, &mut person).await;
    assert!(page.body.contains("Microsoft Entra asks for your card"), "{page:?}");
    let done = ask_agent(&mut browser, STEP).await;
    assert_eq!(done["state"], "done", "{done}");
    assert!(desktop.saw().contains("Microsoft Entra"), "{}", desktop.saw());
    let exit = browser.get(done["location"].as_str().unwrap()).await;
    assert_eq!(exit.location.as_deref(), Some("/realms/acme/eam/answer"), "{exit:?}");
    let answer = browser.follow(exit).await;
    assert_eq!(answered(&world, &answer).part(1)["amr"], serde_json::json!(["fido"]));
    assert_in(mfa.back(&mut person, &world.origin, &answer).await);
    assert_eq!(browser.cookie("__Host-sid-acme"), Some(session.as_str()), "another session");
}
