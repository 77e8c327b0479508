//! `grant_type=client_credentials` (RFC 6749 §4.4): a token without a person.

use openid_provider::Scope;
use openid_provider::token::TokenResponse;
use store::AuditEntry;

use crate::exits::oidc::Call;
use crate::exits::oidc::caller::Caller;
use crate::exits::oidc::refused::Refused;
use crate::exits::oidc::tokens::for_itself;

/// A token for the application itself.
pub(super) async fn issue(
    call: &Call<'_>,
    caller: &Caller,
    scope: Scope,
) -> Result<TokenResponse, Refused> {
    let access_token = for_itself(call, &caller.client, &scope).await?;
    let detail = serde_json::json!({ "client": caller.client.client_id });
    caller.spend_with(call, AuditEntry::new("oidc.client-token", detail)).await?;
    Ok(TokenResponse { access_token, id_token: None, refresh_token: None, scope })
}
