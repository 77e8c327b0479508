//! `docs/reference/rfc9700.md` names tests for what it says: they are there, and no section is left out.
#![expect(clippy::unwrap_used, reason = "what goes wrong here is a red test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const PAGE: &str = include_str!("../../../docs/reference/rfc9700.md");

/// The modules of the Foundation's plans, each a test of `oidf`, which says itself that none is missing.
const PLANS: &str = include_str!("oidf/plans.json");

/// The sections with rules, as far as they are rules for providers.
const SECTIONS: &[&str] = &[
    "2.1", "2.1.1", "2.1.2", "2.2.1", "2.2.2", "2.3", "2.4", "2.5", "2.6", "4.1.3", "4.2.4",
    "4.3.1", "4.3.2", "4.4", "4.5", "4.6", "4.7", "4.8.2", "4.9", "4.10.1", "4.10.2", "4.11.2",
    "4.12", "4.13", "4.14.2", "4.15.1", "4.16", "4.17",
];

/// A row of the table: its sections and its tests.
struct Row {
    sections: Vec<&'static str>,
    tests: Vec<&'static str>,
}

/// The rows of the first table, below its heading.
fn rows() -> Vec<Row> {
    let lines = PAGE.lines().filter_map(|line| line.strip_prefix("| ")).skip(1);
    let cells = lines.map(|line| line.trim_end_matches(" |").split(" | ").collect::<Vec<_>>());
    let rows = cells.take_while(|cells| cells.len() == 4);
    rows.map(|cells| Row {
        sections: cells.first().unwrap().split(", ").collect(),
        tests: cells.last().unwrap().split('`').filter(|it| !it.trim().is_empty()).collect(),
    })
    .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All sources below a folder.
fn sources(folder: &Path, all: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, all);
        } else if path.extension().is_some_and(|it| it == "rs") {
            all.push(std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// The names of the tests of a source: functions with an attribute that says so, and those that
/// `on_both!` makes two tests of.
fn tests_of(source: &str) -> Vec<&str> {
    let (mut names, mut is_next) = (Vec::new(), false);
    for line in source.lines().map(str::trim_start) {
        is_next |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        let plain = line.strip_prefix("async ").unwrap_or(line);
        let Some((name, rest)) = plain.strip_prefix("fn ").and_then(|it| it.split_once('(')) else {
            continue;
        };
        if is_next || rest.starts_with("bench)") {
            names.push(name);
        }
        is_next = false;
    }
    names
}

#[test]
fn each_rule_has_tests_that_are_there_and_each_section_has_a_rule() {
    let mut all = Vec::new();
    for folder in ["crates", "tests"] {
        sources(&root().join(folder), &mut all);
    }
    let modules: serde_json::Value = serde_json::from_str(PLANS).unwrap();
    let modules = modules.as_object().unwrap().values();
    let modules = modules.flat_map(|plan| plan.as_array().unwrap());
    let modules: Vec<String> =
        modules.map(|module| module.as_str().unwrap().replace('-', "_")).collect();
    let mut tests: BTreeSet<&str> = all.iter().flat_map(|source| tests_of(source)).collect();
    tests.extend(modules.iter().map(String::as_str));
    let rows = rows();
    assert!(rows.len() >= SECTIONS.len(), "{} rows", rows.len());
    let mut sections = BTreeSet::new();
    for Row { sections: named, tests: wanted } in &rows {
        assert!(!wanted.is_empty(), "{named:?} names no test");
        for test in wanted {
            assert!(tests.contains(test), "{named:?}: there is no test {test}");
        }
        sections.extend(named.iter().copied());
    }
    let known: BTreeSet<&str> = SECTIONS.iter().copied().collect();
    assert!(known.is_subset(&sections), "{:?}", known.difference(&sections));
}

#[test]
fn tests_are_found_where_they_stand() {
    let source = "
        fn no_test() {}
        #[tokio::test(flavor = \"x\")]
        #[ignore]
        async fn the_first() {}
        async fn a_helper(bench: &Bench) {}
        on_both! {
            async fn the_second(bench) {}
        }
        #[test]
        fn the_third() {}
    ";
    assert_eq!(tests_of(source), ["the_first", "the_second", "the_third"]);
}
