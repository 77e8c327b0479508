//! Answers at the redirect endpoint that no provider gives, or not to this browser.

use e2e::World;
use url::form_urlencoded::Serializer;

use crate::support::{ACME, assert_clear, assert_unchanged};

const MALFORMED: &str = "This link does not work";
const OTHER_BROWSER: &str = "This sign-in was started in another browser";
const REFUSED: &str = "The sign-in was refused";
const INVALID: &str = "The sign-in could not be checked";

/// A name, the query made of the true state, and the heading of the page that comes.
type Case = (&'static str, fn(&str) -> String, &'static str);

fn query(pairs: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

const CASES: &[Case] = &[
    ("an empty query", |_| String::new(), MALFORMED),
    ("a state alone", |s| query(&[("state", s)]), MALFORMED),
    ("a code alone", |_| query(&[("code", "x")]), MALFORMED),
    ("an error alone", |_| query(&[("error", "access_denied")]), MALFORMED),
    ("an empty code", |s| query(&[("state", s), ("code", "")]), MALFORMED),
    ("an empty state", |_| query(&[("state", ""), ("code", "x")]), MALFORMED),
    ("an empty error", |s| query(&[("state", s), ("error", "")]), MALFORMED),
    ("a short state", |_| query(&[("state", "abc"), ("code", "x")]), MALFORMED),
    ("a state cut by one", |s| query(&[("state", &s[1..]), ("code", "x")]), MALFORMED),
    ("a state with one more", |s| query(&[("state", &format!("{s}A")), ("code", "x")]), MALFORMED),
    ("a state of a mebibyte", |_| format!("code=x&state={}", "A".repeat(40_000)), MALFORMED),
    ("a padded state", |s| query(&[("state", &format!("{s}=")), ("code", "x")]), MALFORMED),
    ("a state with a blank", |s| query(&[("state", &format!(" {s}")), ("code", "x")]), MALFORMED),
    (
        "a state of the other alphabet",
        |s| query(&[("state", &format!("+/{}", &s[2..])), ("code", "x")]),
        MALFORMED,
    ),
    ("a state with a zero byte", |s| format!("state={s}%00&code=x"), MALFORMED),
    ("a state that is no UTF-8", |s| format!("state=%ff{}&code=x", &s[1..]), MALFORMED),
    ("a state twice", |s| query(&[("state", s), ("code", "x"), ("state", s)]), MALFORMED),
    ("two states", |s| format!("state={s}&code=x&state={}", "A".repeat(43)), MALFORMED),
    ("a code twice", |s| query(&[("state", s), ("code", "x"), ("code", "x")]), MALFORMED),
    ("an error twice", |s| query(&[("state", s), ("error", "a"), ("error", "a")]), MALFORMED),
    (
        "an issuer twice",
        |s| query(&[("state", s), ("code", "x"), ("iss", "a"), ("iss", "a")]),
        MALFORMED,
    ),
    (
        "a session state twice",
        |s| query(&[("state", s), ("code", "x"), ("session_state", "a"), ("session_state", "b")]),
        MALFORMED,
    ),
    ("code and error", |s| query(&[("state", s), ("code", "x"), ("error", "a")]), MALFORMED),
    ("a code with a newline", |s| format!("state={s}&code=a%0d%0ab"), MALFORMED),
    ("a code with a zero byte", |s| format!("state={s}&code=a%00b"), MALFORMED),
    ("a code beyond ASCII", |s| format!("state={s}&code=%c3%a9"), MALFORMED),
    ("a code that is no UTF-8", |s| format!("state={s}&code=%ff"), MALFORMED),
    ("a code of 8 KiB and one", |s| format!("state={s}&code={}", "x".repeat(8193)), MALFORMED),
    ("a query of 33 KiB", |s| format!("state={s}&code=x&x={}", "y".repeat(33_000)), MALFORMED),
    (
        "65 parameters",
        |s| {
            let more = (0..63).map(|n| format!("&p{n}=1")).collect::<Vec<_>>().concat();
            format!("state={s}&code=x{more}")
        },
        MALFORMED,
    ),
    ("an empty issuer", |s| query(&[("state", s), ("code", "x"), ("iss", "")]), MALFORMED),
    ("an issuer with a newline", |s| format!("state={s}&code=x&iss=a%0ab"), MALFORMED),
    (
        "an issuer of 1025 bytes",
        |s| format!("state={s}&code=x&iss={}", "i".repeat(1025)),
        MALFORMED,
    ),
    ("an error of 1025 bytes", |s| format!("state={s}&error={}", "e".repeat(1025)), MALFORMED),
    ("an error with a newline", |s| format!("state={s}&error=a%0ab"), MALFORMED),
    ("an error beyond ASCII", |s| format!("state={s}&error=%e2%80%ae"), MALFORMED),
    ("parameters behind semicolons", |s| format!("state={s};code=x"), MALFORMED),
    ("a code in brackets", |s| format!("state={s}&code[]=x"), MALFORMED),
    ("a state in capitals", |s| format!("STATE={s}&code=x"), MALFORMED),
    ("nothing but ampersands", |_| "&&&&".into(), MALFORMED),
    ("a query of equals signs", |_| "====".into(), MALFORMED),
    ("an ID token in place of the code", |s| format!("state={s}&id_token=a.b.c"), MALFORMED),
    ("an access token in place of the code", |s| format!("state={s}&access_token=x"), MALFORMED),
    ("a foreign state", |_| format!("state={}&code=x", "A".repeat(43)), OTHER_BROWSER),
    (
        "a foreign state with an error",
        |_| format!("state={}&error=x", "A".repeat(43)),
        OTHER_BROWSER,
    ),
    (
        "a state with its first letter changed",
        |s| {
            // The first: in the last one some letters are no letters of a token at all.
            let other = if s.starts_with('A') { 'B' } else { 'A' };
            format!("state={other}{}&code=x", &s[1..])
        },
        OTHER_BROWSER,
    ),
    (
        "the issuer of somebody else",
        |s| format!("state={s}&code=x&iss=https%3A%2F%2Fevil.test"),
        INVALID,
    ),
    ("the issuer's template", |s| format!("state={s}&code=x&iss=%7Btenantid%7D"), INVALID),
    (
        "an issuer with an error of another",
        |s| format!("state={s}&error=x&iss=https%3A%2F%2Fa.test"),
        INVALID,
    ),
    ("a code that nobody issued", |s| format!("state={s}&code=0.AAAA"), REFUSED),
    ("a code of one letter", |s| format!("state={s}&code=x"), REFUSED),
    ("a code of 8 KiB", |s| format!("state={s}&code={}", "x".repeat(8192)), REFUSED),
    (
        "a code of markup",
        |s| query(&[("state", s), ("code", "<script>alert(1)</script>")]),
        REFUSED,
    ),
    ("a code of parameters", |s| query(&[("state", s), ("code", "a&client_id=b&x=")]), REFUSED),
    ("the error server_error", |s| query(&[("state", s), ("error", "server_error")]), REFUSED),
    ("the error login_required", |s| query(&[("state", s), ("error", "login_required")]), REFUSED),
    ("an unknown error", |s| query(&[("state", s), ("error", "no-such-error")]), REFUSED),
    (
        "an error of markup",
        |s| query(&[("state", s), ("error", "<script>alert(1)</script>")]),
        REFUSED,
    ),
    (
        "a description of markup",
        |s| {
            query(&[
                ("state", s),
                ("error", "x"),
                ("error_description", "<script>alert(1)</script>"),
            ])
        },
        REFUSED,
    ),
    (
        "a description of 16 KiB",
        |s| format!("state={s}&error=x&error_description={}", "d".repeat(16_000)),
        REFUSED,
    ),
    (
        "AADSTS50105, not assigned",
        |s| {
            query(&[
                ("state", s),
                ("error", "access_denied"),
                ("error_description", "AADSTS50105: x"),
            ])
        },
        REFUSED,
    ),
    (
        "AADSTS with a number that nobody knows",
        |s| query(&[("state", s), ("error", "x"), ("error_description", "AADSTS999999: x")]),
        REFUSED,
    ),
    (
        "AADSTS with a number that does not fit",
        |s| {
            query(&[("state", s), ("error", "x"), ("error_description", "AADSTS99999999999999: x")])
        },
        REFUSED,
    ),
];

pub(super) fn names() -> Vec<&'static str> {
    CASES.iter().map(|(name, ..)| *name).collect()
}

#[tokio::test]
async fn no_bad_callback_signs_in_or_changes_anything() {
    let world = World::start().await;
    let before = world.dump().await;
    for (name, query, title) in CASES {
        let mut browser = world.browser();
        let authorize = url::Url::parse(&ACME.to_provider(&mut browser).await).unwrap();
        let state = authorize.query_pairs().find(|(name, _)| name == "state").unwrap().1;
        let answer =
            browser.get(&format!("/realms/acme/broker/azure/endpoint?{}", query(&state))).await;
        assert_clear(name, &answer);
        assert_eq!(answer.title(), *title, "{name}");
        assert!(!answer.body.contains("<script>alert"), "{name}: {}", answer.body);
        assert!(browser.cookie("__Host-card-acme").is_none(), "{name}");
        assert_unchanged(name, &before, &world.dump().await);
    }
}
