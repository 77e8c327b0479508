//! How often one address may begin, choose and come back.

use agent_protocol::paths;
use e2e::{Answer, Browser, Card, World};
use reqwest::Method;
use serde_json::json;
use server::Bounds;

use crate::device::Device;
use crate::pairing::uuid_of;
use crate::support::{ACME, assert_clear, una};

const LIMITS: fn() -> Bounds = || Bounds { logins_per_minute: 3, ..Bounds::default() };

/// A request of a browser, which a stranger can repeat at no cost.
type Ask = (&'static str, &'static str);

const ASKS: &[(&str, Ask)] = &[
    ("begins at the account page", ("GET", "account/")),
    ("opens the login page", ("GET", "login")),
    ("chooses the provider by a link", ("GET", "broker/azure/login")),
    ("chooses the provider", ("POST", "broker/azure/login")),
    ("asks for a card alone", ("POST", "login/use-card/options")),
    ("answers with a card alone", ("POST", "login/use-card/finish")),
    ("comes back from the provider", ("GET", "broker/azure/endpoint?code=x&state=x")),
    ("is sent by an application", ("GET", "protocol/openid-connect/auth")),
    ("is sent by an application's form", ("POST", "protocol/openid-connect/auth")),
    ("goes on to an application", ("GET", "protocol/openid-connect/auth/continue?request=x")),
    ("is sent to be signed out", ("GET", "protocol/openid-connect/logout")),
    ("is sent to be signed out by a form", ("POST", "protocol/openid-connect/logout")),
    ("goes on to be signed out", ("GET", "protocol/openid-connect/logout/continue?request=x")),
];

