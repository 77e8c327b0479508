//! The audit chain of a tenant, in words.

mod applications;
mod names;
mod words;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use identity::Tenant;
use ids::UserId;
use store::AuditEvent;

pub(super) use self::names::Names;
pub(super) use self::words::sentence;
use crate::admin::form::{Head, Link, Message};
use crate::admin::place::Place;
use crate::admin::samples;
use crate::admin::session;
use crate::app::App;
use crate::http::page::{Html, when};
use crate::http::problem::Problem;
use crate::pages::sample::{Rendered, Text, rendered, when as at};
use crate::pages::{ConsoleFrame, Section, Tone, When};
use crate::trail::{Stretch, Walked, walk};

/// Events on the page.
const SHOWN: usize = 100;
/// Chains up to this length are verified from their beginning at each look.
const VERIFIED: i64 = 20_000;

#[derive(Template)]
#[template(path = "console/audit.html")]
struct AuditPage {
    console: ConsoleFrame,
    head: Head,
    events: Vec<Row>,
}

struct Row {
    seq: i64,
    at: When,
    kind: String,
    sentence: Option<String>,
    /// The link to their page, with their name.
    person: Option<Link>,
    actor: Option<String>,
    detail: String,
}

/// `GET /admin/tenants/{slug}/audit`: the last events, and whether the chain holds.
pub(crate) async fn handler(State(app): State<App>, place: Place) -> Result<Response, Problem> {
    let tenant = &place.tenant;
    let stretch = Stretch { events: VERIFIED, kept: SHOWN };
    let chain = walk(&app.store, tenant.id, &stretch, None).await?;
    let mut rows = app.store.read(tenant.id).await?;
    let mut names = Names::of(&mut rows, &chain.last).await?;
    drop(rows);
    let operators = session::tenant(&app).await?;
    let mut rows = app.store.read(operators.id).await?;
    names.add_people(&mut rows, &chain.last).await?;
    drop(rows);
    let page = AuditPage {
        console: place.console(&app, Section::Events).await?,
        head: Head {
            title: "Audit".into(),
            crumbs: vec![Link::new(place.url(""), &tenant.display_name)],
            messages: vec![verdict(&chain, tenant)],
            ..Head::default()
        },
        events: chain.last.iter().rev().map(|event| row(event, &place, &names)).collect(),
    };
    Ok(Html(page).into_response())
}

fn verdict(chain: &Walked, tenant: &Tenant) -> Message {
    let end = chain.last.last().map_or(0, |event| event.seq);
    let broken = "Keep a copy of the database, and find out who had access.";
    if let Some(seq) = chain.broken_at {
        return Message {
            tone: Tone::Bad,
            title: format!("The audit chain is broken at event {seq}"),
            lines: vec![format!("Events were changed, removed or moved in the database. {broken}")],
        };
    }
    if let Some(seq) = chain.missing {
        return Message {
            tone: Tone::Bad,
            title: format!("The audit chain is broken: event {seq} is gone"),
            lines: vec![format!(
                "This server wrote it, and the database was put back to before. {broken}"
            )],
        };
    }
    Message {
        tone: Tone::Good,
        title: format!("The audit chain is whole up to event {end}, as signed"),
        lines: vec![
            format!(
                "Events {} to {end} were verified just now, with the master key: between them none \
                 was changed, removed or moved.",
                chain.from
            ),
            format!(
                "Whether later ones were cut off, the database alone cannot tell. The server's log \
                 can: take the last line “audit head” of this tenant and run cardea audit verify \
                 --tenant {} --seen SEQ:MAC.",
                tenant.slug
            ),
        ],
    }
}

fn row(event: &AuditEvent, place: &Place, names: &Names) -> Row {
    let link = |id: UserId| Link::new(place.url(&format!("users/{id}")), names.person(id));
    let actor = event.actor.map(|actor| match event.person {
        Some(person) if person == actor => "themselves".to_owned(),
        _ => names.person(actor),
    });
    Row {
        seq: event.seq,
        at: when(event.at),
        kind: event.kind.clone(),
        sentence: sentence(event, names),
        person: event.person.map(link),
        actor,
        detail: words::facts(&event.detail),
    }
}

pub(super) fn samples(text: Text<'_>) -> Rendered {
    let row = |seq, person: Option<&str>, actor: Option<&str>| Row {
        seq,
        at: at(text, "Today, 08:12", "2026-11-23T08:12:00Z"),
        kind: text("card.revoked"),
        sentence: person.map(|_| text("The card “Staff badge” was revoked")),
        person: person
            .map(|name| Link::new(text("/admin/tenants/acme/users/0193b5f0"), text(name))),
        actor: actor.map(text),
        detail: text("card: 0193b5f0"),
    };
    rendered(vec![(
        "some",
        AuditPage {
            console: ConsoleFrame::sample(text, Section::Events),
            head: samples::head(text, "Audit"),
            events: vec![row(2, Some("Alice Martin"), Some("Olivia Bauer")), row(1, None, None)],
        },
    )])
}
