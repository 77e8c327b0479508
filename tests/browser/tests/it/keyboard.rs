//! Without a mouse.

use browser::Chrome;
use e2e::World;
use entra_stand_in::PASSWORD;
use serde_json::json;

use crate::steps::{ACCOUNT, MIA, open_account};

const TAB: char = '\u{E004}';
const ENTER: char = '\u{E007}';

/// The name of what has the focus, and whether one sees that it has.
const FOCUS: &str = "const node = document.activeElement;\
    const name = node.getAttribute('aria-label') ?? node.labels?.[0]?.innerText ?? node.innerText;\
    const style = getComputedStyle(node);\
    const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;\
    return [(name ?? '').trim().split('\\n')[0], seen || style.boxShadow !== 'none', node === document.body];";

/// Presses Tab until this has the focus; every stop on the way is to be seen.
async fn tab_to(chrome: &Chrome, words: &str) {
    let mut stops = Vec::new();
    for _ in 0..40 {
        let focus = chrome.script(FOCUS, json!([])).await.unwrap();
        let name = focus[0].as_str().unwrap().to_owned();
        assert!(
            focus[1] == true || focus[2] == true || stops.is_empty(),
            "{name:?} hides its focus"
        );
        if name == words {
            return;
        }
        stops.push(name);
        chrome.key(TAB).await;
    }
    panic!("Tab never reaches {words:?}: {stops:?}");
}

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
