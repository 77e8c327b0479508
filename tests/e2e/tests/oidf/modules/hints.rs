//! Parameters that change how pages look, or who is asked for: none may make a request fail.

use crate::agent::Took;
use crate::client::Suite;

/// Signs in with one more parameter.
async fn with(suite: &mut Suite, name: &str, value: &str) {
    let asked = suite.asks().with(name, value);
    let visit = suite.visit(&asked).await;
    assert_eq!(visit.took, Took::Login);
    suite.completes(&asked, &visit).await;
}

pub(crate) async fn oidcc_display_page(suite: &mut Suite) {
    with(suite, "display", "page").await;
}

pub(crate) async fn oidcc_display_popup(suite: &mut Suite) {
    with(suite, "display", "popup").await;
}

pub(crate) async fn oidcc_ui_locales(suite: &mut Suite) {
    with(suite, "ui_locales", "se").await;
}

pub(crate) async fn oidcc_claims_locales(suite: &mut Suite) {
    with(suite, "claims_locales", "se").await;
}

/// RFC 6749, 3.1.
pub(crate) async fn oidcc_ensure_request_with_unknown_parameter_succeeds(suite: &mut Suite) {
    with(suite, "extra", "foobar").await;
}

/// A name that nobody here has: whoever signs in is taken.
pub(crate) async fn oidcc_login_hint(suite: &mut Suite) {
    with(suite, "login_hint", "buffy@suite.example").await;
}

/// Core §3.1.2.1: with an ID token of the session that lives, nothing is shown.
pub(crate) async fn oidcc_id_token_hint(suite: &mut Suite) {
    let asked = suite.asks();
    let visit = suite.visit(&asked).await;
    let first = suite.completes(&asked, &visit).await;
    let asked = suite.asks().with("prompt", "none").with("id_token_hint", &first.id_token);
    let visit = suite.visit(&asked).await;
    assert_eq!(visit.took, Took::Nothing);
    let second = suite.completes(&asked, &visit).await;
    for name in ["sub", "auth_time"] {
        assert_eq!(first.claims[name], second.claims[name], "{name}");
    }
}

/// `acr` says one of those that were asked for.
pub(crate) async fn oidcc_ensure_request_with_acr_values_succeeds(suite: &mut Suite) {
    let supported = suite.server["acr_values_supported"].as_array().unwrap().clone();
    let words: Vec<&str> = supported.iter().filter_map(|word| word.as_str()).collect();
    let asked = suite.asks().with("acr_values", &words.join(" "));
    let visit = suite.visit(&asked).await;
    let tokens = suite.completes(&asked, &visit).await;
    assert!(supported.contains(&tokens.claims["acr"]), "{}", tokens.claims);
    // Those that nobody reaches are no error.
    let asked = suite.asks().with("acr_values", "1 2 gold");
    let visit = suite.visit(&asked).await;
    suite.completes(&asked, &visit).await;
}
