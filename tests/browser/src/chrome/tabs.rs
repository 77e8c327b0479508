//! Several tabs.

use serde_json::{Value, json};

use super::Chrome;

/// A tab of a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab(String);

impl Chrome {
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
}