async fn ask(mut browser: Browser, (method, rest): Ask) -> Answer {
    let method: Method = method.parse().unwrap();
    let json = rest.contains("use-card");
    let (content_type, body) = match json {
        true if rest.ends_with("options") => ("application/json", r#"{"hint":"card"}"#),
        true => ("application/json", NOBODYS),
        false => ("application/x-www-form-urlencoded", ""),
    };
    let origin = browser.origin().to_owned();
    let headers = [("content-type", content_type), ("origin", &origin), ("accept", "text/html")];
    let body = (method == Method::POST).then(|| body.to_owned());
    browser.send(method, &ACME.path(rest), body, &headers).await
}

/// An answer to a challenge of nobody.
const NOBODYS: &str = r#"{"challenge":"0193b5f0-0000-7000-8000-000000000000","credential":{}}"#;

#[track_caller]
fn assert_told_to_wait(name: &str, answer: &Answer) {
    assert_clear(name, answer);
    assert_eq!((answer.status, answer.title().as_str()), (429, "Too many requests"), "{name}");
    assert!(answer.body.contains("Wait a minute"), "{name}: {answer:?}");
    let retry = answer.headers.iter().find(|(header, _)| header == "retry-after");
    assert_eq!(retry.map(|(_, value)| value.as_str()), Some("5"), "{name}");
}

#[tokio::test]
async fn one_address_does_each_thing_so_often_a_minute() {
    for (name, request) in ASKS {
        let world = World::limited(LIMITS()).await;
        let browser = || world.browser().at("198.51.100.7");
        for _ in 0..3 {
            let answer = ask(browser(), *request).await;
            assert_ne!(answer.status, 429, "{name}: {answer:?}");
        }
        assert_told_to_wait(name, &ask(browser(), *request).await);
        let other = ask(world.browser().at("198.51.100.8"), *request).await;
        assert_ne!(other.status, 429, "{name}: another address pays for it: {other:?}");
    }
}

/// A login that waits at the card costs a commit with each challenge.
#[tokio::test]
async fn one_address_asks_for_so_many_challenges_a_minute() {
    for path in ["login/card/options", "login/card/agent", "login/card/pair"] {
        let world = World::limited(LIMITS()).await;
        let mut browser = world.browser().at("198.51.100.7");
        ACME.to_card(&mut browser, &mut una()).await;
        let body = json!({ "hint": "card" });
        for _ in 0..3 {
            let answer = browser.post_json(&ACME.path(path), &body).await;
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
        }
        let before = world.dump().await;
        let refused = browser.post_json(&ACME.path(path), &body).await;
        assert_eq!((refused.status, refused.code().as_str()), (429, "too-many-requests"), "{path}");
        assert_eq!(before, world.dump().await, "{path}");
    }
}

/// What somebody with the first factor alone can repeat.
#[tokio::test]
async fn one_address_gives_so_many_codes_and_tokens_a_minute() {
    for (path, field) in [("login/code", "code"), ("login/card/pair/return", "token")] {
        let world = World::limited(LIMITS()).await;
        let mut browser = world.browser().at("198.51.100.7");
        ACME.to_card(&mut browser, &mut una()).await;
        let mut give = async || browser.post_form(&ACME.path(path), &[(field, "BBBB-BBBB")]).await;
        for _ in 0..3 {
            assert_ne!(give().await.status, 429, "{path}");
        }
        let before = world.dump().await;
        assert_eq!(give().await.status, 429, "{path}");
        assert_eq!(before, world.dump().await, "{path}");
    }
}

#[tokio::test]
async fn one_address_changes_its_cards_so_often_a_minute() {
    for path in ["account/cards/add", "account/cards/{id}/rename", "account/cards/{id}/remove"] {
        let world = World::limited(LIMITS()).await;
        let mut browser = world.browser().at("198.51.100.7");
        ACME.sign_in(&mut browser, &mut una(), &mut Card::new(1)).await;
        let card = uuid_of(&world.dump().await.rows("credential")[0]["credential_id"]);
        let path = ACME.path(&path.replace("{id}", &card.to_string()));
        for number in 0..3 {
            let label = format!("Badge {number}");
            let answer = browser.post_form(&path, &[("label", &label)]).await;
            assert_ne!(answer.status, 429, "{path}: {answer:?}");
        }
        let before = world.dump().await;
        let refused = browser.post_form(&path, &[("label", "Badge")]).await;
        assert_told_to_wait(&path, &refused);
        assert_eq!(before, world.dump().await, "{path}");
    }
}

/// Each call of an agent is kept for as long as it could be repeated.
#[tokio::test]
async fn one_agent_calls_so_often_a_minute_wherever_it_is() {
    let ticket = json!({ "ticket": "0193b5f0-0000-7000-8000-000000000000" });
    for (path, body) in [(paths::ENROL_WAIT, json!({})), (paths::CLAIM, ticket)] {
        let world = World::limited(LIMITS()).await;
        let mut browser = world.browser();
        ACME.to_card(&mut browser, &mut una()).await;
        let device = Device::of(ACME);
        device.pair(&world, &mut browser).await;
        for _ in 0..3 {
            assert_ne!(device.post(&world, path, &body).await.status, 429, "{path}");
        }
        let before = world.dump().await;
        let refused = device.post(&world, path, &body).await;
        assert_eq!((refused.status, refused.code().as_str()), (429, "too-many-requests"), "{path}");
        assert_eq!(before, world.dump().await, "{path}");
        let channel = device.sign(&device.channel_call(&world).await).send(&world).await;
        assert_eq!(channel.status, 429, "its channel has no pace of its own: {channel:?}");
    }
}

#[tokio::test]
async fn what_a_stranger_says_about_their_address_does_not_help() {
    let world = World::limited(LIMITS()).await;
    let begin = ASKS[0].1;
    for number in 0..3 {
        let browser = world.browser().at(&format!("10.0.0.{number}, 198.51.100.7"));
        assert_eq!(ask(browser, begin).await.status, 303);
    }
    for forwarded in ["198.51.100.7", "10.9.9.9,198.51.100.7", "127.0.0.1, ::1, 198.51.100.7:80"] {
        let answer = ask(world.browser().at(forwarded), begin).await;
        assert_told_to_wait(forwarded, &answer);
    }
}

#[tokio::test]
async fn an_ipv6_network_counts_as_one_address() {
    let world = World::limited(LIMITS()).await;
    let begin = ASKS[0].1;
    for number in 1..4 {
        let browser = world.browser().at(&format!("2001:db8:0:1:{number}::1"));
        assert_eq!(ask(browser, begin).await.status, 303);
    }
    let same = ask(world.browser().at("2001:db8:0:1:ffff::1"), begin).await;
    assert_told_to_wait("the same /64", &same);
    assert_eq!(ask(world.browser().at("2001:db8:0:2::1"), begin).await.status, 303);
}
