//! A security key without hardware: Chromium's virtual authenticator (WebAuthn Level 3, §11).

use serde_json::{Value, json};

use crate::Chrome;

/// A key that is plugged into a tab of a browser.
#[derive(Debug)]
pub struct Key<'a> {
    chrome: &'a Chrome,
    id: String,
}

/// What a key holds: it can be plugged in elsewhere with it.
#[derive(Clone, Debug, Default)]
pub struct Contents(Vec<Value>);

impl Contents {
    /// How many credentials there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all are discoverable.
    pub fn are_resident(&self) -> bool {
        self.0.iter().all(|credential| credential.get("isResidentCredential") == Some(&json!(true)))
    }
}

impl Chrome {
    /// Plugs a new key into the tab that is used now. It is touched at once when it blinks, and
    /// the right PIN is entered.
    ///
    /// # Panics
    ///
    /// When the driver refuses.
    pub async fn plug_in_key(&self) -> Key<'_> {
        self.plug_in_key_with(&Contents::default()).await
    }

    /// Plugs a key in that holds something.
    ///
    /// # Panics
    ///
    /// When the driver refuses.
    pub async fn plug_in_key_with(&self, contents: &Contents) -> Key<'_> {
        let options = json!({
            "protocol": "ctap2_1",
            "transport": "usb",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserConsenting": true,
            "isUserVerified": true,
        });
        let added = self.command("POST", "/webauthn/authenticator", options).await;
        let id = added.expect("a key").as_str().unwrap_or_default().to_owned();
        let key = Key { chrome: self, id };
        for credential in &contents.0 {
            let sent = key.send("POST", "/credential", credential.clone()).await;
            sent.expect("a credential on the key");
        }
        key
    }
}

impl Key<'_> {
    /// Whether the person enters the right PIN.
    ///
    /// # Panics
    ///
    /// When the driver refuses.
    pub async fn verifies(&self, verifies: bool) {
        let sent = self.send("POST", "/uv", json!({ "isUserVerified": verifies })).await;
        sent.expect("a person");
    }

    /// Whether the person touches the key when it blinks. One who does not keeps the browser
    /// waiting.
    ///
    /// # Panics
    ///
    /// When Chromium refuses.
    pub async fn touched(&self, touched: bool) {
        let parameters = json!({ "authenticatorId": self.id, "enabled": touched });
        self.chrome.devtools("WebAuthn.setAutomaticPresenceSimulation", parameters).await;
    }

    /// What is on the key.
    ///
    /// # Panics
    ///
    /// When the driver refuses.
    pub async fn contents(&self) -> Contents {
        let credentials = self.send("GET", "/credentials", Value::Null).await;
        let credentials = credentials.expect("credentials");
        Contents(credentials.as_array().cloned().unwrap_or_default())
    }

    /// Pulls the key out.
    ///
    /// # Panics
    ///
    /// When the driver refuses.
    pub async fn pull_out(self) -> Contents {
        let contents = self.contents().await;
        self.send("DELETE", "", Value::Null).await.expect("the key is out");
        contents
    }

    async fn send(
        &self,
        method: &'static str,
        path: &str,
        body: Value,
    ) -> Result<Value, crate::WebDriverError> {
        let path = format!("/webauthn/authenticator/{}{path}", self.id);
        self.chrome.command(method, &path, body).await
    }
}
