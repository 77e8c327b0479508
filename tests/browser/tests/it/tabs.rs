//! Two tabs of one browser.

use browser::Chrome;
use e2e::World;

use crate::steps::{
    ACCOUNT, MIA, azure, choose_azure, enrol, open_account, sign_out, to_card_step,
};

#[tokio::test]
async fn logins_of_two_tabs_do_not_disturb_each_other() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let first = chrome.tab().await;
    open_account(&chrome, &world).await;
    let second = chrome.new_tab().await;
    open_account(&chrome, &world).await;
    for tab in [&first, &second] {
        chrome.switch_to(tab).await;
        choose_azure(&chrome).await;
        azure(&chrome, MIA).await;
        chrome.see("Add your card").await;
        chrome.switch_to(&first).await;
    }
    chrome.switch_to(&second).await;
    let _key = chrome.plug_in_key().await;
    chrome.press("Card or key").await;
    chrome.at(ACCOUNT).await;
    chrome.see(MIA).await;
}

#[tokio::test]
async fn the_tab_whose_login_was_finished_in_another_says_what_to_do() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let key = chrome.plug_in_key().await;
    enrol(&chrome, &world, MIA).await;
    let card = key.contents().await;
    sign_out(&chrome).await;
    let first = chrome.tab().await;
    to_card_step(&chrome, &world, MIA).await;
    let _second = chrome.new_tab().await;
    let _same = chrome.plug_in_key_with(&card).await;
    chrome.open(&format!("{}/realms/acme/login/card", world.origin)).await;
    chrome.press("Card or key").await;
    chrome.at(ACCOUNT).await;
    chrome.switch_to(&first).await;
    chrome.press("Card or key").await;
    chrome.see("This sign-in has expired").await;
    chrome.press("Start again").await;
    chrome.at(ACCOUNT).await;
    chrome.see("Your account").await;
}
