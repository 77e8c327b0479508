//! What does not open the door, and what the page says then.

use browser::Chrome;
use e2e::World;
use serde_json::json;

use crate::steps::{
    ACCOUNT, CARD, MAX, MIA, azure, choose_azure, enrol, open_account, sign_out, to_card_step,
};

#[tokio::test]
async fn without_the_pin_nothing_happens_and_trying_again_works() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let key = chrome.plug_in_key().await;
    enrol(&chrome, &world, MIA).await;
    sign_out(&chrome).await;
    to_card_step(&chrome, &world, MIA).await;
    key.verifies(false).await;
    chrome.press("Card or key").await;
    chrome.see("Cancelled, or time ran out").await;
    chrome.see("Nothing was changed.").await;
    key.verifies(true).await;
    chrome.press("Card or key").await;
    chrome.at(ACCOUNT).await;
    chrome.see(MIA).await;
}

#[tokio::test]
async fn no_card_is_added_without_its_pin() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let key = chrome.plug_in_key().await;
    key.verifies(false).await;
    to_card_step(&chrome, &world, MIA).await;
    chrome.press("Card or key").await;
    chrome.see("Cancelled, or time ran out").await;
    assert!(key.contents().await.is_empty());
    key.verifies(true).await;
    chrome.press("Card or key").await;
    chrome.at(ACCOUNT).await;
}

#[tokio::test]
async fn a_person_who_does_not_touch_the_key_can_cancel_and_try_again() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let key = chrome.plug_in_key().await;
    enrol(&chrome, &world, MIA).await;
    sign_out(&chrome).await;
    to_card_step(&chrome, &world, MIA).await;
    key.touched(false).await;
    chrome.press("Card or key").await;
    chrome.see("Follow the window of your browser.").await;
    chrome.see("seconds left").await;
    chrome.press("Cancel").await;
    chrome.see("Cancelled. Nothing was changed.").await;
    chrome.at(CARD).await;
    key.touched(true).await;
    chrome.press("Card or key").await;
    chrome.at(ACCOUNT).await;
    chrome.see(MIA).await;
}

#[tokio::test]
async fn the_key_of_somebody_else_is_not_even_asked() {
    let world = World::start().await;
    let theirs = Chrome::start().await;
    let key = theirs.plug_in_key().await;
    enrol(&theirs, &world, MAX).await;
    let max = key.pull_out().await;
    let mias = theirs.plug_in_key().await;
    sign_out(&theirs).await;
    enrol(&theirs, &world, MIA).await;
    sign_out(&theirs).await;
    let mia = mias.pull_out().await;
    let key = theirs.plug_in_key_with(&max).await;
    to_card_step(&theirs, &world, MIA).await;
    theirs.press("Card or key").await;
    theirs.see("Cancelled, or time ran out").await;
    theirs.at(CARD).await;
    key.pull_out().await;
    let _key = theirs.plug_in_key_with(&mia).await;
    theirs.press("Card or key").await;
    theirs.at(ACCOUNT).await;
    theirs.see(MIA).await;
}

/// Makes the browser forget whose card the server asked for, as one in an attacker's hands does.
const ANY_CARD: &str = "const get = navigator.credentials.get.bind(navigator.credentials);\
    navigator.credentials.get = (request) => {\
      request.publicKey.allowCredentials = [];\
      return get(request);\
    };";

#[tokio::test]
async fn the_valid_answer_of_somebody_elses_card_is_refused_with_words() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let key = chrome.plug_in_key().await;
    enrol(&chrome, &world, MAX).await;
    sign_out(&chrome).await;
    let max = key.pull_out().await;
    let key = chrome.plug_in_key().await;
    enrol(&chrome, &world, MIA).await;
    sign_out(&chrome).await;
    key.pull_out().await;
    let _key = chrome.plug_in_key_with(&max).await;
    to_card_step(&chrome, &world, MIA).await;
    chrome.script(ANY_CARD, json!([])).await.unwrap();
    chrome.press("Card or key").await;
    chrome.see("This is not one of your cards").await;
    open_account(&chrome, &world).await;
    chrome.see("Sign in to ACME").await;
}

#[tokio::test]
async fn an_unknown_card_alone_opens_nothing() {
    let world = World::start().await;
    let other = World::start().await;
    let chrome = Chrome::start().await;
    let _key = chrome.plug_in_key().await;
    // Both installations have the RP ID `localhost`, so the browser offers the card of the one to
    // the other.
    enrol(&chrome, &other, MIA).await;
    open_account(&chrome, &world).await;
    chrome.press("Use your card").await;
    chrome.see("This is not one of your cards").await;
    choose_azure(&chrome).await;
    azure(&chrome, MIA).await;
    chrome.see("Add your card").await;
}

#[tokio::test]
async fn a_cancel_at_azure_leads_back_to_the_login_page() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    open_account(&chrome, &world).await;
    choose_azure(&chrome).await;
    chrome.press("Cancel").await;
    chrome.see("You cancelled the sign-in").await;
    chrome.press("Sign in with Azure").await;
    chrome.see("Email address").await;
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_told_and_the_page_can_be_used_again() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let _key = chrome.plug_in_key().await;
    to_card_step(&chrome, &world, MIA).await;
    let offline = |offline: bool| json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
    chrome.devtools("Network.enable", json!({})).await;
    chrome.devtools("Network.emulateNetworkConditions", offline(true)).await;
    chrome.press("Card or key").await;
    chrome.see("The server cannot be reached").await;
    chrome.devtools("Network.emulateNetworkConditions", offline(false)).await;
    chrome.press("Card or key").await;
    chrome.at(ACCOUNT).await;
}
