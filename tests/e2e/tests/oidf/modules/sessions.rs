//! `prompt` and `max_age`: when a session is enough, and when not.

use serde_json::Value;

use crate::agent::Took;
use crate::client::{Asked, Suite};
use crate::tokens::Tokens;

async fn signs_in(suite: &mut Suite, asked: &Asked, took: Took) -> Tokens {
    let visit = suite.visit(asked).await;
    assert_eq!(visit.took, took);
    suite.completes(asked, &visit).await
}

fn auth_time(tokens: &Tokens) -> i64 {
    tokens.claims["auth_time"].as_i64().unwrap_or_else(|| panic!("{}", tokens.claims))
}

#[track_caller]
fn same(first: &Tokens, second: &Tokens) {
    for name in ["sub", "auth_time"] {
        assert!(first.claims[name] != Value::Null);
        assert_eq!(first.claims[name], second.claims[name], "{name}");
    }
}

/// Lets time go by for all that this person has proved.
async fn later(suite: &Suite, seconds: u32) {
    let tenant = suite.shared.tenant(suite.place.way.tenant).await.id;
    let mut rows = suite.shared.app.store().read(tenant).await.unwrap();
    let person = rows.person_by_username("mia@acme.example").await.unwrap().unwrap().id;
    for session in rows.sessions(person).await.unwrap() {
        // Engines write identifiers in two ways; no other proof is of the same microsecond.
        let moved = "UPDATE proof SET verified_at = verified_at - ";
        let moved = format!("{moved}{seconds}000000 WHERE verified_at = {}", session.auth_time.0);
        assert!(suite.shared.sql(&moved).await > 0, "{session:?}");
    }
}

/// One tap more, and the ID token says when.
pub(crate) async fn oidcc_prompt_login(suite: &mut Suite) {
    let asked = suite.asks();
    signs_in(suite, &asked, Took::Login).await;
    later(suite, 2).await;
    let asked = suite.asks();
    let first = signs_in(suite, &asked, Took::Nothing).await;
    let asked = suite.asks().with("prompt", "login");
    let second = signs_in(suite, &asked, Took::Tap).await;
    assert!(auth_time(&second) > auth_time(&first));
    assert_eq!(first.claims["sub"], second.claims["sub"]);
}

/// An error that says that something would have to be shown, and the state whole.
pub(crate) async fn oidcc_prompt_none_not_logged_in(suite: &mut Suite) {
    let asked = suite.asks().with("prompt", "none").with("state", &"s".repeat(128));
    let visit = suite.visit(&asked).await;
    assert_eq!(visit.took, Took::Nothing);
    let back = suite.back(&asked, &visit.answer);
    let told = [
        "interaction_required",
        "login_required",
        "account_selection_required",
        "consent_required",
    ];
    assert!(told.contains(&back.error()), "{back:?}");
}

pub(crate) async fn oidcc_prompt_none_logged_in(suite: &mut Suite) {
    let asked = suite.asks();
    let first = signs_in(suite, &asked, Took::Login).await;
    let asked = suite.asks().with("prompt", "none");
    let second = signs_in(suite, &asked, Took::Nothing).await;
    same(&first, &second);
}

/// Two seconds are more than one.
pub(crate) async fn oidcc_max_age_1(suite: &mut Suite) {
    let asked = suite.asks();
    signs_in(suite, &asked, Took::Login).await;
    later(suite, 2).await;
    let asked = suite.asks();
    let first = signs_in(suite, &asked, Took::Nothing).await;
    let asked = suite.asks().with("max_age", "1");
    let second = signs_in(suite, &asked, Took::Tap).await;
    assert!(auth_time(&second) > auth_time(&first));
    let issued = second.claims["iat"].as_i64().unwrap();
    assert!((0..60).contains(&(issued - auth_time(&second))), "{}", second.claims);
}

pub(crate) async fn oidcc_max_age_10000(suite: &mut Suite) {
    let asked = suite.asks().with("max_age", "15000");
    let first = signs_in(suite, &asked, Took::Login).await;
    let asked = suite.asks().with("max_age", "10000");
    let second = signs_in(suite, &asked, Took::Nothing).await;
    same(&first, &second);
}
