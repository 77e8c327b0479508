//! Identity Providers: where people of a tenant sign in first.

pub(crate) mod delete;
pub(crate) mod edit;
mod fetch;
mod fields;
pub(crate) mod groups;
pub(crate) mod list;
pub(crate) mod mappers;
pub(crate) mod new;
pub(super) mod samples;
mod settings;
pub(crate) mod test;

use identity::Provider;

use crate::admin::form::{Head, Link};
use crate::admin::frame::of_provider;
use crate::admin::place::AtProvider;
use crate::app::App;
use crate::http::problem::Problem;
use crate::pages::{ConsoleFrame, Section, Tone};

/// The parts of a provider's pages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    Settings,
    Mappers,
    Test,
}

/// The frame of a page of a provider, with what needs a look there.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(crate) async fn console(app: &App, at: &AtProvider) -> Result<ConsoleFrame, Problem> {
    let tenant = &at.place.tenant;
    let mut console = at.place.console(app, Section::IdentityProviders).await?;
    let mut rows = app.store.read(tenant.id).await?;
    console.banners.extend(of_provider(&mut rows, tenant, &at.provider).await?);
    Ok(console)
}

/// The head of a page of a provider.
pub(crate) fn head(at: &AtProvider, open: Tab) -> Head {
    let tab = |tab, words: &str, path: &str| Link::new(at.url(path), words).current(tab == open);
    Head {
        title: at.provider.display_name.clone(),
        crumbs: crumbs(at),
        badges: vec![badge(&at.provider)],
        tabs: vec![
            tab(Tab::Settings, "Settings", ""),
            tab(Tab::Mappers, "Mappers", "/mappers"),
            tab(Tab::Test, "Test", "/test"),
        ],
        ..Head::default()
    }
}

fn crumbs(at: &AtProvider) -> Vec<Link> {
    vec![
        Link::new(at.place.url(""), &at.place.tenant.display_name),
        Link::new(at.place.url("providers"), "Identity Providers"),
    ]
}

fn badge(provider: &Provider) -> (Tone, &'static str) {
    if !provider.enabled {
        (Tone::Warning, "Disabled")
    } else if provider.hidden {
        (Tone::Info, "Hidden on the login page")
    } else {
        (Tone::Good, "Enabled")
    }
}
