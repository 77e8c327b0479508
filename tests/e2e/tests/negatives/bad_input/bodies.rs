//! JSON bodies that no page of ours sends.

use e2e::{Browser, Card, World};
use reqwest::Method;

use crate::support::{ACME, assert_clear, assert_unchanged, una};

const FINISH: &str = "login/card/finish";
const OPTIONS: &str = "login/card/options";
const AGENT: &str = "login/card/agent";
const ALONE: &str = "login/use-card/options";
const ALONE_FINISH: &str = "login/use-card/finish";

const ENDPOINTS: [&str; 5] = [FINISH, OPTIONS, AGENT, ALONE, ALONE_FINISH];

/// Sent to every endpoint that takes JSON.
const EVERYWHERE: &[(&str, fn() -> Vec<u8>)] = &[
    ("empty", Vec::new),
    ("blanks", || b"   ".to_vec()),
    ("null", || b"null".to_vec()),
    ("a list", || b"[]".to_vec()),
    ("a text", || b"\"x\"".to_vec()),
    ("a number", || b"7".to_vec()),
    ("a form", || b"hint=card&challenge=x".to_vec()),
    ("cut off", || b"{\"hint\":".to_vec()),
    ("continued", || b"{} {}".to_vec()),
    ("single quotes", || b"{'hint':'card'}".to_vec()),
    ("a comma too many", || b"{\"hint\":\"card\",}".to_vec()),
    ("a byte order mark", || b"\xef\xbb\xbf{\"hint\":\"card\"}".to_vec()),
    ("no UTF-8", || b"{\"hint\":\"\xff\"}".to_vec()),
    ("UTF-16", || "{\"hint\":\"card\"}".encode_utf16().flat_map(u16::to_le_bytes).collect()),
    ("deep", || vec![b'['; 10_000]),
    ("markup", || b"<x>1</x>".to_vec()),
];

