//! The card step: "Authenticate yourself by using your cards or the digital app".

mod account;
pub(crate) mod agent;
pub(crate) mod answer;
pub(crate) mod code;
pub(crate) mod entra;
pub(crate) mod events;
pub(crate) mod finish;
mod hand_out;
mod late;
pub(crate) mod link;
pub(crate) mod options;
pub(crate) mod page;
pub(crate) mod pair;
pub(crate) mod returning;
pub(crate) mod start_again;

use identity::Tenant;
use login::{Door, Then, Waiting};
use passkeys::Hint;
use serde::{Deserialize, Serialize};
use url::form_urlencoded::byte_serialize;

use crate::admin::step_up::confirmed;
use crate::card_step::answer::Outcome;
use crate::paths;

/// Where the page goes on.
#[derive(Serialize)]
pub(crate) struct Location {
    pub(crate) location: String,
}

/// What the person chose on the page.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PageHint {
    Card,
    Phone,
}

impl PageHint {
    /// The hint for the browser's dialog.
    pub(crate) fn of_passkeys(self) -> Hint {
        match self {
            Self::Card => Hint::SecurityKey,
            Self::Phone => Hint::Hybrid,
        }
    }
}

/// Where the browser goes on after an answer of its own that was taken.
pub(crate) fn next(tenant: &Tenant, waiting: &Waiting, outcome: Outcome) -> String {
    let request = &waiting.started.request;
    match (outcome, waiting.then) {
        (Outcome::Waits | Outcome::Held, _) => paths::card(&tenant.slug),
        (Outcome::Ended, Then::AddCard) => paths::account_after(&tenant.slug, "added"),
        (Outcome::Ended, Then::RemoveCard(_)) => paths::account_after(&tenant.slug, "removed"),
        (Outcome::Ended, Then::Confirm) if request.door == Door::Console => {
            confirmed(&request.return_to)
        }
        (Outcome::Ended, Then::Confirm | Then::Exit) => request.return_to.clone(),
    }
}

/// The same after an agent's answer: what it issued, the browser has to claim first.
pub(crate) fn next_by_agent(tenant: &Tenant, waiting: &Waiting, outcome: Outcome) -> String {
    match (outcome, waiting.then) {
        (Outcome::Ended, Then::Confirm | Then::Exit) => claim_url(tenant, waiting),
        _ => next(tenant, waiting, outcome),
    }
}

/// Where the browser claims what an agent's answer has issued. The row of the login is gone by
/// then, so the address says where somebody goes on who has confirmed, or wants an application.
pub(crate) fn claim_url(tenant: &Tenant, waiting: &Waiting) -> String {
    let url = paths::card(&tenant.slug);
    let request = &waiting.started.request;
    if waiting.then != Then::Confirm && request.application.is_none() {
        return url;
    }
    let to: String = byte_serialize(request.return_to.as_bytes()).collect();
    format!("{url}?to={to}")
}
