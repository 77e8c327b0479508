use serde_json::{Map, Value};

use super::groups::{self, Groups};
use super::path::ClaimPath;
use super::report::azure_path;
use super::template::UsernameTemplate;
use crate::{Mapper, MapperKind, Provider, ProviderKind};

/// A claim that mappers read, and that did not come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingClaim {
    /// The claim, as the mappers write it.
    pub claim: String,
    /// Names of the mappers that read it, in their order.
    pub mappers: Vec<String>,
    /// Where to click in Azure so that it comes; none for another provider.
    pub hint: Option<String>,
}

/// The claims that mappers read and that are not among `claims`, in the order of their names.
///
/// Other than an import it does not ask whether a mapper would write anything now: one that writes
/// only when a person is created needs its claim for the next one. Groups that were too many to be
/// sent are not missing.
pub fn missing_claims(
    provider: &Provider,
    mappers: &[Mapper],
    claims: &Map<String, Value>,
) -> Vec<MissingClaim> {
    let mut missing: Vec<MissingClaim> = Vec::new();
    for mapper in mappers {
        for (claim, path) in read_by(&mapper.kind) {
            if came(&path, claims) {
                continue;
            }
            let name = mapper.name.clone();
            match missing.iter_mut().find(|known| known.claim == claim) {
                Some(known) => known.mappers.push(name),
                None => missing.push(MissingClaim {
                    hint: (provider.kind == ProviderKind::Entra).then(|| azure_path(path.claim())),
                    mappers: vec![name],
                    claim,
                }),
            }
        }
    }
    missing.sort_by(|one, other| one.claim.cmp(&other.claim));
    missing
}

/// The claims that a mapper reads. One that cannot be read is another matter, and reported as such.
fn read_by(kind: &MapperKind) -> Vec<(String, ClaimPath)> {
    match kind {
        MapperKind::AttributeImporter { claim, .. } => {
            let path = ClaimPath::parse(claim).ok();
            path.map(|path| (claim.clone(), path)).into_iter().collect()
        }
        MapperKind::UsernameTemplate { template } => {
            let template = UsernameTemplate::parse(template).ok();
            template.map(|template| template.claims()).unwrap_or_default()
        }
        MapperKind::HardcodedAttribute { .. } | MapperKind::Onboarding => Vec::new(),
    }
}

fn came(path: &ClaimPath, claims: &Map<String, Value>) -> bool {
    let overage = path.is_whole(groups::CLAIM) && Groups::of(claims) == Groups::Overage;
    overage || path.find(claims).is_some()
}
