//! The `groups` claim, which Entra leaves out for two opposite reasons: the person is in no group,
//! or in too many (more than 200 in a token).

use serde_json::{Map, Value};

use crate::{GroupsSent, Provider};

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
