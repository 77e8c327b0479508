use axum::http::StatusCode;
use axum::response::Response;
use jose::NumericDate;
use openid_provider::Name;
use openid_provider::claims::{
    AccessClaims, Holder, inactive, introspection, refresh_introspection,
};
use openid_provider::token::TokenError;
use secrets::Secret;
use store::RefreshToken;

use super::caller::Caller;
use super::incoming::Incoming;
use super::living::Living;
use super::refused::Refused;
use super::revoke::revoked;
use super::{Call, answer, living};

/// `POST /realms/{slug}/protocol/openid-connect/introspect`: whether a token of the caller is good, and
/// what it stands for (RFC 7662). Applications that cannot keep a secret are told nothing.
pub(crate) async fn handler(mut incoming: Incoming) -> Response {
    let said = Box::pin(introspect(&mut incoming)).await;
    incoming.answer(said.map(|body| answer(StatusCode::OK, body))).await
}

async fn introspect(incoming: &mut Incoming) -> Result<Vec<u8>, Refused> {
    let (call, p, caller) = incoming.of_client().await?;
    if !caller.client.settings.keeps_a_secret() {
        return Err(TokenError::OtherWay.into());
    }
    let token = p.secret(Name::Token).ok_or(TokenError::Missing(Name::Token.as_str()))?;
    caller.spend_alone(&call).await?;
    let said = match token.expose_text().and_then(RefreshToken::parse) {
        Some(refresh) => of_refresh(&call, &caller, &refresh).await?,
        None => of_access(&call, &caller, &token).await?,
    };
    Ok(said.unwrap_or_else(inactive))
}

async fn of_refresh(
    call: &Call<'_>,
    caller: &Caller,
    token: &RefreshToken,
) -> Result<Option<Vec<u8>>, Refused> {
    let mut rows = call.app.store.read(call.tenant.id).await?;
    let found = rows.grant_by_refresh(token).await?;
    let found = found.filter(|(grant, good)| *good && is_its(caller, &grant.client_id));
    let Some((grant, _)) = found else { return Ok(None) };
    let found = Living::of(call.app, call.tenant, &mut rows, grant).await?;
    Ok(found.filter(|it| it.client.settings.offline_access).map(
        |Living { grant, person, code, .. }| {
            let until = NumericDate(grant.expires_at.unix_seconds());
            let (client, name) = (&grant.client_id, Some(person.username.as_str()));
            refresh_introspection(&call.issuer, client, &code.scope, person.id, name, until)
        },
    ))
}

async fn of_access(
    call: &Call<'_>,
    caller: &Caller,
    token: &Secret,
) -> Result<Option<Vec<u8>>, Refused> {
    let claims = living::access_claims(call, token).await?;
    let Some(claims) = claims.ok().filter(|claims| is_its(caller, &claims.client_id)) else {
        return Ok(None);
    };
    Ok(match claims.holder {
        Holder::Client => of_itself(call, &claims).await?,
        Holder::Person { .. } => living::of_access(call, &claims)
            .await?
            .map(|found| introspection(&call.issuer, &claims, Some(&found.person.username))),
    })
}

/// The caller is enabled, or it would not have come here.
async fn of_itself(call: &Call<'_>, claims: &AccessClaims) -> Result<Option<Vec<u8>>, Refused> {
    let mut rows = call.app.store.read(call.tenant.id).await?;
    let is_revoked = rows.is_spent(&revoked(claims)).await?;
    Ok((!is_revoked).then(|| introspection(&call.issuer, claims, None)))
}

fn is_its(caller: &Caller, client_id: &str) -> bool {
    caller.client.client_id == client_id
}
