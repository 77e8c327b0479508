//! Mappers: turn the claims of a verified ID token into what a person's row shall hold.
//!
//! Follows Keycloak's claim paths and sync modes, and tells three things apart that look alike: a
//! claim that is *absent*, one that is *empty*, and groups that were too many to be sent
//! (*overage*).
//!
//! # Security
//!
//! Nothing here links anybody: who the person is was decided by `(tid, oid)` before. An imported
//! e-mail address is never marked verified.

mod attributes;
mod fields;
mod groups;
mod missing;
mod path;
mod report;
mod template;
mod values;

pub use groups::{points_to_graph, wants_groups_from_graph};
pub use missing::{MissingClaim, missing_claims};
pub use path::{ClaimPath, ClaimPathError};
pub use report::{MapperReport, Outcome, SkipReason, azure_path};
pub use template::{
    TemplateError, UsernameTemplate, entra_template_mappers, onboarding_mapper_only,
};

use std::collections::BTreeMap;

use ids::UserId;
use serde_json::{Map, Value};

use crate::{AbsentGroups, Mapper, MapperKind, Moment, Person, Provider, SyncConflict, SyncMode};

/// What goes into an import.
#[derive(Clone, Copy, Debug)]
pub struct Import<'a> {
    /// The provider that vouches.
    pub provider: &'a Provider,
    /// Its mappers, in their order.
    pub mappers: &'a [Mapper],
    /// The claims of its verified ID token.
    pub claims: &'a Map<String, Value>,
    /// The person whom its link names; `None` when they are about to be created.
    pub existing: Option<&'a Person>,
    /// The address of [`wanted_email`] and whose it is already in this tenant, if anybody's.
    pub email_owner: Option<(&'a str, UserId)>,
    /// What becomes of stored groups when groups are sent and none came.
    pub absent_groups: AbsentGroups,
    /// What is known of groups that were too many to be sent.
    pub overage: &'a Overage,
    /// The present.
    pub now: Moment,
}

/// What is known of groups that were too many to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Overage {
    /// Nothing: what is stored stays, and counts as out of date.
    Unknown,
    /// They were asked for a moment ago: what is stored stays, and counts as it did.
    AsStored,
    /// Graph has named them. Object ids.
    Named(Vec<String>),
}

/// What the person's row shall hold, and how it came to that.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, as in the person's row")]
pub struct Imported {
    /// Name for display and search, as the upstream would have it.
    ///
    /// It may be somebody else's in this tenant. Then the caller keeps the name of an existing
    /// person, and gives a new one a name of [`username_with_suffix`].
    pub username: String,
    /// Name for people.
    pub display_name: Option<String>,
    /// Address.
    pub email: Option<String>,
    /// Whether the address was verified before and did not change; an import never sets it.
    pub email_verified: bool,
    /// All attributes, `firstName` and `lastName` among them.
    pub attributes: BTreeMap<String, Vec<String>>,
    /// An address that is somebody else's, or the old conflict when the address was not tried.
    pub conflict: Option<SyncConflict>,
    /// Whether the stored groups may be out of date.
    pub groups_stale: bool,
    /// Whether the claims show, for the first time, that this provider sends groups. The caller
    /// sets the provider's `groups_sent` to [`crate::GroupsSent::Yes`].
    pub learned_groups_sent: bool,
    /// Whether the claims show that this provider sends groups: they came, or were too many.
    pub groups_came: bool,
    /// Whether stored groups were removed because groups are sent and none came. The caller asks
    /// [`crate::GroupsQuestion`] before it writes that, and imports with
    /// [`AbsentGroups::Keep`] when it may not.
    pub groups_cleared: bool,
    /// Whether a mapper asks for a card when there is none.
    pub onboards: bool,
    /// What each mapper did, in their order.
    pub reports: Vec<MapperReport>,
}

impl Imported {
    /// Writes into a person what was imported; not the username, which may be taken.
    pub fn apply_to(&self, person: &mut Person) {
        person.display_name.clone_from(&self.display_name);
        person.email.clone_from(&self.email);
        person.email_verified = self.email_verified;
        person.attributes.clone_from(&self.attributes);
        person.conflict.clone_from(&self.conflict);
        person.groups_stale = self.groups_stale;
    }
}

/// Runs the mappers. Later mappers win over earlier ones.
pub fn import(import: &Import<'_>) -> Imported {
    let mut draft = fields::Draft::begin(import);
    let reports = import
        .mappers
        .iter()
        .map(|mapper| MapperReport {
            mapper: mapper.id,
            name: mapper.name.clone(),
            outcome: run(import, mapper, &mut draft),
        })
        .collect();
    draft.finish(import, reports)
}

/// The address that an import would write, for the caller to look up whose it is.
pub fn wanted_email(
    provider: &Provider,
    mappers: &[Mapper],
    claims: &Map<String, Value>,
    existing: Option<&Person>,
) -> Option<String> {
    let dry = Import {
        provider,
        mappers,
        claims,
        existing,
        email_owner: None,
        absent_groups: AbsentGroups::Clear, // groups are no address
        overage: &Overage::Unknown,
        now: Moment(0),
    };
    import(&dry).email
}

/// `ann` becomes `ann-2`, `ann-3` …: names for the caller to try when `username` is taken.
pub fn username_with_suffix(username: &str, number: u32) -> String {
    format!("{username}-{number}")
}

/// What one mapper does to the draft.
fn run(import: &Import<'_>, mapper: &Mapper, draft: &mut fields::Draft<'_>) -> Outcome {
    if mapper.kind == MapperKind::Onboarding {
        draft.onboards = true;
        return Outcome::Onboards;
    }
    let mode = mapper.sync.effective(import.provider.sync_mode);
    if mode == SyncMode::Import && import.existing.is_some() {
        return Outcome::Skipped { reason: SkipReason::OnlyAtCreation };
    }
    match &mapper.kind {
        MapperKind::AttributeImporter { claim, attribute } => {
            attributes::import_claim(import, claim, attribute, draft)
        }
        MapperKind::HardcodedAttribute { attribute, value } => {
            draft.write(attribute, vec![value.clone()])
        }
        MapperKind::UsernameTemplate { template } => {
            template::import_username(import, template, draft)
        }
        MapperKind::Onboarding => Outcome::Onboards,
    }
}

#[cfg(test)]
mod tests;
