//! A browser as a person uses it: words on the page, buttons by what is written on them, fields by
//! their labels.

mod hand;
mod page;
mod tabs;

pub use tabs::Tab;

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

/// A headless Chromium with a profile of its own. Dropping it ends it; when a test has failed, a
/// picture of what it showed stays in `target/browser`.
#[derive(Debug)]
pub struct Chrome {
    session: String,
    driver: Driver,
    _profile: TempDir,
}

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
            // What a page has no part in, and costs as much as the page.
            "--disable-component-update",
            "--disable-default-apps",
            "--disable-extensions",
            "--disable-sync",
            "--disable-features=MediaRouter,OptimizationHints,Translate",
            // What turns is drawn sixty times a second.
            "--force-prefers-reduced-motion",
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

    /// Forgets all cookies of this page's host, as a browser that was closed does.
    ///
    /// # Panics
    ///
    /// When the driver refuses.
    pub async fn forget_cookies(&self) {
        self.command("DELETE", "/cookie", Value::Null).await.expect("cookies gone");
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
