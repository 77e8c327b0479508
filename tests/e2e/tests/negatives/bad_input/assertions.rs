//! Answers of a known card with each step of WebAuthn Level 3 §7.2 negated.

use e2e::World;
use serde_json::{Value, json};
use soft_authenticator::{BE, BS, Draft, Signer, UP, UV};

use super::registrations::with_member;
use crate::support::{ACME, assert_clear, assert_only_refused, assert_unchanged, enrolled, mia};

/// A name, and what is wrong before it is signed.
type Case = (&'static str, fn(&mut Draft));

const DRAFTS: &[Case] = &[
    ("type of a registration", |d| d.set("type", "webauthn.create")),
    ("type of a payment", |d| d.set("type", "payment.get")),
    ("type empty", |d| d.set("type", "")),
    ("type missing", |d| d.remove("type")),
    ("type twice", |d| with_member(d, r#""type":"webauthn.get""#)),
    ("challenge of another", |d| d.set("challenge", "A".repeat(43))),
    ("challenge empty", |d| d.set("challenge", "")),
    ("challenge missing", |d| d.remove("challenge")),
    ("challenge twice", |d| with_member(d, r#""challenge":"AAAA""#)),
    ("challenge no base64url", |d| d.set("challenge", "~~~~")),
    ("origin of another", |d| d.set("origin", "https://evil.test")),
    ("origin without port", |d| d.set("origin", "http://localhost")),
    ("origin of another port", |d| d.set("origin", "http://localhost:1")),
    ("origin by https", |d| d.set("origin", "https://localhost")),
    ("origin of a subdomain", |d| d.set("origin", "http://a.localhost")),
    ("origin of an app", |d| d.set("origin", "android:apk-key-hash:AAAA")),
    ("origin null", |d| d.set("origin", "null")),
    ("origin missing", |d| d.remove("origin")),
    ("origin a list", |d| d.set("origin", json!([]))),
    ("origin twice", |d| with_member(d, r#""origin":"https://evil.test""#)),
    ("made across origins", |d| d.set("crossOrigin", true)),
    ("crossOrigin a text", |d| d.set("crossOrigin", "false")),
    ("a top origin", |d| d.set("topOrigin", "https://evil.test")),
    ("client data empty", |d| d.client_data.clear()),
    ("client data a list", |d| d.client_data = b"[]".to_vec()),
    ("client data cut off", |d| d.client_data.truncate(20)),
    ("client data continued", |d| d.client_data.extend(b"{}")),
    ("client data nested", |d| d.client_data = vec![b'['; 4000]),
    ("client data no UTF-8", |d| d.client_data.insert(2, 0xff)),
    ("client data with a byte order mark", |d| drop(d.client_data.splice(0..0, *b"\xef\xbb\xbf"))),
    ("client data of 5 KiB", |d| d.client_data.extend([b' '; 5000])),
    ("another relying party", |d| d.rp_id = "evil.test".into()),
    ("relying party empty", |d| d.rp_id.clear()),
    ("relying party with the port", |d| d.rp_id = "localhost:8080".into()),
    ("nobody touched it", |d| d.flags &= !UP),
    ("nobody was verified", |d| d.flags &= !UV),
    ("neither touched nor verified", |d| d.flags = 0),
    ("backed up without being eligible", |d| d.flags |= BS),
    ("eligible for backup all at once", |d| d.flags |= BE),
    ("backed up all at once", |d| d.flags |= BE | BS),
    ("extensions promised", |d| d.flags |= 0x80),
    ("a credential promised", |d| d.flags |= 0x40),
    ("extensions that are no map", |d| d.extensions = Some(7.into())),
    ("authenticator data empty", |d| d.rewrite = |_| Vec::new()),
    ("authenticator data cut off", |d| d.rewrite = |b| b[..36].to_vec()),
    ("authenticator data continued", |d| d.rewrite = |b| [b, vec![0]].concat()),
    ("authenticator data of 8 KiB", |d| d.rewrite = |b| [b, vec![0; 8192]].concat()),
    ("another credential id", |d| d.credential_id = vec![1; 32]),
    ("a credential id cut off", |d| d.credential_id.truncate(31)),
    ("a credential id with one byte more", |d| d.credential_id.push(0)),
    ("no credential id", |d| d.credential_id.clear()),
    ("a credential id of 1024 bytes", |d| d.credential_id = vec![1; 1024]),
    ("the user handle of another", |d| d.user_handle = Some(vec![8; 16])),
    ("an empty user handle", |d| d.user_handle = Some(Vec::new())),
    ("a user handle of 65 bytes", |d| d.user_handle = Some(vec![0; 65])),
    ("signed by another key", |d| d.signer = Signer::AnotherKey),
    ("signed over other client data", |d| d.signer = Signer::OtherClientData),
    ("signed over other authenticator data", |d| d.signer = Signer::OtherAuthenticatorData),
    ("not signed", |d| d.signer = Signer::Garbage),
];

/// A name, and what is wrong in the JSON that is sent.
type Sent = (&'static str, fn(&mut Value));

const SENT: &[Sent] = &[
    ("sent: an empty object", |c| *c = json!({})),
    ("sent: a list", |c| *c = json!([])),
    ("sent: a text", |c| *c = json!("x")),
    ("sent: a number", |c| *c = json!(7)),
    ("sent: type password", |c| c["type"] = json!("password")),
    ("sent: type null", |c| c["type"] = Value::Null),
    ("sent: id of another", |c| c["id"] = json!("AAAA")),
    ("sent: rawId of another", |c| c["rawId"] = json!("AAAA")),
    ("sent: id a number", |c| c["id"] = json!(7)),
    ("sent: no response", |c| c["response"] = Value::Null),
    ("sent: response a text", |c| c["response"] = json!("x")),
    ("sent: no signature", |c| c["response"]["signature"] = Value::Null),
    ("sent: signature empty", |c| c["response"]["signature"] = json!("")),
    ("sent: signature padded", |c| c["response"]["signature"] = json!("AA==")),
    ("sent: signature of 2 KiB", |c| c["response"]["signature"] = json!("A".repeat(2732))),
    ("sent: no client data", |c| c["response"]["clientDataJSON"] = Value::Null),
    ("sent: client data of blanks", |c| c["response"]["clientDataJSON"] = json!("    ")),
    ("sent: no authenticator data", |c| c["response"]["authenticatorData"] = Value::Null),
    ("sent: authenticator data a number", |c| c["response"]["authenticatorData"] = json!(1)),
    ("sent: user handle a number", |c| c["response"]["userHandle"] = json!(1)),
    ("sent: user handle no base64url", |c| c["response"]["userHandle"] = json!("~")),
];

pub(super) fn names() -> Vec<&'static str> {
    let drafts = DRAFTS.iter().map(|(name, _)| *name);
    drafts.chain(SENT.iter().map(|(name, _)| *name)).collect()
}

#[tokio::test]
async fn no_wrong_assertion_signs_in_or_changes_anything_but_its_challenge() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    let drafts = DRAFTS.iter().map(|(name, change)| (*name, *change, no_change as fn(&mut Value)));
    let sent = SENT.iter().map(|(name, change)| (*name, no_draft as fn(&mut Draft), *change));
    for (name, draft, change) in drafts.chain(sent) {
        // The tenth would end the login.
        world.sql("UPDATE login SET refusals = 0").await;
        let options = ACME.options(&mut browser).await.json();
        let wrapped = json!({ "publicKey": options["options"] });
        let mut credential = card.0.authenticate_with(&wrapped, &world.origin, draft).unwrap();
        change(&mut credential);
        let answer = json!({ "challenge": options["challenge"], "credential": credential });
        let before = world.dump().await;
        let refused = ACME.finish(&mut browser, &answer).await;
        assert_clear(name, &refused);
        assert!(refused.code().starts_with("passkey-"), "{name}: {refused:?}");
        assert_only_refused(name, &before, &world.dump().await);
    }
    // The login has survived all of them.
    let tapped = card.tap(&mut browser, &ACME.path("login/card")).await;
    assert_eq!(tapped.status, 200, "{tapped:?}");
}

/// The same to "Use your card": nobody has vouched, so nothing at all is written.
#[tokio::test]
async fn no_wrong_assertion_of_a_card_alone_signs_in_or_changes_anything() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let before = world.dump().await;
    for (name, draft) in DRAFTS {
        let mut browser = world.browser();
        let options = ACME.use_card_options(&mut browser).await.json();
        let wrapped = json!({ "publicKey": options["options"] });
        let credential = card.0.authenticate_with(&wrapped, &world.origin, draft).unwrap();
        let answer = json!({ "challenge": options["challenge"], "credential": credential });
        let refused = ACME.use_card(&mut browser, &answer).await;
        assert_clear(name, &refused);
        assert!(browser.cookie("__Host-sid-acme").is_none(), "{name}");
        assert_unchanged(name, &before, &world.dump().await);
    }
}

#[tokio::test]
async fn a_counter_that_does_not_go_up_is_refused() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    ACME.sign_in(&mut world.browser(), &mut mia(), &mut card).await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    for (name, counter) in [("the same", 1), ("back to nothing", 0)] {
        let options = ACME.options(&mut browser).await.json();
        let wrapped = json!({ "publicKey": options["options"] });
        let answer = card.0.authenticate_with(&wrapped, &world.origin, |d| d.counter = counter);
        let answer = json!({ "challenge": options["challenge"], "credential": answer.unwrap() });
        let before = world.dump().await;
        let refused = ACME.finish(&mut browser, &answer).await;
        assert_clear(name, &refused);
        assert_only_refused(name, &before, &world.dump().await);
    }
}

fn no_change(_: &mut Value) {}

fn no_draft(_: &mut Draft) {}
