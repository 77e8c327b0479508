use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{Request, StatusCode};
use secrets::KeyRing;
use tower::ServiceExt;

use super::*;
use crate::config::{Bounds, Entra};

async fn panics() -> StatusCode {
    panic!("a handler of a test panics")
}

/// The content type of the answer to who accepts `accept`, when the handler panics.
async fn answer_to(accept: &str) -> String {
    let data = tempfile::tempdir().unwrap();
    let config = Config {
        url: url::Url::parse("http://localhost:1").unwrap(),
        rp_id: "localhost".into(),
        listen: "127.0.0.1:1".parse().unwrap(),
        data: data.path().to_owned(),
        database: None,
        tls: None,
        trusted_proxies: Vec::new(),
        limits: Bounds::default(),
        entra: Entra::default(),
    };
    std::fs::write(config.master_key(), KeyRing::of([7; 32]).reveal().as_bytes()).unwrap();
    let _first = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let app = crate::open(config).await.unwrap();
    let routes = Router::new().route("/", get(panics));
    let served = in_layers(&app, routes).with_state(app.clone());
    let request = Request::get("/").header(ACCEPT, accept).body(Body::empty()).unwrap();
    let answer = served.oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    answer.headers()[CONTENT_TYPE].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_panic_is_a_page_for_browsers_and_a_problem_for_scripts() {
    assert!(answer_to("text/html").await.starts_with("text/html"));
    assert_eq!(answer_to("application/json").await, "application/problem+json");
}
