//! The steps on client data, in both ceremonies and in the discoverable one.

use serde_json::{Value, json};
use soft_authenticator::Draft;

use super::{Case, Enrolled, ORIGIN, register, wrong};
use crate::PasskeyError;

fn refused_everywhere(cases: &[Case]) {
    assert_eq!(wrong(cases, |change| register(change)), [""; 0], "registration");
    assert_eq!(wrong(cases, |change| Enrolled::new().assert(change)), [""; 0], "assertion");
    assert_eq!(wrong(cases, |change| Enrolled::new().discover(change)), [""; 0], "discoverable");
}

/// The client data with `more` behind its members.
fn with_member(draft: &mut Draft, more: &str) {
    draft.client_data.pop();
    draft.client_data.extend(format!(",{more}}}").bytes());
}

#[test]
fn step_07_10_refuses_client_data_of_another_type() {
    assert_eq!(register(|d| d.set("type", "webauthn.get")).unwrap_err(), PasskeyError::Type);
    let create = |d: &mut Draft| d.set("type", "webauthn.create");
    assert_eq!(Enrolled::new().assert(create).unwrap_err(), PasskeyError::Type);
    assert_eq!(Enrolled::new().discover(create).unwrap_err(), PasskeyError::Type);
    refused_everywhere(&[
        ("payment", |d| d.set("type", "payment.get"), PasskeyError::Type),
        ("upper case", |d| d.set("type", "WEBAUTHN.GET"), PasskeyError::Type),
        ("empty", |d| d.set("type", ""), PasskeyError::Type),
        ("null", |d| d.set("type", Value::Null), PasskeyError::Malformed),
        ("absent", |d| d.remove("type"), PasskeyError::Malformed),
    ]);
}

#[test]
fn step_08_11_refuses_another_challenge() {
    refused_everywhere(&[
        ("another", |d| d.set("challenge", "A".repeat(43)), PasskeyError::Challenge),
        ("its beginning", shorten_challenge, PasskeyError::Challenge),
        ("empty", |d| d.set("challenge", ""), PasskeyError::Challenge),
        ("null", |d| d.set("challenge", Value::Null), PasskeyError::Malformed),
        ("no base64url", |d| d.set("challenge", "~"), PasskeyError::Malformed),
        ("absent", |d| d.remove("challenge"), PasskeyError::Malformed),
    ]);
}

fn shorten_challenge(draft: &mut Draft) {
    let members: Value = serde_json::from_slice(&draft.client_data).unwrap();
    // Whole bytes only: 40 characters are 30 bytes.
    let challenge = members["challenge"].as_str().unwrap()[..40].to_owned();
    draft.set("challenge", challenge);
}

#[test]
fn step_09_12_refuses_every_other_origin() {
    refused_everywhere(&[
        ("another host", |d| d.set("origin", "https://evil.test"), PasskeyError::Origin),
        ("a subdomain", |d| d.set("origin", "https://a.login.example.com"), PasskeyError::Origin),
        ("the parent", |d| d.set("origin", "https://example.com"), PasskeyError::Origin),
        ("a sibling", |d| d.set("origin", "https://www.example.com"), PasskeyError::Origin),
        ("glued", |d| d.set("origin", "https://evillogin.example.com"), PasskeyError::Origin),
        ("suffix", |d| d.set("origin", "https://login.example.com.test"), PasskeyError::Origin),
        ("http", |d| d.set("origin", "http://login.example.com"), PasskeyError::Origin),
        (
            "another port",
            |d| d.set("origin", "https://login.example.com:8443"),
            PasskeyError::Origin,
        ),
        (
            "the same port",
            |d| d.set("origin", "https://login.example.com:443"),
            PasskeyError::Origin,
        ),
        ("a slash", |d| d.set("origin", "https://login.example.com/"), PasskeyError::Origin),
        ("a path", |d| d.set("origin", "https://login.example.com/x"), PasskeyError::Origin),
        ("a query", |d| d.set("origin", "https://login.example.com?x"), PasskeyError::Origin),
        ("a user", |d| d.set("origin", "https://a@login.example.com"), PasskeyError::Origin),
        ("upper case", |d| d.set("origin", "https://LOGIN.example.com"), PasskeyError::Origin),
        ("a dot", |d| d.set("origin", "https://login.example.com."), PasskeyError::Origin),
        ("a blank", |d| d.set("origin", " https://login.example.com"), PasskeyError::Origin),
        ("the host alone", |d| d.set("origin", "login.example.com"), PasskeyError::Origin),
        ("an app", |d| d.set("origin", "android:apk-key-hash:AAAA"), PasskeyError::Origin),
        ("opaque", |d| d.set("origin", "null"), PasskeyError::Origin),
        ("empty", |d| d.set("origin", ""), PasskeyError::Origin),
        ("a list", |d| d.set("origin", json!([ORIGIN])), PasskeyError::Malformed),
        ("absent", |d| d.remove("origin"), PasskeyError::Malformed),
    ]);
}

