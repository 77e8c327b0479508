//! Calls of agents that are none: every call but the first two carries a proof by a device key.

use agent_protocol::{PROOF_HEADER, paths};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::World;
use reqwest::Method;

use crate::support::{ACME, assert_clear, assert_unchanged, una};

fn jws(header: &str, payload: &str, signature: &[u8]) -> String {
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    format!("{}.{}.{}", part(header.as_bytes()), part(payload.as_bytes()), part(signature))
}

const HEADER: &str = r#"{"typ":"cardea-device+jwt","alg":"ES256","kid":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#;

const PROOFS: &[(&str, fn() -> Option<String>)] = &[
    ("no proof", || None),
    ("an empty proof", || Some(String::new())),
    ("a proof that is a word", || Some("proof".into())),
    ("a proof of dots", || Some("..".into())),
    ("a proof of four dots", || Some("....".into())),
    ("a proof that is no base64url", || Some("~.~.~".into())),
    ("a proof of empty objects", || Some(jws("{}", "{}", b""))),
    ("a proof of lists", || Some(jws("[]", "[]", b""))),
    ("a proof by alg none", || Some(jws(r#"{"alg":"none","kid":"a"}"#, "{}", b""))),
    ("a proof by alg HS256", || Some(jws(r#"{"alg":"HS256","kid":"a"}"#, "{}", &[1; 32]))),
    ("a proof of a device of nobody", || Some(jws(HEADER, "{}", &[1; 64]))),
    ("a proof with a key of its own", || {
        Some(jws(
            r#"{"alg":"ES256","jwk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}}"#,
            "{}",
            &[1; 64],
        ))
    }),
    ("a proof of an injected name", || {
        Some(jws(r#"{"alg":"ES256","kid":"' OR 1=1 --"}"#, "{}", &[1; 64]))
    }),
    ("a proof of 32 KiB", || Some("A".repeat(32 * 1024))),
];

const BODIES: &[(&str, &str)] = &[
    ("an offer that is empty", ""),
    ("an offer that is null", "null"),
    ("an offer that is a list", "[]"),
    ("an offer of nothing", "{}"),
    ("an offer with a code that is a number", r#"{"code":7}"#),
    ("an offer with a code of vowels", r#"{"code":"AEIOUAEI"}"#),
    ("an offer without a key", r#"{"code":"BCDFGHJK","device_name":"x"}"#),
    (
        "an offer with a key of zeros",
        r#"{"code":"BCDFGHJK","device_name":"x","device_key":{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}}"#,
    ),
];

pub(super) fn names() -> Vec<&'static str> {
    let proofs = PROOFS.iter().map(|(name, _)| *name);
    proofs.chain(BODIES.iter().map(|(name, _)| *name)).collect()
}

#[tokio::test]
async fn no_call_without_a_devices_proof_changes_anything() {
    let world = World::start().await;
    // Somebody waits, whom an agent could serve.
    ACME.to_card(&mut world.browser(), &mut una()).await;
    let before = world.dump().await;
    for (name, proof) in PROOFS {
        let proof = proof();
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(proof.as_deref().map(|proof| (PROOF_HEADER, proof)));
        for path in [paths::ENROL_WAIT, paths::CLAIM, paths::RESULT] {
            let body = Some(r#"{"ticket":"AAAAAAAAAAAAAAAAAAAAAA"}"#.to_owned());
            let answer = world.browser().send(Method::POST, path, body, &headers).await;
            assert_clear(&format!("{name} to {path}"), &answer);
            assert_eq!(answer.code(), "unauthenticated", "{name} to {path}");
        }
        headers.extend([
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA=="),
        ]);
        let answer = world.browser().send(Method::GET, paths::CHANNEL, None, &headers).await;
        assert_clear(&format!("{name} to the channel"), &answer);
        assert_eq!(answer.code(), "unauthenticated", "{name} to the channel");
    }
    for (name, body) in BODIES {
        let headers = [("content-type", "application/json"), (PROOF_HEADER, "a.b.c")];
        let body = Some((*body).to_owned());
        let answer = world.browser().send(Method::POST, paths::ENROL, body, &headers).await;
        assert_clear(name, &answer);
    }
    for length in [64 * 1024 + 1, 1024 * 1024] {
        let body = Some(" ".repeat(length));
        let headers = [("content-type", "application/json")];
        let answer = world.browser().send(Method::POST, paths::ENROL, body, &headers).await;
        assert_clear("too large", &answer);
        assert_eq!(answer.code(), "too-large");
    }
    assert_unchanged("agents", &before, &world.dump().await);
}
