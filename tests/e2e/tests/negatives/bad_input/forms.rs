//! Forms that no page of ours sends.

use e2e::{Browser, World};
use reqwest::Method;

use crate::codes::world_with_codes;
use crate::refused::person;
use crate::support::{ACME, assert_clear, assert_unchanged, enrolled, mia};

const FORM: &str = "application/x-www-form-urlencoded";

/// To which page, a name, the body, and the status.
const CASES: &[(&str, &str, &str, u16)] = &[
    ("login/code", "code missing", "", 400),
    ("login/code", "code twice", "code=BBBB-BBBB&code=CCCC-CCCC", 400),
    ("login/code", "code twice, once escaped", "code=BBBB-BBBB&c%6fde=CCCC-CCCC", 400),
    ("login/code", "another field twice", "code=BBBB-BBBB&x=1&x=2", 400),
    ("login/code", "code in capitals", "CODE=BBBB-BBBB", 400),
    ("login/code", "code in brackets", "code[]=BBBB-BBBB", 400),
    ("login/code", "code as JSON", "{\"code\":\"BBBB-BBBB\"}", 400),
    ("login/card/pair/return", "return token missing", "", 400),
    ("login/card/pair/return", "return token twice", "token=x&token=y", 400),
    ("login/card/pair/return", "return token empty", "token=", 410),
    (
        "login/card/pair/return",
        "return token not ours",
        "token=00000000000000000000000000000000AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        410,
    ),
    (
        "login/card/pair/return",
        "return token not in letters",
        "token=%00%01%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff",
        410,
    ),
    ("broker/azure/login", "login a word", "login=first", 400),
    ("broker/azure/login", "login negative", "login=-1", 400),
    ("broker/azure/login", "login too large", "login=256", 400),
    ("broker/azure/login", "login a fraction", "login=0.5", 400),
    ("broker/azure/login", "login with a blank", "login=+0", 400),
    ("broker/azure/login", "login in hexadecimal", "login=0x0", 400),
    ("broker/azure/login", "login twice", "login=0&login=1", 400),
    ("broker/azure/login", "login twice the same", "login=0&login=0", 400),
    ("broker/nobody/login", "an unknown provider", "login=0", 404),
    (
        "account/cards/0193b5f0-0000-7000-8000-000000000000/rename",
        "a card of nobody",
        "label=x",
        404,
    ),
    (
        "account/cards/0193b5f0-0000-7000-8000-000000000000/remove",
        "removal of nobody's card",
        "",
        404,
    ),
    (
        "account/computers/0193b5f0-0000-7000-8000-000000000000/rename",
        "a computer of nobody",
        "name=x",
        404,
    ),
    ("account/computers/x/rename", "a computer that is no id", "name=x", 404),
    ("account/cards/x/rename", "a card that is no id", "label=x", 404),
    ("account/cards/x/remove", "removal of what is no id", "", 404),
    ("account/sessions/0193b5f0-0000-7000-8000-000000000000/end", "a session of nobody", "", 404),
    ("account/sessions/x/end", "a session that is no id", "", 404),
];

/// Names of a card that are none; `{id}` is the person's own card.
const LABELS: &[(&str, &str)] = &[
    ("label missing", ""),
    ("label empty", "label="),
    ("label of blanks", "label=+++"),
    ("label of control characters", "label=%00%01%1b%7f"),
    ("label twice", "label=a&label=b"),
];

/// Content types under which a form is not taken.
const TYPES: &[(&str, Option<&str>)] = &[
    ("form without content type", None),
    ("form as text", Some("text/plain")),
    ("form as JSON", Some("application/json")),
    ("form as multipart", Some("multipart/form-data; boundary=x")),
];

pub(super) fn names() -> Vec<&'static str> {
    let cases = CASES.iter().map(|(_, name, ..)| *name);
    let labels = LABELS.iter().map(|(name, _)| *name);
    cases.chain(labels).chain(TYPES.iter().map(|(name, _)| *name)).collect()
}

async fn send(
    browser: &mut Browser,
    path: &str,
    content_type: Option<&str>,
    body: &str,
) -> e2e::Answer {
    let origin = browser.origin().to_owned();
    let mut headers = vec![("origin", origin.as_str()), ("accept", "text/html")];
    headers.extend(content_type.map(|content_type| ("content-type", content_type)));
    browser.send(Method::POST, &ACME.path(path), Some(body.to_owned()), &headers).await
}

#[tokio::test]
async fn no_bad_form_changes_anything() {
    let world = world_with_codes().await;
    let mut waits = world.browser();
    ACME.to_card(&mut waits, &mut mia()).await;
    let before = world.dump().await;
    for (path, name, body, status) in CASES.iter().filter(|(path, ..)| !path.starts_with("account"))
    {
        let answer = send(&mut waits, path, Some(FORM), body).await;
        assert_clear(name, &answer);
        assert_eq!(answer.status, *status, "{name}: {answer:?}");
    }
    for (name, content_type) in TYPES {
        for path in ["login/code", "broker/azure/login"] {
            let answer = send(&mut waits, path, *content_type, "code=BBBB-BBBB").await;
            assert_clear(name, &answer);
            assert_eq!(answer.status, 415, "{name} to {path}: {answer:?}");
        }
    }
    assert_unchanged("bad forms", &before, &world.dump().await);
}

#[tokio::test]
async fn no_bad_form_of_the_account_page_changes_anything() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let mut browser = world.browser();
    ACME.sign_in(&mut browser, &mut mia(), &mut card).await;
    let before = world.dump().await;
    for (path, name, body, status) in CASES.iter().filter(|(path, ..)| path.starts_with("account"))
    {
        let answer = send(&mut browser, path, Some(FORM), body).await;
        assert_clear(name, &answer);
        assert_eq!(answer.status, *status, "{name}: {answer:?}");
    }
    let tenant = world.tenant("acme").await.id;
    let owner = person(&world, "mia@acme.example").await.id;
    let cards = world.app.store().read(tenant).await.unwrap().credentials(owner).await.unwrap();
    let rename = format!("account/cards/{}/rename", cards[0].id);
    for (name, body) in LABELS {
        let answer = send(&mut browser, &rename, Some(FORM), body).await;
        assert_clear(name, &answer);
        assert_eq!(answer.status, 400, "{name}: {answer:?}");
    }
    assert_unchanged("bad forms", &before, &world.dump().await);
    let renamed = send(&mut browser, &rename, Some(FORM), "label=Blue").await;
    assert_eq!(renamed.status, 303, "{renamed:?}");
}
