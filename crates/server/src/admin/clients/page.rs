use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use openid_provider::client::MAX_SECRETS;
use openid_provider::client::presets::Preset;
use secrets::Secret;
use store::ClientSecret;

use super::{ClientId, Registered, View, badge, below, head_below, kind, stored};
use crate::admin::form::{Control, Field, Head, Link, Message};
use crate::admin::place::Place;
use crate::app::App;
use crate::http::page::{Html, when};
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::oidc::issuer;
use crate::pages::{ConsoleFrame, Section, Tone, When};
use crate::registration::{Copied, copied, has_secret, hex};

/// Ids of the fields that are to be copied: as many as a preset may have.
pub(super) const IDS: [&str; 16] = [
    "copied-1",
    "copied-2",
    "copied-3",
    "copied-4",
    "copied-5",
    "copied-6",
    "copied-7",
    "copied-8",
    "copied-9",
    "copied-10",
    "copied-11",
    "copied-12",
    "copied-13",
    "copied-14",
    "copied-15",
    "copied-16",
];

#[derive(Template)]
#[template(path = "console/client.html")]
pub(super) struct ClientPage {
    pub(super) console: ConsoleFrame,
    pub(super) head: Head,
    pub(super) base: String,
    pub(super) name: String,
    pub(super) enabled: bool,
    /// What it is registered as, in a few facts.
    pub(super) facts: Vec<(&'static str, Vec<String>)>,
    pub(super) copied: Vec<Field>,
    /// None for who needs none.
    pub(super) secrets: Option<Vec<SecretRow>>,
    /// Whether one more may be made.
    pub(super) adds_secret: bool,
}

pub(super) struct SecretRow {
    /// What it is removed by.
    pub(super) id: String,
    pub(super) made: When,
}

/// Why the page is shown.
pub(super) enum Shown {
    /// Somebody has opened it, perhaps after they did something.
    Opened(Option<String>),
    /// The application was added just now.
    Added(Option<Secret>),
    /// A secret was made just now.
    NewSecret(Secret),
}

impl Shown {
    fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Opened(_) => None,
            Self::Added(secret) => secret.as_ref(),
            Self::NewSecret(secret) => Some(secret),
        }
    }

    fn message(&self) -> Option<Message> {
        let good = |title: &str, line: Option<&str>| Message {
            lines: line.map(str::to_owned).into_iter().collect(),
            ..Message::good(title)
        };
        match self {
            Self::Opened(done) => done.as_deref().and_then(message),
            Self::Added(secret) => {
                Some(good("The application is added", secret.as_ref().map(|_| ONCE)))
            }
            Self::NewSecret(_) => Some(good("The new secret is made", Some(ONCE_MORE))),
        }
    }
}

const ONCE: &str = "Copy the client secret now: it is shown this once and kept nowhere.";
const ONCE_MORE: &str = "Copy it now: it is shown this once and kept nowhere. The old one is still \
    taken; remove it when the application has the new one.";

/// `GET /admin/tenants/{slug}/clients/{client_id}`.
pub(crate) async fn handler(
    State(app): State<App>,
    place: Place,
    Params(ClientId { client_id }): Params<ClientId>,
    Query(view): Query<View>,
) -> Result<Response, Problem> {
    let at = stored(&mut *app.store.read(place.tenant.id).await?, &client_id).await?;
    show(&app, &place, &at, Shown::Opened(view.done)).await
}

/// The page of an application.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(super) async fn show(
    app: &App,
    place: &Place,
    at: &Registered,
    shown: Shown,
) -> Result<Response, Problem> {
    let Registered { client, settings } = at;
    let secrets = app.store.read(place.tenant.id).await?.client_secrets(&client.client_id).await?;
    let messages = shown.message().into_iter().chain(warning(at)).collect();
    let all = copied(&issuer(app, &place.tenant)?, &client.client_id, settings, shown.secret());
    let base = place.url(&below(&client.client_id, ""));
    let page = ClientPage {
        console: place.console(app, Section::Clients).await?,
        head: Head {
            messages,
            badges: vec![badge(client)],
            tabs: tabs(&base, true),
            ..head_below(place, &client.name)
        },
        name: client.name.clone(),
        enabled: client.enabled,
        facts: facts(at),
        copied: fields(all),
        // Those of who proves by a key now do not count, but can be removed.
        secrets: (has_secret(settings) || !secrets.is_empty())
            .then(|| secrets.iter().map(row).collect()),
        adds_secret: has_secret(settings) && secrets.len() < MAX_SECRETS,
        base,
    };
    Ok(Html(page).into_response())
}

/// The two pages of an application.
pub(super) fn tabs(base: &str, first: bool) -> Vec<Link> {
    vec![
        Link::new(base, "Connection").current(first),
        Link::new(format!("{base}/settings"), "Settings").current(!first),
    ]
}

fn row(secret: &ClientSecret) -> SecretRow {
    SecretRow { id: hex(secret.hash.as_bytes()), made: when(secret.created_at) }
}

/// What is to be copied, as fields.
pub(super) fn fields(all: Vec<Copied>) -> Vec<Field> {
    let field = |(id, one): (&'static str, Copied)| match one.value {
        Some(value) => Field::new(id, one.name, value).control(Control::Copy { pattern: None }),
        None => Field::new(id, one.name, "")
            .control(Control::ReadOnly)
            .help("It was shown once, when it was made. Below you can make another one."),
    };
    IDS.into_iter().zip(all).map(field).collect()
}

fn facts(at: &Registered) -> Vec<(&'static str, Vec<String>)> {
    let Registered { client, settings } = at;
    let preset = Preset::find(&settings.preset).map(|preset| preset.title.to_owned());
    let mut facts = vec![
        ("Kind", vec![kind(Some(settings)).to_owned()]),
        ("Connected as", preset.into_iter().collect()),
        ("Home URL", client.home().map(str::to_owned).into_iter().collect()),
        ("Redirect URIs", settings.redirect_uris.clone()),
        ("Post-logout URIs", settings.post_logout_redirect_uris.clone()),
        ("Told of logouts at", settings.backchannel_logout_uri.clone().into_iter().collect()),
        ("Allowed groups", settings.allowed_groups.clone()),
    ];
    facts.retain(|(_, values)| !values.is_empty());
    facts
}

/// What an administrator is to know at each look.
fn warning(at: &Registered) -> Option<Message> {
    at.settings.without_pkce.then(|| Message {
        tone: Tone::Warning,
        title: "PKCE is not asked for".into(),
        lines: vec![
            "Whoever gets hold of one of its codes and of its secret can take the sign-in over. If the \
             application can do PKCE (S256), ask for it in the settings."
                .into(),
        ],
    })
}

fn message(done: &str) -> Option<Message> {
    let info = |title: &str, line: &str| Message {
        tone: Tone::Info,
        title: title.into(),
        lines: vec![line.into()],
    };
    Some(match done {
        "saved" => Message::good("Saved"),
        "enabled" => Message::good("The application is enabled"),
        "disabled" => Message::good("The application is disabled"),
        "secret-removed" => Message::good("The secret is removed"),
        "two-secrets" => info(
            "Nothing was changed",
            "It has two secrets, and more are not taken. Remove the old one first.",
        ),
        "no-secret" => info("Nothing was changed", "This application has no client secret."),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use openid_provider::client::presets::PRESETS;

    use super::*;

    #[test]
    fn there_is_a_field_for_everything_that_is_to_be_copied() {
        for preset in PRESETS {
            assert!(preset.settings.len() <= IDS.len(), "{}", preset.name);
        }
    }
}
