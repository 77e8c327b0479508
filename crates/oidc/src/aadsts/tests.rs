use std::collections::BTreeSet;

use super::*;

#[test]
fn finds_the_number_in_what_people_paste() {
    for pasted in [
        "50011",
        "  50011\n",
        "AADSTS50011",
        "aadsts50011",
        "AADSTS 50011",
        "Sorry, but we're having trouble signing you in. AADSTS50011: The redirect URI 'x' …",
        "https://login.microsoftonline.com/error?code=50011",
        "See AADSTS. The number is AADSTS50011.",
    ] {
        assert_eq!(parse(pasted), Some(50_011), "{pasted}");
    }
}

#[test]
fn finds_no_number_where_there_is_none() {
    for pasted in ["", "hello", "AADSTS", "AADSTS: 5O011 lost", "-50011", "50011.5", "99999999999"]
    {
        assert_eq!(parse(pasted).filter(|code| *code > 5), None, "{pasted}");
    }
}

#[test]
fn each_number_stands_once_and_says_what_to_do() {
    let mut seen = BTreeSet::new();
    for entry in TABLE {
        assert!(entry.codes.iter().all(|code| seen.insert(*code)), "{:?}", entry.codes);
        assert!(
            !entry.places.is_empty() && entry.cause.ends_with('.') && entry.remedy.ends_with('.')
        );
        assert!(entry.codes.iter().all(|code| lookup(*code) == Some(entry)));
    }
    assert_eq!(lookup(1), None);
    assert_eq!(lookup(7_000_215).unwrap().places, [Place::Token]);
    assert_eq!(lookup(50_011).unwrap().shows, [Fact::RedirectUri]);
}

#[test]
fn a_report_keeps_no_control_characters_and_no_endless_text() {
    let report = Report::parse(&format!("AADSTS50105: a\r\n\u{1b}[31mb{}", "x".repeat(9_000)));
    assert_eq!(report.aadsts, Some(50_105));
    assert!(report.text.chars().count() <= 2_000);
    assert!(!report.text.contains(char::is_control));
}

#[test]
fn a_report_takes_only_ids_that_are_ids() {
    let report = Report::parse("Trace ID: <script> Correlation ID: Timestamp: tomorrow");
    assert_eq!((report.trace_id, report.correlation_id, report.timestamp), (None, None, None));
}
