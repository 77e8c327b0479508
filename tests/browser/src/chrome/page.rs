//! What can be seen on the page.

use serde_json::{Value, json};

use super::Chrome;
use super::hand::ELEMENT;

impl Chrome {
    /// The address of the page.
    pub async fn url(&self) -> String {
        let url = self.command("GET", "/url", Value::Null).await.unwrap_or_default();
        url.as_str().unwrap_or_default().to_owned()
    }

    /// The words that can be seen, blanks as one.
    pub async fn text(&self) -> String {
        let text = self.script("return document.body.innerText", json!([])).await;
        let text = text.unwrap_or_default();
        text.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Waits until these words can be seen.
    ///
    /// # Panics
    ///
    /// When they do not come.
    pub async fn see(&self, words: &str) {
        self.wait(&format!("{words:?} on the page"), async || {
            self.text().await.contains(words).then_some(())
        })
        .await;
    }

    /// Waits until these words can no longer be seen.
    ///
    /// # Panics
    ///
    /// When they stay.
    pub async fn see_no(&self, words: &str) {
        self.wait(&format!("{words:?} no longer on the page"), async || {
            (!self.text().await.contains(words)).then_some(())
        })
        .await;
    }

    /// Waits until the address has this path.
    ///
    /// # Panics
    ///
    /// When it never has.
    pub async fn at(&self, path: &str) {
        self.wait(&format!("the page at {path}"), async || {
            let url = self.url().await;
            let rest = url.split_once("://").map_or("", |(_, rest)| rest);
            let at = rest.find('/').and_then(|start| rest.get(start..)).unwrap_or_default();
            (at.split(['?', '#']).next() == Some(path)).then_some(())
        })
        .await;
    }

    /// Whether there is a button, link or heading of a fold with this on it.
    pub async fn has(&self, words: &str) -> bool {
        self.find("press", words).await.is_some()
    }

    /// What a field holds, by its label.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub async fn value(&self, label: &str) -> String {
        let what = format!("a field {label:?}");
        let value = self.wait(&what, async || {
            let field = self.find("field", label).await?;
            self.script("return arguments[0].value", json!([{ (ELEMENT): field }])).await.ok()
        });
        value.await.as_str().unwrap_or_default().to_owned()
    }

    /// The text of the first element with this selector, if there is one now.
    pub async fn text_now(&self, selector: &str) -> Option<String> {
        const TEXT: &str = "return document.querySelector(arguments[0])?.innerText ?? null";
        let text = self.script(TEXT, json!([selector])).await.ok()?;
        text.as_str().map(|text| text.trim().to_owned())
    }

    /// The text of the first element with this selector.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub async fn text_of(&self, selector: &str) -> String {
        self.wait(&format!("an element {selector}"), async || self.text_now(selector).await).await
    }

    /// What stands beside a term in a list of facts, blanks as one.
    ///
    /// # Panics
    ///
    /// When there is no such term.
    pub async fn fact(&self, term: &str) -> String {
        const FACT: &str = "return [...document.querySelectorAll('dt')]\
             .find((term) => term.innerText.trim() === arguments[0])\
             ?.nextElementSibling.innerText ?? null";
        let what = format!("fact {term:?}");
        let fact = self.wait(&what, async || {
            let fact = self.script(FACT, json!([term])).await.ok()?;
            fact.as_str().map(str::to_owned)
        });
        fact.await.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What the browser complained about since the last time on pages of `localhost`, which are
    /// Cardea's: scripts that fail, things that the content security policy stopped, answers that
    /// are no success.
    ///
    /// # Panics
    ///
    /// When the driver refuses.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.command("POST", "/se/log", json!({ "type": "browser" })).await;
        let log = log.expect("a log");
        let entries = log.as_array().cloned().unwrap_or_default();
        let messages = entries.iter().filter(|entry| {
            entry.get("level").and_then(Value::as_str).is_some_and(|level| level == "SEVERE")
        });
        messages
            .filter_map(|entry| Some(entry.get("message")?.as_str()?.to_owned()))
            .filter(|message| message.starts_with("http://localhost:"))
            .collect()
    }
}
