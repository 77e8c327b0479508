//! The tests of this program are the modules of the list: neither more nor less.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

type Plans = BTreeMap<String, BTreeSet<String>>;

const LIST: &str = include_str!("plans.json");

/// Where the tests of a plan are. The plan of form posts has the modules of the basic one.
const PLACES: &[(&str, &str)] = &[
    ("plans::basic", "oidcc-basic-certification-test-plan"),
    ("plans::form_post", "oidcc-basic-certification-test-plan"),
    ("plans::config", "oidcc-config-certification-test-plan"),
    ("plans::rp_initiated_logout", "oidcc-rp-initiated-logout-certification-test-plan"),
    ("plans::back_channel_logout", "oidcc-backchannel-rp-initiated-logout-certification-test-plan"),
];

/// The tests of this program, by the module of Rust in which they are.
fn tests() -> Plans {
    let program = std::env::current_exe().unwrap();
    let listed = Command::new(program).args(["--list", "--format", "terse"]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let mut plans = Plans::new();
    for line in listed.lines() {
        let (place, name) = line.strip_suffix(": test").unwrap().rsplit_once("::").unwrap();
        plans.entry(place.to_owned()).or_default().insert(name.to_owned());
    }
    plans
}

#[test]
fn each_module_of_each_plan_is_a_test_and_each_test_is_a_module() {
    let list: BTreeMap<String, Vec<String>> = serde_json::from_str(LIST).unwrap();
    let mut tests = tests();
    assert_eq!(tests.remove("list").map(|own| own.len()), Some(1));
    let mut plans = BTreeSet::new();
    for (place, plan) in PLACES {
        let wanted: BTreeSet<String> =
            list[*plan].iter().map(|module| module.replace('-', "_")).collect();
        assert_eq!(wanted.len(), list[*plan].len(), "twice in {plan}");
        assert_eq!(tests.remove(*place).unwrap_or_default(), wanted, "{plan} in {place}");
        plans.insert((*plan).to_owned());
    }
    assert_eq!(tests, Plans::new(), "tests of no plan");
    assert_eq!(plans, list.into_keys().collect(), "plans without a place");
}
