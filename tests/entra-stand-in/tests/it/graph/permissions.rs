//! Who may read whose groups, and until when.

use std::collections::BTreeSet;

use axum::http::Method;
use entra_stand_in::{ACME, Audience, BIRCH, MANY_GROUPS};

use super::{ENOUGH, Graph, LIST, code, denied, error, get, member_groups, refused};
use crate::fixture::{Fixture, send};

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
