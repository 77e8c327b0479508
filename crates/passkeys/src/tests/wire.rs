//! The JSON around a response, and the states and rows that a verifier is handed.

use serde_json::{Value, json};

use super::{Enrolled, ORIGIN, bytes, passkeys, person, register_sent};
use crate::{MAX_RESPONSE, PasskeyError};

/// Sends an assertion that `change` has worked on, in both flows.
fn assert_sent(name: &str, change: impl Fn(&mut Value), expected: Result<(), PasskeyError>) {
    let text = |response: Value| response.to_string().into_bytes();
    assert_text(name, |mut response| (change(&mut response), text(response)).1, expected);
}

fn assert_text(name: &str, text: impl Fn(Value) -> Vec<u8>, expected: Result<(), PasskeyError>) {
    let mut ada = Enrolled::new();
    let begun = ada.begin();
    let sent = text(ada.card.authenticate(&begun.options, ORIGIN).unwrap());
    let named = ada.passkeys.finish_authentication(&begun.state, &sent, ada.person);
    assert_eq!(named.map(|_| ()), expected, "{name}");
    let begun = ada.passkeys.start_discoverable().unwrap();
    let sent = text(ada.card.authenticate(&begun.options, ORIGIN).unwrap());
    assert_eq!(ada.passkeys.identify(&sent).map(|_| ()), expected, "{name}");
    let found = ada.passkeys.finish_discoverable(&begun.state, &sent, &ada.stored, ada.person);
    assert_eq!(found.map(|_| ()), expected, "{name}");
}

#[test]
fn a_response_that_is_no_credential_is_refused() {
    let malformed: [(&str, &[u8]); 9] = [
        ("empty", b""),
        ("null", b"null"),
        ("a list", b"[]"),
        ("an empty object", b"{}"),
        ("a text", b"\"x\""),
        ("no UTF-8", b"\xff\xfe"),
        ("a byte order mark", b"\xef\xbb\xbf{}"),
        ("deep", &[b'['; 5000]),
        ("cut off", b"{\"id\":"),
    ];
    for (name, sent) in malformed {
        assert_text(name, |_| sent.to_vec(), Err(PasskeyError::Malformed));
        let begun = passkeys().start_registration(person(7), "ada", "Ada", &[]).unwrap();
        let refused = passkeys().finish_registration(&begun.state, sent).unwrap_err();
        assert_eq!(refused, PasskeyError::Malformed, "{name}");
    }
}

#[test]
fn a_response_has_at_most_64_kib() {
    let padded = |length: usize| {
        move |response: Value| {
            let mut text = bytes(&response);
            text.resize(length, b' ');
            text
        }
    };
    assert_text("just", padded(MAX_RESPONSE), Ok(()));
    assert_text("one more", padded(MAX_RESPONSE + 1), Err(PasskeyError::TooLarge));
    // Too large is seen before anything is read.
    let garbage = vec![b'['; MAX_RESPONSE + 1];
    assert_text("garbage", |_| garbage.clone(), Err(PasskeyError::TooLarge));
    let refused = passkeys().finish_registration("", &garbage).unwrap_err();
    assert_eq!(refused, PasskeyError::State);
}

#[test]
fn the_type_of_a_credential_is_public_key() {
    for (name, kind, error) in [
        ("another", json!("password"), PasskeyError::Type),
        ("upper case", json!("PUBLIC-KEY"), PasskeyError::Type),
        ("null", Value::Null, PasskeyError::Malformed),
    ] {
        assert_sent(name, |r| r["type"] = kind.clone(), Err(error));
        let registered = register_sent(|_| {}, |r| r["type"] = kind.clone());
        assert_eq!(registered.unwrap_err(), error, "{name}");
    }
}

#[test]
fn id_and_raw_id_are_one_value() {
    for member in ["id", "rawId"] {
        let change = |r: &mut Value| r[member] = "AAAA".into();
        assert_sent(member, change, Err(PasskeyError::Malformed));
        assert_eq!(register_sent(|_| {}, change).unwrap_err(), PasskeyError::Malformed);
    }
}

