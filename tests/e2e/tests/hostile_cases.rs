//! `docs/reference/hostile-cases.md` says what the tests say: it is made of their names and of the
//! names in their tables, and of nothing else.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    reason = "what goes wrong here is a red test"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const PAGE: &str = "docs/reference/hostile-cases.md";

const INTRODUCTION: &str = "# Hostile cases

What a hostile page, another user of the computer or a relay tries, and gets nothing by. A *page* can have
anything opened under the agent's scheme, and sends its own forms. *Another user* of the same computer has
processes there. A *relay* stands between a person and the server: it shows pages that look like ours,
holds logins of its own, and overhears.

Each line is a test of the source, or a case in the table of one, under its name there. The page is made
of them by `cargo test -p e2e --test hostile_cases`, which fails where the two differ.
";

/// Who tries, in which file, and which of its tests; where none is named, all that are named nowhere,
/// so that a new one stands on the page by itself.
type Source = (&'static str, &'static str, &'static [&'static str]);

const HEADINGS: &[(&str, &str)] = &[
    ("page", "A hostile page"),
    ("user", "Another user of the computer"),
    ("relay", "A relay, or a device of somebody else"),
];

const SOURCES: &[Source] = &[
    (
        "page",
        "crates/agent/tests/agent/links.rs",
        &["what_is_no_link_of_ours_is_dropped_without_a_word"],
    ),
    ("page", "crates/agent/src/prompts.rs", &[]),
    (
        "page",
        "crates/agent/tests/agent/lifted.rs",
        &["a_link_on_the_screen_holds_back_no_word_of_a_card_that_has_left"],
    ),
    ("page", "tests/e2e/tests/by_agent.rs", &["a_link_of_another_server_or_tenant_reaches_nobody"]),
    (
        "page",
        "tests/e2e/tests/negatives/links.rs",
        &["an_answer_is_brought_back_by_our_own_page_alone"],
    ),
    (
        "page",
        "tests/e2e/tests/negatives/return_step.rs",
        &["a_pairing_is_confirmed_from_our_own_page_alone"],
    ),
    ("user", "crates/agent/tests/agent/strangers.rs", &[]),
    ("user", "crates/agent/src/socket.rs", &[]),
    ("user", "crates/agent/src/socket/given.rs", &[]),
    ("relay", "tests/e2e/tests/negatives/links.rs", &[]),
    ("relay", "tests/e2e/tests/negatives/return_step.rs", &[]),
    ("relay", "tests/e2e/tests/negatives/lifted.rs", &[]),
    ("relay", "tests/e2e/tests/negatives/bad_input/signed_calls.rs", &[]),
    ("relay", "crates/agent/tests/agent/refusals.rs", &[]),
];

/// Tests of these files in which nobody wants anything that is not theirs.
const HONEST: &[&str] = &[
    "a_page_that_is_loaded_again_meanwhile_counts_the_time_to_come_back",
    "a_session_of_a_card_that_was_tapped_before_the_browser_is_back_rests_on_nothing",
    "a_session_that_began_after_the_connection_is_not_meant_by_its_list",
    "a_socket_that_is_given_is_used_and_stays",
    "a_yes_between_two_refusals_counts",
    "an_answer_that_came_after_the_connection_is_not_meant_by_its_list",
    "a_tap_elsewhere_locks_no_desk_at_which_somebody_else_sits_by_now",
];

/// A test with the names in its tables.
struct Test {
    name: String,
    cases: Vec<String>,
}

#[test]
fn the_page_says_what_the_tests_say() {
    let (page, cases) = page();
    assert!(cases >= 100, "{cases} cases");
    let stands = std::fs::read_to_string(root().join(PAGE)).unwrap_or_default();
    if page != stands {
        let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile-cases.md");
        std::fs::write(&made, page).unwrap();
        panic!("{PAGE} is not what the tests say; {} is", made.display());
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The page, and how many cases stand on it.
fn page() -> (String, usize) {
    let (mut page, mut cases, mut honest) = (INTRODUCTION.to_owned(), 0, HONEST.to_vec());
    for (who, heading) in HEADINGS {
        write!(page, "\n## {heading}\n").unwrap();
        for (_, file, wanted) in SOURCES.iter().filter(|(of, ..)| of == who) {
            let source = std::fs::read_to_string(root().join(file)).unwrap();
            write!(page, "\n`{file}`\n\n").unwrap();
            for Test { name, cases: named } in hostile(file, wanted, tests_of(&source), &mut honest)
            {
                writeln!(page, "* {}", name.replace('_', " ")).unwrap();
                for case in &named {
                    writeln!(page, "  * {case}").unwrap();
                }
                cases += named.len().max(1);
            }
        }
    }
    assert_eq!(honest, [""; 0], "named, and not there");
    (page, cases)
}

/// Those tests of a file that stand here. Strikes the others off the list of the honest ones.
fn hostile(file: &str, wanted: &[&str], mut tests: Vec<Test>, honest: &mut Vec<&str>) -> Vec<Test> {
    let is = |test: &Test, name: &&str| test.name == *name;
    for name in wanted {
        assert!(tests.iter().any(|test| is(test, name)), "no {name} in {file}");
    }
    if wanted.is_empty() {
        let of_file = SOURCES.iter().filter(|(_, other, _)| *other == file);
        let elsewhere: Vec<_> = of_file.flat_map(|(.., named)| *named).collect();
        tests.retain(|test| !elsewhere.iter().any(|name| is(test, name)));
        honest.retain(|name| !tests.iter().any(|test| is(test, name)));
        tests.retain(|test| !HONEST.iter().any(|name| is(test, name)));
    } else {
        tests.retain(|test| wanted.iter().any(|name| is(test, name)));
    }
    tests
}

/// The tests of a source, in its order. What stands in tables before the first test is its.
fn tests_of(source: &str) -> Vec<Test> {
    let (mut tests, mut cases, mut is_next): (Vec<Test>, Vec<String>, bool) = Default::default();
    for line in source.lines().map(str::trim_start) {
        if line.starts_with("#[test") || line.starts_with("#[tokio::test") {
            is_next = true;
        } else if let Some(name) = is_next.then(|| function(line)).flatten() {
            is_next = false;
            tests.push(Test { name: name.to_owned(), cases: std::mem::take(&mut cases) });
        } else if let Some(case) = case(line) {
            tests.last_mut().map_or(&mut cases, |test| &mut test.cases).push(case.to_owned());
        }
    }
    tests
}

fn function(line: &str) -> Option<&str> {
    let (_, name) = line.strip_prefix("async ").unwrap_or(line).split_once("fn ")?;
    name.split_once('(').map(|(name, _)| name)
}

/// The name at the beginning of a row of a table.
fn case(line: &str) -> Option<&str> {
    let name = line.strip_prefix("(\"").or_else(|| line.strip_prefix("text(\""))?;
    name.split_once("\",").map(|(name, _)| name)
}

#[test]
fn names_are_found_where_they_stand() {
    let source = r#"
        ("a case before", 1),
        #[tokio::test(flavor = "x")]
        #[cfg(unix)]
        async fn the_first() {
            for (name, it) in [
                text("a case within", 2),
                (other, "no case"),
            ] {}
        }
        fn no_test() {}
        #[test]
        fn the_second() {}
    "#;
    let tests = tests_of(source);
    let told: Vec<_> =
        tests.iter().map(|test| (test.name.as_str(), test.cases.join(", "))).collect();
    let first = ("the_first", "a case before, a case within".to_owned());
    assert_eq!(told, [first, ("the_second", String::new())]);
}
