//! A page that shows each component of the design system once, for those who build with it.

use askama::Template;

use super::sample::Text;
use super::{ConsoleFrame, Section};

/// The components of the console. Shown in pictures; no handler serves it.
#[derive(Clone, Debug, Template)]
#[template(path = "components.html")]
pub struct ComponentsPage {
    /// The frame.
    pub console: ConsoleFrame,
    /// A text that came from outside.
    pub value: String,
}

impl ComponentsPage {
    pub(super) fn samples(text: Text<'_>) -> Vec<(&'static str, Self)> {
        let console = ConsoleFrame::sample(text, Section::IdentityProviders);
        vec![(
            "console",
            Self {
                console,
                value: text("https://login.acme.example/realms/acme/broker/azure/endpoint"),
            },
        )]
    }
}
