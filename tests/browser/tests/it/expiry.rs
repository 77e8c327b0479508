//! Time runs out: at the server, whose clock decides, and on the page.

use browser::{Chrome, expire};
use e2e::World;
use serde_json::json;

use crate::steps::{ACCOUNT, MIA, azure, choose_azure, to_card_step};

#[tokio::test]
async fn a_login_that_has_expired_says_so_and_starts_again() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let key = chrome.plug_in_key().await;
    to_card_step(&chrome, &world, MIA).await;
    chrome.see("Add your card").await;
    expire(&world, "login", "expires_at").await;
    chrome.press("Card or key").await;
    chrome.see("This sign-in has expired").await;
    assert!(key.contents().await.is_empty());
    chrome.press("Start again").await;
    choose_azure(&chrome).await;
    azure(&chrome, MIA).await;
    chrome.press("Card or key").await;
    chrome.at(ACCOUNT).await;
}

#[tokio::test]
async fn a_login_that_expires_while_the_key_blinks_gives_no_session() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let key = chrome.plug_in_key().await;
    key.touched(false).await;
    to_card_step(&chrome, &world, MIA).await;
    chrome.press("Card or key").await;
    chrome.see("Follow the window of your browser.").await;
    expire(&world, "login", "expires_at").await;
    let _other = chrome.plug_in_key().await;
    chrome.see("This sign-in has expired").await;
    chrome.press("Start again").await;
    chrome.see("Sign in to ACME").await;
}

#[tokio::test]
async fn a_challenge_that_has_expired_is_told_and_the_next_one_works() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let key = chrome.plug_in_key().await;
    key.touched(false).await;
    to_card_step(&chrome, &world, MIA).await;
    chrome.press("Card or key").await;
    chrome.see("Follow the window of your browser.").await;
    expire(&world, "login", "challenge_expires_at").await;
    // Touching a key that blinks is plugging in one that is touched at once.
    let other = chrome.plug_in_key().await;
    chrome.see("That took too long").await;
    assert_eq!(other.contents().await.len(), 1);
    chrome.press("Card or key").await;
    chrome.at(ACCOUNT).await;
    chrome.see("Your account").await;
}

#[tokio::test]
async fn a_page_of_an_expired_login_that_is_loaded_again_says_what_to_do() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    to_card_step(&chrome, &world, MIA).await;
    expire(&world, "login", "expires_at").await;
    chrome.reload().await;
    chrome.see("expired").await;
    chrome.press("Start again").await;
    chrome.see("Sign in to ACME").await;
}

#[tokio::test]
async fn the_page_itself_notices_that_ten_minutes_have_passed() {
    // The page's clock, eleven minutes on: what a computer that slept sees when it wakes.
    const LATER: &str = "const now = performance.now.bind(performance);\
        performance.now = () => now() + 660000;\
        document.dispatchEvent(new Event('visibilitychange'));";
    let world = World::start().await;
    let chrome = Chrome::start().await;
    to_card_step(&chrome, &world, MIA).await;
    chrome.see("Add your card").await;
    chrome.script(LATER, json!([])).await.unwrap();
    chrome.see("This sign-in has expired").await;
    assert!(!chrome.has("Card or key").await);
    chrome.press("Start again").await;
    chrome.see("Sign in to ACME").await;
}

#[tokio::test]
async fn a_session_that_is_over_leads_to_the_login_page() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let _key = chrome.plug_in_key().await;
    to_card_step(&chrome, &world, MIA).await;
    chrome.press("Card or key").await;
    chrome.at(ACCOUNT).await;
    expire(&world, "session", "expires_at").await;
    chrome.reload().await;
    chrome.see("Sign in to ACME").await;
}
