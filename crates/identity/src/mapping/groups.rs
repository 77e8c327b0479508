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
    /// Too many to be sent: unknown, never none.
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

/// Whether the token points to Graph for the groups that it has no room for. `hasgroups` does not: it
/// stands in tokens of another flow, which have room for fewer.
pub fn points_to_graph(claims: &Map<String, Value>) -> bool {
    let names = claims.get("_claim_names").and_then(|names| names.get(CLAIM));
    names.is_some_and(|name| !name.is_null())
}

/// Whether Graph is to be asked for a person's groups: they were too many to be sent, and a mapper
/// would write them now.
pub fn wants_groups_from_graph(
    provider: &Provider,
    mappers: &[Mapper],
    claims: &Map<String, Value>,
    existing: Option<&Person>,
) -> bool {
    let writes = |mapper: &Mapper| {
        let always = mapper.sync.effective(provider.sync_mode) == SyncMode::Force;
        (existing.is_none() || always) && imports_groups(mapper, existing)
    };
    provider.kind == ProviderKind::Entra && points_to_graph(claims) && mappers.iter().any(writes)
}

/// Whether it imports the whole claim, into an attribute that may hold object ids.
fn imports_groups(mapper: &Mapper, existing: Option<&Person>) -> bool {
    let MapperKind::AttributeImporter { claim, attribute } = &mapper.kind else { return false };
    let whole = ClaimPath::parse(claim).is_ok_and(|path| path.is_whole(CLAIM));
    whole && holds_object_ids(existing, attribute)
}

/// Whether what is stored are object ids, or nothing. Azure can be set to send names; Graph, which
/// names object ids, must not put something else in their place.
pub(super) fn holds_object_ids(existing: Option<&Person>, attribute: &str) -> bool {
    let stored = existing.and_then(|person| person.attributes.get(attribute));
    stored.into_iter().flatten().all(|value| Uuid::try_parse(value).is_ok())
}

/// `_claim_names.groups`, or `hasgroups` as boolean or as text.
fn is_overage(claims: &Map<String, Value>) -> bool {
    let has_groups = claims.get("hasgroups").is_some_and(|mark| match mark {
        Value::Bool(yes) => *yes,
        Value::String(text) => text.eq_ignore_ascii_case("true"),
        _ => false,
    });
    points_to_graph(claims) || has_groups
}
