//! Fails when something that is shipped has a licence that we do not accept.

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// Licences that may be in what is shipped, by their SPDX names.
const ACCEPTED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "OpenSSL",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// The programs that are shipped.
const SHIPPED: &[&str] = &["server", "cardea-agent", "firmware-sim"];

/// Prints what is wrong with the licences; `true` when nothing is.
pub(crate) fn hold() -> bool {
    let faults = match MetadataCommand::new().exec() {
        Ok(metadata) => faults(&metadata),
        Err(error) => vec![format!("cannot read the dependencies: {error}")],
    };
    for fault in &faults {
        println!("{fault}");
    }
    faults.is_empty()
}

fn faults(metadata: &Metadata) -> Vec<String> {
    let shipped = shipped(metadata);
    let packages = metadata.packages.iter().filter(|package| shipped.contains(&package.id));
    let mut faults = Vec::new();
    for package in packages {
        let name = format!("{} {}", package.name, package.version);
        match &package.license {
            Some(licence) if accepted(licence) => {}
            Some(licence) => faults.push(format!("{name} is licensed {licence}")),
            None => faults.push(format!("{name} does not say its licence")),
        }
        let from_registry =
            package.source.as_ref().is_none_or(|source| source.repr.starts_with("registry+"));
        if !from_registry {
            faults.push(format!("{name} does not come from the registry"));
        }
    }
    faults
}

/// Everything that the shipped programs are built from; not what only tests or builds use.
fn shipped(metadata: &Metadata) -> BTreeSet<PackageId> {
    let mut found = BTreeSet::new();
    let programs = metadata.workspace_packages();
    let programs = programs.iter().filter(|package| SHIPPED.contains(&package.name.as_str()));
    let mut waiting: Vec<PackageId> = programs.map(|package| package.id.clone()).collect();
    let Some(graph) = &metadata.resolve else { return found };
    while let Some(id) = waiting.pop() {
        if !found.insert(id.clone()) {
            continue;
        }
        let node = graph.nodes.iter().find(|node| node.id == id);
        for dependency in node.into_iter().flat_map(|node| &node.deps) {
            let normal = |kind: &cargo_metadata::DepKindInfo| kind.kind == DependencyKind::Normal;
            if dependency.dep_kinds.iter().any(normal) {
                waiting.push(dependency.pkg.clone());
            }
        }
    }
    found
}

/// Whether an SPDX expression can be fulfilled with accepted licences.
fn accepted(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], " ").replace('/', " OR ");
    // `A AND (B OR C)` read from left to right: each AND-part must have an accepted choice.
    plain
        .split(" AND ")
        .all(|part| part.split(" OR ").any(|choice| ACCEPTED.contains(&choice.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_enough_and_a_demand_is_not() {
        assert!(accepted("MIT OR Apache-2.0"));
        assert!(accepted("MIT/Apache-2.0"));
        assert!(accepted("GPL-3.0-only OR MIT"));
        assert!(accepted("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(!accepted("GPL-3.0-only"));
        assert!(!accepted("MIT AND LGPL-2.1-or-later"));
        assert!(!accepted(""));
    }
}
