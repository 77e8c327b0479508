//! Cards of an account: add, rename, remove.

use browser::Chrome;
use e2e::World;

use crate::steps::{ACCOUNT, MIA, add_second, enrol, open_account, sign_out, to_card_step};

#[tokio::test]
async fn a_second_card_is_added_with_a_tap_of_the_first_and_signs_in() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let key = chrome.plug_in_key().await;
    enrol(&chrome, &world, MIA).await;
    chrome.see("Add a second card or key").await;
    let (_first, second) = add_second(&chrome, key).await;
    chrome.see_no("Add a second card or key").await;
    assert_eq!(second.contents().await.len(), 1);
    sign_out(&chrome).await;
    to_card_step(&chrome, &world, MIA).await;
    chrome.press("Card or key").await;
    chrome.at(ACCOUNT).await;
    chrome.see(MIA).await;
    assert_eq!(chrome.complaints().await, [""; 0]);
}

#[tokio::test]
async fn the_same_card_is_not_added_twice() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let key = chrome.plug_in_key().await;
    enrol(&chrome, &world, MIA).await;
    chrome.press("Add a card").await;
    chrome.press("Card or key").await;
    chrome.see("Your card is confirmed.").await;
    chrome.press("Card or key").await;
    chrome.see("This card is already yours").await;
    assert_eq!(key.contents().await.len(), 1);
}

#[tokio::test]
async fn no_card_is_added_without_a_tap_of_one_that_is_there() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let key = chrome.plug_in_key().await;
    enrol(&chrome, &world, MIA).await;
    key.pull_out().await;
    let other = chrome.plug_in_key().await;
    chrome.press("Add a card").await;
    chrome.press("Card or key").await;
    chrome.see("Cancelled, or time ran out").await;
    assert!(other.contents().await.is_empty());
    chrome.press("Back").await;
    open_account(&chrome, &world).await;
    chrome.see("Add a second card or key").await;
}

#[tokio::test]
async fn a_card_gets_another_name() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let _key = chrome.plug_in_key().await;
    enrol(&chrome, &world, MIA).await;
    chrome.press("Rename Card 1").await;
    chrome.fill("New name", "Badge <b>of</b> Mia").await;
    chrome.press("Save").await;
    chrome.see("The card has its new name").await;
    chrome.see("Badge <b>of</b> Mia").await;
}

#[tokio::test]
async fn a_card_is_removed_with_a_tap_of_another_and_opens_nothing_any_more() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let key = chrome.plug_in_key().await;
    enrol(&chrome, &world, MIA).await;
    let (first, second) = add_second(&chrome, key).await;
    sign_out(&chrome).await;
    open_account(&chrome, &world).await;
    chrome.press("Use your card").await;
    chrome.press("Remove Card 1").await;
    chrome.see("To remove a card, confirm with another one").await;
    chrome.press("Card or key").await;
    chrome.see("The card is removed").await;
    chrome.see("Your only card cannot be removed").await;
    second.pull_out().await;
    let _removed = chrome.plug_in_key_with(&first).await;
    sign_out(&chrome).await;
    chrome.press("Sign in again").await;
    chrome.press("Use your card").await;
    chrome.see("This card can no longer be used").await;
    open_account(&chrome, &world).await;
    chrome.see("Sign in to ACME").await;
}

#[tokio::test]
async fn the_session_that_a_removed_card_opened_is_over() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let key = chrome.plug_in_key().await;
    enrol(&chrome, &world, MIA).await;
    let _second = add_second(&chrome, key).await;
    chrome.press("Remove Card 1").await;
    chrome.press("Card or key").await;
    chrome.see("Sign in to ACME").await;
}

#[tokio::test]
async fn the_card_that_is_to_go_cannot_confirm_its_removal() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let key = chrome.plug_in_key().await;
    enrol(&chrome, &world, MIA).await;
    let (first, second) = add_second(&chrome, key).await;
    second.pull_out().await;
    let _first = chrome.plug_in_key_with(&first).await;
    chrome.press("Remove Card 1").await;
    chrome.press("Card or key").await;
    chrome.see("Another card is needed").await;
    open_account(&chrome, &world).await;
    assert!(chrome.has("Remove Card 1").await);
}

#[tokio::test]
async fn the_only_card_cannot_be_removed() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let _key = chrome.plug_in_key().await;
    enrol(&chrome, &world, MIA).await;
    chrome.see("Your only card cannot be removed").await;
    assert!(!chrome.has("Remove Card 1").await);
}
