//! Microsoft Entra asks here for external MFA: which of its directories may, what Azure must be told,
//! the keys that sign, and what became of the last requests.

pub(super) mod delete;
pub(super) mod edit;
mod fields;
mod keys;
pub(super) mod new;
mod requests;
pub(super) mod rotate;
mod samples;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use entra_eam::Issuer;
use oidc::discovery::EntraCloud;
use serde::Deserialize;
use store::{EamConnection, KeyIssuer};

pub(super) use self::samples::samples;
use crate::admin::form::{Control, Field, Head, Link, Message};
use crate::admin::place::Place;
use crate::app::App;
use crate::doors::eam::issuer;
use crate::entropy;
use crate::http::page::Html;
use crate::http::problem::Problem;
use crate::pages::{ConsoleFrame, Section, Tone, When};

#[derive(Deserialize)]
pub(crate) struct View {
    done: Option<String>,
}

#[derive(Template)]
#[template(path = "console/external-mfa.html")]
struct ExternalMfaPage {
    console: ConsoleFrame,
    head: Head,
    base: String,
    /// What Azure must be told, ready to be copied.
    told: Vec<Field>,
    connections: Vec<Row>,
    keys: Vec<keys::Row>,
    /// Whether a next key may be made now.
    rotates: bool,
    requests: Vec<requests::Row>,
}

struct Row {
    client_id: String,
    app_id: String,
    cloud: String,
    directories: Vec<String>,
    state: (Tone, &'static str),
}

/// `GET /admin/tenants/{slug}/external-mfa`.
pub(crate) async fn handler(
    State(app): State<App>,
    place: Place,
    Query(view): Query<View>,
) -> Result<Response, Problem> {
    let mut rows = app.store.read(place.tenant.id).await?;
    let connections = rows.eam_connections().await?;
    let keys = rows.signing_keys(KeyIssuer::Eam).await?;
    let last = requests::last(&mut rows, &place).await?;
    drop(rows);
    let mut messages: Vec<Message> = done(view.done.as_deref()).into_iter().collect();
    messages.extend(last.refused);
    messages.extend(app.last_refused.of(&place.tenant, entropy::now()).map(requests::unvouched));
    let rotates = !connections.is_empty() && keys::may_rotate(&keys);
    let page = ExternalMfaPage {
        console: place.console(&app, Section::ExternalMfa).await?,
        head: Head { messages, badges: vec![state(&connections)], ..head(&place, TITLE) },
        base: place.url(PATH),
        told: told(&issuer(&app, &place.tenant)?),
        connections: connections.into_iter().map(|one| row(&app, one)).collect(),
        keys: keys.iter().map(|(key, state)| keys::row(key, *state)).collect(),
        rotates,
        requests: last.rows,
    };
    Ok(Html(page).into_response())
}

const TITLE: &str = "Entra external MFA";
/// Where it is, below a tenant.
const PATH: &str = "external-mfa";

fn done(word: Option<&str>) -> Option<Message> {
    match word? {
        "saved" => Some(Message::good("Saved")),
        "deleted" => Some(Message::good("The connection is deleted")),
        "on-its-way" => Some(Message {
            tone: Tone::Info,
            title: "Nothing was changed".into(),
            lines: vec!["No key signs yet, or the next one is on its way already.".into()],
        }),
        "rotated" => Some(Message {
            tone: Tone::Good,
            title: "The next key is published".into(),
            lines: vec![
                "It signs when Microsoft Entra has had the time to read it; until then the old one \
                 does. There is nothing to do in Azure."
                    .into(),
            ],
        }),
        _ => None,
    }
}

fn head(place: &Place, title: &str) -> Head {
    Head {
        title: title.into(),
        crumbs: vec![Link::new(place.url(""), &place.tenant.display_name)],
        ..Head::default()
    }
}

/// The head of a page below the list.
fn head_below(place: &Place, title: &str) -> Head {
    let mut head = head(place, title);
    head.crumbs.push(Link::new(place.url(PATH), TITLE));
    head
}

fn state(connections: &[EamConnection]) -> (Tone, &'static str) {
    if connections.iter().any(|connection| connection.enabled) {
        (Tone::Good, "Answers")
    } else {
        (Tone::Info, "Off")
    }
}

/// What Azure must be told of this tenant, whatever the connection.
fn told(issuer: &Issuer) -> Vec<Field> {
    let copied = |name, label, value: String, help: &str| {
        Field::new(name, label, value).control(Control::Copy { pattern: None }).help(help)
    };
    vec![
        copied(
            "reply_url",
            "Redirect URI",
            issuer.authorization_endpoint(),
            "App registrations → your app → Authentication → Web. To the letter, or Entra says \
             AADSTS50161.",
        ),
        copied(
            "discovery",
            "Discovery Endpoint",
            issuer.configuration(),
            "Authentication methods → Add external MFA. The Client ID and the App ID stand with each \
             connection.",
        ),
    ]
}

fn row(app: &App, connection: EamConnection) -> Row {
    let EamConnection { client_id, app_id, authority, directories, enabled, .. } = connection;
    let state = if enabled { (Tone::Good, "Enabled") } else { (Tone::Info, "Disabled") };
    Row { client_id, app_id, cloud: cloud_name(app, &authority), directories, state }
}

/// What people call the cloud with this authority.
fn cloud_name(app: &App, authority: &str) -> String {
    let url = url::Url::parse(authority).ok();
    let cloud = url.and_then(|url| EntraCloud::at(&url, app.upstream.clouds()));
    cloud.map_or_else(|| authority.to_owned(), |cloud| cloud.name)
}