/// An endpoint, a name, and a body that is JSON and yet nothing that it takes.
const ONE_BY_ONE: &[(&str, &str, &str)] = &[
    (OPTIONS, "hint missing", "{}"),
    (OPTIONS, "hint null", r#"{"hint":null}"#),
    (OPTIONS, "hint unknown", r#"{"hint":"finger"}"#),
    (OPTIONS, "hint in capitals", r#"{"hint":"CARD"}"#),
    (OPTIONS, "hint a number", r#"{"hint":1}"#),
    (OPTIONS, "hint a list", r#"{"hint":["card"]}"#),
    (OPTIONS, "hint twice", r#"{"hint":"card","hint":"card"}"#),
    (OPTIONS, "hint twice, once escaped", r#"{"hint":"card","\u0068int":"phone"}"#),
    (ALONE, "alone: hint missing", r#"{"login":0}"#),
    (ALONE, "alone: hint unknown", r#"{"hint":"x","login":0}"#),
    (ALONE, "alone: login a text", r#"{"hint":"card","login":"0"}"#),
    (ALONE, "alone: login a list", r#"{"hint":"card","login":[0]}"#),
    (ALONE, "alone: login twice", r#"{"hint":"card","login":0,"login":1}"#),
    (FINISH, "challenge missing", r#"{"credential":{}}"#),
    (FINISH, "challenge null", r#"{"challenge":null,"credential":{}}"#),
    (FINISH, "challenge no id", r#"{"challenge":"x","credential":{}}"#),
    (
        FINISH,
        "challenge of nobody",
        r#"{"challenge":"0193b5f0-0000-7000-8000-000000000000","credential":{}}"#,
    ),
    (
        FINISH,
        "challenge of zeros",
        r#"{"challenge":"00000000-0000-0000-0000-000000000000","credential":{}}"#,
    ),
    (FINISH, "challenge a number", r#"{"challenge":7,"credential":{}}"#),
    (
        FINISH,
        "challenge twice",
        r#"{"challenge":"0193b5f0-0000-7000-8000-000000000000","challenge":"0193b5f0-0000-7000-8000-000000000000","credential":{}}"#,
    ),
    (FINISH, "credential missing", r#"{"challenge":"0193b5f0-0000-7000-8000-000000000000"}"#),
    (
        FINISH,
        "credential twice",
        r#"{"challenge":"0193b5f0-0000-7000-8000-000000000000","credential":{},"credential":{}}"#,
    ),
    (
        FINISH,
        "label a number",
        r#"{"challenge":"0193b5f0-0000-7000-8000-000000000000","credential":{},"label":7}"#,
    ),
    (
        FINISH,
        "label twice",
        r#"{"challenge":"0193b5f0-0000-7000-8000-000000000000","credential":{},"label":"a","label":"b"}"#,
    ),
    (ALONE_FINISH, "alone: challenge missing", r#"{"credential":{}}"#),
    (
        ALONE_FINISH,
        "alone: challenge of nobody",
        r#"{"challenge":"0193b5f0-0000-7000-8000-000000000000","credential":{}}"#,
    ),
    (ALONE_FINISH, "alone: challenge empty", r#"{"challenge":"","credential":{}}"#),
    (
        ALONE_FINISH,
        "alone: challenge twice",
        r#"{"challenge":"0193b5f0-0000-7000-8000-000000000000","challenge":"0193b5f0-0000-7000-8000-000000000000","credential":{}}"#,
    ),
    (
        ALONE_FINISH,
        "alone: credential null",
        r#"{"challenge":"0193b5f0-0000-7000-8000-000000000000","credential":null}"#,
    ),
    (AGENT, "agent: label a number", r#"{"label":7}"#),
    (AGENT, "agent: label twice", r#"{"label":"a","label":"b"}"#),
];

/// Content types under which JSON is not taken.
const TYPES: &[(&str, Option<&str>)] = &[
    ("no content type", None),
    ("an empty content type", Some("")),
    ("text/plain", Some("text/plain")),
    ("text/json", Some("text/json")),
    ("a form's type", Some("application/x-www-form-urlencoded")),
    ("multipart", Some("multipart/form-data; boundary=x")),
    ("application/jsonp", Some("application/jsonp")),
    ("a problem's type", Some("application/problem+json")),
    ("JSON behind a parameter", Some("text/plain; application/json")),
    ("two types", Some("text/plain, application/json")),
];

/// Sizes behind which nothing is read any more.
const TOO_LARGE: &[(&str, usize)] = &[
    ("one byte above 64 KiB", 64 * 1024 + 1),
    ("65 KiB", 65 * 1024),
    ("a mebibyte", 1024 * 1024),
    ("8 mebibytes", 8 * 1024 * 1024),
];

pub(super) fn names() -> Vec<&'static str> {
    let everywhere = EVERYWHERE.iter().map(|(name, _)| *name);
    let one_by_one = ONE_BY_ONE.iter().map(|(_, name, _)| *name);
    let types = TYPES.iter().map(|(name, _)| *name);
    everywhere
        .chain(one_by_one)
        .chain(types)
        .chain(TOO_LARGE.iter().map(|(name, _)| *name))
        .collect()
}

/// A browser that may call all of them: at the card step, with a challenge out, and with a login
/// that nobody has vouched for besides.
async fn anywhere(world: &World) -> Browser {
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut una()).await;
    ACME.options(&mut browser).await;
    ACME.use_card_options(&mut browser).await;
    browser
}

async fn send(
    browser: &mut Browser,
    path: &str,
    content_type: Option<&str>,
    body: Vec<u8>,
) -> e2e::Answer {
    let origin = browser.origin().to_owned();
    let mut headers = vec![("origin", origin.as_str()), ("accept", "application/json")];
    headers.extend(content_type.map(|content_type| ("content-type", content_type)));
    browser.send_bytes(Method::POST, &ACME.path(path), Some(body), &headers).await
}

#[tokio::test]
async fn no_bad_body_changes_anything() {
    let world = World::start().await;
    let mut browser = anywhere(&world).await;
    let before = world.dump().await;
    for (name, body) in EVERYWHERE {
        for path in ENDPOINTS {
            let answer = send(&mut browser, path, Some("application/json"), body()).await;
            assert_clear(&format!("{name} to {path}"), &answer);
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (400, "malformed"),
                "{name} {path}"
            );
        }
    }
    for (path, name, body) in ONE_BY_ONE {
        let body = body.as_bytes().to_vec();
        let answer = send(&mut browser, path, Some("application/json"), body).await;
        assert_clear(name, &answer);
        assert_unchanged(name, &before, &world.dump().await);
    }
    assert_unchanged("bad bodies", &before, &world.dump().await);
    // The challenge is still out: the answer to it counts.
    let tapped = Card::new(1).tap(&mut browser, &ACME.path("login/card")).await;
    assert_eq!(tapped.status, 200, "{tapped:?}");
}

#[tokio::test]
async fn json_is_taken_under_its_own_content_type_only() {
    let world = World::start().await;
    let mut browser = anywhere(&world).await;
    let before = world.dump().await;
    for (name, content_type) in TYPES {
        for path in ENDPOINTS {
            let body = b"{\"hint\":\"card\"}".to_vec();
            let answer = send(&mut browser, path, *content_type, body).await;
            assert_clear(name, &answer);
            let refused = (answer.status, answer.code());
            assert_eq!(refused, (415, "content-type".to_owned()), "{name} to {path}");
        }
    }
    assert_unchanged("content types", &before, &world.dump().await);
    for content_type in ["APPLICATION/JSON", "application/json; charset=utf-8"] {
        let body = b"{\"hint\":\"card\"}".to_vec();
        let answer = send(&mut browser, OPTIONS, Some(content_type), body).await;
        assert_eq!(answer.status, 200, "{content_type}: {answer:?}");
    }
}

#[tokio::test]
async fn no_body_above_64_kib_is_read() {
    let world = World::start().await;
    let mut browser = anywhere(&world).await;
    let before = world.dump().await;
    for (name, length) in TOO_LARGE {
        for path in ENDPOINTS {
            let mut body = b"{\"hint\":\"card\"}".to_vec();
            body.resize(*length, b' ');
            let answer = send(&mut browser, path, Some("application/json"), body).await;
            assert_clear(name, &answer);
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (413, "too-large"),
                "{name} {path}"
            );
        }
        let mut form = b"code=".to_vec();
        form.resize(*length, b'B');
        let answer =
            send(&mut browser, "login/code", Some("application/x-www-form-urlencoded"), form).await;
        // This login needs no code, and says so before it looks at one; but not unread.
        assert_eq!(answer.status, 413, "{name}: {answer:?}");
    }
    assert_unchanged("too large", &before, &world.dump().await);
    let mut body = b"{\"hint\":\"card\"}".to_vec();
    body.resize(64 * 1024, b' ');
    let answer = send(&mut browser, OPTIONS, Some("application/json"), body).await;
    assert_eq!(answer.status, 200, "64 KiB are read: {answer:?}");
}
