use axum::body::Body;
use axum::extract::Request;
use tower::ServiceExt;

use super::*;
use crate::test_app::test_app;

#[tokio::test]
async fn a_panic_is_a_page_to_people_and_a_problem_to_scripts() {
    let (app, _data) = test_app().await;
    let fall: fn() -> std::future::Ready<()> = || panic!("a fault of ours");
    let router = wrapped(&app, Router::new().route("/fall", get(fall)));
    for (accept, kind) in
        [("text/html", "text/html; charset=utf-8"), ("*/*", "application/problem+json")]
    {
        let request = Request::get("/fall").header("accept", accept).body(Body::empty());
        let answer = router.clone().oneshot(request.unwrap()).await.unwrap();
        assert_eq!(answer.status(), 500, "{accept}");
        assert_eq!(answer.headers()["content-type"], kind);
        assert_eq!(answer.headers()["cache-control"], "no-store");
    }
}
