//! Graph refuses what Microsoft's refuses, and tells the groups of a person to whoever may know.

use std::collections::BTreeSet;

use axum::http::Method;
use entra_stand_in::{ACME, Audience, BIRCH, Endpoint, Fault, GroupKind, MANY_GROUPS, User};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fixture::{Answer, Fixture, send};

const ENOUGH: [&str; 2] = ["GroupMember.Read.All", "User.ReadBasic.All"];
const LIST: &str = "transitiveMemberOf/microsoft.graph.group";

/// An application that may read groups, with a token.
struct Graph {
    fixture: Fixture,
    token: String,
}

impl Graph {
    async fn new() -> Self {
        let fixture = Fixture::new().await;
        fixture.entra.grant_application_permissions(fixture.client_id, &ENOUGH).unwrap();
        let token = fixture.application_token().await;
        Self { fixture, token }
    }

    fn user(&self, name: &str) -> User {
        self.fixture.entra.user(name).unwrap()
    }

    async fn member_groups(&self, whose: &str) -> Answer {
        member_groups(&self.fixture, &self.token, whose).await
    }

    async fn list(&self, whose: &str, query: &str) -> Answer {
        let url = format!("{}/v1.0/{whose}/{LIST}?{query}", self.fixture.entra.base_url());
        get(&url, &self.token, &[]).await
    }
}

async fn member_groups(fixture: &Fixture, token: &str, whose: &str) -> Answer {
    post(fixture, token, whose, "application/json", r#"{"securityEnabledOnly": true}"#).await
}

async fn post(
    fixture: &Fixture,
    token: &str,
    whose: &str,
    content_type: &str,
    body: &str,
) -> Answer {
    let url = format!("{}/v1.0/{whose}/getMemberGroups", fixture.entra.base_url());
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", content_type)];
    send(Method::POST, &url, &headers, body.to_owned().into()).await.unwrap()
}

async fn get(url: &str, token: &str, headers: &[(&str, &str)]) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [headers, &[("authorization", &bearer)]].concat();
    send(Method::GET, url, &headers, Default::default()).await.unwrap()
}

/// Status, code and message.
fn error(answer: &Answer) -> (u16, String, String) {
    let error = &answer.json()["error"];
    let text = |name: &str| error[name].as_str().unwrap().to_owned();
    (answer.status, text("code"), text("message"))
}

