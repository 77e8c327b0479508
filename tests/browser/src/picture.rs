//! Pictures of pages.

use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::Chrome;

/// Light or dark, as the person's system is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Dark.
    Dark,
    /// Light.
    Light,
}

impl Scheme {
    /// What CSS calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }
}

impl Chrome {
    /// Makes the window so wide, in CSS pixels, and sets the person's preference.
    pub async fn look(&self, width: u32, scheme: Scheme) {
        let height = if width < 600 { 844 } else { 800 };
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme.name() },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// A PNG of the whole page.
    ///
    /// # Panics
    ///
    /// When Chromium gives none.
    pub async fn picture(&self) -> Vec<u8> {
        let whole = json!({ "format": "png", "captureBeyondViewport": true });
        let picture = self.devtools("Page.captureScreenshot", whole).await;
        let data = picture.get("data").and_then(Value::as_str).unwrap_or_default();
        BASE64_STANDARD.decode(data).expect("a picture")
    }
}

/// Keeps what a browser showed when a test failed, beside the programs of the build.
pub(crate) fn keep_failure(base64: &str) {
    let Some((test, folder)) = place() else { return };
    let Ok(png) = BASE64_STANDARD.decode(base64) else { return };
    let file = folder.join(format!("{test}.png"));
    if std::fs::create_dir_all(&folder).is_ok() && std::fs::write(&file, png).is_ok() {
        eprintln!("what the browser showed: {}", file.display());
    }
}

/// Name of the test that runs in this thread, and `target/browser`.
fn place() -> Option<(String, PathBuf)> {
    let test = std::thread::current().name()?.replace("::", "-");
    let program = std::env::current_exe().ok()?;
    Some((test, program.ancestors().nth(3)?.join("browser")))
}
