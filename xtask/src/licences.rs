//! Fails when something that is shipped has a licence that we do not accept; and puts together what
//! the licences want to be shipped along.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

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
    let shipped = shipped(metadata, SHIPPED);
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

/// The copyright file of a program: our licence, and for each library in it name, licence and
/// notices, each text once.
///
/// # Errors
///
/// When cargo does not tell the dependencies, in words.
pub(crate) fn notices(program: &str) -> Result<String, String> {
    let metadata = MetadataCommand::new().exec().map_err(|error| error.to_string())?;
    let parts = shipped(&metadata, &[program]);
    let is_library = |package: &&Package| parts.contains(&package.id) && package.source.is_some();
    // By text, for many libraries share one.
    let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut table = String::new();
    for package in metadata.packages.iter().filter(is_library) {
        let name = format!("{} {}", package.name, package.version);
        let licence = package.license.as_deref().unwrap_or_default();
        let _ = writeln!(table, "  {name}: {licence}");
        let folder =
            package.manifest_path.parent().map(cargo_metadata::camino::Utf8Path::as_std_path);
        for text in folder.map(texts).unwrap_or_default() {
            users.entry(text).or_default().push(name.clone());
        }
    }
    let root = metadata.workspace_root.as_std_path();
    let own = texts(root).join("\n\n");
    let mut file = format!(
        "Cardea is licensed MIT OR Apache-2.0, at your choice:\n\n{own}\n\nIt contains these \
         libraries. Their notices follow.\n\n{table}"
    );
    for (text, users) in users {
        let _ = write!(file, "\n----\n{}:\n\n{text}\n", users.join(", "));
    }
    Ok(file)
}

/// The texts of the licence files in a folder.
fn texts(folder: &Path) -> Vec<String> {
    let is_one = |name: &str| {
        let name = name.to_uppercase();
        ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"]
            .iter()
            .any(|start| name.starts_with(start))
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries
        .filter(|entry| is_one(&entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    let read = paths.iter().filter_map(|path| std::fs::read_to_string(path).ok());
    read.map(|text| text.trim().replace("\r\n", "\n")).collect()
}

/// Everything that programs are built from; not what only tests or builds use.
fn shipped(metadata: &Metadata, programs: &[&str]) -> BTreeSet<PackageId> {
    let mut found = BTreeSet::new();
    let own = metadata.workspace_packages();
    let own = own.iter().filter(|package| programs.contains(&package.name.as_str()));
    let mut waiting: Vec<PackageId> = own.map(|package| package.id.clone()).collect();
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
