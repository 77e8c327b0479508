//! The card page opens the agent of its computer by a link, and the agent comes back to the browser.

use browser::Chrome;
use e2e::{Desktop, World, ask_agent};
use entra_stand_in::Person;
use identity::{CardLifted, FirstCard, TenantPolicy};
use serde_json::json;

use crate::agent::asked;
use crate::steps::{ACCOUNT, CARD, ENTER, MIA, tab_to, to_card_step};

const LINK: &str = "Use the Cardea on this computer";
/// What the page says while the browser opens Cardea, or asks, or has nothing to open it with.
const OPENING: &str = "Your browser asks whether to open Cardea: allow it.";

/// Keeps the link that the page opens: no program is registered for it here.
const KEEP_LINK: &str = "const ask = window.fetch;\
    window.fetch = async (address, what) => {\
        const response = await ask(address, what);\
        if (address.endsWith('/link')) window.link = (await response.clone().json()).link;\
        return response;\
    };";

/// Mia has a card, and her computer an agent that another browser is paired with.
async fn desk(world: &World) -> Desktop {
    let desktop = Desktop::start();
    desktop.put_new_card(1);
    let mut browser = world.browser();
    world.entra_leg(&mut browser, &mut Person::new(MIA)).await.unwrap();
    desktop.set_up(world, &mut browser, CARD).await;
    assert_eq!(ask_agent(&mut browser, CARD).await["state"], "done");
    desktop
}

/// The link that the page has opened.
async fn link(chrome: &Chrome) -> String {
    chrome.see(OPENING).await;
    let look = async || {
        let link = chrome.script("return window.link ?? null", json!([])).await.ok()?;
        link.as_str().map(str::to_owned)
    };
    chrome.wait("a link", look).await
}

/// Where the agent has the browser come back, once the card has answered.
async fn answered(desktop: &Desktop, link: &str) -> String {
    desktop.agent.open(&link.parse().unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_browser_opens_the_agent_with_the_keyboard_alone_and_comes_back_from_it() {
    let world = World::start().await;
    let (desktop, chrome) = (desk(&world).await, Chrome::start().await);
    to_card_step(&chrome, &world, MIA).await;
    chrome.script(KEEP_LINK, json!([])).await.unwrap();
    tab_to(&chrome, LINK).await;
    chrome.key(ENTER).await;
    let first = link(&chrome).await;
    // Nothing opens it: the page is still there, and one can do something else.
    chrome.at(CARD).await;
    tab_to(&chrome, "Cancel").await;
    chrome.key(ENTER).await;
    chrome.see("Cancelled. Nothing was changed.").await;
    chrome.script("window.link = null", json!([])).await.unwrap();
    tab_to(&chrome, LINK).await;
    chrome.key(ENTER).await;
    let second = link(&chrome).await;
    assert_ne!(first, second, "a link is good once");

    let address = answered(&desktop, &second).await;
    assert!(address.contains("#rt="), "{address}");
    let waits = chrome.tab().await;
    chrome.new_tab().await;
    chrome.open(&address).await;
    chrome.see("Your card is checked").await;
    assert!(!chrome.url().await.contains('#'), "the token is in the history");
    chrome.switch_to(&waits).await;
    chrome.at(ACCOUNT).await;
    chrome.see(MIA).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_back_to_another_browser_signs_nobody_in_and_both_say_so() {
    let world = World::start().await;
    let (desktop, chrome, another) =
        (desk(&world).await, Chrome::start().await, Chrome::start().await);
    to_card_step(&chrome, &world, MIA).await;
    chrome.script(KEEP_LINK, json!([])).await.unwrap();
    chrome.press(LINK).await;
    let address = answered(&desktop, &link(&chrome).await).await;
    another.open(&address).await;
    another.see("Open this in the browser where you started").await;
    assert!(!another.url().await.contains('#'), "the token is in the history");
    chrome.see("The page of Cardea was opened in another browser").await;
    chrome.see("Nobody was signed in.").await;
    chrome.at(CARD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_page_whose_card_was_taken_away_goes_to_the_login_page_and_says_why() {
    let policy = TenantPolicy {
        card_lifted: CardLifted::EndsSession,
        first_card: FirstCard::FreshEntraSignIn,
        ..TenantPolicy::default()
    };
    let (world, desktop) = (World::with_policy(policy).await, Desktop::start());
    let chrome = Chrome::start().await;
    asked(&chrome, &world, &desktop).await;
    let stay = desktop.put(&Desktop::new_card(1));
    chrome.at(ACCOUNT).await;
    chrome.see(MIA).await;
    desktop.take(stay);
    chrome.see("Your card was taken away").await;
    assert!(!chrome.text().await.contains(MIA), "nothing stays readable");
}
