//! Every page in every state: it renders, it is accessible markup as far as a machine can tell,
//! and what comes from outside stays text.

use std::collections::BTreeSet;

use super::sample::samples_with;
use super::{SetUp, asset, samples};

/// Ends an attribute, an element, a comment, a script and a style, whichever it is put into.
const HOSTILE: &str =
    r#"'"--></script></style></textarea><script>alert(1)</script><img src=x onerror=alert(1)>&"#;

/// The values of an attribute in a page, in order.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    html.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

fn count(html: &str, what: &str) -> usize {
    html.matches(what).count()
}

#[test]
fn every_page_renders_in_every_state_under_a_name_of_its_own() {
    let samples = samples().unwrap();
    let names: BTreeSet<_> = samples.iter().map(|sample| sample.name.as_str()).collect();
    assert_eq!(names.len(), samples.len());
    for page in [
        "login",
        "card",
        "enrol",
        "account",
        "error",
        "aadsts",
        "signed-out",
        "invite",
        "pair",
        "return",
        "entra",
        "entra-idle",
        "application",
        "logout",
        "components",
        "console-home",
        "console-overview",
        "console-providers",
        "console-provider",
        "console-delete",
        "console-mappers",
        "console-mapper",
        "console-test",
        "console-result",
        "console-test-over",
        "console-clients",
        "console-users",
        "console-user",
        "console-question",
        "console-code",
        "console-settings",
        "console-smart-cards",
        "console-external-mfa",
        "console-audit",
        "console-step-up",
    ] {
        let of_page = format!("{page}-");
        assert!(names.iter().any(|name| name.starts_with(&of_page)), "{page}");
    }
}

#[test]
fn what_comes_from_outside_never_becomes_markup() {
    let plain = samples().unwrap();
    let hostile_text =
        |text: &str| if text.is_empty() { String::new() } else { format!("{HOSTILE}{text}") };
    let hostile = samples_with(&hostile_text).unwrap();
    assert_eq!(plain.len(), hostile.len());
    for (plain, hostile) in plain.iter().zip(&hostile) {
        assert!(!hostile.html.contains("<script>alert"), "{}", plain.name);
        // The same elements and the same attributes, however long the texts are.
        for mark in ["<", ">", "\"", "<script", "<img"] {
            let expected = count(&plain.html, mark);
            assert_eq!(count(&hostile.html, mark), expected, "{mark} in {}", plain.name);
        }
    }
}

#[test]
fn hostile_texts_reach_every_page_that_shows_any() {
    let hostile = samples_with(&|text| format!("{HOSTILE}{text}")).unwrap();
    for sample in hostile
        .iter()
        .filter(|sample| !["aadsts-no-code", "error-not-found"].contains(&sample.name.as_str()))
    {
        assert!(sample.html.contains("&#60;/script&#62;"), "{}", sample.name);
    }
}

#[test]
fn no_page_needs_more_than_the_strictest_content_security_policy() {
    for sample in samples().unwrap() {
        for forbidden in
            [" style=", "<style", " onclick=", " onload=", "javascript:", "<base", "<iframe"]
        {
            assert!(!sample.html.contains(forbidden), "{forbidden} in {}", sample.name);
        }
        // Windows of our own, by their names: never one that a link opens to anywhere.
        let windows = values(&sample.html, "target");
        assert!(windows.iter().all(|name| name.starts_with("cardea-")), "{}", sample.name);
        for script in sample.html.split("<script").skip(1) {
            let (attributes, rest) = script.split_once('>').unwrap();
            assert!(attributes.contains(" src=\"/static/"), "{}", sample.name);
            assert!(rest.starts_with("</script>"), "inline script in {}", sample.name);
        }
    }
}

#[test]
fn every_file_that_a_page_refers_to_is_there() {
    for sample in samples().unwrap() {
        let links = values(&sample.html, "href").into_iter().chain(values(&sample.html, "src"));
        let files: Vec<_> = links.filter(|link| link.contains("/static/")).collect();
        assert!(files.len() >= 2, "{}", sample.name);
        for file in files {
            let name = file.rsplit('/').next().unwrap();
            assert!(asset(name).is_some(), "{file} in {}", sample.name);
            assert_eq!(super::asset_url(name), file);
        }
    }
}

#[test]
fn a_page_has_one_heading_landmarks_a_language_and_a_title() {
    for sample in samples().unwrap() {
        let html = &sample.html;
        for (what, expected) in [
            ("<h1", 1),
            ("<main ", 1),
            ("<header ", 1),
            ("<title>", 1),
            ("<html lang=\"en\">", 1),
            ("href=\"#main\"", 1),
        ] {
            assert_eq!(count(html, what), expected, "{what} in {}", sample.name);
        }
        assert!(!html.contains("<title></title>"), "{}", sample.name);
    }
}

#[test]
fn ids_are_unique_and_what_is_referred_to_exists() {
    for sample in samples().unwrap() {
        let ids = values(&sample.html, "id");
        let unique: BTreeSet<_> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "{} has an id twice: {ids:?}", sample.name);
        for attribute in ["for", "aria-describedby", "aria-labelledby", "aria-errormessage"] {
            let lists = values(&sample.html, attribute);
            for value in lists.into_iter().flat_map(str::split_whitespace) {
                assert!(unique.contains(value), "{attribute}={value} in {}", sample.name);
            }
        }
    }
}

