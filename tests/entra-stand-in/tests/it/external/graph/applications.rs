//! Applications, what they are granted, and their permissions.

use axum::http::Method;
use entra_stand_in::{ACME, OptionalClaim};
use serde_json::{Value, json};

use super::{GRAPH, Tool, by};

#[tokio::test]
async fn an_application_is_changed_found_and_removed() {
    let tool = Tool::new().await;
    assert_eq!(tool.post("applications", json!({})).await.status, 400);
    let app = tool.created("applications", json!({"displayName": "Cards"})).await;
    let path = format!("applications/{}", app["id"].as_str().unwrap());
    for body in [
        json!({"replyUrls": []}),
        json!({"web": {"redirectUri": "https://a.example"}}),
        json!({"web": {"redirectUris": ["https://a.example/*"]}}),
        json!({"web": {"redirectUris": ["http://a.example/"]}}),
        json!({"web": {"implicitGrantSettings": {"enableAccessTokenIssuance": true}}}),
        json!({"groupMembershipClaims": "Some"}),
        json!({"optionalClaims": {"idToken": [{"name": "shoe_size"}]}}),
        json!({"requiredResourceAccess": [{"resourceAppId": GRAPH, "resourceAccess": [{"id": app["id"], "type": "Role"}]}]}),
        json!({"displayName": ""}),
    ] {
        let refused = tool.call(Method::PATCH, &path, body.clone()).await;
        assert_eq!(refused.status, 400, "{body}");
    }
    assert_eq!(tool.get(&path).await.json(), app, "what is refused changes nothing");
    let uris = json!({"web": {"redirectUris": ["https://a.example/", "https://b.example/"]}});
    assert_eq!(tool.call(Method::PATCH, &path, uris).await.status, 204);
    let guests = json!({"optionalClaims": {"idToken": [
        {"name": "upn", "additionalProperties": ["include_externally_authenticated_upn"]},
    ]}});
    assert_eq!(tool.call(Method::PATCH, &path, guests).await.status, 204);
    let made = tool.app(&app);
    assert_eq!(made.redirect_uris.len(), 2, "another member of it stays");
    assert!(made.optional_claims.iter().eq(&[OptionalClaim::UpnOfGuests]));
    let found =
        tool.get(&format!("applications?{}", by("appId", app["appId"].as_str().unwrap()))).await;
    assert_eq!(found.json()["value"][0]["id"], app["id"]);
    assert_eq!(tool.get("applications?$orderby=displayName").await.status, 400);
    let secret = json!({"passwordCredential": {"displayName": "one", "endDateTime": "2099-01-01T00:00:00Z"}});
    let secret = tool.post(&format!("{path}/addPassword"), secret).await.json();
    assert_eq!(tool.app(&app).secrets[0].value, secret["secretText"].as_str().unwrap());
    assert_eq!(tool.get(&path).await.json()["passwordCredentials"][0]["secretText"], Value::Null);
    assert_eq!(tool.call(Method::DELETE, &path, Value::Null).await.status, 204);
    assert_eq!(tool.get(&path).await.status, 404);
}

#[tokio::test]
async fn an_application_permission_is_granted_by_an_assignment() {
    let tool = Tool::new().await;
    let app = tool.created("applications", json!({"displayName": "Cards"})).await;
    let client_id = app["appId"].as_str().unwrap();
    assert_eq!(tool.post("servicePrincipals", json!({"appId": app["id"]})).await.status, 400);
    let principal = tool.created("servicePrincipals", json!({"appId": client_id})).await;
    assert_eq!(tool.post("servicePrincipals", json!({"appId": client_id})).await.status, 409);
    let graph = tool.get(&format!("servicePrincipals?{}", by("appId", GRAPH))).await.json();
    let graph = &graph["value"][0];
    let roles = graph["appRoles"].as_array().unwrap();
    let role = roles.iter().find(|role| role["value"] == "GroupMember.Read.All").unwrap();
    assert_eq!(role["id"], "98830695-27a2-44f7-8c18-0c3ebc9698f6");
    let path =
        format!("servicePrincipals/{}/appRoleAssignments", principal["id"].as_str().unwrap());
    let good = json!({
        "principalId": principal["id"], "resourceId": graph["id"], "appRoleId": role["id"],
    });
    for name in ["principalId", "resourceId", "appRoleId"] {
        let mut body = good.clone();
        body[name] = app["id"].clone();
        assert_eq!(tool.post(&path, body).await.status, 400, "{name}");
    }
    tool.created(&path, good.clone()).await;
    assert_eq!(tool.post(&path, good).await.status, 400);
    let granted = tool.app(&app).granted_permissions[&ACME].clone();
    assert!(granted.iter().eq(["GroupMember.Read.All"]));
    assert_eq!(tool.get(&path).await.json()["value"][0]["appRoleId"], role["id"]);
    // Of the delegated ones, what is wrong is refused as well.
    let grant = |change: &dyn Fn(&mut Value)| {
        let mut body = json!({
            "clientId": principal["id"], "consentType": "AllPrincipals", "resourceId": graph["id"],
            "scope": "openid profile",
        });
        change(&mut body);
        body
    };
    for body in [
        grant(&|body| body["clientId"] = app["appId"].clone()),
        grant(&|body| body["resourceId"] = app["id"].clone()),
        grant(&|body| body["scope"] = json!("openid Everything.All")),
        grant(&|body| body["consentType"] = json!("Principal")),
        grant(&|body| body["principalId"] = app["id"].clone()),
    ] {
        let status = tool.post("oauth2PermissionGrants", body.clone()).await.status;
        assert!((400..=404).contains(&status), "{body}: {status}");
    }
    assert!(tool.app(&app).consents.is_empty());
}
