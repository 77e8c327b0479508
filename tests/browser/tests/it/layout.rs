//! Every page in every state, as Chromium lays it out.

use browser::{Chrome, Samples, Scheme};
use serde_json::json;

/// Fields that a person can use and that have no name, things to press without words, and how far
/// the page reaches to the right with what reaches farthest.
const FAULTS: &str = "const seen = (selector) =>\
      [...document.querySelectorAll(selector)].filter((node) => node.checkVisibility());\
    const html = (node) => node.outerHTML.slice(0, 120);\
    const named = (node) => node.labels?.length || node.getAttribute('aria-label');\
    const words = (node) => node.innerText.trim() || node.getAttribute('aria-label');\
    const nameless = seen('input:not([type=hidden]), select, textarea').filter((node) => !named(node));\
    const wordless = seen('a, button, summary').filter((node) => !words(node));\
    const wide = seen('body *').filter((node) =>\
      node.getBoundingClientRect().right > innerWidth + 0.5 && !node.closest('.table-frame'));\
    return {\
      unnamed: [...nameless, ...wordless].map(html),\
      width: document.documentElement.scrollWidth,\
      wide: wide.slice(0, 3).map(html),\
    };";

#[tokio::test]
async fn no_page_scrolls_sideways_at_320_pixels_and_everything_on_it_has_a_name() {
    let samples = Samples::serve().await;
    let chrome = Chrome::start().await;
    chrome.look(320, Scheme::Light).await;
    let mut faults = Vec::new();
    for name in samples.names() {
        chrome.open(&samples.url(name)).await;
        let found = chrome.script(FAULTS, json!([])).await.unwrap();
        if found["unnamed"] != json!([]) || found["width"].as_u64().unwrap() > 320 {
            faults.push(format!("{name}: {found}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(samples.names().len() > 50);
}
