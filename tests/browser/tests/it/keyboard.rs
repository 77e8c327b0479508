//! Without a mouse.

use browser::Chrome;
use e2e::World;
use entra_stand_in::PASSWORD;

use crate::steps::{ACCOUNT, ENTER, MIA, open_account, tab_to};

async fn type_text(chrome: &Chrome, text: &str) {
    for character in text.chars() {
        chrome.key(character).await;
    }
}

#[tokio::test]
async fn a_person_signs_in_and_out_with_the_keyboard_alone() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let _key = chrome.plug_in_key().await;
    open_account(&chrome, &world).await;
    tab_to(&chrome, "Show more ways to log in").await;
    chrome.key(ENTER).await;
    tab_to(&chrome, "Sign in with Azure").await;
    chrome.key(ENTER).await;
    chrome.see("Email address").await;
    tab_to(&chrome, "Email address").await;
    type_text(&chrome, MIA).await;
    chrome.key(ENTER).await;
    chrome.see("Enter password").await;
    tab_to(&chrome, "Password").await;
    type_text(&chrome, PASSWORD).await;
    chrome.key(ENTER).await;
    chrome.see("Verification required").await;
    tab_to(&chrome, "Continue").await;
    chrome.key(ENTER).await;
    chrome.see("Add your card").await;
    tab_to(&chrome, "Card or key").await;
    chrome.key(ENTER).await;
    chrome.at(ACCOUNT).await;
    chrome.see("Your account").await;
    tab_to(&chrome, "Sign out").await;
    chrome.key(ENTER).await;
    chrome.see("You are signed out").await;
}
