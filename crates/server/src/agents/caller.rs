//! Who calls: every call of an agent carries a proof by its device key.

use agent_protocol::{DeviceProof, ExpectedCall, PROOF_HEADER, PublicJwk, VerifiedProof};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use identity::Tenant;
use serde::de::DeserializeOwned;
use store::Device;

use crate::app::App;
use crate::entropy;
use crate::http::body::whole;
use crate::http::problem::Problem;

/// An enrolled agent, or one that waits to be confirmed, and what it sends.
pub(crate) struct AgentCall<T> {
    pub(crate) tenant: Tenant,
    pub(crate) device: Device,
    pub(crate) body: T,
}

impl<T: DeserializeOwned> FromRequest<App> for AgentCall<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let body = whole(body, agent_protocol::limits::MAX_BODY, app.config.limits.request());
        let body = body.await?;
        let path = parts.uri.path().to_owned();
        let (tenant, device, _) =
            identify(app, &parts.headers, parts.method.as_str(), &path, &body, None).await?;
        let body = serde_json::from_slice(&body).map_err(|_| Problem::Malformed("body"))?;
        Ok(Self { tenant, device, body })
    }
}

/// Finds the device that a proof names, and checks that it made exactly this call.
///
/// # Errors
///
/// [`Problem::Unauthenticated`] for every proof that does not hold; which step failed is in the
/// log alone.
pub(crate) async fn identify(
    app: &App,
    headers: &HeaderMap,
    method: &str,
    path: &str,
    body: &Bytes,
    nonce: Option<&str>,
) -> Result<(Tenant, Device, VerifiedProof), Problem> {
    let proof = proof_of(headers)?;
    let claimed = DeviceProof::claimed_device(proof).map_err(|_| Problem::Unauthenticated)?;
    let found = app.store.device_by_thumbprint(&claimed).await?;
    let (tenant, device) = found.ok_or(Problem::Unauthenticated)?;
    let jwk: PublicJwk = serde_json::from_str(&device.jwk).map_err(Problem::internal)?;
    let verified = verify(app, proof, &jwk, method, path, body, nonce)?;
    let tenant = app.store.read(tenant).await?.tenant().await?.ok_or(Problem::Unauthenticated)?;
    Ok((tenant, device, verified))
}

/// The proof that a call carries.
pub(crate) fn proof_of(headers: &HeaderMap) -> Result<&str, Problem> {
    let header = headers.get(PROOF_HEADER).ok_or(Problem::Unauthenticated)?;
    header.to_str().map_err(|_| Problem::Unauthenticated)
}

/// Checks a proof against a key.
pub(crate) fn verify(
    app: &App,
    proof: &str,
    jwk: &PublicJwk,
    method: &str,
    path: &str,
    body: &[u8],
    nonce: Option<&str>,
) -> Result<VerifiedProof, Problem> {
    let key = jwk.key().map_err(|_| Problem::Unauthenticated)?;
    let url = app.config.address(path);
    let expected = ExpectedCall { method, url: &url, body, nonce };
    DeviceProof::verify(proof, &expected, &key, entropy::system_time()).map_err(|error| {
        app.quiet.once("agent's proof refused", None, || {
            tracing::warn!(%error, path, "agent's proof refused");
        });
        Problem::Unauthenticated
    })
}
