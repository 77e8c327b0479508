//! Sessions on the account page.

use browser::Chrome;
use e2e::World;

use crate::steps::{ACCOUNT, MIA, enrol, open_account, to_card_step};

#[tokio::test]
async fn a_session_of_another_browser_can_be_ended() {
    let world = World::start().await;
    let here = Chrome::start().await;
    let key = here.plug_in_key().await;
    enrol(&here, &world, MIA).await;
    let there = Chrome::start().await;
    let _key = there.plug_in_key_with(&key.contents().await).await;
    to_card_step(&there, &world, MIA).await;
    there.press("Card or key").await;
    there.at(ACCOUNT).await;
    here.reload().await;
    here.see("This one").await;
    here.press("End").await;
    here.see("The session is ended").await;
    there.reload().await;
    there.see("Sign in to ACME").await;
    open_account(&here, &world).await;
    here.see("Your account").await;
}

#[tokio::test]
async fn after_signing_out_the_account_is_closed_even_by_the_back_button() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let _key = chrome.plug_in_key().await;
    enrol(&chrome, &world, MIA).await;
    chrome.press("Sign out").await;
    chrome.see("You are signed out").await;
    chrome.back().await;
    chrome.see("Sign in to ACME").await;
}
