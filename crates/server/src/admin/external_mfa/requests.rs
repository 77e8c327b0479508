//! What became of Entra's last requests: of those that somebody had vouched for, from the audit trail.

use store::{AuditEvent, Rows};

use super::{Tone, When};
use crate::admin::audit::{Names, sentence};
use crate::admin::form::{Link, Message};
use crate::admin::place::Place;
use crate::doors::eam::last_refused::Refused;
use crate::http::page::when;
use crate::http::problem::Problem;

/// Requests on the page.
const SHOWN: u32 = 20;

pub(super) struct Row {
    pub(super) at: When,
    pub(super) what: String,
    pub(super) tone: Tone,
    pub(super) person: Option<Link>,
    /// `client-request-id`, for Microsoft's support.
    pub(super) reference: Option<String>,
}

/// The last requests, and what the last refused one means if nothing went well since.
pub(super) struct Last {
    pub(super) rows: Vec<Row>,
    pub(super) refused: Option<Message>,
}

pub(super) async fn last(rows: &mut Rows, place: &Place) -> Result<Last, Problem> {
    let events = rows.requests_of_entra(SHOWN).await?;
    let names = Names::of(rows, &events).await?;
    let outcome = events.iter().find(|event| event.kind != "eam.asked");
    let refused = outcome.filter(|event| event.kind == "eam.refused");
    let refused = refused.map(|event| Message {
        tone: Tone::Warning,
        title: sentence(event, &names).unwrap_or_else(|| event.kind.clone()),
        lines: remedy(event).into_iter().map(str::to_owned).collect(),
    });
    let rows = events.iter().map(|event| row(event, &names, place)).collect();
    Ok(Last { rows, refused })
}

fn row(event: &AuditEvent, names: &Names, place: &Place) -> Row {
    let link = |id| Link::new(place.url(&format!("users/{id}")), names.person(id));
    let reference = event.detail.get("client_request_id").and_then(serde_json::Value::as_str);
    Row {
        at: when(event.at),
        what: sentence(event, names).unwrap_or_else(|| event.kind.clone()),
        tone: match event.kind.as_str() {
            "eam.proved" => Tone::Good,
            "eam.refused" => Tone::Bad,
            _ => Tone::Info,
        },
        person: event.person.map(link),
        reference: reference.map(str::to_owned),
    }
}

/// What to do about a refused request.
fn remedy(event: &AuditEvent) -> Option<&'static str> {
    Some(match event.detail.get("reason").and_then(serde_json::Value::as_str)? {
        "entra-other-method" => {
            "Entra asked for something that a card does not prove, as it does when the first factor was \
             a card or key already."
        }
        "no-card-allowed" => {
            "Give the person a one-time code and let them enrol a card, at the account page; or let \
             codes enrol first cards (Tenant settings)."
        }
        "person-disabled" => "Enable the person, if they are to sign in.",
        _ => "The server's log says more, under the reference.",
    })
}

/// A request for which nobody had vouched, and so is on no record.
pub(super) fn unvouched(refused: Refused) -> Message {
    let Refused { at, rule, reason, reference } = refused;
    let reference = reference.map(|id| format!(" Reference: {id}.")).unwrap_or_default();
    Message {
        tone: Tone::Warning,
        title: "A request in Entra's name was refused at once".into(),
        lines: vec![
            format!("{}, by rule {rule}: {reason}.{reference}", when(at).text),
            "Anybody can send such a request. If it was you: compare the Client ID, App ID, directory \
             and cloud with those in Azure."
                .into(),
        ],
    }
}
