//! The audit chain of a tenant, in words.

mod names;
mod words;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use ids::UserId;
use store::{AuditEvent, Rows, verify_chain};

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

/// Events on the page.
const SHOWN: usize = 100;
/// Events that are read at a time.
const BATCH: u32 = 500;
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
    let mut rows = app.store.read(tenant.id).await?;
    let chain = walk(&mut rows).await?;
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
            messages: vec![verdict(&chain)],
            ..Head::default()
        },
        events: chain.last.iter().rev().map(|event| row(event, &place, &names)).collect(),
    };
    Ok(Html(page).into_response())
}

/// What a walk along the chain found.
struct Chain {
    /// The last events, the oldest first.
    last: Vec<AuditEvent>,
    /// Number of the first event that was looked at.
    from: i64,
    /// Number of the first event that is not as it was written.
    broken_at: Option<i64>,
}

/// Walks to the end of the chain, in batches that overlap by one event so that no joint is left
/// out. The end is read first: what is appended meanwhile is not missed.
async fn walk(rows: &mut Rows) -> Result<Chain, Problem> {
    let head = rows.audit_head().await?.ok_or(Problem::Internal)?;
    let after = head.seq.saturating_sub(VERIFIED).max(0);
    let mut chain = Chain { last: Vec::new(), from: after.saturating_add(1), broken_at: None };
    let mut stretch: Vec<AuditEvent> = Vec::new();
    let mut at = after;
    while at < head.seq {
        let mut batch = rows.audit(at, BATCH).await?;
        batch.retain(|event| event.seq <= head.seq);
        let Some(end) = batch.last().map(|event| event.seq) else { break };
        at = end;
        stretch = stretch.pop().into_iter().chain(batch).collect();
        if let Err(index) = verify_chain(&stretch) {
            let broken = stretch.get(index).map_or(head.seq, |event| event.seq);
            chain.broken_at.get_or_insert(broken);
        }
        chain.last.extend(stretch.iter().skip(usize::from(!chain.last.is_empty())).cloned());
        let surplus = chain.last.len().saturating_sub(SHOWN);
        chain.last.drain(..surplus);
    }
    if head.seq > 0 && !head.ends(&chain.last) {
        chain.broken_at.get_or_insert(head.seq);
    }
    Ok(chain)
}

fn verdict(chain: &Chain) -> Message {
    let end = chain.last.last().map_or(0, |event| event.seq);
    match chain.broken_at {
        Some(seq) => Message {
            tone: Tone::Bad,
            title: format!("The audit chain is broken at event {seq}"),
            lines: vec![
                "Events were changed, removed or moved in the database. Keep a copy of it, and \
                 find out who had access."
                    .into(),
            ],
        },
        None => Message {
            tone: Tone::Good,
            title: "The audit chain is whole".into(),
            lines: vec![format!(
                "Events {} to {end} were verified just now: none was changed, removed or moved.",
                chain.from
            )],
        },
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
