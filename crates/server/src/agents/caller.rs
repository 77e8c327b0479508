//! Who calls: every call of an agent carries a proof by its device key, and counts once.

use agent_protocol::{DeviceProof, ExpectedCall, PROOF_HEADER, PublicJwk, VerifiedProof};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use identity::Tenant;
use serde::de::DeserializeOwned;
use store::{Device, DeviceState, Writing};

use crate::agents::refusal::CallError;
use crate::app::App;
use crate::entropy;
use crate::hallway::one_call::OneCall;
use crate::http::body;
use crate::http::problem::Problem;
use crate::limits;

/// An enrolled agent, or one that waits to be confirmed, and what it sends.
pub(crate) struct AgentCall<T> {
    pub(crate) tenant: Tenant,
    pub(crate) device: Device,
    pub(crate) call: OneCall,
    pub(crate) body: T,
}

impl<T: DeserializeOwned> FromRequest<App> for AgentCall<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let headers = request.headers().clone();
        let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
        let body = body::read(app, request, body::JSON)
            .await
            .inspect_err(|problem| unread(app, problem))?;
        let (headers, method, path) = (&headers, &*method, &*path);
        let received = Received { headers, method, path, body: &body, nonce: None };
        let Caller { tenant, device, call } = received.identify(app).await?;
        limits::count_device(app, &device)?;
        let body = parse(&body).map_err(|error| error.refuse(&device))?;
        Ok(Self { tenant, device, call, body })
    }
}

impl<T> AgentCall<T> {
    /// The same call, if its device is confirmed: an offer may ask how far it is, and no more.
    pub(crate) fn confirmed(self) -> Result<Self, Problem> {
        if self.device.state == DeviceState::Confirmed {
            return Ok(self);
        }
        Err(self.refuse(CallError::NotConfirmed))
    }

    /// Refuses the call.
    pub(crate) fn refuse(&self, error: CallError) -> Problem {
        error.refuse(&self.device)
    }

    /// Spends the call in the transaction that acts on it.
    pub(crate) async fn spend(&self, tx: &mut Writing) -> Result<(), Problem> {
        if self.call.spend(tx).await? { Ok(()) } else { Err(self.refuse(CallError::Replay)) }
    }
}

/// A body that was refused before anybody looked at who calls.
pub(crate) fn unread(app: &App, problem: &Problem) {
    app.quiet.once(problem.to_string(), None, || {
        tracing::warn!(reason = %problem, "agent's call refused");
    });
}

/// What a body says. All of it is UTF-8 (RFC 8259 §8.1), and nothing in it is unknown to us.
pub(crate) fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, CallError> {
    let text = std::str::from_utf8(body).map_err(|_| CallError::Body)?;
    serde_json::from_str(text).map_err(|_| CallError::Body)
}

/// Who made a call.
pub(crate) struct Caller {
    pub(crate) tenant: Tenant,
    pub(crate) device: Device,
    pub(crate) call: OneCall,
}

/// A call as it has come.
pub(crate) struct Received<'a> {
    pub(crate) headers: &'a HeaderMap,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) body: &'a [u8],
    /// The nonce that its proof must be over; `None`: over none.
    pub(crate) nonce: Option<&'a str>,
}

impl Received<'_> {
    /// Finds the device that the proof names, and checks that it made exactly this call, and now for
    /// the first time. The last is asked again by whoever acts on the call, in that transaction.
    ///
    /// # Errors
    ///
    /// [`Problem::Unauthenticated`] for every proof that does not hold; which step failed is in the
    /// log alone.
    pub(crate) async fn identify(&self, app: &App) -> Result<Caller, Problem> {
        let claimed = DeviceProof::claimed_device(proof_of(app, self.headers)?)
            .map_err(|error| CallError::Proof(error.into()).refuse_stranger(app))?;
        let found = app.store.device_by_thumbprint(&claimed).await?;
        let (tenant, device) = found.ok_or_else(|| CallError::NoDevice.refuse_stranger(app))?;
        let jwk: PublicJwk = serde_json::from_str(&device.jwk).map_err(Problem::internal)?;
        let call = OneCall::of(&self.verify(app, &jwk)?);
        let mut rows = app.store.read(tenant).await?;
        let tenant = rows.tenant().await?.ok_or_else(|| CallError::NoDevice.refuse(&device))?;
        if call.is_spent(&mut rows).await? {
            return Err(CallError::Replay.refuse(&device));
        }
        Ok(Caller { tenant, device, call })
    }

    /// Checks the proof against a key.
    pub(crate) fn verify(&self, app: &App, jwk: &PublicJwk) -> Result<VerifiedProof, Problem> {
        let proof = proof_of(app, self.headers)?;
        let key = jwk.key().map_err(|_| CallError::NoDevice.refuse_stranger(app))?;
        let url = app.config.address(self.path);
        let (method, body, nonce) = (self.method, self.body, self.nonce);
        let expected = ExpectedCall { method, url: &url, body, nonce };
        let verified = DeviceProof::verify(proof, &expected, &key, entropy::system_time());
        verified.map_err(|error| CallError::Proof(error).refuse_stranger(app))
    }
}

/// The proof that a call carries.
pub(crate) fn proof_of<'h>(app: &App, headers: &'h HeaderMap) -> Result<&'h str, Problem> {
    let header = headers.get(PROOF_HEADER).and_then(|header| header.to_str().ok());
    header.ok_or_else(|| CallError::NoProof.refuse_stranger(app))
}
