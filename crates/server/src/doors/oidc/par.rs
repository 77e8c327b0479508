use axum::http::StatusCode;
use axum::response::Response;
use openid_provider::authorization::{self, Outcome};
use openid_provider::par::{Pushed, response};
use openid_provider::{ErrorCode, Parameters};

use super::auth::checked;
use super::refused;
use crate::exits::oidc::caller::Caller;
use crate::exits::oidc::incoming::Incoming;
use crate::exits::oidc::refused::Refused;
use crate::exits::oidc::{Call, answer};
use crate::oidc;

/// `POST /realms/{slug}/protocol/openid-connect/par`: an application sends what it asks ahead of the
/// browser (RFC 9126). Nothing is kept: the request is sealed into the address that it gets for it.
pub(crate) async fn handler(mut incoming: Incoming) -> Response {
    let pushed = Box::pin(push(&mut incoming)).await;
    let answered = pushed.map(|pushed| match pushed {
        Ok(sealed) => answer(StatusCode::CREATED, response(&sealed)),
        Err(outcome) => wrong(&outcome),
    });
    incoming.answer(answered).await
}

/// The request, sealed; or what its application is told.
async fn push(incoming: &mut Incoming) -> Result<Result<String, Outcome>, Refused> {
    let (call, p, caller) = incoming.of_client().await?;
    let pushed = match asked(&call, &caller, &p).await? {
        Ok(pushed) => pushed,
        Err(outcome) => return Ok(Err(outcome)),
    };
    caller.spend_alone(&call).await?;
    Ok(Ok(oidc::seal_pushed(call.app, call.tenant, &pushed)?))
}

async fn asked(
    call: &Call<'_>,
    caller: &Caller,
    p: &Parameters,
) -> Result<Result<Pushed, Outcome>, Refused> {
    let Call { app, tenant, now, .. } = call;
    let client = &caller.client;
    let target = match authorization::target(p, Some(client)) {
        Ok(target) => target,
        Err(error) => {
            let why = error.to_string();
            refused::tell(app, tenant, Some(&client.client_id), &why);
            return Ok(Err(Outcome::error(ErrorCode::InvalidRequest, &why)));
        }
    };
    let asked = checked(app, tenant, p, client, &target, now.0).await?;
    Ok(asked.map(|asked| Pushed { request: asked.request, pushed_at: now.0 }))
}

fn wrong(outcome: &Outcome) -> Response {
    let (code, description) = match outcome {
        Outcome::Error { code, description } => (*code, description.as_str()),
        Outcome::Code(_) => (ErrorCode::ServerError, ""),
    };
    let body = serde_json::json!({ "error": code.as_str(), "error_description": description });
    answer(StatusCode::BAD_REQUEST, body.to_string().into_bytes())
}
