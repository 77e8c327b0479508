//! The groups themselves: which, how many at once, and page by page.

use std::collections::BTreeSet;

use entra_stand_in::{GroupKind, MANY_GROUPS};
use serde_json::json;
use uuid::Uuid;

use super::{Graph, LIST, code, get, ids, post, refused};

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
async fn whoever_is_in_no_group_gets_an_empty_list() {
    let graph = Graph::new().await;
    let whose = format!("users/{}", graph.user("una@acme.example").id);
    assert_eq!(graph.member_groups(&whose).await.json()["value"], json!([]));
    let page = graph.list(&whose, "").await.json();
    assert_eq!((&page["value"], page.get("@odata.nextLink")), (&json!([]), None));
}
