//! The card page with the agent on the same desk.

use std::time::Duration;

use browser::Chrome;
use cardea_agent::Pairing;
use e2e::{Desktop, World};
use serde_json::json;

use crate::steps::{ACCOUNT, MIA, azure, choose_azure, enrol, sign_out, to_card_step};

/// What the page must not say of an agent that is about to connect.
const SILENT: &str = "Cardea on this computer does not answer";

/// Mia's page with a code that the agent has used.
async fn offered(chrome: &Chrome, world: &World, desktop: &Desktop) -> Pairing {
    to_card_step(chrome, world, MIA).await;
    chrome.press("Set up Cardea on this computer").await;
    chrome.see("Waiting for Cardea to use the code").await;
    let pairing = desktop.pair(world, &chrome.text_of("[data-pairing-code]").await).await;
    chrome.see("ward-3-pc has used the code.").await;
    pairing
}

/// What the agent does then: it opens its page in the same browser, where the person confirms. The
/// page that showed the code is in front again.
async fn confirm(chrome: &Chrome, pairing: &Pairing) {
    let first = chrome.tab().await;
    chrome.new_tab().await;
    chrome.open(pairing.address()).await;
    chrome.see("Use ward-3-pc with this browser?").await;
    chrome.see(MIA).await;
    assert!(!chrome.url().await.contains('#'), "the token is in the history");
    chrome.press("Pair this computer").await;
    chrome.see("ward-3-pc is paired with this browser").await;
    chrome.switch_to(&first).await;
}

/// The same confirmed, and the agent connected: it is asked.
pub(crate) async fn asked(chrome: &Chrome, world: &World, desktop: &Desktop) {
    let pairing = offered(chrome, world, desktop).await;
    confirm(chrome, &pairing).await;
    pairing.confirmed().await.unwrap();
    chrome.see("Your computer shows the request.").await;
}

/// How many prompts there were so far.
async fn prompts(world: &World) -> usize {
    world.dump().await.rows("ticket").len()
}

/// Moves the clock of the page on.
async fn later(chrome: &Chrome, by: Duration) {
    const LATER: &str = "const now = performance.now.bind(performance);\
        performance.now = () => now() + arguments[0];";
    let by = u64::try_from(by.as_millis()).unwrap();
    chrome.script(LATER, json!([by])).await.unwrap();
}

