//! `grant_type=refresh_token` (RFC 6749 §6; OpenID Connect Core 1.0 §12).

use openid_provider::Scope;
use openid_provider::token::{TokenError, TokenResponse};
use secrets::Secret;
use store::{Grant, RefreshToken, Rotated};

use super::event;
use crate::exits::oidc::Call;
use crate::exits::oidc::caller::Caller;
use crate::exits::oidc::living::Living;
use crate::exits::oidc::refused::Refused;
use crate::exits::oidc::tokens::Speaking;

/// Exchanges a refresh token for the next, with new tokens beside it.
pub(super) async fn exchange(
    call: &Call<'_>,
    caller: &Caller,
    text: &Secret,
    wanted: Option<&Scope>,
) -> Result<TokenResponse, Refused> {
    let presented = text.expose_text().and_then(RefreshToken::parse);
    let presented = presented.ok_or(TokenError::RefreshToken)?;
    let living = living(call, caller, &presented).await?;
    let scope = living.code.scope.narrowed(wanted).ok_or(TokenError::Scope)?;
    let (grant, person, code) = (living.grant.id, &living.person, &living.code);
    let speaking = Speaking { grant, person, code, scope: &scope, nonce: None };
    let tokens = speaking.sign(call, &caller.client).await?;
    let refresh_token = Some(commit(call, caller, &presented).await?);
    let (access_token, id_token) = (tokens.access, Some(tokens.id));
    Ok(TokenResponse { access_token, id_token, refresh_token, scope })
}

/// What the token stands for, whether it was exchanged before or not.
async fn living(
    call: &Call<'_>,
    caller: &Caller,
    presented: &RefreshToken,
) -> Result<Living, Refused> {
    let mut rows = call.app.store.read(call.tenant.id).await?;
    let found = rows.grant_by_refresh(presented).await?;
    let found = found.filter(|(grant, _)| grant.client_id == caller.client.client_id);
    let (grant, _) = found.ok_or(TokenError::RefreshToken)?;
    let living = Living::of(call.app, call.tenant, &mut rows, grant).await?;
    Ok(living.ok_or(TokenError::RefreshToken)?)
}

/// The next refresh token. Of many who bring one at once, one makes it.
async fn commit(
    call: &Call<'_>,
    caller: &Caller,
    presented: &RefreshToken,
) -> Result<Secret, Refused> {
    let mut tx = call.app.store.write(call.tenant.id).await?;
    caller.spend(&mut tx).await?;
    let grant: Grant = match tx.rotate_refresh(presented, &caller.client.client_id).await? {
        Rotated::Rotated(grant) | Rotated::Repeated(grant) => grant,
        Rotated::JustNow => return Err(TokenError::JustNow.into()),
        Rotated::Unknown => return Err(TokenError::RefreshToken.into()),
        Rotated::Reused(grant) => {
            tx.audit(&event("oidc.refresh-reused", &grant, None)).await?;
            tx.commit().await?;
            tell_reuse(call, &grant);
            return Err(TokenError::RefreshToken.into());
        }
    };
    let next = call.app.store.refresh_token(call.tenant.id, &grant)?.reveal();
    tx.audit(&event("oidc.refreshed", &grant, None)).await?;
    tx.commit().await?;
    Ok(next)
}

fn tell_reuse(call: &Call<'_>, grant: &Grant) {
    tracing::warn!(
        tenant = %call.tenant.slug, client = ?grant.client_id, person = %grant.person,
        "a refresh token came again: what was granted has ended"
    );
}
