//! What the list of expectations catches.

#![expect(clippy::unwrap_used, reason = "a list of the test itself is well-formed")]

use interop::{Expected, Figures, Outcome, Record};

fn list() -> Expected {
    Expected::parse(
        r#"
        [[not-applicable]]
        says = "no sensor"
        tests = 2
        why = "it has none"

        [[not-applicable]]
        says = "no HID"
        tests = 1
        why = "a card"
        body = "card"

        [[differs]]
        test = "retries"
        says = "DID NOT RAISE"
        why = "the firmware"
        "#,
    )
    .unwrap()
}

fn record(outcome: Outcome, why: &str) -> Record {
    Record { test: "a test".into(), outcome, why: why.into() }
}

fn passed() -> Record {
    record(Outcome::Passed, "")
}

fn skipped(why: &str) -> Record {
    record(Outcome::Skipped, &format!("Skipped: {why}"))
}

#[test]
fn a_run_as_expected_gives_its_figures() {
    let run = [passed(), skipped("no sensor"), skipped("no sensor")];
    let figures = Figures { passed: 1, not_applicable: 2, differ: 0 };
    assert_eq!(list().judge("key", &run), Ok(figures));
}

#[test]
fn a_skipped_test_that_is_not_on_the_list_is_a_fault() {
    let run = [passed(), skipped("no sensor"), skipped("no sensor"), skipped("no idea")];
    let fault = list().judge("key", &run).unwrap_err();
    assert_eq!(fault, "skipped, and not on the list: a test: Skipped: no idea");
}

#[test]
fn a_test_on_the_list_that_passes_is_a_fault() {
    let run = [passed(), passed(), skipped("no sensor")];
    let fault = list().judge("key", &run).unwrap_err();
    assert_eq!(fault, "skipped 1 tests and not 2: no sensor");
}

#[test]
fn a_line_for_one_body_counts_for_that_body_alone() {
    let run = [passed(), skipped("no sensor"), skipped("no sensor"), skipped("no HID")];
    assert!(list().judge("card", &run).is_ok());
    assert!(list().judge("key", &run).is_err());
    assert!(list().judge("card", &run[..3]).is_err());
}

#[test]
fn a_failure_is_a_fault_and_so_is_a_run_of_nothing() {
    let run = [record(Outcome::Failed, "boom"), skipped("no sensor"), skipped("no sensor")];
    let fault = list().judge("key", &run).unwrap_err();
    assert_eq!(fault, "failed: a test\nboom\nno test passed");
}

#[test]
fn a_known_difference_must_stay_as_it_is_known() {
    let known = &list().differs[0];
    assert_eq!(known.judge(&[record(Outcome::Failed, "E   Failed: DID NOT RAISE")]), Ok(()));
    let passes = known.judge(&[passed()]).unwrap_err();
    assert_eq!(passes, "retries passes now: take it from the list");
    assert!(known.judge(&[record(Outcome::Failed, "no reader")]).is_err());
    assert!(known.judge(&[]).is_err());
}