/// From now on the page counts what its streams tell, before it looks at it.
async fn count_events(chrome: &Chrome) {
    const COUNT: &str = "window.heard = 0; \
        window.EventSource = class extends EventSource { \
            constructor(url) { \
                super(url); \
                this.addEventListener('state', () => { window.heard += 1; }); \
            } \
        };";
    chrome.script(COUNT, json!([])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_was_just_paired_is_asked_as_soon_as_it_connects() {
    let (world, desktop) = (World::start().await, Desktop::start());
    let chrome = Chrome::start().await;
    let pairing = offered(&chrome, &world, &desktop).await;
    confirm(&chrome, &pairing).await;
    chrome.see("Paired with ward-3-pc.").await;
    // Only now does the agent hear of it: the page has asked before, and goes on asking.
    pairing.confirmed().await.unwrap();
    chrome.see("Your computer shows the request.").await;
    assert!(!chrome.text().await.contains(SILENT));
    let _card = desktop.put_new_card(1);
    chrome.at(ACCOUNT).await;
    chrome.see(MIA).await;
    assert_eq!(prompts(&world).await, 1);
}

/// Mia is signed out, and comes back by Azure.
async fn again(chrome: &Chrome) {
    sign_out(chrome).await;
    chrome.press("Sign in again").await;
    choose_azure(chrome).await;
    azure(chrome, MIA).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_comes_first_for_who_has_nothing_that_it_does_not_reach() {
    let (world, desktop) = (World::start().await, Desktop::start());
    let chrome = Chrome::start().await;
    let _key = chrome.plug_in_key().await;
    enrol(&chrome, &world, MIA).await;
    sign_out(&chrome).await;
    asked(&chrome, &world, &desktop).await;
    chrome.press("Cancel").await;
    chrome.reload().await;
    chrome.see("Use it with Cardea on ward-3-pc").await;
    chrome.press("Card or key").await;
    chrome.at(ACCOUNT).await;
    assert_eq!(prompts(&world).await, 1, "the agent was asked, although the browser has the key");

    // A card that lies on a reader is out of its reach.
    chrome.press("Add a card").await;
    chrome.press("Card or key").await;
    chrome.see("Your card is confirmed.").await;
    let _card = desktop.put_new_card(1);
    chrome.press("Card or key").await;
    chrome.see("The card is on your account").await;
    let before = prompts(&world).await;
    again(&chrome).await;
    chrome.at(ACCOUNT).await;
    assert_eq!(prompts(&world).await, before + 1, "the card still lies there");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_was_paired_and_never_connects_is_told_in_the_end() {
    let (world, desktop) = (World::start().await, Desktop::start());
    let chrome = Chrome::start().await;
    let pairing = offered(&chrome, &world, &desktop).await;
    confirm(&chrome, &pairing).await;
    chrome.see("Paired with ward-3-pc.").await;
    later(&chrome, Duration::from_secs(60)).await;
    chrome.see(SILENT).await;
    drop(pairing);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_opened_in_another_browser_takes_the_code_away_and_says_why() {
    let (world, desktop) = (World::start().await, Desktop::start());
    let (chrome, another) = (Chrome::start().await, Chrome::start().await);
    let pairing = offered(&chrome, &world, &desktop).await;
    let spent = chrome.text_of("[data-pairing-code]").await;
    another.open(pairing.address()).await;
    another.see("This request was begun in another browser").await;
    another.see("Somebody may be trying to sign in as you").await;
    assert!(pairing.confirmed().await.is_err());

    chrome.see("The page to confirm was opened in another browser").await;
    let shown = chrome.text().await;
    assert!(shown.contains("The code that was shown here is spent"), "{shown}");
    for gone in [spent.as_str(), "Waiting for Cardea", "has used the code"] {
        assert!(!shown.contains(gone), "{gone} in {shown}");
    }
    chrome.press("Get a new code").await;
    chrome.see("Waiting for Cardea to use the code").await;
    assert_ne!(chrome.text_of("[data-pairing-code]").await, spent);
    assert!(!chrome.text().await.contains("is spent"));
    assert!(world.dump().await.rows("pairing").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_code_waits_for_who_uses_it_and_not_for_who_has_used_the_last() {
    let (world, desktop) = (World::start().await, Desktop::start());
    let chrome = Chrome::start().await;
    let first = offered(&chrome, &world, &desktop).await;
    let spent = chrome.text_of("[data-pairing-code]").await;
    count_events(&chrome).await;
    chrome.press("Get a new code").await;
    chrome.see("Waiting for Cardea to use the code").await;
    let code = chrome.text_of("[data-pairing-code]").await;
    assert_ne!(code, spent);
    // The page's stream begins with how things stand, which is as before.
    let heard = async || {
        let count = chrome.script("return window.heard;", json!([])).await.ok()?;
        (count.as_u64()? > 0).then_some(())
    };
    chrome.wait("the first event", heard).await;
    assert!(!chrome.text().await.contains("has used the code"));
    let second = desktop.pair(&world, &code).await;
    chrome.see("ward-3-pc has used the code.").await;
    drop((first, second));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_without_its_end_says_what_is_missing() {
    let (world, desktop) = (World::start().await, Desktop::start());
    let chrome = Chrome::start().await;
    let pairing = offered(&chrome, &world, &desktop).await;
    let (short, _) = pairing.address().split_once('#').unwrap();
    chrome.open(short).await;
    chrome.see("The address is not complete").await;
    assert!(world.dump().await.rows("pairing").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_loaded_again_goes_on_with_its_prompt() {
    let (world, desktop) = (World::start().await, Desktop::start());
    let chrome = Chrome::start().await;
    asked(&chrome, &world, &desktop).await;
    let number = chrome.text_of("[data-match]").await;
    chrome.reload().await;
    chrome.see("Your computer shows the request.").await;
    assert_eq!(chrome.text_of("[data-match]").await, number);
    let _card = desktop.put_new_card(1);
    chrome.at(ACCOUNT).await;
    assert_eq!(prompts(&world).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_that_nobody_answers_is_repeated_for_who_looks_and_then_ends_with_words() {
    const LOOKS_AWAY: &str =
        "Object.defineProperty(document, 'visibilityState', { value: 'hidden' });";
    let (world, desktop) = (World::start().await, Desktop::start());
    let chrome = Chrome::start().await;
    asked(&chrome, &world, &desktop).await;
    later(&chrome, Duration::from_secs(130)).await;
    chrome.wait("a second prompt", async || (prompts(&world).await == 2).then_some(())).await;
    chrome.see("Your computer shows the request.").await;
    chrome.script(LOOKS_AWAY, json!([])).await.unwrap();
    later(&chrome, Duration::from_secs(130)).await;
    chrome.see("Time ran out").await;
    assert_eq!(prompts(&world).await, 2);
    assert!(chrome.has("Card or key").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_login_is_ended_elsewhere_says_that_it_is_over() {
    let (world, desktop) = (World::start().await, Desktop::start());
    let chrome = Chrome::start().await;
    asked(&chrome, &world, &desktop).await;
    browser::expire(&world, "login", "expires_at").await;
    chrome.see("This sign-in has expired").await;
    assert_eq!(prompts(&world).await, 1, "nothing is asked for any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_refused_its_events_goes_on_all_the_same() {
    // As a proxy answers that has nobody behind it for a moment.
    const REFUSED: &str = "window.EventSource = class extends EventTarget {\
            static CLOSED = 2; readyState = 2; close() {}\
            constructor() { super(); setTimeout(() => this.dispatchEvent(new Event('error'))); }\
        };";
    let (world, desktop) = (World::start().await, Desktop::start());
    let chrome = Chrome::start().await;
    asked(&chrome, &world, &desktop).await;
    chrome.script(REFUSED, json!([])).await.unwrap();
    chrome.press("Cancel").await;
    chrome.press("Card or key").await;
    chrome.wait("a second prompt", async || (prompts(&world).await == 2).then_some(())).await;
    let _card = desktop.put_new_card(1);
    chrome.at(ACCOUNT).await;
    chrome.see(MIA).await;
}

/// Puts a stream in the page's hands that says what the test says, and answers to "ask the agent"
/// that come when the test lets them.
const BY_HAND: &str = "window.EventSource = class extends EventTarget {\
        static CLOSED = 2; readyState = 1; close() { this.readyState = 2; }\
        constructor() { super(); window.stream = this; }\
    };\
    window.tell = (state, ticket, more) => window.stream.dispatchEvent(new MessageEvent('state',\
        { data: JSON.stringify({ state, ticket, ...more }) }));\
    const ask = window.fetch;\
    window.fetch = async (address, what) => {\
        const response = await ask(address, what);\
        if (!address.endsWith('/agent')) return response;\
        window.answer = await response.clone().json();\
        await new Promise((go) => { window.go = go; });\
        window.go = null;\
        return response;\
    };";

#[tokio::test(flavor = "multi_thread")]
async fn a_page_follows_the_prompt_that_it_shows_and_no_other() {
    let (world, desktop) = (World::start().await, Desktop::start());
    let chrome = Chrome::start().await;
    asked(&chrome, &world, &desktop).await;
    chrome.script(BY_HAND, json!([])).await.unwrap();
    let run = async |script: &str| {
        chrome.script(script, json!([])).await.unwrap();
    };
    let answered = async || {
        let look = async || {
            let waits = chrome.script("return Boolean(window.go)", json!([])).await.ok()?;
            (waits == json!(true)).then_some(())
        };
        chrome.wait("an answer that is under way", look).await;
    };
    chrome.press("Cancel").await;
    chrome.press("Card or key").await;
    answered().await;
    // The end of this prompt is told before the page knows that it is its own.
    run("tell('refused', answer.ticket, { reason: 'no-card' })").await;
    assert!(!chrome.text().await.contains("No card was found"));
    run("go()").await;
    chrome.see("No card was found").await;

    chrome.press("Card or key").await;
    answered().await;
    run("tell('refused', 'another', { reason: 'no-card' }); go()").await;
    chrome.see("The request is on its way to your computer.").await;
    run("tell('refused', 'another', { reason: 'no-card' })").await;
    run("tell('claimed', answer.ticket, { match: answer.match, expires_in: 120 })").await;
    chrome.see("Your computer shows the request.").await;
    assert!(!chrome.text().await.contains("No card was found"));
}
