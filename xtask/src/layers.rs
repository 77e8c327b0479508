//! Fails when a crate depends on a crate of its own or a higher layer, or does not take the lints of
//! the workspace; when the Entra stand-in depends on any crate of the product; and when a crate has
//! examples in its documentation that no test runs.

use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Prints what is wrong with the layers; `true` when nothing is.
pub(crate) fn hold() -> bool {
    let faults = match MetadataCommand::new().no_deps().exec() {
        Ok(metadata) => faults(&metadata),
        Err(error) => vec![format!("cannot read the workspace: {error}")],
    };
    for fault in &faults {
        println!("{fault}");
    }
    faults.is_empty()
}

fn faults(metadata: &Metadata) -> Vec<String> {
    let packages = metadata.workspace_packages();
    packages.iter().flat_map(|package| faults_of(package, &packages)).collect()
}

/// The layer outside of the product: tests, simulators and tools may use each other, and nothing of
/// the product may use them.
const OUTSIDE: u64 = 70;

fn faults_of(package: &Package, all: &[&Package]) -> Vec<String> {
    let name = &package.name;
    let mut faults = Vec::new();
    let manifest = std::fs::read_to_string(&package.manifest_path).unwrap_or_default();
    if !manifest.contains("[lints]\nworkspace = true") {
        faults.push(format!("{name} does not take the lints of the workspace"));
    }
    // Looking for examples takes a second for each crate, so those without say that they have none.
    let sources = package.manifest_path.with_file_name("src");
    if manifest.contains("doctest = false") && has_examples(sources.as_std_path()) {
        faults.push(format!("{name} has examples that no test runs: take out doctest = false"));
    }
    // A program that nothing tests by itself is not linked once more for that.
    let untested = package.targets.iter().filter(|target| target.is_bin() && !target.test);
    for target in untested.filter(|target| has_parts(target.src_path.as_std_path())) {
        let target = &target.name;
        faults.push(format!(
            "{target} has tests or modules that no test runs: take out test = false"
        ));
    }
    let Some(own) = layer(package) else {
        faults.push(format!("{name} has no layer in [package.metadata]"));
        return faults;
    };
    for dependency in package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development)
    {
        let other = all.iter().find(|other| other.name.as_str() == dependency.name);
        let too_high = |&layer: &u64| layer >= own && own < OUTSIDE;
        if let Some(layer) = other.and_then(|other| layer(other)).filter(too_high) {
            let other = &dependency.name;
            faults.push(format!("{name} (layer {own}) must not depend on {other} (layer {layer})"));
        }
    }
    if package.name.as_str() == "entra-stand-in" {
        let own_word = |d: &&cargo_metadata::Dependency| d.path.is_some();
        for dependency in package.dependencies.iter().filter(own_word) {
            let other = &dependency.name;
            faults.push(format!("{name} must not share code with the product, such as {other}"));
        }
    }
    faults
}

/// Whether the documentation of a folder's sources has an example.
fn has_examples(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| {
        let begins = |line: &str| {
            let text = line.trim_start();
            text.strip_prefix("///")
                .or(text.strip_prefix("//!"))
                .is_some_and(|text| text.trim_start().starts_with("```"))
        };
        let source = || std::fs::read_to_string(&path).unwrap_or_default();
        if path.is_dir() { has_examples(&path) } else { source().lines().any(begins) }
    })
}

/// Whether a program has tests or modules of its own, which may have them.
fn has_parts(source: &Path) -> bool {
    let source = std::fs::read_to_string(source).unwrap_or_default();
    let is_part = |line: &str| line.starts_with("mod ") || line.contains("#[cfg(test)]");
    source.lines().any(is_part)
}

fn layer(package: &Package) -> Option<u64> {
    package.metadata.get("layer").and_then(serde_json::Value::as_u64)
}
