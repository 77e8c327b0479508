use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use ids::UserId;
use serde_json::Value as Json;
use store::{AuditEvent, Rows, verify_chain};

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
    users: String,
    events: Vec<Row>,
}

struct Row {
    seq: i64,
    at: When,
    kind: String,
    person: Option<String>,
    actor: Option<String>,
    detail: String,
}

/// `GET /admin/tenants/{slug}/audit`: the last events, and whether the chain holds.
pub(crate) async fn handler(State(app): State<App>, place: Place) -> Result<Response, Problem> {
    let tenant = &place.tenant;
    let mut rows = app.store.read(tenant.id).await?;
    let chain = walk(&mut rows).await?;
    drop(rows);
    let operators = names(&app, &chain.last).await?;
    let page = AuditPage {
        console: place.console(&app, Section::Events).await?,
        head: Head {
            title: "Audit".into(),
            crumbs: vec![Link::new(place.url(""), &tenant.display_name)],
            messages: vec![verdict(&chain)],
            ..Head::default()
        },
        users: place.url("users"),
        events: chain.last.iter().rev().map(|event| row(event, &operators)).collect(),
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

/// The facts of an event on one line.
fn detail(facts: &Json) -> String {
    let Some(fields) = facts.as_object() else { return facts.to_string() };
    let one = |(name, value): (&String, &Json)| match value.as_str() {
        Some(text) => format!("{name}: {text}"),
        None => format!("{name}: {value}"),
    };
    fields.iter().map(one).collect::<Vec<_>>().join(" · ")
}

/// Names of those who did something to somebody else: the operators.
async fn names(app: &App, events: &[AuditEvent]) -> Result<BTreeMap<UserId, String>, Problem> {
    let operators = session::tenant(app).await?;
    let mut rows = app.store.read(operators.id).await?;
    let actors: BTreeSet<UserId> = events.iter().filter_map(|event| event.actor).collect();
    let mut names = BTreeMap::new();
    for id in actors {
        if let Some(person) = rows.person(id).await? {
            names.insert(id, person.username);
        }
    }
    Ok(names)
}

fn row(event: &AuditEvent, operators: &BTreeMap<UserId, String>) -> Row {
    let actor = event.actor.filter(|actor| Some(*actor) != event.person);
    Row {
        seq: event.seq,
        at: when(event.at),
        kind: event.kind.clone(),
        person: event.person.map(|id| id.to_string()),
        actor: actor.map(|id| operators.get(&id).cloned().unwrap_or_else(|| id.to_string())),
        detail: detail(&event.detail),
    }
}

pub(super) fn samples(text: Text<'_>) -> Rendered {
    let row = |seq, person: Option<&str>, actor: Option<&str>| Row {
        seq,
        at: at(text, "Today, 08:12", "2026-11-23T08:12:00Z"),
        kind: text("card.revoked"),
        person: person.map(text),
        actor: actor.map(text),
        detail: text("card: 0193b5f0"),
    };
    rendered(vec![(
        "some",
        AuditPage {
            console: ConsoleFrame::sample(text, Section::Events),
            head: samples::head(text, "Audit"),
            users: text("/admin/tenants/acme/users"),
            events: vec![row(2, Some("0193b5f0"), Some("Olivia Bauer")), row(1, None, None)],
        },
    )])
}
