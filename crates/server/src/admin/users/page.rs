mod samples;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use identity::{EntraLink, Person, PersonState, SyncConflict};
use serde::Deserialize;
use store::{AuditEvent, Credential, Device, DeviceState, Rows, Session, SessionKind};

pub(in crate::admin) use self::samples::samples;
use crate::account::model::model;
use crate::account::page::{enrolled, last_used};
use crate::admin::audit::{Names, sentence};
use crate::admin::form::{Head, Message};
use crate::admin::place::AtPerson;
use crate::admin::users::{badge, crumbs};
use crate::app::App;
use crate::http::page::{Html, when};
use crate::http::problem::Problem;
use crate::pages::{ConsoleFrame, Model, Section, Tone, When};

/// Events of sign-ins that are shown.
const EVENTS: u32 = 40;
/// Those among them that did not lead where they should.
const REFUSALS: [&str; 2] = ["login.refused", "login.given-up"];

#[derive(Deserialize)]
pub(crate) struct View {
    done: Option<String>,
}

#[derive(Template)]
#[template(path = "console/user.html")]
struct UserPage {
    console: ConsoleFrame,
    head: Head,
    base: String,
    person: Person,
    is_self: bool,
    facts: Facts,
    links: Vec<EntraLink>,
    cards: Vec<Card>,
    sessions: Vec<Row>,
    agents: Vec<Agent>,
    events: Vec<Event>,
}

struct Facts {
    created: When,
    last_sign_in: Option<When>,
    last_upstream: Option<When>,
    conflict: Option<(SyncConflict, When)>,
    enabled: bool,
    has_card: bool,
}

struct Card {
    id: String,
    label: String,
    model: Model,
    added: When,
    last_used: When,
    enrolled: &'static str,
    revoked: Option<When>,
}

struct Row {
    what: &'static str,
    browser: String,
    since: When,
    until: When,
}

struct Agent {
    id: String,
    name: String,
    os: String,
    added: When,
    last_seen: Option<When>,
    state: (Tone, &'static str),
    revoked: bool,
}

struct Event {
    at: When,
    words: String,
    good: bool,
}

/// `GET /admin/tenants/{slug}/users/{id}`: all that is known of a person, and what can be done.
pub(crate) async fn handler(
    State(app): State<App>,
    at: AtPerson,
    Query(view): Query<View>,
) -> Result<Response, Problem> {
    let tenant = &at.place.tenant;
    let mut rows = app.store.read(tenant.id).await?;
    let id = at.person.id;
    let links = rows.links(id).await?;
    let cards = rows.credentials(id).await?;
    let sessions = rows.sessions(id).await?;
    let agents = rows.devices(id).await?;
    let events = events(&mut rows, &at).await?;
    drop(rows);
    let page = UserPage {
        console: at.place.console(&app, Section::Users).await?,
        head: head(&at, view.done.as_deref()),
        base: at.url(""),
        is_self: at.is_self(),
        facts: facts(&at.person, &cards),
        links,
        cards: cards.iter().map(card).collect(),
        sessions: sessions.iter().map(session).collect(),
        agents: agents.iter().map(|device| agent(&app, device)).collect(),
        events,
        person: at.person,
    };
    Ok(Html(page).into_response())
}

fn head(at: &AtPerson, done: Option<&str>) -> Head {
    let message = match done {
        Some("disabled") => Some("The person is disabled; their sessions have ended"),
        Some("enabled") => Some("The person is enabled"),
        Some("revoked") => Some("The card is revoked; its sessions have ended"),
        Some("ended") => Some("The sessions have ended"),
        Some("agent") => Some("The agent is revoked"),
        Some("agent-renamed") => Some("The agent has its new name"),
        _ => None,
    };
    Head {
        title: at.name().to_owned(),
        crumbs: crumbs(&at.place),
        badges: vec![badge(&at.person)],
        messages: message.map(Message::good).into_iter().collect(),
        ..Head::default()
    }
}

fn facts(person: &Person, cards: &[Credential]) -> Facts {
    Facts {
        created: when(person.created_at),
        last_sign_in: person.last_sign_in_at.map(when),
        last_upstream: person.last_upstream_at.map(when),
        conflict: person.conflict.clone().map(|conflict| {
            let at = when(conflict.at);
            (conflict, at)
        }),
        enabled: person.state == PersonState::Enabled,
        has_card: cards.iter().any(|card| card.revoked_at.is_none()),
    }
}

fn card(card: &Credential) -> Card {
    Card {
        id: card.id.to_string(),
        label: card.label.clone(),
        model: model(card),
        added: when(card.created_at),
        last_used: last_used(card),
        enrolled: enrolled(&card.permit),
        revoked: card.revoked_at.map(when),
    }
}

fn session(session: &Session) -> Row {
    Row {
        what: match session.kind {
            SessionKind::Account => "Account page",
            SessionKind::Administrator => "Console",
        },
        browser: session.user_agent.clone(),
        since: when(session.created_at),
        until: when(session.expires_at),
    }
}

fn agent(app: &App, device: &Device) -> Agent {
    let state = match device.state {
        DeviceState::Pending => (Tone::Warning, "Not confirmed"),
        DeviceState::Revoked => (Tone::Bad, "Revoked"),
        DeviceState::Confirmed if app.agents.is_online(device.id) => (Tone::Good, "Connected"),
        DeviceState::Confirmed => (Tone::Info, "Not connected"),
    };
    Agent {
        id: device.id.to_string(),
        name: device.name.clone(),
        os: device.os.clone(),
        added: when(device.created_at),
        last_seen: device.last_seen_at.map(when),
        state,
        revoked: device.state == DeviceState::Revoked,
    }
}

async fn events(rows: &mut Rows, at: &AtPerson) -> Result<Vec<Event>, Problem> {
    let events = rows.sign_ins(at.person.id, EVENTS).await?;
    let names = Names::of(rows, &events).await?;
    let shown = |event: &AuditEvent| Event {
        at: when(event.at),
        words: sentence(event, &names).unwrap_or_else(|| event.kind.clone()),
        good: !REFUSALS.contains(&event.kind.as_str()),
    };
    Ok(events.iter().map(shown).collect())
}
