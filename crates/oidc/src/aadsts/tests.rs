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

/// The numbers of the table in the design, and those that a preflight and an external method meet.
const EXPECTED: &[u32] = &[
    50_011, 900_971, 500_113, 700_016, 90_002, 50_128, 50_059, 50_194, 9_001_023, 90_124, 90_130,
    7_000_215, 7_000_222, 7_000_218, 700_025, 700_027, 50_012, 700_030, 9_002_325, 9_002_327,
    65_001, 90_008, 65_004, 90_094, 90_095, 650_056, 65_005, 50_105, 50_020, 16_000, 51_004,
    50_034, 90_072, 500_208, 90_027, 50_072, 50_074, 50_076, 50_079, 53_004, 53_000, 53_001,
    53_002, 53_003, 530_032, 530_033, 530_034, 530_035, 50_058, 50_089, 70_008, 54_005, 501_481,
    50_147, 700_005, 50_196, 70_011, 28_002, 50_166, 50_158, 50_161, 50_170, 50_177, 900_491,
    50_027, 70_000, 70_002, 9_002_313,
];

#[test]
fn every_number_that_a_sign_in_meets_is_there_once() {
    let mut found: Vec<u32> = TABLE.iter().flat_map(|entry| entry.codes).copied().collect();
    let mut expected = EXPECTED.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    for entry in TABLE {
        assert!(entry.codes.iter().all(|code| lookup(*code) == Some(entry)), "{:?}", entry.codes);
    }
    assert_eq!(lookup(1), None);
}

#[test]
fn each_says_what_to_do_in_sentences() {
    for entry in TABLE {
        assert!(entry.cause.ends_with('.') && entry.remedy.ends_with('.'), "{:?}", entry.codes);
        let paths = [entry.azure, entry.console].into_iter().flatten();
        assert!(paths.into_iter().all(|path| path.contains(" → ")), "{:?}", entry.codes);
    }
}

#[test]
fn no_remedy_points_at_something_that_only_another_page_has() {
    for entry in TABLE {
        for mark in ["this address", "this link", "this scope", "this correlation", " here"] {
            assert!(!entry.remedy.contains(mark), "{:?}: {mark}", entry.codes);
        }
        let values = ["Redirect URI", "Client ID", "Client Secret", "Discovery Endpoint"];
        if let Some(value) =
            values.iter().find(|value| entry.remedy.contains(&format!("provider's {value}")))
        {
            assert!(entry.console.is_some_and(|path| path.ends_with(value)), "{:?}", entry.codes);
        }
    }
}

#[test]
fn a_person_is_told_what_they_do_first() {
    let told = |code| lookup(code).unwrap().for_person();
    assert!(told(7_000_222).starts_with("Tell your administrator: Create a new client secret"));
    assert!(told(50_105).starts_with("Tell your administrator: In Azure, assign the person"));
    assert!(told(50_020).starts_with("Sign out at Microsoft"));
    assert!(told(65_004).starts_with("You chose Cancel"));
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
