//! Requests that Graph does not understand, and faults that a test wants.

use entra_stand_in::{Endpoint, Fault};
use serde_json::json;

use super::{Graph, LIST, code, error, get, member_groups, post, refused};

#[tokio::test]
async fn a_body_that_is_not_the_json_of_the_action_is_refused() {
    let graph = Graph::new().await;
    let mia = format!("users/{}", graph.user("mia@acme.example").id);
    let with = async |content_type: &str, body: &str| {
        error(&post(&graph.fixture, &graph.token, &mia, content_type, body).await)
    };
    let good = r#"{"securityEnabledOnly": false}"#;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""]
    {
        let (status, code, text) = with(content_type, good).await;
        assert_eq!((status, code.as_str()), (400, "BadRequest"), "{content_type}");
        assert!(text.starts_with("Unable to read JSON request payload."), "{text}");
    }
    for body in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"securityEnabledOnly": "true"}"#,
        r#"{"securityEnabledOnly": null}"#,
        r#"{"SecurityEnabledOnly": true}"#,
        r#"{"securityEnabledOnly": true, "other": 1}"#,
    ] {
        let (status, code, _) = with("application/json", body).await;
        assert_eq!((status, code.as_str()), (400, "BadRequest"), "{body}");
    }
    let content_type = "application/json; charset=utf-8";
    assert_eq!(post(&graph.fixture, &graph.token, &mia, content_type, good).await.status, 200);
}

#[tokio::test]
async fn an_error_body_names_the_request() {
    let graph = Graph::new().await;
    let url = format!("{}/v1.0/users/nobody/{LIST}", graph.fixture.entra.base_url());
    let mine = "2c1f0f6e-6f0a-4b5c-9a52-3f2f3a1d7b10";
    let answer = get(&url, &graph.token, &[("client-request-id", mine)]).await;
    let inner = &answer.json()["error"]["innerError"];
    assert_eq!(inner["client-request-id"], mine);
    assert_eq!(inner["request-id"], answer.headers["request-id"].to_str().unwrap());
    let date = inner["date"].as_str().unwrap();
    assert_eq!((date.len(), &date[10..11]), (19, "T"));
    let unnamed = get(&url, &graph.token, &[]).await.json();
    let inner = &unnamed["error"]["innerError"];
    assert_eq!(inner["client-request-id"], inner["request-id"]);
}

#[tokio::test]
async fn a_query_that_is_not_understood_is_refused() {
    let graph = Graph::new().await;
    let whose = format!("users/{}", graph.user("max@acme.example").id);
    for (query, expected) in [
        ("$top=0", "Request_UnsupportedQuery"),
        ("$top=1000", "Request_UnsupportedQuery"),
        ("$top=-1", "BadRequest"),
        ("$top=many", "BadRequest"),
        ("$select=id,secret", "BadRequest"),
        ("$select=ID", "BadRequest"),
        ("$filter=securityEnabled", "Request_UnsupportedQuery"),
        ("$skiptoken=guess", "Directory_ExpiredPageToken"),
    ] {
        assert_eq!(code(&graph.list(&whose, query).await), refused(400, expected), "{query}");
    }
}

#[tokio::test]
async fn a_page_token_is_good_for_one_person() {
    let graph = Graph::new().await;
    let whose = format!("users/{}", graph.user("max@acme.example").id);
    let first = graph.list(&whose, "$top=1").await.json();
    let (_, token) = first["@odata.nextLink"].as_str().unwrap().split_once("$skiptoken=").unwrap();
    assert_eq!(graph.list(&whose, &format!("$skiptoken={token}")).await.status, 200);
    let expired = refused(400, "Directory_ExpiredPageToken");
    let mia = format!("users/{}", graph.user("mia@acme.example").id);
    assert_eq!(code(&graph.list(&mia, &format!("$skiptoken={token}")).await), expired);
    // Nor is it any more when the groups that it pointed behind are gone.
    let max = graph.user("max@acme.example").id;
    graph.fixture.entra.update_user(max, |user| user.groups.truncate(1)).unwrap();
    assert_eq!(code(&graph.list(&whose, &format!("$skiptoken={token}")).await), expired);
}

#[tokio::test]
async fn graph_fails_when_a_test_wants_it_and_the_token_endpoint_does_not() {
    let graph = Graph::new().await;
    let entra = &graph.fixture.entra;
    let whose = format!("users/{}", graph.user("mia@acme.example").id);
    let good = graph.member_groups(&whose).await;

    entra.fail_next(Endpoint::Graph, 2, Fault::Status { status: 429, retry_after: Some(3) });
    for answer in [graph.member_groups(&whose).await, graph.list(&whose, "").await] {
        assert_eq!((answer.status, answer.headers["retry-after"].to_str().unwrap()), (429, "3"));
    }
    entra.fail_next(Endpoint::Graph, 1, Fault::Status { status: 503, retry_after: None });
    let unavailable = graph.member_groups(&whose).await;
    assert_eq!((unavailable.status, unavailable.headers.get("retry-after")), (503, None));
    entra.fail_next(Endpoint::Graph, 1, Fault::BadJson);
    let half = graph.member_groups(&whose).await;
    assert_eq!((half.status, half.body.len()), (200, good.body.len() / 2));
    entra.fail_next(Endpoint::Graph, 1, Fault::Patch { patch: json!({"value": null}) });
    assert_eq!(graph.member_groups(&whose).await.json().get("value"), None);
    entra.fail_next(Endpoint::Graph, 1, Fault::Delay { milliseconds: 300 });
    let late = graph.list(&whose, "");
    let patience = std::time::Duration::from_millis(50);
    assert!(tokio::time::timeout(patience, late).await.is_err());

    entra.fail(Endpoint::Graph, Fault::Status { status: 500, retry_after: None });
    let token = graph.fixture.application_token().await;
    assert_eq!(member_groups(&graph.fixture, &token, &whose).await.status, 500);
    entra.heal();
    assert_eq!(graph.member_groups(&whose).await.body, good.body);
}

#[tokio::test]
async fn the_second_page_alone_can_fail() {
    let graph = Graph::new().await;
    let whose = format!("users/{}", graph.user("max@acme.example").id);
    let entra = &graph.fixture.entra;
    entra.fail_next(Endpoint::Graph, 1, Fault::Delay { milliseconds: 0 });
    entra.fail_next(Endpoint::Graph, 1, Fault::Status { status: 503, retry_after: Some(1) });
    let first = graph.list(&whose, "").await;
    assert_eq!(first.status, 200);
    let first = first.json();
    let next = first["@odata.nextLink"].as_str().unwrap();
    assert_eq!(get(next, &graph.token, &[]).await.status, 503);
    assert_eq!(get(next, &graph.token, &[]).await.status, 200);
}
