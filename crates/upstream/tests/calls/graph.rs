//! Graph on loopback, whose answers the test holds.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use oidc::discovery::EntraCloud;
use oidc::token_response::TokenResponseError;
use secrets::Secret;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use upstream::{Application, Config, GraphError, GraphSession, GroupsOf, Upstream, UpstreamError};
use url::Url;

use crate::provider::{ACME, OID, new};

/// Answers in turn, and what was asked.
#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<(StatusCode, Value)>>,
    asked: Mutex<Vec<String>>,
}

struct Graph {
    script: Arc<Script>,
    origin: Url,
    upstream: Upstream,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Graph {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Graph {
    async fn start(graph: impl FnOnce(&Url) -> Option<Url>) -> Self {
        let script = Arc::new(Script::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let app = Router::new().fallback(answer).with_state(script.clone());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let (name, graph) = ("Loopback".to_owned(), graph(&origin));
        let cloud = EntraCloud { name, authority: origin.clone(), graph };
        let config = Config { clouds: vec![cloud], ..Config::default() };
        Self { script, origin, upstream: new(config), task }
    }

    async fn with_graph() -> Self {
        Self::start(|origin| Some(origin.clone())).await
    }

    fn answers(&self, answers: impl IntoIterator<Item = (u16, Value)>) {
        let answers = answers.into_iter();
        let answers = answers.map(|(status, body)| (StatusCode::from_u16(status).unwrap(), body));
        self.script.answers.lock().unwrap().extend(answers);
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.script.asked.lock().unwrap())
    }

    async fn groups_of(&self, oid: &str, secret: Option<&str>) -> Result<usize, UpstreamError> {
        let secret = secret.map(|secret| Secret::from(secret.to_owned()));
        let token_endpoint = self.origin.join("/t/oauth2/v2.0/token").unwrap();
        let who = GroupsOf {
            tenant: ACME,
            token_endpoint: token_endpoint.as_str(),
            client_id: "app",
            client_secret: secret.as_ref(),
            oid,
        };
        let groups = self.upstream.groups_of(&who, self.upstream.deadline()).await?;
        Ok(groups.len())
    }

    async fn groups(&self) -> Result<usize, UpstreamError> {
        self.groups_of(OID, Some("s3cret")).await
    }
}

/// Notes method, path and query, and the header of an advanced query.
async fn answer(State(script): State<Arc<Script>>, request: Request) -> Response {
    let level = request.headers().get("ConsistencyLevel").map(|level| level.to_str().unwrap());
    let asked = format!("{} {} {}", request.method(), request.uri(), level.unwrap_or("-"));
    script.asked.lock().unwrap().push(asked);
    let (status, body) = script.answers.lock().unwrap().pop_front().unwrap();
    (status, axum::Json(body)).into_response()
}

fn token() -> (u16, Value) {
    (200, json!({ "token_type": "Bearer", "access_token": "t", "expires_in": 3600 }))
}

fn ids(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| format!("{number:08x}-0000-4000-8000-000000000000")).collect()
}

fn named(range: std::ops::Range<u32>) -> (u16, Value) {
    (200, json!({ "value": ids(range) }))
}

fn page(range: std::ops::Range<u32>, next: Option<&str>) -> (u16, Value) {
    let group = |id| json!({ "id": id, "securityEnabled": true });
    let value: Vec<Value> = ids(range).into_iter().map(group).collect();
    let mut page = json!({ "value": value });
    if let Some(next) = next {
        page["@odata.nextLink"] = json!(next);
    }
    (200, page)
}

fn size_limit() -> (u16, Value) {
    (400, json!({ "error": { "code": "Directory_ResultSizeLimitExceeded" } }))
}

#[tokio::test]
async fn a_token_is_fetched_once_and_each_group_counts_once() {
    let graph = Graph::with_graph().await;
    let twice = [ids(0..201), ids(0..201)].concat();
    graph.answers([token(), (200, json!({ "value": twice })), named(0..300)]);
    assert_eq!(graph.groups().await, Ok(201));
    assert_eq!(graph.groups().await, Ok(300));
    let member_groups = format!("POST /v1.0/users/{OID}/getMemberGroups -");
    let expected = ["POST /t/oauth2/v2.0/token -", &member_groups, &member_groups];
    assert_eq!(graph.asked(), expected);
}

#[tokio::test]
async fn who_is_in_too_many_groups_for_one_answer_is_read_page_by_page() {
    let graph = Graph::with_graph().await;
    let next = graph.origin.join("/v1.0/next").unwrap();
    graph.answers([
        token(),
        size_limit(),
        page(0..999, Some(next.as_str())),
        page(999..1_500, None),
    ]);
    assert_eq!(graph.groups().await, Ok(1_500));
    let list = format!("/v1.0/users/{OID}/transitiveMemberOf/microsoft.graph.group");
    let query = "%24count=true&%24select=id%2CsecurityEnabled&%24top=999";
    let asked = graph.asked();
    assert_eq!(
        asked[2..],
        [format!("GET {list}?{query} eventual"), "GET /v1.0/next eventual".into()]
    );
}

#[tokio::test]
async fn pages_without_end_and_more_groups_than_anybody_is_in_are_refused() {
    let graph = Graph::with_graph().await;
    let next = graph.origin.join("/v1.0/next").unwrap();
    let again = || page(0..1, Some(next.as_str()));
    graph.answers([token(), size_limit()].into_iter().chain((0..40).map(|_| again())));
    assert_eq!(graph.groups().await, Err(GraphError::TooMany.into()));
    assert_eq!(graph.asked().len(), 2 + 32);
    let graph = Graph::with_graph().await;
    let next = graph.origin.join("/v1.0/next").unwrap();
    let large = |from: u32| page(from..from + 7_000, Some(next.as_str()));
    graph.answers([token(), size_limit(), large(0), large(7_000), large(14_000), large(21_000)]);
    assert_eq!(graph.groups().await, Err(GraphError::TooMany.into()));
    assert_eq!(graph.asked().len(), 2 + 3, "it stops as soon as it knows");
}

#[tokio::test]
async fn what_graph_refuses_has_its_own_error() {
    let unavailable =
        |status| UpstreamError::from(GraphError::Unavailable { status, retry_after: None });
    for (status, body, error) in [
        (403, json!({}), GraphError::Forbidden.into()),
        (404, json!({}), GraphError::NoPerson.into()),
        (401, json!({}), GraphError::Status(401).into()),
        (400, json!({}), GraphError::Status(400).into()),
        (429, json!({}), unavailable(429)),
        (503, json!({}), unavailable(503)),
        (200, json!({}), GraphError::Answer.into()),
        (200, json!({ "value": [] }), GraphError::OtherKinds.into()),
        (200, json!({ "value": ids(0..200) }), GraphError::OtherKinds.into()),
    ] {
        let graph = Graph::with_graph().await;
        graph.answers([token(), (status, body)]);
        assert_eq!(graph.groups().await, Err(error), "{status}");
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_not_used_again() {
    for status in [401, 403] {
        let graph = Graph::with_graph().await;
        graph.answers([token(), (status, json!({})), token(), named(0..201)]);
        graph.groups().await.unwrap_err();
        assert_eq!(graph.groups().await, Ok(201), "{status}");
    }
}

#[tokio::test]
async fn what_the_token_endpoint_refuses_has_its_own_error() {
    let graph = Graph::with_graph().await;
    let refused = json!({ "error": "invalid_client", "error_codes": [7_000_215] });
    graph.answers([(401, refused), (429, json!({ "error": "temporarily_unavailable" }))]);
    let error = graph.groups().await.unwrap_err();
    assert!(matches!(error, UpstreamError::Token(TokenResponseError::Refused(_))), "{error}");
    let busy = GraphError::Unavailable { status: 429, retry_after: None };
    assert_eq!(graph.groups().await, Err(busy.into()));
}

#[tokio::test]
async fn nobody_is_asked_without_a_graph_a_secret_or_an_object_id() {
    let nowhere = Graph::start(|_| None).await;
    assert_eq!(nowhere.groups().await, Err(GraphError::NoGraph.into()));
    let graph = Graph::with_graph().await;
    assert_eq!(graph.groups_of(OID, None).await, Err(GraphError::NoSecret.into()));
    assert!(nowhere.asked().is_empty() && graph.asked().is_empty());
    graph.answers([token()]);
    assert_eq!(graph.groups_of("mia", Some("s3cret")).await, Err(GraphError::Oid.into()));
}

#[tokio::test]
async fn all_calls_end_with_the_deadline_that_was_given() {
    let graph = Graph::with_graph().await;
    let over = new(Config { deadline: Duration::ZERO, ..Config::default() }).deadline();
    let token_endpoint = graph.origin.join("/t/oauth2/v2.0/token").unwrap();
    let secret = Secret::from("s3cret".to_owned());
    let who = GroupsOf {
        tenant: ACME,
        token_endpoint: token_endpoint.as_str(),
        client_id: "app",
        client_secret: Some(&secret),
        oid: OID,
    };
    let late = graph.upstream.groups_of(&who, over).await;
    assert_eq!(late, Err(UpstreamError::Deadline));
}

async fn session(graph: &Graph) -> GraphSession {
    let secret = Secret::from("s3cret".to_owned());
    let who = Application {
        tenant: ACME,
        authority: graph.origin.as_str(),
        directory: "t",
        client_id: "app",
        client_secret: &secret,
    };
    graph.answers([token()]);
    let session = graph.upstream.graph_session(&who).await.unwrap();
    assert_eq!(graph.asked(), ["POST /t/oauth2/v2.0/token -"]);
    session
}

#[tokio::test]
async fn an_application_reads_and_writes_in_its_own_name() {
    let graph = Graph::with_graph().await;
    let session = session(&graph).await;
    let refused = json!({ "error": { "code": "Authorization_RequestDenied" } });
    graph.answers([
        (200, json!({ "value": [] })),
        (201, json!({})),
        (204, json!(null)),
        (403, refused),
    ]);
    let found = session.get("applications?$filter=appId eq 'a'").await.unwrap();
    assert_eq!((found.status, found.body.as_slice()), (200, br#"{"value":[]}"#.as_slice()));
    assert_eq!(session.post("applications", b"{}".to_vec()).await.unwrap().status, 201);
    let changed = session.patch("applications/a", b"{}".to_vec()).await.unwrap();
    assert_eq!((changed.status, changed.body.len()), (204, 0));
    // What Graph says of an error is for the caller.
    let refused = session.get("users").await.unwrap();
    assert!(refused.status == 403 && refused.body.starts_with(b"{\"error\""));
    let asked = [
        "GET /v1.0/applications?$filter=appId%20eq%20%27a%27 -",
        "POST /v1.0/applications -",
        "PATCH /v1.0/applications/a -",
        "GET /v1.0/users -",
    ];
    assert_eq!(graph.asked(), asked);
}

#[tokio::test]
async fn the_token_of_an_application_goes_to_no_other_address() {
    let graph = Graph::with_graph().await;
    let session = session(&graph).await;
    let port = format!("http://127.0.0.1:{}/v1.0/users", graph.origin.port().unwrap() ^ 1);
    for other in ["https://evil.test/v1.0/users", "//evil.test/v1.0/users", port.as_str()] {
        let refused = session.get(other).await;
        assert_eq!(refused.err(), Some(UpstreamError::BadUrl), "{other}");
    }
    assert!(graph.asked().is_empty());
    assert!(!format!("{session:?}").contains("\"t\""));
}
