//! What of a method and of a policy is refused, and what can be changed.

use axum::http::Method;
use entra_stand_in::{ACME, Policy};
use serde_json::{Value, json};

use super::{METHODS, POLICIES, Tool, method, policy};

#[tokio::test]
async fn a_method_lacks_nothing_has_nothing_unknown_and_keeps_its_name() {
    let tool = Tool::new().await;
    let app = tool.fixture.client_id.to_string();
    let discovery = "https://provider.example/.well-known/openid-configuration";
    let good = method(&app, discovery);
    for name in ["@odata.type", "displayName", "state", "appId", "openIdConnectSetting"] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(name);
        assert_eq!(tool.post(METHODS, body).await.status, 400, "{name}");
    }
    for (name, value) in [
        ("clientId", json!(app)),
        ("state", json!("on")),
        ("appId", json!("cards")),
        ("@odata.type", json!("#microsoft.graph.fido2AuthenticationMethodConfiguration")),
        ("openIdConnectSetting", json!({"clientId": app})),
        (
            "openIdConnectSetting",
            json!({"clientId": app, "discoveryUrl": "https://provider.example"}),
        ),
        (
            "openIdConnectSetting",
            json!({"clientId": app, "discoveryUrl": discovery, "secret": "x"}),
        ),
        ("includeTargets", json!([{"targetType": "user", "id": "all_users"}])),
        ("includeTargets", json!([{"targetType": "group"}])),
        ("excludeTargets", json!([{"targetType": "group", "id": "all_users"}])),
        ("includeTarget", json!({"targetType": "group", "id": "all_users"})),
    ] {
        let mut body = good.clone();
        body[name] = value;
        let status = tool.post(METHODS, body.clone()).await.status;
        assert!((400..=404).contains(&status), "{body}: {status}");
    }
    assert!(tool.fixture.entra.external_methods(ACME).is_empty());
    let made = tool.created(METHODS, good.clone()).await;
    assert_eq!(tool.post(METHODS, good).await.status, 400, "the name is taken");
    let path = format!("{METHODS}/{}", made["id"].as_str().unwrap());
    let typed = |members: Value| {
        let mut body = members;
        body["@odata.type"] = made["@odata.type"].clone();
        body
    };
    let renamed = tool.call(Method::PATCH, &path, typed(json!({"displayName": "Keys"}))).await;
    assert_eq!(renamed.status, 400);
    let said = renamed.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(said.contains("read-only"), "{said}");
    let group = tool.fixture.entra.user("mia@acme.example").unwrap().groups[0];
    let change = typed(
        json!({"state": "disabled", "excludeTargets": [{"targetType": "group", "id": group}]}),
    );
    assert_eq!(tool.call(Method::PATCH, &path, change).await.status, 204);
    let now = tool.get(&path).await.json();
    assert_eq!((&now["state"], &now["displayName"]), (&json!("disabled"), &json!("Cards")));
    assert_eq!(now["excludeTargets"][0]["id"], json!(group));
    assert_eq!(tool.get(METHODS).await.json()["value"].as_array().unwrap().len(), 1);
    assert_eq!(tool.call(Method::DELETE, &path, Value::Null).await.status, 204);
    assert_eq!(tool.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_policy_lacks_nothing_and_has_nothing_unknown() {
    let tool = Tool::new().await;
    let mia = tool.fixture.entra.user("mia@acme.example").unwrap();
    for (pointer, value) in [
        ("/displayName", json!("")),
        ("/state", json!("on")),
        ("/grantControls/builtInControls", json!(["block"])),
        ("/grantControls/operator", json!("XOR")),
        ("/conditions/clientAppTypes", json!([])),
        ("/conditions/applications", json!({})),
        ("/conditions/applications/includeApplications", json!(["Cardea"])),
        ("/conditions/users", json!({})),
        ("/conditions/users", json!({"includeUsers": ["All"], "includeTeams": []})),
        ("/conditions/users/includeUsers", json!(["everybody"])),
    ] {
        let mut body = policy();
        *body.pointer_mut(pointer).unwrap() = value;
        assert_eq!(tool.post(POLICIES, body.clone()).await.status, 400, "{body}");
    }
    for name in ["displayName", "state", "conditions", "grantControls"] {
        let mut body = policy();
        body.as_object_mut().unwrap().remove(name);
        assert_eq!(tool.post(POLICIES, body).await.status, 400, "{name}");
    }
    let made = tool.created(POLICIES, policy()).await;
    let path = format!("{POLICIES}/{}", made["id"].as_str().unwrap());
    let users = json!({"conditions": {
        "clientAppTypes": ["all"],
        "applications": {"includeApplications": [tool.fixture.client_id]},
        "users": {"includeGroups": [mia.groups[0]], "excludeUsers": [mia.id]},
    }});
    assert_eq!(tool.call(Method::PATCH, &path, users).await.status, 204);
    let kept: Policy = tool.fixture.entra.policies(ACME).pop().unwrap();
    assert_eq!((kept.groups.include, kept.users.exclude), (vec![mia.groups[0]], vec![mia.id]));
    let read = tool.get(&path).await.json();
    assert_eq!(read["conditions"]["users"]["excludeUsers"][0], json!(mia.id));
    assert_eq!(read["displayName"], "Second factor");
    assert_eq!(tool.call(Method::DELETE, &path, Value::Null).await.status, 204);
    assert!(tool.fixture.entra.policies(ACME).is_empty());
}
