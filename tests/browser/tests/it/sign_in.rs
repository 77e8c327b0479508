//! Entra, then the card; and the card alone.

use browser::Chrome;
use e2e::World;
use entra_stand_in::PASSWORD;

use crate::steps::{
    ACCOUNT, CARD, MIA, azure, choose_azure, enrol, open_account, sign_out, to_card_step,
};

#[tokio::test]
async fn a_person_signs_in_with_azure_adds_a_card_and_reaches_the_account_page() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let key = chrome.plug_in_key().await;
    open_account(&chrome, &world).await;
    chrome.press("Show more ways to log in").await;
    chrome.press("Sign in with Azure").await;
    chrome.fill("Email address", MIA).await;
    chrome.press("Next").await;
    chrome.fill("Password", PASSWORD).await;
    chrome.press("Sign in").await;
    chrome.see("Verification required").await;
    chrome.press("Continue").await;
    chrome.at(CARD).await;
    chrome.see("Add your card").await;
    chrome.see("Mia Member").await;
    chrome.fill("Name of the card", "Staff badge").await;
    chrome.press("Card or key").await;
    chrome.at(ACCOUNT).await;
    chrome.see("Your account").await;
    chrome.see(MIA).await;
    chrome.see("Staff badge").await;
    let contents = key.contents().await;
    assert_eq!(contents.len(), 1);
    assert!(contents.are_resident());
    assert_eq!(chrome.complaints().await, [""; 0]);
}

#[tokio::test]
async fn the_second_time_the_same_card_is_asked_for_in_the_guides_words() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let key = chrome.plug_in_key().await;
    enrol(&chrome, &world, MIA).await;
    sign_out(&chrome).await;
    chrome.press("Sign in again").await;
    choose_azure(&chrome).await;
    azure(&chrome, MIA).await;
    chrome.see("Authenticate yourself by using your cards or the digital app").await;
    chrome.press("Card or key").await;
    chrome.at(ACCOUNT).await;
    assert_eq!(key.contents().await.len(), 1, "a second card was enrolled");
    assert_eq!(chrome.complaints().await, [""; 0]);
}

#[tokio::test]
async fn a_card_alone_signs_in_within_a_day_of_azure() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let _key = chrome.plug_in_key().await;
    enrol(&chrome, &world, MIA).await;
    sign_out(&chrome).await;
    open_account(&chrome, &world).await;
    chrome.press("Use your card").await;
    chrome.at(ACCOUNT).await;
    chrome.see(MIA).await;
    assert_eq!(chrome.complaints().await, [""; 0]);
}

#[tokio::test]
async fn a_card_works_in_another_browser_than_the_one_it_was_added_in() {
    let world = World::start().await;
    let here = Chrome::start().await;
    let key = here.plug_in_key().await;
    enrol(&here, &world, MIA).await;
    let there = Chrome::start().await;
    let _key = there.plug_in_key_with(&key.pull_out().await).await;
    to_card_step(&there, &world, MIA).await;
    there.press("Card or key").await;
    there.at(ACCOUNT).await;
    there.see(MIA).await;
}

#[tokio::test]
async fn a_phone_is_a_way_too() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let _phone = chrome.plug_in_key().await;
    to_card_step(&chrome, &world, MIA).await;
    chrome.press("Phone").await;
    chrome.at(ACCOUNT).await;
    chrome.see(MIA).await;
}

#[tokio::test]
async fn not_you_begins_again_as_somebody_else() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let _key = chrome.plug_in_key().await;
    to_card_step(&chrome, &world, MIA).await;
    chrome.press("Not you?").await;
    choose_azure(&chrome).await;
    azure(&chrome, "ada@acme.example").await;
    chrome.see("Ada Admin").await;
    chrome.press("Card or key").await;
    chrome.at(ACCOUNT).await;
    chrome.see("ada@acme.example").await;
}

#[tokio::test]
async fn reload_and_back_lose_nothing_on_the_way() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let _key = chrome.plug_in_key().await;
    open_account(&chrome, &world).await;
    chrome.reload().await;
    choose_azure(&chrome).await;
    chrome.see("Email address").await;
    chrome.back().await;
    chrome.see("Sign in to ACME").await;
    choose_azure(&chrome).await;
    azure(&chrome, MIA).await;
    chrome.see("Add your card").await;
    chrome.reload().await;
    chrome.see("Add your card").await;
    chrome.press("Card or key").await;
    chrome.see("Your account").await;
    chrome.reload().await;
    chrome.see("Your account").await;
}

#[tokio::test]
async fn back_after_signing_in_shows_no_broken_page() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let _key = chrome.plug_in_key().await;
    enrol(&chrome, &world, MIA).await;
    chrome.back().await;
    let text = chrome.text().await;
    assert!(!text.contains("went wrong"), "{text}");
    open_account(&chrome, &world).await;
    chrome.see("Your account").await;
}