fn code(answer: &Answer) -> (u16, String) {
    let (status, code, _) = error(answer);
    (status, code)
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn denied() -> (u16, String, String) {
    let text = "Insufficient privileges to complete the operation.";
    (403, "Authorization_RequestDenied".to_owned(), text.to_owned())
}

fn ids(values: &Value) -> BTreeSet<Uuid> {
    values.as_array().unwrap().iter().map(|id| id.as_str().unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn each_set_of_application_permissions_is_enough_or_not_by_the_table() {
    let fixture = Fixture::new().await;
    let all = [
        "Directory.Read.All",
        "Group.Read.All",
        "GroupMember.Read.All",
        "User.Read.All",
        "User.ReadBasic.All",
    ];
    let mia = format!("users/{}", fixture.entra.user("mia@acme.example").unwrap().id);
    for set in 0_u32..32 {
        let has = |number: u32| set & (1 << number) != 0;
        let granted: BTreeSet<String> =
            (0..).zip(all).filter(|(n, _)| has(*n)).map(|(_, name)| name.to_owned()).collect();
        let enough = has(0) || ((has(1) || has(2)) && (has(3) || has(4)));
        fixture
            .entra
            .update_app(fixture.client_id, |app| {
                app.granted_permissions.insert(ACME, granted.clone());
            })
            .unwrap();
        let token = fixture.application_token().await;
        let url = format!("{}/v1.0/{mia}/{LIST}", fixture.entra.base_url());
        for answer in [member_groups(&fixture, &token, &mia).await, get(&url, &token, &[]).await] {
            if enough {
                assert_eq!(answer.status, 200, "{granted:?}");
            } else {
                assert_eq!(error(&answer), denied(), "{granted:?}");
            }
        }
    }
}

#[tokio::test]
async fn delegated_permissions_have_the_same_table_and_one_more_for_oneself() {
    let fixture = Fixture::new().await;
    let mia = format!("users/{}", fixture.entra.user("mia@acme.example").unwrap().id);
    for (scope, of_user, own) in [
        ("openid User.Read", 403, 403),
        ("openid GroupMember.Read.All", 403, 403),
        ("openid User.Read GroupMember.Read.All", 403, 200),
        ("openid User.Read Group.Read.All", 403, 200),
        ("openid User.ReadBasic.All User.Read.All", 403, 403),
        ("openid User.ReadBasic.All GroupMember.Read.All", 200, 200),
        ("openid User.Read.All Group.Read.All", 200, 200),
        ("openid Directory.Read.All", 200, 200),
    ] {
        let token = fixture.delegated_token("max@acme.example", scope).await;
        for (whose, expected) in [(mia.as_str(), of_user), ("me", own)] {
            assert_eq!(
                member_groups(&fixture, &token, whose).await.status,
                expected,
                "{scope} {whose}"
            );
            let url = format!("{}/v1.0/{whose}/{LIST}", fixture.entra.base_url());
            assert_eq!(get(&url, &token, &[]).await.status, expected, "{scope} {whose}");
        }
    }
}

#[tokio::test]
async fn a_permission_is_configured_then_granted_then_in_new_tokens() {
    let fixture = Fixture::new().await;
    let mia = format!("users/{}", fixture.entra.user("mia@acme.example").unwrap().id);
    fixture.entra.add_application_permissions(fixture.client_id, &ENOUGH).unwrap();
    // The consent to a sign-in grants nothing to the application itself.
    fixture.entra.grant_admin_consent(fixture.client_id, &ENOUGH).unwrap();
    let before = fixture.application_token().await;
    assert_eq!(error(&member_groups(&fixture, &before, &mia).await), denied());
    fixture.entra.grant_application_permissions(fixture.client_id, &[]).unwrap();
    assert_eq!(error(&member_groups(&fixture, &before, &mia).await), denied());
    let after = fixture.application_token().await;
    assert_eq!(member_groups(&fixture, &after, &mia).await.status, 200);
    // And one that is taken back stays in the tokens that are out.
    fixture.entra.update_app(fixture.client_id, |app| app.granted_permissions.clear()).unwrap();
    assert_eq!(member_groups(&fixture, &after, &mia).await.status, 200);
    let without = fixture.application_token().await;
    assert_eq!(error(&member_groups(&fixture, &without, &mia).await), denied());
}

#[tokio::test]
async fn an_application_has_no_me() {
    let graph = Graph::new().await;
    let text = "/me request is only valid with delegated authentication flow.";
    let expected = (400, "BadRequest".to_owned(), text.to_owned());
    assert_eq!(error(&graph.member_groups("me").await), expected);
    assert_eq!(error(&graph.list("me", "").await), expected);
    let url = format!("{}/oidc/userinfo", graph.fixture.entra.base_url());
    assert_eq!(
        code(&get(&url, &graph.token, &[]).await),
        refused(401, "InvalidAuthenticationToken")
    );
}

#[tokio::test]
async fn a_token_sees_nobody_of_another_directory() {
    let fixture = Fixture::with_audience(Audience::AnyDirectory).await;
    fixture.entra.grant_application_permissions(fixture.client_id, &ENOUGH).unwrap();
    fixture.entra.grant_application_permissions_in(BIRCH, fixture.client_id).unwrap();
    let tokens = [
        (fixture.application_token_at(ACME).await, "acme", "birch"),
        (fixture.application_token_at(BIRCH).await, "birch", "acme"),
        (
            fixture.delegated_token("ada@acme.example", "openid Directory.Read.All").await,
            "acme",
            "birch",
        ),
    ];
    for (token, here, there) in tokens {
        let id =
            |at: &str| fixture.entra.user(&format!("max@{at}.example")).unwrap().id.to_string();
        for name in [id(here), format!("Max@{here}.example")] {
            let answer = member_groups(&fixture, &token, &format!("users/{name}")).await;
            assert_eq!(answer.json()["value"].as_array().unwrap().len(), MANY_GROUPS);
        }
        for name in [id(there), format!("max@{there}.example"), "nobody".to_owned()] {
            let answer = member_groups(&fixture, &token, &format!("users/{name}")).await;
            let (status, code, text) = error(&answer);
            assert_eq!((status, code.as_str()), (404, "Request_ResourceNotFound"), "{name}");
            assert!(text.starts_with(&format!("Resource '{name}' does not exist")), "{text}");
            let url = format!("{}/v1.0/users/{name}/{LIST}", fixture.entra.base_url());
            assert_eq!(get(&url, &token, &[]).await.status, 404, "{name}");
        }
    }
}

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
async fn a_token_that_is_missing_made_up_or_expired_is_refused() {
    let graph = Graph::new().await;
    let mia = format!("users/{}", graph.user("mia@acme.example").id);
    let invalid = refused(401, "InvalidAuthenticationToken");
    let made_up = member_groups(&graph.fixture, "guess", &mia).await;
    assert_eq!(code(&made_up), invalid);
    let challenge = made_up.headers["www-authenticate"].to_str().unwrap();
    assert!(challenge.starts_with("Bearer "), "{challenge}");
    let url = format!("{}/v1.0/{mia}/getMemberGroups", graph.fixture.entra.base_url());
    let headers = [("content-type", "application/json")];
    let body = r#"{"securityEnabledOnly": true}"#;
    let none = send(Method::POST, &url, &headers, body.into()).await.unwrap();
    assert_eq!(code(&none), invalid);
    graph.fixture.entra.advance_clock(3990);
    assert_eq!(graph.member_groups(&mia).await.status, 200);
    graph.fixture.entra.advance_clock(11);
    let expired = graph.member_groups(&mia).await;
    assert_eq!(code(&expired), invalid);
    assert_eq!(error(&expired).2, "Lifetime validation failed, the token is expired.");
    assert_eq!(graph.list(&mia, "").await.status, 401);
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
async fn tells_all_security_groups_and_only_those_when_asked_so() {
    let graph = Graph::new().await;
    let entra = &graph.fixture.entra;
    let max = graph.user("max@acme.example").id;
    entra.add_groups(max, GroupKind::Security, 30).unwrap();
    let lists = entra.add_groups(max, GroupKind::Distribution, 3).unwrap();
    let roles = entra.add_groups(max, GroupKind::Role, 2).unwrap();
    let whose = format!("users/{max}");
    let answer = graph.member_groups(&whose).await.json();
    let context = format!("{}/v1.0/$metadata#Collection(Edm.String)", entra.base_url());
    assert_eq!(answer["@odata.context"], context);
    let security = ids(&answer["value"]);
    assert_eq!(security.len(), MANY_GROUPS + 30);
    let body = r#"{"securityEnabledOnly": false}"#;
    let all = post(&graph.fixture, &graph.token, &whose, "application/json", body).await.json();
    let more: BTreeSet<Uuid> = ids(&all["value"]).difference(&security).copied().collect();
    assert_eq!(more, lists.iter().chain(&roles).copied().collect());

    // The list knows groups of both kinds; a directory role is none.
    let listed = graph.list(&whose, "$select=id,securityEnabled&$top=999").await.json();
    let of_kind = |security: bool| -> BTreeSet<Uuid> {
        let values = listed["value"].as_array().unwrap().iter();
        let wanted = values.filter(|group| group["securityEnabled"] == security);
        ids(&wanted.map(|group| group["id"].clone()).collect())
    };
    assert_eq!((of_kind(true), of_kind(false)), (security, lists.into_iter().collect()));
}

#[tokio::test]
async fn eleven_thousand_groups_come_at_once_and_more_only_in_pages() {
    let graph = Graph::new().await;
    let una = graph.user("una@acme.example").id;
    let whose = format!("users/{una}");
    let mut expected: BTreeSet<Uuid> = graph
        .fixture
        .entra
        .add_groups(una, GroupKind::Security, 11_000)
        .unwrap()
        .into_iter()
        .collect();
    assert_eq!(ids(&graph.member_groups(&whose).await.json()["value"]), expected);
    expected.extend(graph.fixture.entra.add_groups(una, GroupKind::Security, 1).unwrap());
    let too_many = refused(400, "Directory_ResultSizeLimitExceeded");
    assert_eq!(code(&graph.member_groups(&whose).await), too_many);

    let base = graph.fixture.entra.base_url();
    let mut next = Some(format!("{base}/v1.0/{whose}/{LIST}?$select=id,securityEnabled&$top=999"));
    let (mut seen, mut pages) = (BTreeSet::new(), 0);
    while let Some(url) = next {
        assert!(url.starts_with(&format!(
            "{base}/v1.0/{whose}/{LIST}?$select=id,securityEnabled&$top=999"
        )));
        let page = get(&url, &graph.token, &[]).await.json();
        assert_eq!(
            page["@odata.context"],
            format!("{base}/v1.0/$metadata#groups(id,securityEnabled)")
        );
        assert_eq!(page["value"][0].as_object().unwrap().len(), 2);
        let groups = page["value"].as_array().unwrap().iter().map(|group| group["id"].clone());
        seen.extend(ids(&groups.collect()));
        pages += 1;
        next = page.get("@odata.nextLink").map(|link| link.as_str().unwrap().to_owned());
    }
    assert_eq!((pages, seen.len()), (12, 11_001));
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_page_has_a_hundred_groups_unless_the_query_says_so() {
    let graph = Graph::new().await;
    let whose = format!("users/{}", graph.user("max@acme.example").id);
    let first = graph.list(&whose, "").await.json();
    assert_eq!(first["value"].as_array().unwrap().len(), 100);
    assert_eq!(first["value"][0]["displayName"], "Project 001");
    assert_eq!(first.get("@odata.count"), None);
    let second = get(first["@odata.nextLink"].as_str().unwrap(), &graph.token, &[]).await.json();
    let third = get(second["@odata.nextLink"].as_str().unwrap(), &graph.token, &[]).await.json();
    assert_eq!(third["value"].as_array().unwrap().len(), MANY_GROUPS - 200);
    assert_eq!(
        (third["value"][0]["displayName"].as_str(), third.get("@odata.nextLink")),
        (Some("Project 201"), None)
    );
    for (query, length, more) in [
        ("$top=1", 1, true),
        ("%24top=200", 200, true),
        ("$top=201", 201, false),
        ("$top=999", 201, false),
    ] {
        let page = graph.list(&whose, query).await.json();
        let found =
            (page["value"].as_array().unwrap().len(), page.get("@odata.nextLink").is_some());
        assert_eq!(found, (length, more), "{query}");
    }
    // A count is part of the advanced queries, which must be asked for.
    let url = format!("{}/v1.0/{whose}/{LIST}?$count=true", graph.fixture.entra.base_url());
    let counted = get(&url, &graph.token, &[("ConsistencyLevel", "eventual")]).await.json();
    assert_eq!(counted["@odata.count"], MANY_GROUPS);
    assert_eq!(get(&url, &graph.token, &[]).await.json().get("@odata.count"), None);
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
async fn whoever_is_in_no_group_gets_an_empty_list() {
    let graph = Graph::new().await;
    let whose = format!("users/{}", graph.user("una@acme.example").id);
    assert_eq!(graph.member_groups(&whose).await.json()["value"], json!([]));
    let page = graph.list(&whose, "").await.json();
    assert_eq!((&page["value"], page.get("@odata.nextLink")), (&json!([]), None));
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
