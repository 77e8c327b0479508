use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use identity::PersonState;
use ids::Alias;
use serde::Deserialize;
use store::{PeopleFilter, PersonRow, Rows};
use url::form_urlencoded::Serializer;

use crate::admin::form::{Head, Link, clean};
use crate::admin::place::Place;
use crate::admin::samples;
use crate::admin::users::filter::{Filter, TABS};
use crate::app::App;
use crate::http::page::{Html, when};
use crate::http::problem::Problem;
use crate::pages::sample::{Rendered, Text, rendered, when as at};
use crate::pages::{ConsoleFrame, Section, Tone, When};

/// People on one page.
const PAGE: u32 = 50;
/// People who are counted; of more the page says so.
const COUNTED: usize = 100;

/// Which people, and where to begin.
#[derive(Deserialize)]
pub(crate) struct View {
    #[serde(default)]
    filter: Filter,
    #[serde(default)]
    q: String,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "console/users.html")]
struct UsersPage {
    console: ConsoleFrame,
    head: Head,
    base: String,
    filter: &'static str,
    definition: &'static str,
    search: String,
    waiting: Option<Link>,
    people: Vec<Row>,
    more: Option<String>,
}

struct Row {
    id: String,
    name: String,
    username: String,
    providers: Vec<String>,
    last_sign_in: Option<When>,
    cards: u32,
    groups: usize,
    states: Vec<(Tone, &'static str)>,
}

/// `GET /admin/tenants/{slug}/users`: the people, a page at a time.
pub(crate) async fn handler(
    State(app): State<App>,
    place: Place,
    Query(view): Query<View>,
) -> Result<Response, Problem> {
    let tenant = &place.tenant;
    let search: String = clean(&view.q).chars().take(80).collect();
    let filter = PeopleFilter {
        search: Some(search.clone()).filter(|search| !search.is_empty()),
        only: view.filter.only(),
        after: view.after.clone(),
        // One more than is shown tells whether there are more.
        limit: PAGE.saturating_add(1),
    };
    let mut rows = app.store.read(tenant.id).await?;
    let mut people = rows.people(&filter).await?;
    let counts = counts(&mut rows).await?;
    let providers = rows.providers().await?;
    drop(rows);
    let names = providers.into_iter().map(|provider| (provider.alias, provider.display_name));
    let names: BTreeMap<Alias, String> = names.collect();
    let most = usize::try_from(PAGE).unwrap_or_default();
    let is_more = people.len() > most;
    people.truncate(most);
    let last = people.last().map(|row| row.person.username.clone());
    let more = last.filter(|_| is_more).map(|after| {
        let mut query = Serializer::new(String::new());
        query.append_pair("filter", view.filter.word());
        query.append_pair("q", &search).append_pair("after", &after);
        place.url(&format!("users?{}", query.finish()))
    });
    let page = UsersPage {
        console: place.console(&app, Section::Users).await?,
        head: Head {
            title: "Users".into(),
            crumbs: vec![Link::new(place.url(""), &tenant.display_name)],
            tabs: tabs(&place, view.filter, counts),
            ..Head::default()
        },
        base: place.url("users"),
        filter: view.filter.word(),
        definition: view.filter.definition(),
        search,
        waiting: waiting(&place, view.filter, counts),
        people: people.iter().map(|row| self::row(row, &names)).collect(),
        more,
    };
    Ok(Html(page).into_response())
}

/// How many people there are under each tab, up to one more than are counted.
async fn counts(rows: &mut Rows) -> Result<[usize; 4], Problem> {
    let limit = u32::try_from(COUNTED).unwrap_or_default().saturating_add(1);
    let mut counts = [0; 4];
    for (tab, count) in TABS.into_iter().zip(&mut counts) {
        let filter = PeopleFilter { only: tab.only(), limit, ..PeopleFilter::default() };
        *count = rows.people(&filter).await?.len();
    }
    Ok(counts)
}

/// A count as the page shows it.
fn shown(count: usize) -> String {
    if count > COUNTED { format!("{COUNTED}+") } else { count.to_string() }
}

fn url(place: &Place, filter: Filter) -> String {
    place.url(&format!("users?filter={}", filter.word()))
}

fn tabs(place: &Place, open: Filter, counts: [usize; 4]) -> Vec<Link> {
    let tab = |(filter, count): (Filter, usize)| {
        let words = format!("{} ({})", filter.words(), shown(count));
        Link::new(url(place, filter), words).current(filter == open)
    };
    TABS.into_iter().zip(counts).map(tab).collect()
}

/// Who waits for a first card, said where they are not to be seen.
fn waiting(place: &Place, open: Filter, [_, count, ..]: [usize; 4]) -> Option<Link> {
    let words = match count {
        0 => return None,
        1 => "1 person has signed in at Azure and has no card yet".to_owned(),
        many => format!("{} people have signed in at Azure and have no card yet", shown(many)),
    };
    (open == Filter::Completed).then(|| Link::new(url(place, Filter::NoCard), words))
}

fn row(row: &PersonRow, names: &BTreeMap<Alias, String>) -> Row {
    let person = &row.person;
    let provider = |alias: &Alias| names.get(alias).cloned().unwrap_or_else(|| alias.to_string());
    let mut providers: Vec<String> =
        row.links.iter().map(|link| provider(&link.provider)).collect();
    providers.dedup();
    let mut states = Vec::new();
    if person.state == PersonState::Disabled {
        states.push((Tone::Bad, "Disabled"));
    }
    if person.conflict.is_some() {
        states.push((Tone::Warning, "Sync conflict"));
    }
    if person.groups_stale {
        states.push((Tone::Warning, "Groups may be old"));
    }
    if row.cards == 0 {
        states.push((Tone::Info, "No card"));
    }
    if states.is_empty() {
        states.push((Tone::Good, "Enabled"));
    }
    Row {
        id: person.id.to_string(),
        name: person.name().to_owned(),
        username: person.username.clone(),
        providers,
        last_sign_in: person.last_sign_in_at.map(when),
        cards: row.cards,
        groups: person.attributes.get("group").map_or(0, Vec::len),
        states,
    }
}

pub(in crate::admin) fn samples(text: Text<'_>) -> Rendered {
    let page = |filter: Filter, search: &str, people: Vec<Row>| UsersPage {
        console: ConsoleFrame::sample(text, Section::Users),
        head: samples::head(text, "Users"),
        base: text("/admin/tenants/acme/users"),
        filter: filter.word(),
        definition: filter.definition(),
        search: text(search),
        waiting: (filter == Filter::Completed).then(|| {
            let words = text("2 people have signed in at Azure and have no card yet");
            Link::new(text("/admin/tenants/acme/users?filter=no-card"), words)
        }),
        more: people.first().map(|_| text("/admin/tenants/acme/users?after=m")),
        people,
    };
    let row = |last_sign_in, states| Row {
        id: text("0193b5f0"),
        name: text("Alice Martin"),
        username: text("alice.martin@acme.example"),
        providers: vec![text("Azure"), text("Partner clinics")],
        last_sign_in,
        cards: 1,
        groups: 3,
        states,
    };
    let today = at(text, "Today, 08:12", "2026-11-23T08:12:00Z");
    let people = vec![
        row(Some(today), vec![(Tone::Good, "Enabled")]),
        row(None, vec![(Tone::Bad, "Disabled"), (Tone::Info, "No card")]),
    ];
    rendered(vec![
        ("some", page(Filter::All, "ali", people)),
        ("nobody-found", page(Filter::All, "zzz", Vec::new())),
        ("all-have-cards", page(Filter::NoCard, "", Vec::new())),
        ("no-conflict", page(Filter::SyncConflict, "", Vec::new())),
        ("nobody-yet", page(Filter::Completed, "", Vec::new())),
    ])
}
