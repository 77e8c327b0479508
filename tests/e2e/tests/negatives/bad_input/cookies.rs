//! Cookies that are none of ours.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::World;
use reqwest::Method;

use crate::support::{ACME, assert_clear, assert_unchanged, enrolled, mia};

/// A name, and a value made of a true one.
const VALUES: &[(&str, fn(&str) -> String)] = &[
    ("empty", |_| String::new()),
    ("one letter", |_| "x".into()),
    ("a word", |_| "session".into()),
    ("no base64url", |_| "~~~~~~~~".into()),
    ("markup", |_| "<script>alert(1)</script>".into()),
    ("JSON", |_| "{\"sub\":\"mia\"}".into()),
    ("an injection", |_| "' OR '1'='1".into()),
    ("zeros", |_| "A".repeat(43)),
    ("cut by one", |v| v[1..].to_owned()),
    ("one more", |v| format!("{v}A")),
    ("padded", |v| format!("{v}=")),
    ("quoted", |v| format!("\"{v}\"")),
    ("one letter changed", |v| {
        let other = if v.starts_with('A') { 'B' } else { 'A' };
        format!("{other}{}", &v[1..])
    }),
    ("upside down", |v| v.chars().rev().collect()),
    ("twice", |v| format!("{v}{v}")),
    ("4 KiB", |_| "x".repeat(4096)),
    ("16 KiB", |_| "x".repeat(16 * 1024)),
    ("a hash of itself", |v| {
        let bytes = URL_SAFE_NO_PAD.decode(v).unwrap_or_default();
        let bytes: [u8; 32] = bytes.try_into().unwrap_or([0; 32]);
        let hash = secrets::Token::new(bytes).hash();
        URL_SAFE_NO_PAD.encode(hash.as_bytes())
    }),
];

pub(super) fn names() -> Vec<&'static str> {
    VALUES.iter().map(|(name, _)| *name).collect()
}

#[tokio::test]
async fn no_made_up_cookie_opens_anything() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let mut browser = world.browser();
    ACME.sign_in(&mut browser, &mut mia(), &mut card).await;
    let session = browser.cookie("__Host-sid-acme").unwrap().to_owned();
    let callback = ACME.to_callback(&mut world.browser(), &mut mia()).await;
    let before = world.dump().await;
    let names = [
        "__Host-sid-acme",
        "__Host-card-acme",
        "__Host-admin",
        "__Host-dev-acme",
        "__Host-login-0",
    ];
    for (name, value) in VALUES {
        let mut browser = world.browser();
        let value = value(&session);
        for cookie in names {
            browser.set_cookie(cookie, &value);
        }
        let account = browser.get("/realms/acme/account/").await;
        assert_eq!(account.status, 303, "{name}: {account:?}");
        let console = browser.get("/admin/").await;
        assert_eq!(console.status, 303, "{name}: {console:?}");
        // What begins anew above replaces one of the cookies.
        browser.set_cookie("__Host-login-0", &value);
        for answer in [
            browser.get("/realms/acme/login/card").await,
            browser.get(&callback).await,
            browser.post_form("/realms/acme/account/cards/add", &[]).await,
            browser.post_json("/realms/acme/login/card/options", &serde_json::json!({})).await,
        ] {
            assert_clear(name, &answer);
        }
    }
    assert_unchanged("cookies", &before, &world.dump().await);
}

/// More cookies than a browser sends: the first of a name counts, and nothing breaks.
#[tokio::test]
async fn a_flood_of_cookies_is_refused_or_ignored() {
    let world = World::start().await;
    let many = (0..200).map(|n| format!("c{n}={n}; ")).collect::<Vec<_>>().concat();
    let huge = format!("x={}", "y".repeat(60_000));
    let twice = "__Host-sid-acme=a; __Host-sid-acme=b";
    for cookie in [many.as_str(), huge.as_str(), twice, ";;;;", "=", "a", "=; =b; c="] {
        let headers = [("cookie", cookie), ("accept", "text/html")];
        let answer =
            world.browser().send(Method::GET, "/realms/acme/account/", None, &headers).await;
        assert!(matches!(answer.status, 303 | 431), "{answer:?}");
        assert!(!answer.gives_a_session());
    }
}
