//! What a hand does: buttons, fields, keys.

use serde_json::{Value, json};

use super::Chrome;

/// Under which key WebDriver gives an element (§12.2).
pub(super) const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Held until the end of what is typed (WebDriver §17.4.2).
const CONTROL: char = '\u{E009}';

impl Chrome {
    /// Presses a button, link or the heading of a fold, by what is written on it: all of it, or
    /// its first line.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub async fn press(&self, words: &str) {
        self.wait(&format!("{words:?} to press"), async || {
            let element = self.find("press", words).await?;
            self.act(&element, "click", json!({})).await
        })
        .await;
    }

    /// Writes into a field, in place of what is there, by its label.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub async fn fill(&self, label: &str, text: &str) {
        self.wait(&format!("a field {label:?}"), async || {
            let element = self.find("field", label).await?;
            self.act(&element, "clear", json!({})).await?;
            self.act(&element, "value", json!({ "text": text })).await
        })
        .await;
    }

    /// Writes a day such as `2027-05-31` into a field for one, in place of what is there, by its
    /// label. Chromium's is typed in the order of its language: month, day, year.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub async fn fill_day(&self, label: &str, day: &str) {
        let (year, month_and_day) = day.split_once('-').unwrap_or_default();
        self.fill(label, &format!("{month_and_day}-{year}").replace('-', "")).await;
    }

    /// Puts what was copied into a field, in place of what is there, by its label.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub async fn paste(&self, label: &str) {
        self.fill(label, &format!("{CONTROL}v")).await;
    }

    /// Ticks a box or a choice, by its label.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub async fn tick(&self, label: &str) {
        self.wait(&format!("a box {label:?}"), async || {
            let element = self.find("field", label).await?;
            self.act(&element, "click", json!({})).await
        })
        .await;
    }

    /// Chooses from a list, both by what is written there.
    ///
    /// # Panics
    ///
    /// When there is no such list, or nothing of it has these words.
    pub async fn choose(&self, label: &str, option: &str) {
        const OPTION: &str = "return [...arguments[0].options]\
             .find((option) => option.text.trim() === arguments[1]) ?? null";
        self.wait(&format!("{option:?} in {label:?}"), async || {
            let list = self.find("field", label).await?;
            let found = self.script(OPTION, json!([{ (ELEMENT): list }, option])).await.ok()?;
            self.act(&element(&found)?, "click", json!({})).await
        })
        .await;
    }

    /// Presses a key wherever the focus is.
    ///
    /// # Panics
    ///
    /// When the driver refuses.
    pub async fn key(&self, key: char) {
        let value = key.to_string();
        let actions = json!([{ "type": "key", "id": "keyboard", "actions": [
            { "type": "keyDown", "value": value }, { "type": "keyUp", "value": value },
        ] }]);
        self.command("POST", "/actions", json!({ "actions": actions })).await.expect("a key");
    }

    pub(super) async fn find(&self, kind: &str, words: &str) -> Option<String> {
        let found = self.script(include_str!("../find.js"), json!([kind, words])).await.ok()?;
        element(&found)
    }

    /// Acts on an element; nothing when the page changed and it is to be looked for again.
    pub(super) async fn act(&self, element: &str, act: &str, body: Value) -> Option<()> {
        match self.command("POST", &format!("/element/{element}/{act}"), body).await {
            Ok(_) => Some(()),
            Err(error) if error.is_passing() => None,
            Err(error) => panic!("{act}: {error}"),
        }
    }
}

fn element(found: &Value) -> Option<String> {
    found.get(ELEMENT).and_then(Value::as_str).map(str::to_owned)
}
