//! Addresses of nobody, and odd spellings of somebody's.

use e2e::World;
use reqwest::Method;

use crate::support::{assert_clear, assert_unchanged};

/// A name, a method, a path, and the status.
const CASES: &[(&str, &str, &str, u16)] = &[
    ("an unknown tenant", "GET", "/realms/nobody/account/", 404),
    ("an unknown tenant's login", "GET", "/realms/nobody/login", 404),
    ("an unknown tenant's card page", "GET", "/realms/nobody/login/card", 404),
    ("an unknown tenant's provider", "GET", "/realms/nobody/broker/azure/login", 404),
    (
        "an unknown tenant's endpoint",
        "GET",
        "/realms/nobody/broker/azure/endpoint?state=x&code=y",
        404,
    ),
    ("no tenant", "GET", "/realms//account/", 404),
    ("no tenant at all", "GET", "/realms/", 404),
    ("a slug of one letter", "GET", "/realms/a/account/", 404),
    (
        "a slug of 64 letters",
        "GET",
        "/realms/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/account/",
        404,
    ),
    ("a slug with a blank", "GET", "/realms/ac%20me/account/", 404),
    ("a slug with a zero byte", "GET", "/realms/acme%00/account/", 404),
    ("a slug with a newline", "GET", "/realms/acme%0a/account/", 404),
    ("a slug with a slash", "GET", "/realms/acme%2faccount/", 404),
    ("a slug with dots", "GET", "/realms/..%2f..%2fetc/account/", 404),
    ("a slug that is no UTF-8", "GET", "/realms/%ff%fe/account/", 404),
    ("a slug beyond ASCII", "GET", "/realms/acm%c3%a9/account/", 404),
    ("a slug of other letters that look alike", "GET", "/realms/%d0%b0cme/account/", 404),
    ("a slug with a percent sign", "GET", "/realms/acme%25/account/", 404),
    ("a slug with markup", "GET", "/realms/%3Cscript%3Ealert(1)%3C%2Fscript%3E/account/", 404),
    ("a slug with a quote", "GET", "/realms/acme'--/account/", 404),
    ("a slug of an injection", "GET", "/realms/acme'%20OR%20'1'='1/account/", 404),
    ("an unknown provider", "GET", "/realms/acme/broker/nobody/login", 404),
    (
        "an unknown provider's endpoint",
        "GET",
        "/realms/acme/broker/nobody/endpoint?state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&code=y",
        404,
    ),
    ("an alias of one letter", "GET", "/realms/acme/broker/a/login", 404),
    ("an alias with a blank", "GET", "/realms/acme/broker/a%20b/login", 404),
    ("an alias that is no UTF-8", "GET", "/realms/acme/broker/%ff%ff/login", 404),
    ("a login that is a word", "GET", "/realms/acme/login?login=first", 400),
    ("a login that is negative", "GET", "/realms/acme/login?login=-1", 400),
    ("a login that is too large", "GET", "/realms/acme/login?login=256", 400),
    ("a login twice", "GET", "/realms/acme/login?login=0&login=1", 400),
    ("a provider's login that is a word", "GET", "/realms/acme/broker/azure/login?login=x", 400),
    ("a notice twice", "GET", "/realms/acme/account/?done=a&done=b", 400),
    ("help with no code", "GET", "/help/aadsts/none", 404),
    ("help with a number too large", "GET", "/help/aadsts/99999999999999999999", 404),
    ("a help question twice", "GET", "/help/aadsts?q=1&q=2", 400),
    ("a static file of nobody", "GET", "/static/x/nobody.css", 404),
    ("a static file above", "GET", "/static/x/..%2f..%2fCargo.toml", 404),
    ("a page of nobody", "GET", "/nobody", 404),
    ("a page of dots", "GET", "/%2e%2e/%2e%2e/etc/passwd", 404),
    ("a page with a second slash", "GET", "//realms/acme/account/", 404),
    ("a page without its slash", "GET", "/realms/acme/login/", 404),
    ("a page in capitals", "GET", "/REALMS/acme/account/", 404),
    ("the account page by DELETE", "DELETE", "/realms/acme/account/", 405),
    ("the account page by PUT", "PUT", "/realms/acme/account/", 405),
    ("the account page by a method of nobody", "BREW", "/realms/acme/account/", 405),
    ("the redirect endpoint by POST", "POST", "/realms/acme/broker/azure/endpoint", 405),
    ("the redirect endpoint by PATCH", "PATCH", "/realms/acme/broker/azure/endpoint", 405),
    ("a card's options by GET", "GET", "/realms/acme/login/card/options", 405),
    ("a card's answer by GET", "GET", "/realms/acme/login/card/finish?challenge=x", 405),
    ("a code by GET", "GET", "/realms/acme/login/code?code=BBBB-BBBB", 405),
    ("a sign-out by GET", "GET", "/realms/acme/account/sign-out", 405),
    ("an agent's result by GET", "GET", "/agent/v1/result", 405),
    ("an agent's channel without upgrade", "GET", "/agent/v1/channel", 400),
];

pub(super) fn names() -> Vec<&'static str> {
    CASES.iter().map(|(name, ..)| *name).collect()
}

#[tokio::test]
async fn no_bad_address_is_answered_with_more_than_a_clear_page_or_problem() {
    let world = World::start().await;
    let before = world.dump().await;
    let origin = world.origin.clone();
    for (name, method, path, status) in CASES {
        for accept in ["text/html", "application/json"] {
            let mut browser = world.browser();
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let headers = [("accept", accept), ("origin", origin.as_str())];
            // Joined by hand: a URL library would resolve the dots.
            let answer = browser.send(method, &format!("{origin}{path}"), None, &headers).await;
            assert_clear(&format!("{name}, {accept}"), &answer);
            assert_eq!(answer.status, *status, "{name}: {answer:?}");
            let html = answer.content_type.starts_with("text/html");
            assert_eq!(html, accept == "text/html", "{name}, {accept}: {answer:?}");
            assert!(!answer.body.contains("<script>alert"), "{name}: {answer:?}");
        }
    }
    assert_unchanged("addresses", &before, &world.dump().await);
}

#[tokio::test]
async fn slugs_and_aliases_count_in_any_case() {
    let world = World::start().await;
    for slug in ["acme", "ACME", "Acme", "aCmE"] {
        let mut browser = world.browser();
        let answer = browser.get(&format!("/realms/{slug}/account/")).await;
        let location = answer.location.unwrap_or_default();
        assert_eq!(location, "/realms/acme/login?login=0", "one canonical form");
        for alias in ["azure", "AZURE", "Azure"] {
            let answer = browser.get(&format!("/realms/{slug}/broker/{alias}/login")).await;
            let location = answer.location.clone().unwrap_or_default();
            let canonical = "%2Frealms%2Facme%2Fbroker%2Fazure%2Fendpoint";
            assert!(location.contains(canonical), "{slug} {alias}: {answer:?}");
        }
    }
}
