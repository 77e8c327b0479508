//! Documents as they come to others.

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use oidc::discovery::EntraCloud;
use tokio::net::TcpListener;
use upstream::{Config, UpstreamError};
use url::Url;

use crate::provider::new;

const JSON: (axum::http::HeaderName, &str) = (CONTENT_TYPE, "application/json");

async fn chunked() -> Response {
    let chunk = async { Ok::<_, std::convert::Infallible>("{}") };
    let body = Body::from_stream(futures_util::stream::once(chunk));
    ([JSON], body).into_response()
}

#[tokio::test]
async fn length_and_coding_are_told_and_nothing_is_decoded() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let zipped = || async { ([JSON, (CONTENT_ENCODING, "gzip")], "zipped").into_response() };
    let router = Router::new()
        .route("/whole", get(|| async { ([JSON], "{}").into_response() }))
        .route("/chunked", get(chunked))
        .route("/zipped", get(zipped));
    let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let cloud = EntraCloud { name: "Loopback".into(), authority: origin.clone(), graph: None };
    let upstream = new(Config { clouds: vec![cloud], ..Config::default() });
    let at = |path: &str| origin.join(path).unwrap().to_string();
    let whole = upstream.document(&at("whole")).await.unwrap();
    assert_eq!((whole.body.as_slice(), whole.length.as_deref()), (b"{}".as_slice(), Some("2")));
    assert!(whole.encoding.is_none() && !whole.chunked, "{whole:?}");
    let chunked = upstream.document(&at("chunked")).await.unwrap();
    assert!(chunked.chunked && chunked.length.is_none(), "{chunked:?}");
    let zipped = upstream.document(&at("zipped")).await.unwrap();
    assert_eq!(
        (zipped.encoding.as_deref(), zipped.body.as_slice()),
        (Some("gzip"), b"zipped".as_slice())
    );
    assert_eq!(upstream.document(&at("no")).await.err(), Some(UpstreamError::Status(404)));
    task.abort();
}
