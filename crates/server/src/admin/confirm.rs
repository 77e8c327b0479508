//! The question before something that cannot be undone.

use askama::Template;

use crate::admin::form::Head;
use crate::pages::ConsoleFrame;

/// Asks; the form does it.
#[derive(Template)]
#[template(path = "console/confirm.html")]
pub(crate) struct ConfirmPage {
    pub(crate) console: ConsoleFrame,
    pub(crate) head: Head,
    /// What will be.
    pub(crate) lines: Vec<String>,
    /// Where the form goes.
    pub(crate) action: String,
    /// What the button says.
    pub(crate) deed: String,
    /// Where one goes back to.
    pub(crate) back: String,
}
