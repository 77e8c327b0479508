//! A browser as a person uses it: words on the page, buttons by what is written on them, fields by
//! their labels.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::driver::Driver;
use crate::wire::WebDriverError;

/// How long a page may take to show what is expected. Far more than it needs: the machine may be
/// busy with other tests.
const DEADLINE: Duration = Duration::from_secs(30);

/// How often a page is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(25);

/// Under which key WebDriver gives an element (§12.2).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A headless Chromium with a profile of its own. Dropping it ends it; when a test has failed, a
/// picture of what it showed stays in `target/browser`.
#[derive(Debug)]
pub struct Chrome {
    session: String,
    driver: Driver,
    _profile: TempDir,
}

/// A tab of a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab(String);

impl Chrome {
    /// Starts a browser that has been nowhere and reaches loopback only.
    ///
    /// # Panics
    ///
    /// When Debian's chromium and chromium-driver do not start.
    pub async fn start() -> Self {
        let profile = tempfile::tempdir().expect("a directory");
        let driver = Driver::start().expect("chromedriver");
        let arguments = json!([
            "--headless=new",
            // Only our own pages are opened here, and root has no sandbox.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--no-proxy-server",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
            "--lang=en-US",
            "--hide-scrollbars",
            "--force-color-profile=srgb",
            "--window-size=1280,900",
            format!("--user-data-dir={}", profile.path().display()),
        ]);
        let capabilities = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "binary": "/usr/bin/chromium", "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let wire = driver.wire;
        let command = move || wire.call("POST", "/session", &capabilities);
        let begun = tokio::task::spawn_blocking(command).await.expect("a thread");
        let begun = begun.expect("a session");
        let session = begun.get("sessionId").and_then(Value::as_str).expect("its id").to_owned();
        Self { session, driver, _profile: profile }
    }

    /// Sends a command of this session.
    pub(crate) async fn command(
        &self,
        method: &'static str,
        path: &str,
        body: Value,
    ) -> Result<Value, WebDriverError> {
        let wire = self.driver.wire;
        let path = format!("/session/{}{path}", self.session);
        let call = tokio::task::spawn_blocking(move || wire.call(method, &path, &body));
        call.await.expect("a thread")
    }

    /// Sends a command of Chromium's own protocol.
    ///
    /// # Panics
    ///
    /// When Chromium refuses.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.command("POST", "/goog/cdp/execute", body).await.expect("chromium does it")
    }

    /// Runs the body of a function in the page.
    ///
    /// # Errors
    ///
    /// [`WebDriverError`]: it throws, or the page goes away meanwhile.
    pub async fn script(&self, script: &str, arguments: Value) -> Result<Value, WebDriverError> {
        self.command("POST", "/execute/sync", json!({ "script": script, "args": arguments })).await
    }

    /// Opens an address and waits until the page is there.
    ///
    /// # Panics
    ///
    /// When it cannot be reached.
    pub async fn open(&self, url: &str) {
        self.command("POST", "/url", json!({ "url": url })).await.expect("the page");
    }

    /// Loads the page again.
    ///
    /// # Panics
    ///
    /// When it cannot be reached.
    pub async fn reload(&self) {
        self.command("POST", "/refresh", json!({})).await.expect("the page again");
    }

    /// Goes back to the page before.
    ///
    /// # Panics
    ///
    /// When the driver refuses.
    pub async fn back(&self) {
        self.command("POST", "/back", json!({})).await.expect("the page before");
    }

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

    /// Opens a second tab and goes on there.
    ///
    /// # Panics
    ///
    /// When the driver refuses.
    pub async fn new_tab(&self) -> Tab {
        let opened = self.command("POST", "/window/new", json!({ "type": "tab" })).await;
        let opened = opened.expect("a tab");
        let tab = Tab(opened.get("handle").and_then(Value::as_str).expect("its name").to_owned());
        self.switch_to(&tab).await;
        tab
    }

    /// The tab that is used now.
    ///
    /// # Panics
    ///
    /// When the driver refuses.
    pub async fn tab(&self) -> Tab {
        let handle = self.command("GET", "/window", Value::Null).await.expect("a tab");
        Tab(handle.as_str().unwrap_or_default().to_owned())
    }

    /// All tabs and windows, in no order.
    ///
    /// # Panics
    ///
    /// When the driver refuses.
    pub async fn tabs(&self) -> Vec<Tab> {
        let handles = self.command("GET", "/window/handles", Value::Null).await.expect("tabs");
        let handles = handles.as_array().cloned().unwrap_or_default();
        handles.iter().filter_map(Value::as_str).map(|handle| Tab(handle.to_owned())).collect()
    }

    /// Goes to another tab.
    ///
    /// # Panics
    ///
    /// When it is gone.
    pub async fn switch_to(&self, tab: &Tab) {
        self.command("POST", "/window", json!({ "handle": tab.0 })).await.expect("the tab");
    }

    /// Forgets all cookies of this page's host, as a browser that was closed does.
    ///
    /// # Panics
    ///
    /// When the driver refuses.
    pub async fn forget_cookies(&self) {
        self.command("DELETE", "/cookie", Value::Null).await.expect("cookies gone");
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

    /// Looks again and again until there is something.
    ///
    /// # Panics
    ///
    /// When there is nothing for half a minute: with what the page shows instead.
    pub async fn wait<T>(&self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        let looking = async {
            loop {
                if let Some(found) = look().await {
                    return found;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        match tokio::time::timeout(DEADLINE, looking).await.ok() {
            Some(found) => found,
            None => panic!("no {what}; {} shows: {}", self.url().await, self.text().await),
        }
    }

    async fn find(&self, kind: &str, words: &str) -> Option<String> {
        let found = self.script(include_str!("find.js"), json!([kind, words])).await.ok()?;
        element(&found)
    }

    /// Acts on an element; nothing when the page changed and it is to be looked for again.
    async fn act(&self, element: &str, act: &str, body: Value) -> Option<()> {
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

impl Drop for Chrome {
    fn drop(&mut self) {
        let session = format!("/session/{}", self.session);
        if std::thread::panicking()
            && let Ok(picture) =
                self.driver.wire.call("GET", &format!("{session}/screenshot"), &Value::Null)
        {
            crate::picture::keep_failure(picture.as_str().unwrap_or_default());
        }
        let _ended = self.driver.wire.call("DELETE", &session, &Value::Null);
    }
}
