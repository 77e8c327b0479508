//! Registrations with each step of WebAuthn Level 3 §7.1 negated.

use ciborium::Value as Cbor;
use e2e::{Card, World};
use serde_json::{Value, json};
use soft_authenticator::{Attested, BS, Draft, Format, UP, UV};

use crate::support::{ACME, assert_clear, assert_only_refused, una};

type Case = (&'static str, fn(&mut Draft));

/// Writes one more member into the client data, by hand: JSON libraries keep one of each name.
pub(super) fn with_member(draft: &mut Draft, member: &str) {
    draft.client_data.pop();
    draft.client_data.extend(format!(",{member}}}").bytes());
}

fn attested(draft: &mut Draft) -> &mut Attested {
    draft.attested.as_mut().unwrap()
}

fn without(draft: &mut Draft, label: i64) {
    attested(draft).public_key.retain(|(known, _)| *known != label);
}

fn id(draft: &mut Draft, length: usize) {
    draft.credential_id = vec![1; length];
    attested(draft).id = vec![1; length];
}

fn format(name: &str) -> Format {
    Format::Other(name.into(), Cbor::Map(Vec::new()))
}

const DRAFTS: &[Case] = &[
    ("type of an assertion", |d| d.set("type", "webauthn.get")),
    ("type null", |d| d.set("type", Value::Null)),
    ("type missing", |d| d.remove("type")),
    ("type twice", |d| with_member(d, r#""type":"webauthn.create""#)),
    ("challenge of another", |d| d.set("challenge", "A".repeat(43))),
    ("challenge empty", |d| d.set("challenge", "")),
    ("challenge missing", |d| d.remove("challenge")),
    ("origin of another", |d| d.set("origin", "https://evil.test")),
    ("origin of another port", |d| d.set("origin", "http://localhost:1")),
    ("origin with a path", |d| d.set("origin", "http://localhost/x")),
    ("origin missing", |d| d.remove("origin")),
    ("made across origins", |d| d.set("crossOrigin", true)),
    ("a top origin", |d| d.set("topOrigin", "https://evil.test")),
    ("client data empty", |d| d.client_data.clear()),
    ("client data no object", |d| d.client_data = b"7".to_vec()),
    ("client data nested", |d| d.client_data = vec![b'['; 4000]),
    ("another relying party", |d| d.rp_id = "evil.test".into()),
    ("nobody touched it", |d| d.flags &= !UP),
    ("nobody was verified", |d| d.flags &= !UV),
    ("backed up without being eligible", |d| d.flags |= BS),
    ("extensions promised", |d| d.flags |= 0x80),
    ("algorithm EdDSA", |d| d.set_key(3, -8)),
    ("algorithm ES512", |d| d.set_key(3, -36)),
    ("algorithm PS256", |d| d.set_key(3, -37)),
    ("algorithm RS1", |d| d.set_key(3, -65535)),
    ("algorithm unknown", |d| d.set_key(3, 4711)),
    ("algorithm a text", |d| d.set_key(3, "ES256")),
    ("algorithm missing", |d| without(d, 3)),
    ("key of another kind", |d| d.set_key(1, 3)),
    ("key on another curve", |d| d.set_key(-1, 2)),
    ("key on no curve", |d| d.set_key(-1, 99)),
    ("key with a short x", |d| d.set_key(-2, Cbor::Bytes(vec![1; 31]))),
    ("key with a long x", |d| d.set_key(-2, Cbor::Bytes(vec![1; 33]))),
    ("key that is no point", |d| d.set_key(-3, Cbor::Bytes(vec![1; 32]))),
    ("key compressed", |d| d.set_key(-3, true)),
    ("key without x", |d| without(d, -2)),
    ("key without y", |d| without(d, -3)),
    ("key empty", |d| attested(d).public_key.clear()),
    ("credential id of 1024 bytes", |d| id(d, 1024)),
    ("credential id of 1024 bytes, signed alone", |d| attested(d).id = vec![1; 1024]),
    ("credential id of no bytes", |d| id(d, 0)),
    ("credential id other than the signed one", |d| d.credential_id = vec![1; 32]),
    ("no credential", |d| d.attested = None),
    ("authenticator data empty", |d| d.rewrite = |_| Vec::new()),
    ("authenticator data of 36 bytes", |d| d.rewrite = |b| b[..36].to_vec()),
    ("authenticator data cut inside the id", |d| d.rewrite = |b| b[..70].to_vec()),
    ("authenticator data one byte short", |d| d.rewrite = |b| b[..b.len() - 1].to_vec()),
    ("authenticator data one byte long", |d| d.rewrite = |b| [b, vec![0]].concat()),
    ("extensions that are no map", |d| d.extensions = Some(7.into())),
    ("attestation of an unknown format", |d| d.format = format("no-such-format")),
    ("attestation packed without statement", |d| d.format = format("packed")),
    ("attestation fido-u2f without statement", |d| d.format = format("fido-u2f")),
    ("attestation tpm without statement", |d| d.format = format("tpm")),
    ("attestation none with a statement", |d| {
        let members = vec![(Cbor::from("x"), Cbor::from(1))];
        d.format = Format::Other("none".into(), Cbor::Map(members));
    }),
    ("attestation packed by another key", |d| {
        d.format = Format::PackedSelf;
        d.signer = soft_authenticator::Signer::AnotherKey;
    }),
    ("seventeen transports", |d| d.transports = vec!["usb".into(); 17]),
];

/// A name, and what is wrong in the JSON that is sent.
type Sent = (&'static str, fn(&mut Value));

const SENT: &[Sent] = &[
    ("sent: an empty object", |c| *c = json!({})),
    ("sent: a list", |c| *c = json!([])),
    ("sent: type password", |c| c["type"] = json!("password")),
    ("sent: rawId of another", |c| c["rawId"] = json!("AAAA")),
    ("sent: no attestation object", |c| c["response"]["attestationObject"] = Value::Null),
    ("sent: attestation object empty", |c| c["response"]["attestationObject"] = json!("")),
    ("sent: attestation object a list", |c| c["response"]["attestationObject"] = json!("gwAAAA")),
    ("sent: attestation object nested", |c| {
        c["response"]["attestationObject"] = json!("gYGB".repeat(10_000));
    }),
    ("sent: no client data", |c| c["response"]["clientDataJSON"] = Value::Null),
    ("sent: client data padded", |c| c["response"]["clientDataJSON"] = json!("e30=")),
    ("sent: transports a text", |c| c["response"]["transports"] = json!("usb")),
];

pub(super) fn names() -> Vec<&'static str> {
    let drafts = DRAFTS.iter().map(|(name, _)| *name);
    drafts.chain(SENT.iter().map(|(name, _)| *name)).collect()
}

#[tokio::test]
async fn no_wrong_registration_enrols_or_changes_anything_but_its_challenge() {
    let world = World::start().await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut una()).await;
    let drafts = DRAFTS.iter().map(|(name, change)| (*name, *change, no_change as fn(&mut Value)));
    let sent = SENT.iter().map(|(name, change)| (*name, no_draft as fn(&mut Draft), *change));
    for (name, draft, change) in drafts.chain(sent) {
        // The tenth would end the login.
        world.sql("UPDATE login SET refusals = 0").await;
        let options = ACME.options(&mut browser).await.json();
        assert_eq!(options["purpose"], "create", "{name}");
        let wrapped = json!({ "publicKey": options["options"] });
        let mut credential = Card::new(1).0.register_with(&wrapped, &world.origin, draft).unwrap();
        change(&mut credential);
        let answer = json!({ "challenge": options["challenge"], "credential": credential });
        let before = world.dump().await;
        let refused = ACME.finish(&mut browser, &answer).await;
        assert_clear(name, &refused);
        assert!(refused.code().starts_with("passkey-"), "{name}: {refused:?}");
        assert_only_refused(name, &before, &world.dump().await);
    }
    let tapped = Card::new(1).tap(&mut browser, &ACME.path("login/card")).await;
    assert_eq!(tapped.status, 200, "{tapped:?}");
}

fn no_change(_: &mut Value) {}

fn no_draft(_: &mut Draft) {}
