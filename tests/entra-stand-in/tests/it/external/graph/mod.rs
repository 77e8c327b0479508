//! What a program sets up by Graph: an application, consent, the method, registrations, a policy.

mod access;
mod applications;
mod objects;

use axum::http::Method;
use entra_stand_in::{App, GroupsClaim, OptionalClaim, Person};
use serde_json::{Value, json};

use super::provider::Provider;
use crate::fixture::{Answer, Fixture, send};

const METHODS: &str = "policies/authenticationMethodsPolicy/authenticationMethodConfigurations";
const POLICIES: &str = "identity/conditionalAccess/policies";
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
const ALL: [&str; 7] = [
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Policy.Read.All",
    "Policy.ReadWrite.AuthenticationMethod",
    "Policy.ReadWrite.ConditionalAccess",
    "UserAuthenticationMethod.ReadWrite.All",
];

/// A program with a token.
struct Tool {
    fixture: Fixture,
    token: String,
}

impl Tool {
    async fn new() -> Self {
        let fixture = Fixture::new().await;
        fixture.entra.grant_application_permissions(fixture.client_id, &ALL).unwrap();
        let token = fixture.application_token().await;
        Self { fixture, token }
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Answer {
        call(&self.fixture, &self.token, method, path, body).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, body).await
    }

    async fn created(&self, path: &str, body: Value) -> Value {
        let answer = self.post(path, body).await;
        assert_eq!(answer.status, 201, "{path}: {answer:?}");
        answer.json()
    }

    async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, Value::Null).await
    }

    fn app(&self, created: &Value) -> App {
        self.fixture.entra.app(created["appId"].as_str().unwrap().parse().unwrap()).unwrap()
    }
}

async fn call(fixture: &Fixture, token: &str, method: Method, path: &str, body: Value) -> Answer {
    let url = format!("{}/v1.0/{path}", fixture.entra.base_url());
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    send(method, &url, &headers, body.into()).await.unwrap()
}

/// A filter, as it stands in an address.
fn by(name: &str, value: &str) -> String {
    format!("$filter={name}%20eq%20'{value}'")
}

fn method(app_id: &str, discovery_url: &str) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.externalAuthenticationMethodConfiguration",
        "displayName": "Cards", "state": "enabled", "appId": app_id,
        "openIdConnectSetting": {"clientId": app_id, "discoveryUrl": discovery_url},
        "includeTargets": [{"targetType": "group", "id": "all_users", "isRegistrationRequired": false}],
    })
}

fn policy() -> Value {
    json!({
        "displayName": "Second factor", "state": "enabled",
        "conditions": {
            "clientAppTypes": ["all"],
            "applications": {"includeApplications": ["All"]},
            "users": {"includeUsers": ["All"]},
        },
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
    })
}

#[tokio::test]
async fn everything_is_set_up_by_requests_and_a_sign_in_goes_to_the_provider() {
    let tool = Tool::new().await;
    let entra = &tool.fixture.entra;
    let provider = Provider::start().await;
    let app = tool
        .created(
            "applications",
            json!({
                "displayName": "Cards", "signInAudience": "AzureADMyOrg", "groupMembershipClaims": "SecurityGroup",
                "web": {
                    "redirectUris": [provider.authorization_endpoint()],
                    "implicitGrantSettings": {"enableIdTokenIssuance": true},
                },
                "optionalClaims": {"idToken": [{"name": "upn", "essential": false}, {"name": "login_hint"}]},
            }),
        )
        .await;
    let made = tool.app(&app);
    assert!(made.id_tokens && made.service_principals.is_empty() && made.consents.is_empty());
    assert_eq!(made.groups_claim, GroupsClaim::SecurityGroup);
    let claims = [OptionalClaim::LoginHint, OptionalClaim::Upn];
    assert!(made.optional_claims.iter().eq(&claims));

    let client_id = app["appId"].as_str().unwrap();
    let principal = tool.created("servicePrincipals", json!({"appId": client_id})).await;
    let graph = tool.get(&format!("servicePrincipals?{}", by("appId", GRAPH))).await.json();
    let grant = json!({
        "clientId": principal["id"], "consentType": "AllPrincipals", "resourceId": graph["value"][0]["id"],
        "scope": "openid profile",
    });
    tool.created("oauth2PermissionGrants", grant.clone()).await;
    assert_eq!(tool.post("oauth2PermissionGrants", grant).await.status, 409);

    let method = tool.created(METHODS, method(client_id, &provider.discovery_url())).await;
    let mia = entra.user("mia@acme.example").unwrap().id;
    let registration = json!({
        "@odata.type": "#microsoft.graph.externalAuthenticationMethod",
        "configurationId": method["id"], "displayName": "My card",
    });
    let path = format!("users/{mia}/authentication/externalAuthenticationMethods");
    tool.created(&path, registration.clone()).await;
    assert_eq!(tool.post(&path, registration).await.status, 409);
    tool.created(POLICIES, policy()).await;
    let mut person = Person::new("mia@acme.example");
    let arrival = person.sign_in(&tool.fixture.request().url()).await.unwrap();
    assert_eq!(arrival.external_mfa().0.as_str(), provider.authorization_endpoint());

    let listed = tool.get(&path).await.json()["value"].clone();
    assert_eq!(listed[0]["displayName"], "My card");
    let one = format!("{path}/{}", listed[0]["id"].as_str().unwrap());
    assert_eq!(tool.get(&one).await.json()["configurationId"], method["id"]);
    assert_eq!(tool.call(Method::DELETE, &one, Value::Null).await.status, 204);
    assert!(entra.registrations(mia).is_empty());
}
