use axum::http::StatusCode;
use axum::response::Response;
use openid_provider::ScopeWord;
use openid_provider::bearer::{BearerError, presented};
use openid_provider::claims::{Holder, userinfo};

use super::caller::authorization;
use super::incoming::Incoming;
use super::refused::Refused;
use super::{answer, living};

/// `GET` and `POST /realms/{slug}/protocol/openid-connect/userinfo`: about the person for whom an
/// access token speaks (OpenID Connect Core 1.0 §5.3), as long as what it stands for lives.
pub(crate) async fn handler(mut incoming: Incoming) -> Response {
    let said = Box::pin(about(&mut incoming)).await;
    incoming.answer(said.map(|body| answer(StatusCode::OK, body))).await
}

async fn about(incoming: &mut Incoming) -> Result<Vec<u8>, Refused> {
    incoming.count()?;
    // RFC 6750 §2.2: a token in the body, where there is one.
    let p = if incoming.has_body() { Some(incoming.form().await?) } else { None };
    let (call, who) = incoming.call().await?;
    let header = authorization(call.headers).map_err(|_| BearerError::Request)?;
    let token = presented(header, p.as_ref())?;
    let claims = living::access_claims(&call, &token).await?.map_err(BearerError::Token)?;
    who.client_id = Some(claims.client_id.clone());
    let Holder::Person { person, .. } = claims.holder else {
        return Err(BearerError::NoPerson.into());
    };
    if !claims.scope.has(ScopeWord::Openid) {
        return Err(BearerError::NoOpenid.into());
    }
    let found = living::of_access(&call, &claims).await?.ok_or(BearerError::Ended)?;
    let asked = &found.code.claims.userinfo;
    let said = found.facts().claims(&found.client.settings, &claims.scope, asked);
    Ok(userinfo(person, said))
}
