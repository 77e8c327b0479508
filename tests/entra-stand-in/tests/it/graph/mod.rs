//! Graph refuses what Microsoft's refuses, and tells the groups of a person to whoever may know.

mod groups;
mod permissions;
mod requests;

use std::collections::BTreeSet;

use axum::http::Method;
use entra_stand_in::User;
use serde_json::Value;
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
