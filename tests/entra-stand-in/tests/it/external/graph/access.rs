//! Who may do what, and where.

use axum::http::Method;
use entra_stand_in::{ACME, App, Audience, BIRCH, NewExternalMethod, Person};
use serde_json::{Value, json};

use super::{METHODS, POLICIES, Tool, call};
use crate::external::External;
use crate::fixture::page_error;

#[tokio::test]
async fn each_request_needs_its_permissions() {
    let tool = Tool::new().await;
    let fixture = &tool.fixture;
    let mia = fixture.entra.user("mia@acme.example").unwrap().id;
    let own = fixture.entra.app(fixture.client_id).unwrap().service_principals[&ACME];
    let registrations = format!("users/{mia}/authentication/externalAuthenticationMethods");
    let assignments = format!("servicePrincipals/{own}/appRoleAssignments");
    let cases: [(&str, &[&str]); 7] = [
        ("applications", &["Application.ReadWrite.All"]),
        ("servicePrincipals", &["Application.ReadWrite.All"]),
        (&assignments, &["AppRoleAssignment.ReadWrite.All", "Application.Read.All"]),
        ("oauth2PermissionGrants", &["DelegatedPermissionGrant.ReadWrite.All"]),
        (METHODS, &["Policy.ReadWrite.AuthenticationMethod"]),
        (&registrations, &["UserAuthenticationMethod.ReadWrite.All"]),
        (POLICIES, &["Policy.ReadWrite.ConditionalAccess", "Policy.Read.All"]),
    ];
    let status = async |granted: &[&str], path: &str| {
        let granted = granted.iter().map(|&name| name.to_owned()).collect();
        let grant = |app: &mut App| app.granted_permissions = [(ACME, granted)].into();
        fixture.entra.update_app(fixture.client_id, grant).unwrap();
        let token = fixture.application_token().await;
        call(fixture, &token, Method::POST, path, json!({"x": 1})).await.status
    };
    for (path, needed) in cases {
        // With them the body is looked at.
        assert_eq!(status(needed, path).await, 400, "{path}");
        for missing in needed {
            let rest: Vec<&str> = needed.iter().copied().filter(|name| name != missing).collect();
            assert_eq!(status(&rest, path).await, 403, "{path} without {missing}");
        }
        for (_, of_another) in cases.iter().filter(|(_, other)| other[0] != needed[0]) {
            assert_eq!(status(of_another, path).await, 403, "{path} with {of_another:?}");
        }
    }
}

#[tokio::test]
async fn a_person_must_be_an_administrator_besides() {
    let external = External::new().await;
    let policy = external.fixture.entra.policies(ACME).pop().unwrap();
    external.fixture.entra.remove_policy(policy.id);
    let scope = "openid Policy.Read.All UserAuthenticationMethod.ReadWrite.All";
    for (name, expected) in [("ada@acme.example", 200), ("una@acme.example", 403)] {
        let token = external.fixture.delegated_token(name, scope).await;
        let answer = call(&external.fixture, &token, Method::GET, METHODS, Value::Null).await;
        assert_eq!(answer.status, expected, "{name}");
    }
    // And nobody registers a method for themselves that way.
    let token = external.fixture.delegated_token("ada@acme.example", scope).await;
    let body = json!({"configurationId": external.method.id, "displayName": "Mine"});
    for (name, expected) in [("ada", 403), ("una", 201)] {
        let path =
            format!("users/{name}@acme.example/authentication/externalAuthenticationMethods");
        let answer = call(&external.fixture, &token, Method::POST, &path, body.clone()).await;
        assert_eq!(answer.status, expected, "{name}");
    }
}

#[tokio::test]
async fn nothing_of_another_directory_is_seen() {
    let tool = Tool::new().await;
    let entra = &tool.fixture.entra;
    let app = entra.register_app(BIRCH, "Other", Audience::SingleDirectory);
    let discovery = "https://provider.example/.well-known/openid-configuration";
    let method = NewExternalMethod::for_everybody("Cards", app.client_id, discovery);
    let method = entra.add_external_method(BIRCH, method).unwrap();
    let policy = entra.require_mfa(BIRCH, None).unwrap();
    let max = entra.user("max@birch.example").unwrap().id;
    for path in [
        format!("applications/{}", app.object_id),
        format!("servicePrincipals/{}", app.service_principals[&BIRCH]),
        format!("{METHODS}/{}", method.id),
        format!("{POLICIES}/{}", policy.id),
        format!("users/{max}/authentication/externalAuthenticationMethods"),
    ] {
        assert_eq!(tool.get(&path).await.status, 404, "{path}");
    }
    for path in [METHODS, POLICIES] {
        assert_eq!(tool.get(path).await.json()["value"], json!([]));
    }
    // A policy of another directory demands nothing here.
    let mut mia = Person::new("mia@acme.example");
    mia.sign_in(&tool.fixture.request().url()).await.unwrap().redirect();
    // Nor is its method one for the people here.
    entra.require_mfa(ACME, None).unwrap();
    let arrival = mia.sign_in(&tool.fixture.request().url()).await.unwrap();
    assert_eq!(page_error(arrival), 50079);
}