#[test]
fn every_field_has_a_label() {
    for sample in samples().unwrap() {
        let labelled: BTreeSet<_> = values(&sample.html, "for").into_iter().collect();
        for element in ["<input ", "<select ", "<textarea "] {
            for field in sample.html.split(element).skip(1) {
                let (attributes, _) = field.split_once('>').unwrap();
                let quiet = ["type=\"hidden\"", "type=\"checkbox\"", "type=\"radio\""];
                if quiet.iter().any(|kind| attributes.contains(kind)) {
                    continue;
                }
                let attributes = format!(" {attributes}");
                let id = values(&attributes, "id");
                assert!(
                    id.iter().any(|id| labelled.contains(id)),
                    "{attributes} in {}",
                    sample.name
                );
            }
        }
    }
}

#[test]
fn every_attribute_has_its_value_in_quotes() {
    for sample in samples().unwrap() {
        for tag in sample.html.split('<').skip(1) {
            let (inside, _) = tag.split_once('>').unwrap();
            let outside_quotes: Vec<_> = inside.split('"').step_by(2).collect();
            let (last, named) = outside_quotes.split_last().unwrap();
            assert!(!last.contains('='), "<{inside}> in {}", sample.name);
            for part in named {
                assert_eq!(part.find('='), Some(part.len() - 1), "<{inside}> in {}", sample.name);
            }
        }
    }
}

#[test]
fn forms_say_where_they_come_from() {
    // With the policy "no-referrer" a browser sends `Origin: null`, which the server refuses.
    for sample in samples().unwrap() {
        // But for those whose forms go elsewhere, and where nobody is to learn from which page.
        let elsewhere = ["application", "entra"];
        let policy =
            if elsewhere.contains(&sample.page.as_str()) { "no-referrer" } else { "same-origin" };
        let policy = format!("<meta name=\"referrer\" content=\"{policy}\">");
        assert!(sample.html.contains(&policy), "{}", sample.name);
    }
}

#[test]
fn elements_are_closed_in_the_order_in_which_they_are_opened() {
    const VOID: [&str; 7] = ["br", "input", "link", "meta", "circle", "rect", "path"];
    for sample in samples().unwrap() {
        let mut open = Vec::new();
        for tag in sample.html.split('<').skip(1) {
            let (inside, _) = tag.split_once('>').unwrap();
            let name = inside.split([' ', '\n', '/']).find(|part| !part.is_empty()).unwrap();
            if inside.starts_with('!') || inside.ends_with('/') || VOID.contains(&name) {
                continue;
            }
            if inside.starts_with('/') {
                assert_eq!(open.pop(), Some(name), "{}", sample.name);
            } else {
                open.push(name);
            }
        }
        assert!(open.is_empty(), "{open:?} in {}", sample.name);
    }
}

#[test]
fn the_login_page_goes_by_the_names_of_the_guide() {
    let samples = samples().unwrap();
    let html = |name: &str| {
        samples
            .iter()
            .find(|sample| sample.name == name)
            .map(|sample| sample.html.as_str())
            .unwrap()
    };
    let login = html("login-card-first");
    for words in [
        "Sign in to Acme Hospital",
        "Use your card",
        "<summary>Show more ways to log in</summary>",
        "Sign in with Azure",
    ] {
        assert!(login.contains(words), "{words}");
    }
    assert!(login.contains("<details class=\"more-ways\">"));
    assert!(html("login-providers").contains("<details class=\"more-ways\" open>"));
    assert!(login.contains("action=\"/realms/acme/broker/azure/login\""));
    let card = html("card-choose");
    assert!(card.contains("<h1>Authenticate yourself by using your cards or the digital app</h1>"));
}

#[test]
fn each_page_shows_the_one_panel_of_its_state() {
    for sample in samples().unwrap().iter().filter(|sample| sample.name.starts_with("card-")) {
        let view = values(&sample.html, "data-view")[0];
        let shown: Vec<_> = sample
            .html
            .split("<section data-panel=\"")
            .skip(1)
            .filter(|panel| !panel.split('>').next().unwrap().contains(" hidden"))
            .map(|panel| panel.split('"').next().unwrap())
            .collect();
        assert_eq!(shown, [view], "{}", sample.name);
    }
}

#[test]
fn every_word_that_the_script_asks_for_is_in_the_page() {
    let script = std::str::from_utf8(asset("card.js").unwrap().0).unwrap();
    let failures: BTreeSet<_> = super::words::FAILURES.iter().map(|failure| failure.code).collect();
    let statuses: BTreeSet<_> = super::words::STATUSES.iter().map(|status| status.code).collect();
    let asked = |call: &str| -> Vec<String> {
        let parts = script.split(call).skip(1);
        parts.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
    };
    let failing = [asked("fail(\""), asked("back(\""), asked("new Problem(\"")].concat();
    assert!(failing.len() > 5);
    for code in failing {
        assert!(failures.contains(code.as_str()), "{code}");
    }
    let saying = [asked("say(\""), asked("word(\"")].concat();
    assert!(saying.len() > 5);
    for code in saying {
        assert!(statuses.contains(code.as_str()), "{code}");
    }
}

#[test]
fn a_pairing_code_does_not_print() {
    let set_up = SetUp { code: "KRQM-BXPT".into(), expires_in: 1, device: None };
    assert!(!format!("{set_up:?}").contains("KRQM"));
}