#[test]
fn step_10_13_refuses_answers_from_inside_a_frame() {
    refused_everywhere(&[
        ("true", |d| d.set("crossOrigin", true), PasskeyError::CrossOrigin),
        ("a text", |d| d.set("crossOrigin", "true"), PasskeyError::Malformed),
        ("a number", |d| d.set("crossOrigin", 1), PasskeyError::Malformed),
    ]);
    assert!(register(|d| d.remove("crossOrigin")).is_ok(), "older browsers do not send it");
    assert!(Enrolled::new().assert(|d| d.remove("crossOrigin")).is_ok());
}

#[test]
fn step_11_14_refuses_any_top_origin() {
    refused_everywhere(&[
        ("another", |d| d.set("topOrigin", "https://evil.test"), PasskeyError::CrossOrigin),
        ("ours", |d| d.set("topOrigin", ORIGIN), PasskeyError::CrossOrigin),
        ("null", |d| d.set("topOrigin", Value::Null), PasskeyError::CrossOrigin),
        ("a list", |d| d.set("topOrigin", json!([])), PasskeyError::CrossOrigin),
    ]);
}

#[test]
fn a_member_that_is_there_twice_is_refused() {
    refused_everywhere(&[
        ("type", |d| with_member(d, r#""type":"webauthn.get""#), PasskeyError::Malformed),
        ("challenge", |d| with_member(d, r#""challenge":"AAAA""#), PasskeyError::Malformed),
        ("origin", |d| with_member(d, r#""origin":"https://a.test""#), PasskeyError::Malformed),
        ("crossOrigin", |d| with_member(d, r#""crossOrigin":false"#), PasskeyError::Malformed),
        (
            "topOrigin",
            |d| with_member(d, r#""topOrigin":1,"topOrigin":2"#),
            PasskeyError::Malformed,
        ),
        ("escaped", |d| with_member(d, r#""\u0074ype":"webauthn.get""#), PasskeyError::Malformed),
    ]);
}

#[test]
fn client_data_that_is_no_json_object_is_refused() {
    refused_everywhere(&[
        ("empty", |d| d.client_data.clear(), PasskeyError::Malformed),
        ("cut off", |d| d.client_data.truncate(9), PasskeyError::Malformed),
        ("followed", |d| d.client_data.extend(b"{}"), PasskeyError::Malformed),
        ("a list", |d| d.client_data = b"[]".to_vec(), PasskeyError::Malformed),
        ("a number", |d| d.client_data = b"1".to_vec(), PasskeyError::Malformed),
        ("no text", |d| d.client_data = vec![0xff; 8], PasskeyError::Malformed),
        ("deep", |d| d.client_data = vec![b'['; 4000], PasskeyError::Malformed),
        ("too long", |d| d.client_data.extend([b' '; 4096]), PasskeyError::TooLarge),
        ("bad UTF-8", |d| d.client_data.insert(2, 0xff), PasskeyError::Malformed),
    ]);
}

#[test]
fn step_05_08_deviation_refuses_a_byte_order_mark() {
    refused_everywhere(&[(
        "a byte order mark",
        |d| drop(d.client_data.splice(0..0, *b"\xef\xbb\xbf")),
        PasskeyError::Malformed,
    )]);
}

#[test]
fn members_that_browsers_add_are_let_pass() {
    let add = |d: &mut Draft| d.set("other_keys_can_be_added_here", "do not compare");
    assert!(register(add).is_ok());
    assert!(Enrolled::new().assert(add).is_ok());
    assert!(Enrolled::new().discover(add).is_ok());
}
