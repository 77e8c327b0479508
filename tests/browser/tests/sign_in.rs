//! Entra, then the card, in a browser.

mod steps;

use browser::Chrome;
use e2e::World;
use steps::{ACCOUNT, CARD, account, azure};

#[tokio::test]
async fn a_person_signs_in_with_azure_adds_a_card_and_reaches_the_account_page() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let key = chrome.plug_in_key().await;
    account(&chrome, &world).await;
    azure(&chrome, "mia@acme.example").await;
    chrome.at(CARD).await;
    chrome.see("Add your card").await;
    chrome.see("Mia Member").await;
    chrome.press("Card or key").await;
    chrome.at(ACCOUNT).await;
    chrome.see("Your account").await;
    chrome.see("mia@acme.example").await;
    chrome.see("Mia’s card").await;
    let contents = key.contents().await;
    assert_eq!(contents.len(), 1);
    assert!(contents.are_resident());
    assert_eq!(chrome.complaints().await, [""; 0]);
}
