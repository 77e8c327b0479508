//! The names behind the ids of audit events, as they are now.

use std::collections::{BTreeMap, BTreeSet};

use ids::{CredentialId, DeviceId, UserId};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use store::{AuditEvent, Rows};

use crate::http::problem::Problem;

/// Names by id. What is gone has none, and stays an id.
#[derive(Default)]
pub(in crate::admin) struct Names {
    people: BTreeMap<UserId, String>,
    cards: BTreeMap<CredentialId, String>,
    devices: BTreeMap<DeviceId, String>,
    providers: BTreeMap<String, String>,
}

impl Names {
    /// The names that these events of a tenant speak of.
    ///
    /// # Errors
    ///
    /// [`Problem`] when the store fails.
    pub(in crate::admin) async fn of(
        rows: &mut Rows,
        events: &[AuditEvent],
    ) -> Result<Self, Problem> {
        let mut names = Self::default();
        for provider in rows.providers().await? {
            names.providers.insert(provider.alias.to_string(), provider.display_name);
        }
        for id in told::<CredentialId>(events, "card") {
            if let Some(card) = rows.credential(id).await? {
                names.cards.insert(id, card.label);
            }
        }
        for id in told::<DeviceId>(events, "device") {
            if let Some(device) = rows.device(id).await? {
                names.devices.insert(id, device.name);
            }
        }
        names.add_people(rows, events).await?;
        Ok(names)
    }

    /// Adds the people of a tenant who are among those of the events: operators, too, act in the
    /// tenants of others.
    ///
    /// # Errors
    ///
    /// [`Problem`] when the store fails.
    pub(in crate::admin) async fn add_people(
        &mut self,
        rows: &mut Rows,
        events: &[AuditEvent],
    ) -> Result<(), Problem> {
        let ids = events.iter().flat_map(|event| event.person.into_iter().chain(event.actor));
        for id in ids.collect::<BTreeSet<_>>() {
            if self.people.contains_key(&id) {
                continue;
            }
            if let Some(person) = rows.person(id).await? {
                self.people.insert(id, person.name().to_owned());
            }
        }
        Ok(())
    }

    /// What a person is called.
    pub(in crate::admin) fn person(&self, id: UserId) -> String {
        self.people.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    /// What the card of an event is called.
    pub(super) fn card(&self, detail: &Json) -> String {
        let label = id(detail, "card").and_then(|id| self.cards.get(&id));
        label.map_or_else(|| "a card".to_owned(), |label| format!("“{label}”"))
    }

    /// What the computer of an event is called: now, or as the event has it.
    pub(super) fn device(&self, detail: &Json) -> String {
        let name = id(detail, "device").and_then(|id| self.devices.get(&id).cloned());
        let name = name.or_else(|| Some(text(detail, "name").to_owned()));
        name.filter(|name| !name.is_empty()).unwrap_or_else(|| "a computer".to_owned())
    }

    /// What the provider of an event is called.
    pub(super) fn provider(&self, detail: &Json) -> String {
        let alias = text(detail, "provider");
        self.providers.get(alias).cloned().unwrap_or_else(|| alias.to_owned())
    }
}

/// A text among the facts of an event; empty when there is none.
pub(super) fn text<'a>(detail: &'a Json, name: &str) -> &'a str {
    detail.get(name).and_then(Json::as_str).unwrap_or_default()
}

fn id<T: DeserializeOwned>(detail: &Json, name: &str) -> Option<T> {
    serde_json::from_value(detail.get(name)?.clone()).ok()
}

/// The ids that events tell under `name`, each once.
fn told<T: DeserializeOwned + Ord>(events: &[AuditEvent], name: &str) -> BTreeSet<T> {
    events.iter().filter_map(|event| id(&event.detail, name)).collect()
}