#[test]
fn every_member_that_must_be_there_must_be_there_and_be_base64url() {
    for member in ["authenticatorData", "clientDataJSON", "signature"] {
        for (name, value) in [
            ("null", Value::Null),
            ("a number", json!(1)),
            ("padded", json!("AA==")),
            ("the other alphabet", json!("+/+/")),
            ("a blank", json!("AA AA")),
            ("loose bits", json!("AB")),
        ] {
            let name = format!("{member}: {name}");
            assert_sent(
                &name,
                |r| r["response"][member] = value.clone(),
                Err(PasskeyError::Malformed),
            );
        }
        let remove = |r: &mut Value| drop(r["response"].as_object_mut().unwrap().remove(member));
        assert_sent(member, remove, Err(PasskeyError::Malformed));
    }
    for member in ["attestationObject", "clientDataJSON"] {
        for value in [Value::Null, json!(1), json!("AA=="), json!("+/+/"), json!("AB")] {
            let refused = register_sent(|_| {}, |r| r["response"][member] = value.clone());
            assert_eq!(refused.unwrap_err(), PasskeyError::Malformed, "{member}: {value}");
        }
    }
}

#[test]
fn a_member_that_is_there_twice_is_refused() {
    for member in ["id", "rawId", "type", "response"] {
        let twice = |response: Value| {
            let again = format!(",\"{member}\":{}}}", response[member]);
            let mut text = bytes(&response);
            text.pop();
            text.extend(again.bytes());
            text
        };
        assert_text(member, twice, Err(PasskeyError::Malformed));
    }
}

#[test]
fn oversized_parts_are_refused() {
    for (member, length) in
        [("signature", 1025), ("authenticatorData", 4097), ("clientDataJSON", 4097)]
    {
        let long = super::base64url(&vec![0; length]);
        let change = |r: &mut Value| r["response"][member] = long.clone().into();
        assert_sent(member, change, Err(PasskeyError::TooLarge));
    }
}

#[test]
fn members_that_browsers_add_are_let_pass() {
    assert_sent("unknown", |r| r["somethingNew"] = json!({"a": [1]}), Ok(()));
    assert_sent("extensions", |r| r["clientExtensionResults"] = json!({"appid": true}), Ok(()));
}

#[test]
fn a_state_serves_its_own_ceremony_only() {
    let mut ada = Enrolled::new();
    let named = ada.begin();
    let discoverable = ada.passkeys.start_discoverable().unwrap();
    let registration = ada.passkeys.start_registration(ada.person, "a", "A", &[]).unwrap();
    let answer = bytes(&ada.card.authenticate(&named.options, ORIGIN).unwrap());
    for state in [&discoverable.state, &registration.state, "", "{}", "null", "\u{0}"] {
        let refused = ada.passkeys.finish_authentication(state, &answer, ada.person);
        assert_eq!(refused.unwrap_err(), PasskeyError::State, "{state}");
    }
    for state in [&named.state, &registration.state, "", "{}"] {
        let refused = ada.passkeys.finish_discoverable(state, &answer, &ada.stored, ada.person);
        assert_eq!(refused.unwrap_err(), PasskeyError::State, "{state}");
    }
    for state in [&named.state, &discoverable.state, "", "{}"] {
        let refused = ada.passkeys.finish_registration(state, &answer);
        assert_eq!(refused.unwrap_err(), PasskeyError::State, "{state}");
    }
}

#[test]
fn a_row_that_holds_no_passkey_is_refused() {
    let mut ada = Enrolled::new();
    let begun = ada.passkeys.start_discoverable().unwrap();
    let answer = bytes(&ada.card.authenticate(&begun.options, ORIGIN).unwrap());
    for passkey in ["", "{}", "null", "[]"] {
        ada.stored.passkey = passkey.to_owned();
        let refused = ada.passkeys.start_authentication(std::slice::from_ref(&ada.stored));
        assert_eq!(refused.unwrap_err(), PasskeyError::State, "{passkey}");
        let refused =
            ada.passkeys.finish_discoverable(&begun.state, &answer, &ada.stored, ada.person);
        assert_eq!(refused.unwrap_err(), PasskeyError::State, "{passkey}");
    }
}
