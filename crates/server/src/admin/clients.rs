//! The applications that people sign in to: which there are, how they are registered, and what is to
//! be copied into them.

pub(super) mod edit;
mod fields;
pub(super) mod list;
pub(super) mod new;
pub(super) mod page;
pub(super) mod remove;
mod samples;
pub(super) mod secrets;
pub(super) mod state;

use openid_provider::ClientSettings;
use openid_provider::client::ClientKind;
use serde::Deserialize;
use store::{Client, Rows, Writing};

pub(super) use self::samples::samples;
use crate::admin::form::{Head, Link};
use crate::admin::place::Place;
use crate::http::problem::Problem;
use crate::pages::Tone;

const TITLE: &str = "Clients";
/// Where it is, below a tenant.
const PATH: &str = "clients";

#[derive(Deserialize)]
pub(crate) struct View {
    done: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct ClientId {
    client_id: String,
}

/// An application as it is registered.
struct Registered {
    client: Client,
    settings: ClientSettings,
}

/// The tenant's application with this id. A page of ours is none: nothing of it can be changed.
///
/// # Errors
///
/// [`Problem::NotFound`].
async fn stored(rows: &mut Rows, client_id: &str) -> Result<Registered, Problem> {
    registered(rows.client(client_id).await?)
}

/// The same, held until the end of the transaction: of two who change it at once, the second changes what
/// the first has written, and who removes it comes before or after.
///
/// # Errors
///
/// [`Problem::NotFound`].
async fn to_change(tx: &mut Writing, client_id: &str) -> Result<Registered, Problem> {
    registered(tx.client_to_change(client_id).await?)
}

fn registered(client: Option<Client>) -> Result<Registered, Problem> {
    let client = client.ok_or(Problem::NotFound)?;
    let settings = client.settings.clone().ok_or(Problem::NotFound)?;
    Ok(Registered { client, settings })
}

/// The path of something of an application below its tenant; nothing for its page.
fn below(client_id: &str, rest: &str) -> String {
    format!("{PATH}/{client_id}{rest}")
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

/// The head of a question about an application.
fn head_of(place: &Place, client: &Client, title: &str) -> Head {
    let mut head = head_below(place, title);
    head.crumbs.push(Link::new(place.url(&below(&client.client_id, "")), &client.name));
    head
}

fn badge(client: &Client) -> (Tone, &'static str) {
    if client.enabled { (Tone::Good, "Enabled") } else { (Tone::Info, "Disabled") }
}

fn kind(settings: Option<&ClientSettings>) -> &'static str {
    match settings.map(|settings| settings.kind) {
        None => "Page of Cardea",
        Some(ClientKind::Web) => "Web application",
        Some(ClientKind::SinglePage) => "Single-page application",
        Some(ClientKind::Native) => "Native application",
        Some(ClientKind::Service) => "Service account",
    }
}
