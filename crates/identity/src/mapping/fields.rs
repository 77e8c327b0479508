use std::collections::BTreeMap;

use ids::UserId;
use serde_json::Value;

use super::groups::Groups;
use super::report::{MapperReport, Outcome, SkipReason};
use super::{Import, Imported};
use crate::{MapperKind, Person, SyncConflict, SyncMode};

/// Longest username, display name, first and last name, in characters.
const MAX_NAME: usize = 255;
/// Longest address, in bytes (RFC 5321 §4.5.3.1: 64, `@`, 255).
const MAX_EMAIL: usize = 320;

// Fields of the person's own, by which mappers name them. Other names are attributes.
const EMAIL: &str = "email";
const FIRST_NAME: &str = "firstName";
const LAST_NAME: &str = "lastName";

/// The person's row while the mappers run: first as it is, then as it shall be.
pub(super) struct Draft<'a> {
    existing: Option<&'a Person>,
    /// An address of the upstream's that cannot be written, because it is this person's.
    email_owner: Option<(&'a str, UserId)>,
    pub(super) username: Option<String>,
    email: Option<String>,
    /// What the last attempt to write the address met; `None` when there was none.
    email_attempt: Option<EmailAttempt>,
    attributes: BTreeMap<String, Vec<String>>,
    pub(super) groups_stale: bool,
    /// Attributes that were cleared because no groups came.
    pub(super) absent_groups: Vec<String>,
    pub(super) onboards: bool,
}

enum EmailAttempt {
    Written,
    Conflict(String),
}

impl<'a> Draft<'a> {
    pub(super) fn begin(import: &Import<'a>) -> Self {
        let existing = import.existing;
        Self {
            existing,
            email_owner: import.email_owner,
            username: None,
            email: existing.and_then(|person| person.email.clone()),
            email_attempt: None,
            attributes: existing.map(|person| person.attributes.clone()).unwrap_or_default(),
            groups_stale: existing.is_some_and(|person| person.groups_stale),
            absent_groups: Vec::new(),
            onboards: false,
        }
    }

    /// Writes `values`, at least one, into an attribute or a field of the person's own.
    pub(super) fn write(&mut self, attribute: &str, values: Vec<String>) -> Outcome {
        match own_field(attribute) {
            None => {
                self.attributes.insert(attribute.to_owned(), values.clone());
                Outcome::Applied { values }
            }
            Some(field) => {
                let first = values.into_iter().next().unwrap_or_default();
                if field == EMAIL {
                    self.write_email(&first)
                } else {
                    self.write_name(field, &first)
                }
            }
        }
    }

    /// Removes an attribute. A field of the person's own is never cleared.
    pub(super) fn clear(&mut self, attribute: &str) -> Outcome {
        if own_field(attribute).is_some() {
            return Outcome::Skipped { reason: SkipReason::NeverCleared };
        }
        self.attributes.remove(attribute);
        Outcome::Cleared
    }

    /// Whether there is a value now.
    pub(super) fn has(&self, attribute: &str) -> bool {
        match own_field(attribute) {
            Some(EMAIL) => self.email.is_some(),
            Some(name) => self.attributes.contains_key(name),
            None => self.attributes.get(attribute).is_some_and(|values| !values.is_empty()),
        }
    }

    fn write_name(&mut self, field: &'static str, value: &str) -> Outcome {
        let value = tidy(value);
        if value.is_empty() {
            return Outcome::Skipped { reason: SkipReason::NeverCleared };
        }
        let values = vec![value];
        self.attributes.insert(field.to_owned(), values.clone());
        Outcome::Applied { values }
    }

    fn write_email(&mut self, value: &str) -> Outcome {
        let value = value.trim();
        if !is_address(value) {
            return Outcome::Skipped { reason: SkipReason::NotAnAddress };
        }
        if self.is_of_another(value) {
            self.email_attempt = Some(EmailAttempt::Conflict(value.to_owned()));
            return Outcome::KeptOnConflict { value: value.to_owned() };
        }
        self.email_attempt = Some(EmailAttempt::Written);
        self.email = Some(value.to_owned());
        Outcome::Applied { values: vec![value.to_owned()] }
    }

    fn is_of_another(&self, address: &str) -> bool {
        self.email_owner.is_some_and(|(owned, owner)| {
            owned.eq_ignore_ascii_case(address)
                && self.existing.is_none_or(|person| person.id != owner)
        })
    }

