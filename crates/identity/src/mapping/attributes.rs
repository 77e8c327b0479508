use super::fields::Draft;
use super::groups::{self, Groups};
use super::path::ClaimPath;
use super::report::{Outcome, SkipReason, azure_path};
use super::values::Values;
use super::{Import, Overage};
use crate::{AbsentGroups, GroupsSent, ProviderKind};

/// "Attribute Importer": one claim into one attribute.
pub(super) fn import_claim(
    import: &Import<'_>,
    claim: &str,
    attribute: &str,
    draft: &mut Draft<'_>,
) -> Outcome {
    let Ok(path) = ClaimPath::parse(claim) else {
        return Outcome::Skipped { reason: SkipReason::BadPath };
    };
    if path.is_whole(groups::CLAIM) {
        return import_groups(import, &path, attribute, draft);
    }
    match Values::of(path.find(import.claims)) {
        Values::Absent => missing(import, &path, claim),
        Values::Empty => draft.clear(attribute),
        Values::These(values) => draft.write(attribute, values),
    }
}

/// Overage keeps and marks stale until Graph has answered; if groups are sent, absent means none,
/// unless so many come without that somebody has to be asked; else absent means nothing.
fn import_groups(
    import: &Import<'_>,
    path: &ClaimPath,
    attribute: &str,
    draft: &mut Draft<'_>,
) -> Outcome {
    let sent = import.provider.groups_sent == GroupsSent::Yes;
    match (Groups::of(import.claims), Values::of(path.find(import.claims))) {
        (Groups::Overage, _) => import_overage(import, attribute, draft),
        (_, Values::These(values)) => {
            draft.groups_stale = false;
            draft.write(attribute, values)
        }
        (_, Values::Empty) => {
            draft.groups_stale = false;
            draft.clear(attribute)
        }
        (_, Values::Absent) if sent && import.absent_groups == AbsentGroups::Keep => {
            draft.groups_stale |= draft.has(attribute);
            Outcome::KeptWhileAsked
        }
        (_, Values::Absent) if sent => {
            draft.groups_stale = false;
            draft.absent_groups.push(attribute.to_owned());
            draft.clear(attribute)
        }
        (_, Values::Absent) => missing(import, path, groups::CLAIM),
    }
}

fn import_overage(import: &Import<'_>, attribute: &str, draft: &mut Draft<'_>) -> Outcome {
    match import.overage {
        // It says "none" of who is in more than a token names: that is no answer.
        Overage::Named(groups)
            if !groups.is_empty() && groups::holds_object_ids(import.existing, attribute) =>
        {
            draft.groups_stale = false;
            match draft.write(attribute, groups.clone()) {
                Outcome::Applied { values } => Outcome::AppliedFromGraph { values },
                other => other,
            }
        }
        Overage::AsStored => {
            draft.groups_stale |= !draft.has(attribute);
            Outcome::KeptOnOverage
        }
        Overage::Named(_) | Overage::Unknown => {
            draft.groups_stale = true;
            Outcome::KeptOnOverage
        }
    }
}

pub(super) fn missing(import: &Import<'_>, path: &ClaimPath, claim: &str) -> Outcome {
    let entra = import.provider.kind == ProviderKind::Entra;
    Outcome::Missing { claim: claim.to_owned(), hint: entra.then(|| azure_path(path.claim())) }
}
