//! Strangers cannot fill the log: of what they can cause over and over, one line is written.
//!
//! A test binary of its own, because a log subscriber is one per process.
#![expect(clippy::unwrap_used, reason = "what goes wrong here is a red test")]

use std::collections::BTreeSet;

use agent_protocol::EnrolmentCode;
use e2e::{Browser, Desktop, Log, Way, World};
use reqwest::Method;
use serde_json::json;
use server::Bounds;

const ACME: Way = Way::into("acme");

/// How often each thing is done.
const OFTEN: usize = 5;

/// A callback with the state of this browser's login, and a code that nobody issued.
async fn junk(browser: &mut Browser) -> String {
    let authorize = ACME.to_provider(browser).await;
    let (_, state) = authorize.split_once("state=").unwrap();
    let state = state.split('&').next().unwrap();
    ACME.path(&format!("broker/azure/endpoint?code=junk&state={state}"))
}

async fn pages(world: &World) {
    let mut browser = world.browser();
    browser.get(&ACME.path("broker/azure/endpoint?error")).await;
    browser.send(Method::POST, &ACME.path("login/use-card/options"), None, &[]).await;
    browser.post_form("/admin/invite", &[("token", "junk"), ("name", "Mallory")]).await;
    let callback = junk(&mut browser).await;
    browser.clone().get(&callback).await;
    browser.clone().get(&callback).await;
    let challenge = ACME.use_card_options(&mut browser).await.json();
    let answer = json!({ "challenge": challenge.get("challenge"), "credential": {} });
    ACME.use_card(&mut browser, &answer).await;
}

/// Error pages that cost a stranger nothing, with the code that the log has for each. The reference
/// is on the page only when the log has it too.
const ERROR_PAGES: &[(&str, &str, &str)] = &[
    ("GET", "login/card", "login-expired"),
    ("POST", "broker/azure/login", "cross-origin"),
    ("POST", "login/use-card/options", "content-type"),
];

async fn refused_pages(world: &World, first: bool) {
    let mut references = BTreeSet::new();
    for (method, rest, code) in ERROR_PAGES {
        let mut browser = world.browser();
        let origin = match *code {
            "cross-origin" => "https://mallory.example".to_owned(),
            _ => world.origin.clone(),
        };
        let headers = [("accept", "text/html"), ("origin", &origin), ("content-type", "text/x")];
        let answer = browser.send(method.parse().unwrap(), &ACME.path(rest), None, &headers).await;
        assert!(answer.body.contains("<html"), "{code}: {answer:?}");
        let reference = answer.body.split("<dt>Reference</dt><dd><code>").nth(1);
        let reference = reference.and_then(|rest| rest.split('<').next());
        assert_eq!(reference.is_some(), first, "{code}: {answer:?}");
        references.extend(reference.map(str::to_owned));
    }
    assert!(!first || references.len() == ERROR_PAGES.len(), "{references:?}");
}

async fn agents(world: &World, number: usize) {
    let server = world.origin.parse().unwrap();
    let code = EnrolmentCode::from_random([u8::try_from(number).unwrap(); 16]);
    assert!(Desktop::start().agent.pair(&server, &code).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_cause_over_and_over_is_one_line() {
    let lines = Log::of_process("off,server=info");
    let limits = Bounds { logins_per_minute: 1, ..Bounds::default() };
    let (world, narrow) = (World::start().await, World::limited(limits).await);
    for number in 0..OFTEN {
        refused_pages(&world, number == 0).await;
        pages(&world).await;
        agents(&world, number).await;
        narrow.browser().get(&ACME.path("account/")).await;
    }
    for text in [
        "malformed answer of a provider",
        "refused a write from another origin",
        "an invitation was refused",
        "provider refused",
        "state came again",
        "card alone refused",
        "code is shown by no page",
        "too many attempts from one address",
    ] {
        assert_eq!(lines.lines_with(text).len(), 1, "{text}");
    }
    for code in ERROR_PAGES.iter().map(|(_, _, code)| *code).chain(["too-many-requests"]) {
        let line = format!("answered with an error page code=\"{code}\"");
        assert_eq!(lines.lines_with(&line).len(), 1, "{line}");
    }
}
