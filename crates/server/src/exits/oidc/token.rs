mod code;
mod own;
mod refresh;

use axum::http::StatusCode;
use axum::response::Response;
use ids::UserId;
use openid_provider::token::{GrantRequest, TokenResponse, grant_request};
use store::{AuditEntry, Grant};

use super::answer;
use super::incoming::Incoming;
use super::refused::Refused;

/// `POST /realms/{slug}/protocol/openid-connect/token`: tokens for a code, for a refresh token, or for
/// the application itself (RFC 6749 §3.2). What is handed out is committed before.
pub(crate) async fn handler(mut incoming: Incoming) -> Response {
    let tokens = Box::pin(tokens(&mut incoming)).await;
    incoming.answer(tokens.map(|tokens| answer(StatusCode::OK, tokens.to_json().to_vec()))).await
}

async fn tokens(incoming: &mut Incoming) -> Result<TokenResponse, Refused> {
    let (call, p, caller) = incoming.of_client().await?;
    match grant_request(&p, &caller.client)? {
        GrantRequest::AuthorizationCode { code, redirect_uri, code_verifier } => {
            code::redeem(&call, &caller, &code, &redirect_uri, code_verifier.as_ref()).await
        }
        GrantRequest::RefreshToken { token, scope } => {
            refresh::exchange(&call, &caller, &token, scope.as_ref()).await
        }
        GrantRequest::ClientCredentials { scope } => own::issue(&call, &caller, scope).await,
    }
}

/// What the audit trail tells of a grant. `actor`: the person, where they have done it themselves.
pub(super) fn event(kind: &'static str, grant: &Grant, actor: Option<UserId>) -> AuditEntry {
    let detail = serde_json::json!({
        "client": grant.client_id, "grant": grant.id, "card": grant.credential,
        "session": grant.session,
    });
    AuditEntry { person: Some(grant.person), actor, ..AuditEntry::new(kind, detail) }
}
