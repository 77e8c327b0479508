//! Endpoints that fail when a test wants them to, and only then.

use axum::http::Method;
use entra_stand_in::{ACME, Endpoint, Fault, StandIn};
use serde_json::json;

use crate::fixture::{Answer, get, send};

async fn keys_with(fault: Fault) -> (StandIn, Answer) {
    let entra = StandIn::builder().start().await.unwrap();
    entra.fail_next(Endpoint::Keys, 1, fault);
    let answer = get(&keys_url(&entra)).await;
    (entra, answer)
}

fn keys_url(entra: &StandIn) -> String {
    format!("{}/{ACME}/discovery/v2.0/keys", entra.base_url())
}

#[tokio::test]
async fn an_endpoint_fails_so_many_times_and_no_other_does() {
    let entra = StandIn::builder().start().await.unwrap();
    entra.fail_next(Endpoint::Keys, 2, Fault::Status { status: 503, retry_after: Some(7) });
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(get(&keys_url(&entra)).await.status);
        assert_eq!(get(&entra.metadata_url(ACME)).await.status, 200);
    }
    assert_eq!(seen, [503, 503, 200]);
}

#[tokio::test]
async fn an_endpoint_fails_until_it_is_healed() {
    let entra = StandIn::builder().start().await.unwrap();
    entra.fail(Endpoint::Keys, Fault::Status { status: 500, retry_after: None });
    for _ in 0..3 {
        assert_eq!(get(&keys_url(&entra)).await.status, 500);
    }
    entra.heal();
    assert_eq!(get(&keys_url(&entra)).await.status, 200);
}

#[tokio::test]
async fn answers_that_are_no_json_of_the_right_kind() {
    let (entra, good) = keys_with(Fault::Delay { milliseconds: 0 }).await;
    let (_, half) = keys_with(Fault::BadJson).await;
    assert_eq!((half.status, half.body.len()), (200, good.body.len() / 2));
    assert!(serde_json::from_slice::<serde_json::Value>(&half.body).is_err());
    let (_, html) = keys_with(Fault::Html).await;
    assert_eq!(html.headers["content-type"], "text/html; charset=utf-8");
    let (_, huge) = keys_with(Fault::Huge { bytes: 10_000_000 }).await;
    assert!(huge.body.len() > 10_000_000);
    assert_eq!(huge.json()["keys"].as_array().unwrap().len(), 3);
    let (_, patched) = keys_with(Fault::Patch { patch: json!({"keys": [], "x": 1}) }).await;
    assert_eq!(patched.json(), json!({"keys": [], "x": 1}));
    let made_up = Fault::Answer {
        status: 418,
        content_type: "text/plain".to_owned(),
        body: "tea".to_owned(),
    };
    let (_, made_up) = keys_with(made_up).await;
    assert_eq!((made_up.status, &made_up.body[..]), (418, &b"tea"[..]));
    let (_, elsewhere) =
        keys_with(Fault::Redirect { location: "http://127.0.0.1:9/".to_owned() }).await;
    assert_eq!(
        (elsewhere.status, elsewhere.headers["location"].to_str().unwrap()),
        (302, "http://127.0.0.1:9/")
    );
    let (_, dripped) = keys_with(Fault::SlowDrip { bytes: 100, milliseconds: 1 }).await;
    assert_eq!(dripped.json()["keys"].as_array().unwrap().len(), 3);
    drop(entra);
}

#[tokio::test]
async fn a_connection_can_break_in_the_middle() {
    let entra = StandIn::builder().start().await.unwrap();
    entra.fail_next(Endpoint::Keys, 1, Fault::Cut);
    assert!(send(Method::GET, &keys_url(&entra), &[], Default::default()).await.is_err());
}

#[tokio::test]
async fn a_hanging_endpoint_does_not_keep_the_stand_in_from_ending() {
    let entra = StandIn::builder().start().await.unwrap();
    entra.fail(Endpoint::Keys, Fault::Hang);
    let url = keys_url(&entra);
    let waiting =
        tokio::spawn(async move { send(Method::GET, &url, &[], Default::default()).await });
    entra.wait_for(Endpoint::Keys, 1).await;
    assert!(!waiting.is_finished());
    entra.stop().await;
    waiting.await.unwrap().map_or_else(drop, |answer| assert_eq!(answer.status, 503));
}

#[tokio::test]
async fn nobody_listens_after_the_end() {
    let entra = StandIn::builder().start().await.unwrap();
    let url = keys_url(&entra);
    assert_eq!(get(&url).await.status, 200);
    entra.stop().await;
    assert!(send(Method::GET, &url, &[], Default::default()).await.is_err());
}
