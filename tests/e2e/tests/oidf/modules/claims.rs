//! What is said about the person, and how it is asked for.

use reqwest::Method;
use serde_json::Value;

use crate::client::Suite;
use crate::tokens::{Tokens, said};

/// Signs in with this scope: the tokens, and what userinfo says.
async fn with_scope(suite: &mut Suite, scope: &str) -> (Tokens, Value) {
    let asked = suite.asks().with("scope", scope);
    let visit = suite.visit(&asked).await;
    let tokens = suite.completes(&asked, &visit).await;
    let info = suite.userinfo(&tokens.access_token).await;
    (tokens, info)
}

/// The claims of a scope (Core §5.4) that a person of the directory has.
#[track_caller]
fn has(info: &Value, names: &[&str]) {
    for name in names {
        let value = &info[*name];
        let good = value.as_str().is_some_and(|text| !text.is_empty()) || value.is_boolean();
        assert!(good, "{name} in {info}");
    }
}

#[track_caller]
fn has_not(info: &Value, names: &[&str]) {
    for name in names {
        assert!(info.get(*name).is_none(), "{name} in {info}");
    }
}

const PROFILE: [&str; 4] = ["name", "given_name", "family_name", "preferred_username"];
const EMAIL: [&str; 2] = ["email", "email_verified"];
const PHONE: [&str; 2] = ["phone_number", "phone_number_verified"];

pub(crate) async fn oidcc_userinfo_get(suite: &mut Suite) {
    let (tokens, _) = with_scope(suite, "openid").await;
    let info = said(&suite.asks_userinfo(Method::GET, &tokens.access_token).await);
    assert_eq!(info["sub"], tokens.claims["sub"]);
}

pub(crate) async fn oidcc_userinfo_post_header(suite: &mut Suite) {
    let (tokens, _) = with_scope(suite, "openid").await;
    let info = said(&suite.asks_userinfo(Method::POST, &tokens.access_token).await);
    assert_eq!(info["sub"], tokens.claims["sub"]);
}

pub(crate) async fn oidcc_userinfo_post_body(suite: &mut Suite) {
    let (tokens, _) = with_scope(suite, "openid").await;
    let info = said(&suite.asks_userinfo_by_form(&tokens.access_token).await);
    assert_eq!(info["sub"], tokens.claims["sub"]);
}

pub(crate) async fn oidcc_scope_profile(suite: &mut Suite) {
    let (tokens, info) = with_scope(suite, "openid profile").await;
    assert_eq!(tokens.scope, "openid profile");
    has(&info, &PROFILE);
    has_not(&info, &EMAIL);
}

pub(crate) async fn oidcc_scope_email(suite: &mut Suite) {
    let (tokens, info) = with_scope(suite, "openid email").await;
    assert_eq!(tokens.scope, "openid email");
    has(&info, &EMAIL);
    has_not(&info, &PROFILE);
    has_not(&tokens.claims, &PROFILE);
}

/// Not supported, and not said to be: who asks gets the rest, and reads what was granted.
pub(crate) async fn oidcc_scope_address(suite: &mut Suite) {
    without(suite, "address", &["address"]).await;
}

/// As with addresses.
pub(crate) async fn oidcc_scope_phone(suite: &mut Suite) {
    without(suite, "phone", &PHONE).await;
}

async fn without(suite: &mut Suite, word: &str, claims: &[&str]) {
    let scopes = suite.server["scopes_supported"].as_array().unwrap();
    assert!(!scopes.iter().any(|scope| scope == word), "{scopes:?}");
    let (tokens, info) = with_scope(suite, &format!("openid {word}")).await;
    assert_eq!(tokens.scope, "openid");
    has_not(&info, claims);
}

/// All scopes of the standard at once; of those that are not supported nothing comes.
pub(crate) async fn oidcc_scope_all(suite: &mut Suite) {
    let (tokens, info) = with_scope(suite, "openid email phone address profile").await;
    assert_eq!(tokens.scope, "openid profile email");
    has(&info, &[PROFILE.as_slice(), &EMAIL].concat());
    has_not(&info, &[PHONE.as_slice(), &["address"]].concat());
}

/// Core §5.5: `name` at userinfo, and there alone.
pub(crate) async fn oidcc_claims_essential(suite: &mut Suite) {
    let claims = r#"{"userinfo":{"name":{"essential":true}}}"#;
    let asked = suite.asks().with("claims", claims);
    let visit = suite.visit(&asked).await;
    let tokens = suite.completes(&asked, &visit).await;
    let info = suite.userinfo(&tokens.access_token).await;
    has(&info, &["name"]);
    has_not(&tokens.claims, &["name"]);
}
