//! What a person does in several tests.
#![expect(dead_code, reason = "each test program uses some of it")]

use browser::Chrome;
use e2e::World;
use entra_stand_in::PASSWORD;

pub const ACCOUNT: &str = "/realms/acme/account/";
pub const CARD: &str = "/realms/acme/login/card";
pub const LOGIN: &str = "/realms/acme/login";

/// Opens the account page; without a session that is the login page.
pub async fn account(chrome: &Chrome, world: &World) {
    chrome.open(&format!("{}{ACCOUNT}", world.origin)).await;
}

/// Chooses Azure on the login page, and signs in there.
pub async fn azure(chrome: &Chrome, username: &str) {
    chrome.press("Show more ways to log in").await;
    chrome.press("Sign in with Azure").await;
    chrome.fill("Email address", username).await;
    chrome.press("Next").await;
    chrome.fill("Password", PASSWORD).await;
    chrome.press("Sign in").await;
    chrome.see("Verification required").await;
    chrome.press("Continue").await;
}

/// Signs a person in who has no card yet: with the key that is plugged in.
pub async fn enrol(chrome: &Chrome, world: &World, username: &str) {
    account(chrome, world).await;
    azure(chrome, username).await;
    chrome.see("Add your card").await;
    chrome.press("Card or key").await;
    chrome.at(ACCOUNT).await;
}
