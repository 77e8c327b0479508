//! The `groups` claim, which Entra leaves out for two opposite reasons: the person is in no group,
//! or in too many (more than 200 in a token).

use serde_json::{Map, Value};
use uuid::Uuid;

use super::path::ClaimPath;
use crate::{GroupsSent, Mapper, MapperKind, Person, Provider, ProviderKind, SyncMode};

/// Name of the claim.
pub(super) const CLAIM: &str = "groups";

/// What the claims say about groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Groups {
    /// The claim is there.
    Present,
    /// Too many to be sent: unknown, never none (OIDC-50).
    Overage,
    /// Neither.
    Absent,
}

impl Groups {
    pub(super) fn of(claims: &Map<String, Value>) -> Self {
        if is_overage(claims) {
            Self::Overage
        } else if claims.contains_key(CLAIM) {
            Self::Present
        } else {
            Self::Absent
        }
    }

    /// Whether the provider sends groups, by these claims.
    pub(super) fn came(self) -> bool {
        self != Self::Absent
    }

    /// Whether these claims are the first sign that `provider` sends groups. An overage is one too:
    /// without the setting in Azure there would be no mark.
    pub(super) fn teaches(self, provider: &Provider) -> bool {
        self.came() && provider.groups_sent == GroupsSent::Unknown
    }
}

/// Whether the person has more groups than their token names.
pub fn has_groups_overage(claims: &Map<String, Value>) -> bool {
    Groups::of(claims) == Groups::Overage
}

/// Whether Graph is to be asked for a person's groups: they were too many to be sent, and a mapper
/// would write them now.
///
/// Graph names object ids. Where what is stored are names (Azure can be set to send them), they
/// would be replaced by something else, so that Graph is not asked.
pub fn wants_groups_from_graph(
    provider: &Provider,
    mappers: &[Mapper],
    claims: &Map<String, Value>,
    existing: Option<&Person>,
) -> bool {
    let reads = |mapper: &Mapper| {
        let writes = mapper.sync.effective(provider.sync_mode) == SyncMode::Force;
        (existing.is_none() || writes) && imports_groups(mapper, existing)
    };
    provider.kind == ProviderKind::Entra && has_groups_overage(claims) && mappers.iter().any(reads)
}

/// Whether it imports the whole claim, into an attribute that holds object ids if anything.
fn imports_groups(mapper: &Mapper, existing: Option<&Person>) -> bool {
    let MapperKind::AttributeImporter { claim, attribute } = &mapper.kind else { return false };
    let stored = existing.and_then(|person| person.attributes.get(attribute));
    ClaimPath::parse(claim).is_ok_and(|path| path.is_whole(CLAIM))
        && stored.into_iter().flatten().all(|value| Uuid::try_parse(value).is_ok())
}

/// `_claim_names.groups`, or `hasgroups` as boolean or as text.
fn is_overage(claims: &Map<String, Value>) -> bool {
    let names = claims.get("_claim_names").and_then(|names| names.get(CLAIM));
    let has_groups = claims.get("hasgroups").is_some_and(|mark| match mark {
        Value::Bool(yes) => *yes,
        Value::String(text) => text.eq_ignore_ascii_case("true"),
        _ => false,
    });
    names.is_some_and(|name| !name.is_null()) || has_groups
}
