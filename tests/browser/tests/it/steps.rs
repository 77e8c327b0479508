//! What a person does in several tests.

use browser::{Chrome, Contents, Key};
use e2e::World;
use entra_stand_in::PASSWORD;
use serde_json::json;

pub(crate) const ACCOUNT: &str = "/realms/acme/account/";
pub(crate) const CARD: &str = "/realms/acme/login/card";

pub(crate) const MIA: &str = "mia@acme.example";
pub(crate) const MAX: &str = "max@acme.example";

/// Opens the account page; without a session that is the login page.
pub(crate) async fn open_account(chrome: &Chrome, world: &World) {
    chrome.open(&format!("{}{ACCOUNT}", world.origin)).await;
}

/// Chooses Azure on the login page.
pub(crate) async fn choose_azure(chrome: &Chrome) {
    chrome.press("Show more ways to log in").await;
    chrome.press("Sign in with Azure").await;
    chrome.see_no("Show more ways to log in").await;
}

/// Address and heading of the page, both of one moment.
const PAGE: &str = "return [location.origin, document.querySelector('main h1')?.innerText ?? ''];";

/// Signs in at Azure, whatever it asks, until it sends the browser away.
pub(crate) async fn azure(chrome: &Chrome, username: &str) {
    let mut before = String::new();
    while let Some(page) = next_page(chrome, &before).await {
        match page.as_str() {
            "Sign in" => {
                chrome.fill("Email address", username).await;
                chrome.press("Next").await;
            }
            "Pick an account" => chrome.press("Use another account").await,
            "Enter password" => {
                chrome.fill("Password", PASSWORD).await;
                chrome.press("Sign in").await;
            }
            "Verification required" => chrome.press("Continue").await,
            "Permissions requested" => {
                if chrome.text().await.contains("Consent on behalf of your organization") {
                    chrome.tick("Consent on behalf of your organization").await;
                }
                chrome.press("Accept").await;
            }
            other => panic!("Azure shows {other:?}"),
        }
        before = page;
    }
}

/// The heading of Azure's next page; none when the browser has left it.
async fn next_page(chrome: &Chrome, before: &str) -> Option<String> {
    chrome
        .wait("next page of Azure", async || {
            let page = chrome.script(PAGE, json!([])).await.ok()?;
            let (origin, heading) = (page[0].as_str()?, page[1].as_str()?);
            if !origin.starts_with("http://127.0.0.1:") {
                return Some(None);
            }
            (heading != before && !heading.is_empty()).then(|| Some(heading.to_owned()))
        })
        .await
}

/// From nothing to the card step, by Azure.
pub(crate) async fn to_card_step(chrome: &Chrome, world: &World, username: &str) {
    open_account(chrome, world).await;
    choose_azure(chrome).await;
    azure(chrome, username).await;
    chrome.at(CARD).await;
}

/// Signs a person in who has no card yet: with the key that is plugged in.
pub(crate) async fn enrol(chrome: &Chrome, world: &World, username: &str) {
    to_card_step(chrome, world, username).await;
    chrome.see("Add your card").await;
    chrome.press("Card or key").await;
    chrome.see("Your account").await;
}

/// Ends the session by the button on the account page.
pub(crate) async fn sign_out(chrome: &Chrome) {
    chrome.press("Sign out").await;
    chrome.see("You are signed out").await;
}

/// Adds a second card to the account that is open: the first one confirms, then another is plugged
/// in. What was on the first, and the second.
pub(crate) async fn add_second<'a>(chrome: &'a Chrome, first: Key<'_>) -> (Contents, Key<'a>) {
    chrome.press("Add a card").await;
    chrome.see("To add a card, confirm with one that you have").await;
    chrome.press("Card or key").await;
    chrome.see("Your card is confirmed.").await;
    let first = first.pull_out().await;
    let second = chrome.plug_in_key().await;
    chrome.press("Card or key").await;
    chrome.see("The card is on your account").await;
    (first, second)
}

const TAB: char = '\u{E004}';
pub(crate) const ENTER: char = '\u{E007}';

/// The name of what has the focus, and whether one sees that it has.
const FOCUS: &str = "const node = document.activeElement;\
    const name = node.getAttribute('aria-label') ?? node.labels?.[0]?.innerText ?? node.innerText;\
    const style = getComputedStyle(node);\
    const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;\
    return [(name ?? '').trim().split('\\n')[0], seen || style.boxShadow !== 'none', node === document.body];";

/// Presses Tab until this has the focus; every stop on the way is to be seen.
pub(crate) async fn tab_to(chrome: &Chrome, words: &str) {
    let mut stops = Vec::new();
    for _ in 0..40 {
        let seen = async || {
            let focus = chrome.script(FOCUS, json!([])).await.ok()?;
            let is_seen = focus[1] == true || focus[2] == true || stops.is_empty();
            is_seen.then(|| focus[0].as_str().unwrap().to_owned())
        };
        let name = chrome.wait(&format!("focus that one sees, after {stops:?}"), seen).await;
        if name == words {
            return;
        }
        stops.push(name);
        chrome.key(TAB).await;
    }
    panic!("Tab never reaches {words:?}: {stops:?}");
}
