//! Smart cards with certificates: whose cards a tenant takes, and what it asks of them.

pub(super) mod authority;
pub(super) mod delete;
pub(super) mod new;
pub(super) mod rules;
mod samples;
mod sheet;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use identity::{Moment, RevocationPolicy, X509Policy};
use serde::Deserialize;
use store::{CardAuthority, KeptList};

pub(super) use self::samples::samples;
use crate::admin::form::{Head, Link, Message};
use crate::admin::place::Place;
use crate::app::App;
use crate::authorities;
use crate::entropy;
use crate::http::page::{Html, date, when};
use crate::http::problem::Problem;
use crate::pages::{ConsoleFrame, Section, Tone};

/// An authority's certificate that ends so soon is said to.
const SOON: std::time::Duration = std::time::Duration::from_hours(60 * 24);

#[derive(Deserialize)]
pub(crate) struct View {
    done: Option<String>,
}

#[derive(Template)]
#[template(path = "console/smart-cards.html")]
struct SmartCardsPage {
    console: ConsoleFrame,
    head: Head,
    base: String,
    rules: Vec<String>,
    authorities: Vec<Row>,
}

struct Row {
    id: String,
    name: String,
    subject: String,
    ends: (Tone, String),
    list: (Tone, String),
    failed: Option<String>,
}

/// `GET /admin/tenants/{slug}/smart-cards`.
pub(crate) async fn handler(
    State(app): State<App>,
    place: Place,
    Query(view): Query<View>,
) -> Result<Response, Problem> {
    let mut rows = app.store.read(place.tenant.id).await?;
    let found = rows.card_authorities().await?;
    let lists = rows.revocation_lists().await?;
    drop(rows);
    let policy = &place.tenant.policy.x509;
    let messages = match view.done.as_deref() {
        Some("saved") => vec![Message::good("Saved")],
        Some("deleted") => vec![Message::good("The authority is deleted")],
        _ => Vec::new(),
    };
    let now = entropy::now();
    let row = |authority: &CardAuthority| {
        let list = lists.iter().find(|list| list.fingerprint == authority.fingerprint);
        row(policy, authority, list, now)
    };
    let page = SmartCardsPage {
        console: place.console(&app, Section::SmartCards).await?,
        head: Head { messages, badges: vec![state(policy)], ..head(&place, "Smart cards") },
        base: place.url("smart-cards"),
        rules: rules(policy),
        authorities: found.iter().map(row).collect::<Result<_, _>>()?,
    };
    Ok(Html(page).into_response())
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
    head.crumbs.push(Link::new(place.url("smart-cards"), "Smart cards"));
    head
}

fn state(policy: &X509Policy) -> (Tone, &'static str) {
    if policy.enabled { (Tone::Good, "Taken") } else { (Tone::Info, "Off") }
}

/// What is asked of a certificate, in words.
fn rules(policy: &X509Policy) -> Vec<String> {
    let one_of = |what: &str, any: &str, oids: &[String]| match oids {
        [] => any.to_owned(),
        oids => {
            format!("{what}: {}.", oids.iter().map(|o| oid_words(o)).collect::<Vec<_>>().join(", "))
        }
    };
    let list = match policy.revocation {
        RevocationPolicy::Required => {
            "A list of revoked certificates must be there for each authority, and not be out of date."
        }
        RevocationPolicy::IfThere => {
            "Lists of revoked certificates count where there are any, however old."
        }
    };
    let name = if policy.upn_required {
        "The certificate must name the person's account (UPN)."
    } else {
        "A certificate that names another account (UPN, mail address) is refused; it need name none."
    };
    vec![
        one_of(
            "The certificate is for one of these uses",
            "Any use of the certificate is taken.",
            &policy.usages,
        ),
        one_of(
            "It was issued under one of these policies",
            "Any certificate policy is taken.",
            &policy.policies,
        ),
        list.into(),
        name.into(),
    ]
}

fn oid_words(oid: &str) -> String {
    let name = x509_cards::Oid::parse(oid).and_then(|oid| oid.name());
    name.map_or_else(|| oid.to_owned(), |name| format!("{name} ({oid})"))
}

fn row(
    policy: &X509Policy,
    authority: &CardAuthority,
    list: Option<&KeptList>,
    now: Moment,
) -> Result<Row, Problem> {
    let certificate = authorities::authority(authority)?;
    let ends = Moment::from_unix_seconds(certificate.not_after);
    let (tone, what) = match ends {
        ends if ends < now => (Tone::Bad, "Ended"),
        ends if ends < now.plus(SOON) => (Tone::Warning, "Ends soon"),
        _ => (Tone::Good, "Valid"),
    };
    Ok(Row {
        id: hex(&authority.fingerprint),
        name: authority.name.clone(),
        subject: certificate.subject,
        ends: (tone, format!("{what}: {}", date(ends))),
        list: list_words(policy, list, now),
        failed: failure(authority),
    })
}

/// How fresh a list is.
fn list_words(policy: &X509Policy, list: Option<&KeptList>, now: Moment) -> (Tone, String) {
    let required = policy.revocation == RevocationPolicy::Required;
    let lacking = if required { Tone::Bad } else { Tone::Warning };
    match list {
        None if required => (lacking, "None: its cards are refused".into()),
        None => (lacking, "None".into()),
        Some(list) if list.next_update <= now => {
            (lacking, format!("Out of date since {}", when(list.next_update).text))
        }
        Some(list) => (Tone::Good, format!("In force until {}", when(list.next_update).text)),
    }
}

/// What became of the last try to fetch a list, when it failed.
fn failure(authority: &CardAuthority) -> Option<String> {
    let (tried, error) = (authority.list_tried_at?, authority.list_error.as_deref()?);
    Some(format!("Not fetched on {}: {error}.", when(tried).text))
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_said_to_be_missing_or_old_as_the_rules_take_it() {
        let now = Moment::from_unix_seconds(1_796_000_000);
        let list = KeptList {
            fingerprint: [0; 32],
            list: Vec::new(),
            this_update: Moment(0),
            next_update: now,
            fetched_at: now,
            source: String::new(),
        };
        let required = X509Policy::default();
        let lax = X509Policy { revocation: RevocationPolicy::IfThere, ..X509Policy::default() };
        assert_eq!(list_words(&required, None, now).0, Tone::Bad);
        assert_eq!(list_words(&lax, None, now).0, Tone::Warning);
        let old = list_words(&required, Some(&list), now);
        assert_eq!(old, (Tone::Bad, "Out of date since 30 November 2026, 00:53 UTC".into()));
        let earlier = now.minus(std::time::Duration::from_secs(1));
        assert_eq!(list_words(&required, Some(&list), earlier).0, Tone::Good);
    }
}
