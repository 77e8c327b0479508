//! T01, T21, T23: what is published, and what is not there.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use e2e::{Answer, World};
use reqwest::Method;
use serde_json::Value;

use crate::support::{ACME, assert_here, ready};

const DOCUMENTS: [&str; 2] = ["eam/.well-known/openid-configuration", "eam/certs"];

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn t01_documents_have_their_length_and_are_neither_chunked_nor_compressed() {
    let (world, ..) = ready().await;
    for path in DOCUMENTS {
        let headers = [("accept", "application/json"), ("accept-encoding", "gzip, deflate, br")];
        let path = ACME.path(path);
        let answer = world.browser().send(Method::GET, &path, None, &headers).await;
        assert_eq!((answer.status, answer.content_type.as_str()), (200, "application/json"));
        assert_eq!(header(&answer, "content-length"), Some(answer.body.len().to_string().as_str()));
        for absent in ["transfer-encoding", "content-encoding", "set-cookie"] {
            assert_eq!(header(&answer, absent), None, "{absent} of {path}");
        }
        assert_eq!(header(&answer, "cache-control"), Some("public, max-age=3600"), "{path}");
    }
}

#[tokio::test]
async fn t01_the_keys_are_rsa_with_certificates_that_fit() {
    let (world, ..) = ready().await;
    let mut browser = world.browser();
    let document = browser.get(&ACME.path(DOCUMENTS[0])).await.json();
    let issuer = format!("{}/realms/acme/eam", world.origin);
    assert_eq!(document["issuer"], issuer);
    assert_eq!(document["authorization_endpoint"], format!("{issuer}/auth"));
    let keys = browser.get(document["jwks_uri"].as_str().unwrap()).await.json();
    let [key] = keys["keys"].as_array().unwrap().as_slice() else { panic!("{keys}") };
    assert_eq!(
        (&key["kty"], &key["use"], &key["alg"]),
        (&"RSA".into(), &"sig".into(), &"RS256".into())
    );
    let [certificate] = key["x5c"].as_array().unwrap().as_slice() else { panic!("{key}") };
    let der = STANDARD.decode(certificate.as_str().unwrap()).unwrap();
    let digest = |algorithm| aws_lc_rs::digest::digest(algorithm, &der);
    let sha256 = digest(&aws_lc_rs::digest::SHA256);
    assert_eq!(key["kid"], URL_SAFE_NO_PAD.encode(sha256));
    let sha1 = digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY);
    assert_eq!(key["x5t"], URL_SAFE_NO_PAD.encode(sha1));
    let modulus = URL_SAFE_NO_PAD.decode(key["n"].as_str().unwrap()).unwrap();
    assert_eq!(modulus.len(), 256);
    let holds = |part: &[u8]| der.windows(part.len()).any(|window| window == part);
    assert!(holds(&modulus), "the certificate is of another key");
}

/// A key costs a second of a core, and nobody draws one for a tenant that serves nobody.
#[tokio::test]
async fn a_tenant_without_a_connection_has_nothing_there_and_makes_no_key() {
    let world = World::start().await;
    let before = world.dump().await;
    let mut browser = world.browser();
    for path in DOCUMENTS.into_iter().chain(["eam/auth"]) {
        assert_eq!(browser.get(&ACME.path(path)).await.status, 404, "{path}");
    }
    let posted = browser.post_from("https://evil.test", &ACME.path("eam/auth"), &[]).await;
    assert_eq!(posted.status, 404);
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
}

#[tokio::test]
async fn of_many_who_ask_first_at_once_one_makes_the_key() {
    let world = World::start().await;
    world.connect_eam("acme", entra_stand_in::BIRCH, &[]).await;
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let mut browser = world.browser();
        all.spawn(async move { browser.get(&ACME.path("eam/certs")).await.json() });
    }
    let answers = all.join_all().await;
    assert!(
        answers.iter().all(|answer| answer == &answers[0] && answer["keys"][0]["kid"].is_string())
    );
    assert_eq!(world.dump().await.rows("signing_key").len(), 1);
}

#[tokio::test]
async fn t21_a_bare_look_at_the_endpoint_is_answered() {
    let (world, mfa, _) = ready().await;
    let page = world.browser().get(&ACME.path("eam/auth")).await;
    assert_eq!((page.status, page.title().as_str()), (200, "Microsoft Entra asks for cards here"));
    // And who asks for headers alone begins nothing.
    let request = mfa.asked(&mut crate::support::mia()).await;
    let before = world.dump().await;
    let query: String =
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&request.fields).finish();
    let path = ACME.path(&format!("eam/auth?{query}"));
    let head = world.browser().send(Method::HEAD, &path, None, &[]).await;
    assert_eq!((head.status, head.cookies()), (200, vec![]));
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
    // A GET with the parameters is as good as a POST.
    let got = world.browser().get(&path).await;
    assert_eq!((got.status, got.cookies().len()), (303, 1));
}

#[tokio::test]
async fn t21_what_is_too_large_is_not_read() {
    let (world, mfa, _) = ready().await;
    let mut request = mfa.asked(&mut crate::support::mia()).await;
    let before = world.dump().await;
    let hint = "h".repeat(17 * 1024);
    let long = mfa.post(&mut world.browser(), &request.clone().with("id_token_hint", &hint)).await;
    assert_here(&world, "a hint of 17 KiB", &long);
    request.fields.push(("more".into(), "x".repeat(65 * 1024)));
    let large = mfa.post(&mut world.browser(), &request).await;
    assert_eq!(large.status, 413);
    assert_here(&world, "a body of 65 KiB", &large);
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
}

/// The tenant's ordinary issuer is not there yet; whatever comes must not be an endpoint that gives
/// tokens in a browser.
#[tokio::test]
async fn t23_tokens_are_given_at_the_issuer_for_entra_alone() {
    let (world, ..) = ready().await;
    let mut browser = world.browser();
    let ordinary = ACME.path("protocol/openid-connect/auth?response_type=id_token&scope=openid");
    let refused = browser.get(&ordinary).await;
    assert_eq!((refused.status, refused.location), (400, None));
    let document: Value = browser.get(&ACME.path(DOCUMENTS[0])).await.json();
    assert_eq!(document["response_types_supported"], serde_json::json!(["id_token"]));
}
