//! With JavaScript switched off: everything but the tap itself.

use browser::Chrome;
use e2e::World;
use serde_json::json;

use crate::steps::{MIA, azure, choose_azure, enrol, open_account, to_card_step};

async fn switch_scripts(chrome: &Chrome, on: bool) {
    chrome.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": !on })).await;
}

#[tokio::test]
async fn the_way_to_the_card_step_needs_no_script_and_the_card_step_says_that_it_does() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    switch_scripts(&chrome, false).await;
    open_account(&chrome, &world).await;
    choose_azure(&chrome).await;
    azure(&chrome, MIA).await;
    chrome.see("Add your card").await;
    chrome.see("JavaScript is switched off").await;
    let _key = chrome.plug_in_key().await;
    switch_scripts(&chrome, true).await;
    chrome.reload().await;
    chrome.see_no("JavaScript is switched off").await;
    chrome.press("Card or key").await;
    chrome.see("Your account").await;
}

#[tokio::test]
async fn the_account_page_needs_no_script() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let _key = chrome.plug_in_key().await;
    enrol(&chrome, &world, MIA).await;
    switch_scripts(&chrome, false).await;
    chrome.reload().await;
    chrome.press("Rename Card 1").await;
    chrome.fill("New name", "Badge").await;
    chrome.press("Save").await;
    chrome.see("The card has its new name").await;
    chrome.press("Add a card").await;
    chrome.see("To add a card, confirm with one that you have").await;
    chrome.press("Back").await;
    chrome.press("Sign out").await;
    chrome.see("You are signed out").await;
    switch_scripts(&chrome, true).await;
    to_card_step(&chrome, &world, MIA).await;
}
