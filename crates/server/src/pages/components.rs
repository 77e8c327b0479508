//! A page that shows each component of the design system once, for those who build with it.

use askama::Template;

use super::sample::Text;
use super::{Answer, Banner, ConsoleFrame, Question, Section, Tone};

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
        let console = ConsoleFrame {
            banners: banners(text),
            ..ConsoleFrame::sample(text, Section::IdentityProviders)
        };
        vec![(
            "console",
            Self {
                console,
                value: text("https://login.acme.example/realms/acme/broker/azure/endpoint"),
            },
        )]
    }
}

fn banners(text: Text<'_>) -> Vec<Banner> {
    let secret = Banner {
        tone: Tone::Warning,
        title: text("The client secret of Azure expires in 12 days"),
        text: text("Add a new one before 5 December 2026, or nobody can sign in."),
        link: Some((text("/admin/acme/identity-providers/azure"), text("Open Azure"))),
        question: None,
    };
    let groups = Banner {
        tone: Tone::Warning,
        title: text("3 people came from Azure without groups. Are they still sent?"),
        text: text(
            "It began on 23 November 2026, 10:31 UTC. The others keep theirs until you answer.",
        ),
        link: None,
        question: Some(Question {
            action: text("/admin/acme/identity-providers/azure/groups"),
            fields: vec![("since", text("1795429860000000"))],
            answers: vec![
                Answer { value: "keep", words: text("Azure no longer sends groups: keep them") },
                Answer { value: "clear", words: text("They really have no groups: clear") },
            ],
        }),
    };
    vec![secret, groups]
}