    /// Adds what the upstream says without a mapper, and gives out the result.
    pub(super) fn finish(mut self, import: &Import<'_>, reports: Vec<MapperReport>) -> Imported {
        for (field, claim) in
            [(EMAIL, "email"), (FIRST_NAME, "given_name"), (LAST_NAME, "family_name")]
        {
            if let Some(value) = claim_text(import, claim).filter(|_| self.takes(import, field)) {
                self.write(field, vec![value.to_owned()]);
            }
        }
        let groups = Groups::of(import.claims);
        let groups_cleared = self.loses_groups();
        Imported {
            username: self.username(import),
            display_name: self.display_name(import),
            email_verified: self
                .existing
                .is_some_and(|p| p.email_verified && p.email == self.email),
            conflict: self.conflict(import),
            email: self.email,
            attributes: self.attributes,
            groups_stale: self.groups_stale,
            learned_groups_sent: groups.teaches(import.provider),
            groups_came: groups.came(),
            groups_cleared,
            onboards: self.onboards,
            reports,
        }
    }

    /// Whether an absent claim takes groups from the person. Not when another mapper gives them
    /// back, or when there were none before this sign-in.
    fn loses_groups(&self) -> bool {
        let has = |attributes: &BTreeMap<String, Vec<String>>, name: &String| {
            attributes.get(name).is_some_and(|values| !values.is_empty())
        };
        let had = |name| self.existing.is_some_and(|person| has(&person.attributes, name));
        self.absent_groups.iter().any(|name| had(name) && !has(&self.attributes, name))
    }

    /// Whether the upstream's own value is written into `field`. A mapper for the field wins,
    /// except for a new person to whom it gave nothing.
    fn takes(&self, import: &Import<'_>, field: &str) -> bool {
        if self.existing.is_none() {
            let tried = field == EMAIL && self.email_attempt.is_some();
            return !self.has(field) && !tried;
        }
        let governed = import.mappers.iter().any(|mapper| match &mapper.kind {
            MapperKind::AttributeImporter { attribute, .. }
            | MapperKind::HardcodedAttribute { attribute, .. } => {
                own_field(attribute) == Some(field)
            }
            MapperKind::UsernameTemplate { .. } | MapperKind::Onboarding => false,
        });
        import.provider.sync_mode == SyncMode::Force && !governed
    }

    /// The template's, else `preferred_username`, else the address, else `sub`; an existing name
    /// is never replaced by the last two.
    fn username(&self, import: &Import<'_>) -> String {
        let preferred = claim_text(import, "preferred_username").map(tidy);
        let from_template = self.username.clone();
        match self.existing {
            Some(person) => {
                let force = import.provider.sync_mode == SyncMode::Force;
                let has_template = import
                    .mappers
                    .iter()
                    .any(|m| matches!(m.kind, MapperKind::UsernameTemplate { .. }));
                let preferred = preferred.filter(|_| force && !has_template);
                from_template.or(preferred).unwrap_or_else(|| person.username.clone())
            }
            None => from_template
                .or(preferred)
                .or_else(|| self.email.clone())
                .or_else(|| claim_text(import, "email").map(tidy))
                .or_else(|| claim_text(import, "sub").map(tidy))
                .unwrap_or_default(),
        }
    }

    fn display_name(&self, import: &Import<'_>) -> Option<String> {
        let old = self.existing.and_then(|person| person.display_name.clone());
        if self.existing.is_some() && import.provider.sync_mode == SyncMode::Import {
            return old;
        }
        let parts = [claim_text(import, "given_name"), claim_text(import, "family_name")];
        let whole = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let name = claim_text(import, "name").map_or(whole, str::to_owned);
        if name.is_empty() { old } else { Some(tidy(&name)) }
    }

    fn conflict(&self, import: &Import<'_>) -> Option<SyncConflict> {
        match &self.email_attempt {
            Some(EmailAttempt::Written) => None,
            Some(EmailAttempt::Conflict(value)) => Some(SyncConflict {
                attribute: EMAIL.to_owned(),
                value: value.clone(),
                at: import.now,
            }),
            None => self.existing.and_then(|person| person.conflict.clone()),
        }
    }
}

/// The field that `attribute` names in any case (Keycloak's rule).
fn own_field(attribute: &str) -> Option<&'static str> {
    [EMAIL, FIRST_NAME, LAST_NAME].into_iter().find(|own| own.eq_ignore_ascii_case(attribute))
}

/// A claim that is a text with something in it that can be shown.
fn claim_text<'a>(import: &Import<'a>, claim: &str) -> Option<&'a str> {
    let text = import.claims.get(claim).and_then(Value::as_str).map(str::trim);
    text.filter(|text| !tidy(text).is_empty())
}

/// Without control characters, and of a length that a page can show.
pub(super) fn tidy(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect::<String>().trim().to_owned()
}

/// Enough to tell an address from something else; whether it exists is not asked.
fn is_address(text: &str) -> bool {
    let parts = text.rsplit_once('@').filter(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.starts_with('.')
    });
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    text.len() <= MAX_EMAIL && plain && parts.is_some()
}
