//! OpenID Connect RP-Initiated Logout 1.0.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::Answer;
use serde_json::json;

use crate::agent::{Took, stays_here};
use crate::client::Suite;
use crate::tokens::Tokens;

const ASKS: &str = "Do you want to sign out?";
const DONE: &str = "You are signed out";
const YES: &str = "Sign out";

/// Somebody signs in.
async fn signed_in(suite: &mut Suite) -> Tokens {
    let asked = suite.asks();
    let visit = suite.visit(&asked).await;
    suite.completes(&asked, &visit).await
}

/// The application sends the browser to the logout: what the person sees, or where it goes.
async fn logs_out(suite: &mut Suite, fields: &[(&str, &str)]) -> Answer {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let url = format!("{}?{query}", suite.server("end_session_endpoint"));
    let answer = suite.browser.get(&url).await;
    suite.browser.follow(answer).await
}

/// Whether somebody is signed in still, by `prompt=none`.
pub(super) async fn is_signed_in(suite: &mut Suite) -> bool {
    let asked = suite.asks().with("prompt", "none");
    let visit = suite.visit(&asked).await;
    assert_eq!(visit.took, Took::Nothing);
    let back = suite.back(&asked, &visit.answer);
    match back.get("error") {
        Some(error) => assert_eq!(error, "login_required"),
        None => drop(back.code().to_owned()),
    }
    back.get("error").is_none()
}

/// The person is asked, and nothing has happened; says yes, and is signed out, and stays.
async fn is_asked_and_stays(suite: &mut Suite, page: Answer) {
    stays_here(&suite.browser, &page);
    assert_eq!(page.title(), ASKS, "{page:?}");
    assert!(is_signed_in(suite).await);
    let page = suite.press(&page, YES).await;
    stays_here(&suite.browser, &page);
    assert_eq!(page.title(), DONE, "{page:?}");
    assert!(!is_signed_in(suite).await);
}

/// Signs in, and out with all that the application can say: where it goes, and nobody is asked.
pub(super) async fn in_and_out(suite: &mut Suite) -> Tokens {
    let tokens = signed_in(suite).await;
    assert!(is_signed_in(suite).await);
    let uri = suite.client.post_logout_redirect_uri.clone();
    let fields = [
        ("id_token_hint", tokens.id_token.as_str()),
        ("post_logout_redirect_uri", &uri),
        ("state", "logout-state"),
    ];
    let answer = logs_out(suite, &fields).await;
    assert_eq!(answer.location, Some(format!("{uri}?state=logout-state")), "{answer:?}");
    tokens
}

pub(crate) async fn oidcc_rp_initiated_logout(suite: &mut Suite) {
    in_and_out(suite).await;
    assert!(!is_signed_in(suite).await);
}

pub(crate) async fn oidcc_rp_initiated_logout_no_state(suite: &mut Suite) {
    let tokens = signed_in(suite).await;
    let uri = suite.client.post_logout_redirect_uri.clone();
    let fields = [("id_token_hint", tokens.id_token.as_str()), ("post_logout_redirect_uri", &uri)];
    let answer = logs_out(suite, &fields).await;
    assert_eq!(answer.location, Some(uri), "{answer:?}");
    assert!(!is_signed_in(suite).await);
}

/// Section 3: nobody is sent to an address that is not registered, and the person is asked.
async fn goes_nowhere(suite: &mut Suite, uri: &str) {
    let tokens = signed_in(suite).await;
    let fields = [
        ("id_token_hint", tokens.id_token.as_str()),
        ("post_logout_redirect_uri", uri),
        ("state", "logout-state"),
    ];
    let page = logs_out(suite, &fields).await;
    is_asked_and_stays(suite, page).await;
}

pub(crate) async fn oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(suite: &mut Suite) {
    let uri = format!("{}/f2e8a1", suite.client.post_logout_redirect_uri);
    goes_nowhere(suite, &uri).await;
}

pub(crate) async fn oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(
    suite: &mut Suite,
) {
    let uri = format!("{}?foo=bar", suite.client.post_logout_redirect_uri);
    goes_nowhere(suite, &uri).await;
}

/// With a hint that we have not signed the person is asked, and goes nowhere.
async fn with_hint(suite: &mut Suite, hint: &str) {
    let uri = suite.client.post_logout_redirect_uri.clone();
    let fields =
        [("id_token_hint", hint), ("post_logout_redirect_uri", &uri), ("state", "logout-state")];
    let page = logs_out(suite, &fields).await;
    is_asked_and_stays(suite, page).await;
}

pub(crate) async fn oidcc_rp_initiated_logout_modified_id_token_hint(suite: &mut Suite) {
    let tokens = signed_in(suite).await;
    let payload = tokens.id_token.split('.').nth(1).unwrap();
    let header = URL_SAFE_NO_PAD.encode(json!({ "alg": "none" }).to_string());
    with_hint(suite, &format!("{header}.{payload}.")).await;
}

/// Signed by the application with its own secret.
pub(crate) async fn oidcc_rp_initiated_logout_bad_id_token_hint(suite: &mut Suite) {
    let tokens = signed_in(suite).await;
    let payload = tokens.id_token.split('.').nth(1).unwrap();
    let header = json!({ "alg": "HS256", "typ": "JWT" }).to_string();
    let signed = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(header));
    let key =
        aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, suite.client.secret.as_bytes());
    let mac = URL_SAFE_NO_PAD.encode(aws_lc_rs::hmac::sign(&key, signed.as_bytes()));
    with_hint(suite, &format!("{signed}.{mac}")).await;
}

/// Nobody has shown whose address it is.
pub(crate) async fn oidcc_rp_initiated_logout_no_id_token_hint(suite: &mut Suite) {
    signed_in(suite).await;
    let uri = suite.client.post_logout_redirect_uri.clone();
    let fields = [("post_logout_redirect_uri", uri.as_str()), ("state", "logout-state")];
    let page = logs_out(suite, &fields).await;
    is_asked_and_stays(suite, page).await;
}

pub(crate) async fn oidcc_rp_initiated_logout_no_params(suite: &mut Suite) {
    signed_in(suite).await;
    let page = logs_out(suite, &[]).await;
    is_asked_and_stays(suite, page).await;
}

pub(crate) async fn oidcc_rp_initiated_logout_only_state(suite: &mut Suite) {
    signed_in(suite).await;
    let page = logs_out(suite, &[("state", "logout-state")]).await;
    is_asked_and_stays(suite, page).await;
}

pub(crate) async fn oidcc_rp_initiated_logout_no_post_logout_redirect_uri(suite: &mut Suite) {
    let tokens = signed_in(suite).await;
    let fields = [("id_token_hint", tokens.id_token.as_str()), ("state", "logout-state")];
    let page = logs_out(suite, &fields).await;
    stays_here(&suite.browser, &page);
    assert_eq!(page.title(), DONE, "{page:?}");
    assert!(!is_signed_in(suite).await);
}
