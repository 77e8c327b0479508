use axum::http::StatusCode;
use axum::response::Response;
use identity::Moment;
use ids::GrantId;
use openid_provider::Name;
use openid_provider::claims::{AccessClaims, Holder};
use openid_provider::token::TokenError;
use secrets::{Secret, TokenHash};
use store::{AuditEntry, RefreshToken, Writing};

use super::caller::Caller;
use super::incoming::Incoming;
use super::refused::Refused;
use super::token::event;
use super::{Call, answer, living};

/// `POST /realms/{slug}/protocol/openid-connect/revoke`: ends what a token of the caller stands for,
/// with all tokens that came of it (RFC 7009). Deviation: the token of another application is left
/// alone without a word, as one that is none.
pub(crate) async fn handler(mut incoming: Incoming) -> Response {
    let revoked = Box::pin(revoke(&mut incoming)).await;
    incoming.answer(revoked.map(|()| answer(StatusCode::OK, Vec::new()))).await
}

async fn revoke(incoming: &mut Incoming) -> Result<(), Refused> {
    let (call, p, caller) = incoming.of_client().await?;
    let token = p.secret(Name::Token).ok_or(TokenError::Missing(Name::Token.as_str()))?;
    match meant(&call, &caller, &token).await? {
        Some(meant) => end(&call, &caller, meant).await,
        None => caller.spend_alone(&call).await,
    }
}

/// What a token stands for.
enum Meant {
    Grant(GrantId),
    /// A token of the application itself, which stands for nothing but itself.
    Own(AccessClaims),
}

/// What the caller's token stands for; `None` for what is none, or not the caller's.
async fn meant(call: &Call<'_>, caller: &Caller, token: &Secret) -> Result<Option<Meant>, Refused> {
    let client_id = &caller.client.client_id;
    if let Some(refresh) = token.expose_text().and_then(RefreshToken::parse) {
        let mut rows = call.app.store.read(call.tenant.id).await?;
        let found = rows.grant_by_refresh(&refresh).await?;
        let found = found.filter(|(grant, _)| grant.client_id == *client_id);
        return Ok(found.map(|(grant, _)| Meant::Grant(grant.id)));
    }
    let claims = living::access_claims(call, token).await?.ok();
    let claims = claims.filter(|claims| claims.client_id == *client_id);
    Ok(claims.map(|claims| match claims.holder {
        Holder::Person { grant, .. } => Meant::Grant(grant),
        Holder::Client => Meant::Own(claims),
    }))
}

async fn end(call: &Call<'_>, caller: &Caller, meant: Meant) -> Result<(), Refused> {
    let mut tx = call.app.store.write(call.tenant.id).await?;
    caller.spend(&mut tx).await?;
    match meant {
        Meant::Grant(id) => {
            if let Some(grant) = tx.end_grant(id, &caller.client.client_id).await? {
                tx.audit(&event("oidc.revoked", &grant, None)).await?;
            }
        }
        Meant::Own(claims) => forget(&mut tx, &claims).await?,
    }
    Ok(tx.commit().await?)
}

/// Remembers as long as the token would be good that it is not.
async fn forget(tx: &mut Writing, claims: &AccessClaims) -> Result<(), Refused> {
    let until = Moment::from_unix_seconds(claims.expires_at.0);
    if tx.spend(&revoked(claims), until).await? {
        let detail = serde_json::json!({ "client": claims.client_id });
        tx.audit(&AuditEntry::new("oidc.revoked", detail)).await?;
    }
    Ok(())
}

/// Under what a token of an application is remembered as revoked.
pub(super) fn revoked(claims: &AccessClaims) -> TokenHash {
    TokenHash::of(format!("oidc-revoked|{}", claims.jti).as_bytes())
}
