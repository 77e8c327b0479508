//! Users: the people of a tenant, their cards, sessions and agents.

pub(crate) mod agent;
pub(crate) mod card;
pub(crate) mod code;
mod filter;
pub(crate) mod list;
pub(crate) mod page;
pub(crate) mod sessions;
pub(crate) mod state;

use identity::{Person, PersonState};

use crate::admin::confirm::ConfirmPage;
use crate::admin::form::{Head, Link};
use crate::admin::place::{AtPerson, Place};
use crate::admin::samples;
use crate::app::App;
use crate::http::problem::Problem;
use crate::pages::sample::{Rendered, Text, rendered};
use crate::pages::{ConsoleFrame, Section, Tone};

fn crumbs(place: &Place) -> Vec<Link> {
    vec![
        Link::new(place.url(""), &place.tenant.display_name),
        Link::new(place.url("users"), "Users"),
    ]
}

fn badge(person: &Person) -> (Tone, &'static str) {
    match person.state {
        PersonState::Enabled => (Tone::Good, "Enabled"),
        PersonState::Disabled => (Tone::Bad, "Disabled"),
    }
}

/// The question before a deed on a person's page.
async fn question(
    app: &App,
    at: &AtPerson,
    title: String,
    lines: Vec<String>,
    action: &str,
    deed: &str,
) -> Result<ConfirmPage, Problem> {
    let mut crumbs = crumbs(&at.place);
    crumbs.push(Link::new(at.url(""), at.name()));
    Ok(ConfirmPage {
        console: at.place.console(app, Section::Users).await?,
        head: Head { title, crumbs, ..Head::default() },
        lines,
        action: at.url(action),
        deed: deed.to_owned(),
        back: at.url(""),
    })
}

pub(super) fn samples(text: Text<'_>) -> Rendered {
    rendered(vec![(
        "revoke",
        ConfirmPage {
            console: ConsoleFrame::sample(text, Section::Users),
            head: samples::head(text, "Revoke Staff badge?"),
            lines: vec![
                text("Alice Martin cannot sign in with it any more, and its sessions end at once."),
                text("This cannot be undone."),
            ],
            action: text("/admin/tenants/acme/users/0193b5f0/cards/1/revoke"),
            deed: text("Revoke the card"),
            back: text("/admin/tenants/acme/users/0193b5f0"),
        },
    )])
}
