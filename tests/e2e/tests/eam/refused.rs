//! T06 to T10, T13: what is refused before anybody is asked for a card.

use e2e::{Answer, Dump, Mfa, Request, World};
use entra_stand_in::{
    ACME as DIRECTORY, BIRCH, Endpoint, ExternalFault, Fault, IdTokenFault, Signature, StandIn,
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{
    ACME, answered, assert_here, assert_in, assert_told, change_connection, mia, ready, una,
};

/// What becomes of a request that is spoilt.
async fn spoilt(world: &World, mfa: &Mfa, fault: ExternalFault) -> Answer {
    world.stand_in.spoil_next_external_mfa(fault);
    let request = mfa.asked(&mut mia()).await;
    mfa.post(&mut world.browser(), &request).await
}

#[track_caller]
fn assert_nothing(name: &str, before: &Dump, after: &Dump) {
    assert_eq!(before.changes(after), [""; 0], "{name}");
}

#[tokio::test]
async fn t06_t07_t08_hints_that_are_not_good_write_nothing() {
    let (world, mfa, _) = ready().await;
    let claim = |name: &str, value: serde_json::Value| IdTokenFault::claim(name, value);
    let base = world.stand_in.base_url().to_owned();
    let faults = [
        ("iat 11 minutes old", IdTokenFault::shifted("iat", -660)),
        ("iat 3 minutes ahead", IdTokenFault::shifted("iat", 180)),
        ("another aud", claim("aud", json!(Uuid::new_v4()))),
        ("two in aud", claim("aud", json!([mfa.client_id, Uuid::new_v4()]))),
        ("tid of another directory", claim("tid", json!(BIRCH))),
        ("iss of another directory", claim("iss", json!(format!("{base}/{BIRCH}/v2.0")))),
        (
            "iss of another cloud",
            claim("iss", json!(format!("https://login.microsoftonline.us/{DIRECTORY}/v2.0"))),
        ),
        ("no iss", claim("iss", json!(null))),
        ("no tid", claim("tid", json!(null))),
        ("no oid", claim("oid", json!(null))),
        ("an oid that is none", claim("oid", json!("mia"))),
        ("no sub", claim("sub", json!(null))),
        ("version 1.0", claim("ver", json!("1.0"))),
        ("another key", IdTokenFault::signed(Signature::ForeignKey)),
        ("a broken signature", IdTokenFault::signed(Signature::Broken)),
        ("alg none", IdTokenFault::signed(Signature::None)),
        ("HS256", IdTokenFault::signed(Signature::Hs256)),
        ("an extension", IdTokenFault::header("crit", json!(["b64"]))),
        ("no kid", IdTokenFault::header("kid", json!(null))),
    ];
    let before = world.dump().await;
    for (name, fault) in faults {
        let answer = spoilt(&world, &mfa, ExternalFault::hint(fault)).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        assert_told(&world, name, &answer, "access_denied");
        assert!(!answered(&world, &answer).sends, "{name}: nobody could read it");
        assert_eq!(answer.cookies(), [], "{name}");
        assert_nothing(name, &before, &world.dump().await);
    }
}

#[tokio::test]
async fn t07_a_directory_that_is_not_allowed_is_refused() {
    let (world, mfa, _) = ready().await;
    // Signed in full by the same cloud; only this connection is not for it.
    world.connect_eam("acme", mfa.client_id, &[BIRCH]).await;
    let before = world.dump().await;
    let answer = spoilt(&world, &mfa, ExternalFault::default()).await;
    assert_told(&world, "not allowed", &answer, "access_denied");
    assert_nothing("not allowed", &before, &world.dump().await);
}

/// A key that names a directory signs for that one.
#[tokio::test]
async fn t08_a_key_of_another_directory_is_refused() {
    let world = World::start().await;
    let mfa = world.connect_mfa().await;
    let base = world.stand_in.base_url();
    let address = format!("{base}/{DIRECTORY}/discovery/v2.0/keys");
    let mut keys = world.browser().get(&address).await.json()["keys"].clone();
    for key in keys.as_array_mut().unwrap() {
        key["issuer"] = format!("{base}/{BIRCH}/v2.0").into();
    }
    world.stand_in.fail(Endpoint::Keys, Fault::Patch { patch: json!({ "keys": keys }) });
    let answer = spoilt(&world, &mfa, ExternalFault::default()).await;
    assert_told(&world, "key of another directory", &answer, "access_denied");
}

#[tokio::test]
async fn t09_a_key_that_is_published_later_is_fetched_once() {
    let (world, mfa, mut card) = ready().await;
    world.stand_in.replace_keys();
    let count = || world.stand_in.count(Endpoint::Keys);
    let before = count();
    let (mut browser, mut person) = (world.browser(), mia());
    let answer = mfa.prove(&mut browser, &mut person, &mut card).await;
    assert_in(mfa.back(&mut person, &world.origin, &answer).await);
    assert_eq!(count(), before + 1);
    // Another one that nobody knows makes nobody ask within five minutes.
    let fault = IdTokenFault::header("kid", "unknown");
    let answer = spoilt(&world, &mfa, ExternalFault::hint(fault)).await;
    assert_told(&world, "unknown kid", &answer, "access_denied");
    assert_eq!(count(), before + 1);
}

#[tokio::test]
async fn t10_to_another_address_nothing_is_posted() {
    let other = StandIn::builder().start().await.unwrap();
    let world = World::beside(World::policy(), &[&other]).await;
    let mfa = world.connect_mfa().await;
    let good = world.stand_in.external_return_address();
    let request = mfa.asked(&mut mia()).await;
    let before = world.dump().await;
    let variants = [
        String::new(),
        "https://evil.test/common/federation/externalauthprovider".into(),
        format!("{good}/"),
        format!("{good}?x=1"),
        format!("{good}#x"),
        format!(" {good}"),
        format!("{good}%20"),
        good.to_uppercase(),
        good.replace("http://", "https://"),
        good.replace("http://", "http://x@"),
        good.replace("127.0.0.1", "localhost"),
        good.replace("127.0.0.1", "127.1"),
        good.replace("/common/", "/./common/"),
        good.replace("/common/", "//common/"),
        good.replace("/common/", "/organizations/"),
        // Microsoft's own, and that of another cloud which is named here too.
        "https://login.microsoftonline.com/common/federation/externalauthprovider".into(),
        other.external_return_address(),
    ];
    for address in variants {
        let request = request.clone().with("redirect_uri", &address);
        let answer = mfa.post(&mut world.browser(), &request).await;
        assert_here(&world, &address, &answer);
        assert_eq!(answer.title(), "This is not what Microsoft Entra sends", "{address}");
    }
    let twice = Request {
        fields: [request.fields.clone(), vec![("redirect_uri".into(), good)]].concat(),
        ..request
    };
    assert_here(&world, "twice", &mfa.post(&mut world.browser(), &twice).await);
    assert_nothing("addresses", &before, &world.dump().await);
}

#[tokio::test]
async fn t10_an_application_that_is_not_connected_gets_nothing() {
    let (world, mfa, _) = ready().await;
    let request = mfa.asked(&mut mia()).await;
    let before = world.dump().await;
    for client_id in
        ["", "other", &Uuid::new_v4().to_string(), &mfa.client_id.to_string().to_uppercase()]
    {
        let request = request.clone().with("client_id", client_id);
        assert_here(&world, client_id, &mfa.post(&mut world.browser(), &request).await);
    }
    assert_nothing("client ids", &before, &world.dump().await);
    change_connection(&world, &mfa, |row| row.enabled = false).await;
    assert_here(&world, "disabled", &mfa.post(&mut world.browser(), &request).await);
}

#[tokio::test]
async fn what_is_not_served_is_told_to_entra_in_its_words() {
    let (world, mfa, _) = ready().await;
    let field = ExternalFault::field;
    let before = world.dump().await;
    for (fault, error) in [
        (field("response_type", "code"), "unsupported_response_type"),
        (field("response_type", "id_token token"), "unsupported_response_type"),
        (field("response_mode", "query"), "invalid_request"),
        (ExternalFault::without("response_mode"), "invalid_request"),
        (field("scope", "profile"), "invalid_scope"),
        (ExternalFault::without("id_token_hint"), "access_denied"),
        (field("id_token_hint", "a.b.c"), "access_denied"),
        (field("id_token_hint", "a.b.c.d.e"), "access_denied"),
    ] {
        let name = format!("{fault:?}");
        let answer = spoilt(&world, &mfa, fault).await;
        assert_told(&world, &name, &answer, error);
        assert_nothing(&name, &before, &world.dump().await);
    }
}

#[tokio::test]
async fn t13_claims_that_say_nothing_are_refused_and_on_record_once() {
    let (world, mfa, _) = ready().await;
    for fault in [
        ExternalFault::without("claims"),
        ExternalFault::field("claims", "{"),
        ExternalFault::field("claims", "[]"),
        ExternalFault::field(
            "claims",
            r#"{"id_token":{"acr":{"values":[1]},"amr":{"values":["fido"]}}}"#,
        ),
        ExternalFault::demanding(&["possession"], &["new", "otp"]),
    ] {
        let name = format!("{fault:?}");
        world.stand_in.spoil_next_external_mfa(fault);
        let request = mfa.asked(&mut mia()).await;
        let before = world.dump().await;
        for _ in 0..3 {
            let answer = mfa.post(&mut world.browser(), &request).await;
            assert_told(&world, &name, &answer, "access_denied");
        }
        let after = world.dump().await;
        assert_eq!(before.audited(&after), ["eam.refused"], "{name}");
        let others = ["audit", "audit_head", "consumed"];
        assert_nothing(&name, &before.without(&others), &after.without(&others));
    }
}

#[tokio::test]
async fn t13_entries_that_are_no_words_are_dropped() {
    let (world, mfa, mut card) = ready().await;
    let claims = r#"{"id_token":{"acr":{"values":[7,"possession",null]},"amr":{"values":["new",{},"fido"]}}}"#;
    world.stand_in.spoil_next_external_mfa(ExternalFault::field("claims", claims));
    let answer = mfa.prove(&mut world.browser(), &mut mia(), &mut card).await;
    let claims = answered(&world, &answer).part(1);
    assert_eq!((&claims["acr"], &claims["amr"]), (&json!("possession"), &json!(["fido"])));
}

#[tokio::test]
async fn a_form_of_another_kind_is_refused() {
    let (world, mfa, _) = ready().await;
    let request = mfa.asked(&mut una()).await;
    let body: String = url_encoded(&request);
    let path = ACME.path("eam/auth");
    for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x"] {
        let headers = [("content-type", kind), ("accept", "text/html")];
        let answer =
            world.browser().send(reqwest::Method::POST, &path, Some(body.clone()), &headers).await;
        assert_eq!(answer.status, 415, "{kind}");
        assert_here(&world, kind, &answer);
    }
}

#[tokio::test]
async fn t17_without_the_keys_of_entra_it_is_told_to_wait() {
    let world = World::start().await;
    let mfa = world.connect_mfa().await;
    world.stand_in.fail(Endpoint::Keys, Fault::Status { status: 503, retry_after: None });
    let before = world.dump().await;
    let answer = spoilt(&world, &mfa, ExternalFault::default()).await;
    assert_told(&world, "no keys", &answer, "temporarily_unavailable");
    assert!(!answered(&world, &answer).sends, "nobody could read it");
    assert_nothing("no keys", &before, &world.dump().await);
}

fn url_encoded(request: &Request) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&request.fields).finish()
}
