//! "Use your card": a discoverable credential says who is there, without an upstream.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use identity::Tenant;
use ids::{ChallengeId, UserId};
use login::{CardFacts, Channel, Event, Evidence, Login, PersonFacts, Purpose, StrangerAt};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use store::Credential;

use crate::app::App;
use crate::card_step::{Location, PageHint};
use crate::entropy;
use crate::exits;
use crate::hallway::ceremony::{self, Asked, Ceremony};
use crate::hallway::execute::{Material, SessionMaterial, execute};
use crate::hallway::step;
use crate::hallway::stranger::{self, Slot};
use crate::http::body::JsonBody;
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;
use crate::limits::{self, Attempt};

#[derive(Deserialize)]
pub(crate) struct OptionsRequest {
    hint: PageHint,
    /// Which of this browser's logins.
    login: Option<u8>,
}

/// What the browser's WebAuthn needs.
#[derive(Serialize)]
pub(crate) struct Offer {
    purpose: &'static str,
    options: Value,
    challenge: ChallengeId,
    expires_in: u64,
}

/// `POST /realms/{slug}/login/use-card/options`: a challenge for whoever is there. It is sealed
/// into the browser's cookie and writes nothing.
pub(crate) async fn options(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
    peer: Peer,
    headers: HeaderMap,
    JsonBody(request): JsonBody<OptionsRequest>,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Choose, peer)?;
    let slot = stranger::named_or_new(&headers, &app.ring, &tenant, request.login);
    let begun = app.passkeys.start_discoverable().map_err(Problem::internal)?;
    let begun = begun.hinting(&[request.hint.of_passkeys()]);
    let challenge =
        ceremony::challenge(begun, Purpose::Authenticate, Channel::Browser, Asked::default())?;
    let Ceremony { options, .. } = Ceremony::of(&challenge)?;
    let answer = Offer {
        purpose: "get",
        options: options.get("publicKey").cloned().unwrap_or_default(),
        challenge: challenge.id,
        expires_in: login::CHALLENGE_LIFE.as_secs(),
    };
    // What the browser was told need not come back in its cookie.
    let challenge = ceremony::without_options(&challenge)?;
    let event = Event::ChallengeMade { handle: None, challenge };
    let (login, _) = step(Login::Stranger(slot.stranger), event, &tenant)?;
    let Some(Login::Stranger(stranger)) = login else { return Err(Problem::LoginGone) };
    let slot = Slot { stranger, ..slot };
    Ok((slot.keep(&headers, &app.ring)?, Json(answer)).into_response())
}

#[derive(Deserialize)]
pub(crate) struct FinishRequest {
    challenge: ChallengeId,
    credential: Box<RawValue>,
}

/// `POST /realms/{slug}/login/use-card/finish`: the card's answer. A failure writes nothing: one
/// log line, and the challenge stays in the browser until it is spent or too old.
pub(crate) async fn finish(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
    peer: Peer,
    headers: HeaderMap,
    JsonBody(request): JsonBody<FinishRequest>,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Callback, peer)?;
    let slot = slot_of(&app, &headers, request.challenge).ok_or(Problem::ChallengeGone)?;
    let response = request.credential.get().as_bytes();
    let (event, person) = verify(&app, &tenant, &slot, response).await?;
    let login = slot.stranger.started.id;
    let door = slot.stranger.started.request.door;
    let return_to = slot.stranger.started.request.return_to.clone();
    let forget = slot.forget();
    let outcome = step(Login::Stranger(slot.stranger), event, &tenant);
    let (_, effects) = outcome.inspect_err(|refusal| say(&app, &tenant, refusal.code()))?;
    let token = entropy::token();
    let browser = exits::user_agent(&headers);
    let session = SessionMaterial::of(&tenant, door, token.hash(), browser);
    let material = Material { session, ..Material::default() };
    let executed = execute(&app, tenant.id, effects, material).await;
    executed.inspect_err(|error| say(&app, &tenant, error.code()))?;
    tracing::info!(
        tenant = %tenant.slug, %person, %login, vouched = "none", via = "browser",
        "signed in with a card alone"
    );
    let mut response = Json(Location { location: return_to }).into_response();
    if let Some(kind) = exits::kind(door) {
        response.headers_mut().append(SET_COOKIE, exits::cookie(&tenant, kind, token));
    }
    response.headers_mut().append(SET_COOKIE, forget);
    Ok(response)
}

/// The login of this browser whose challenge is answered.
fn slot_of(app: &App, headers: &HeaderMap, challenge: ChallengeId) -> Option<Slot> {
    stranger::all(headers, &app.ring).into_iter().find(|slot| match &slot.stranger.at {
        StrangerAt::CardFirst { challenge: out } => out.id == challenge,
        _ => false,
    })
}

fn say(app: &App, tenant: &Tenant, reason: &str) {
    app.quiet.once("card alone refused", Some(tenant), || {
        tracing::info!(tenant = %tenant.slug, reason, "card alone refused");
    });
}

async fn verify(
    app: &App,
    tenant: &Tenant,
    slot: &Slot,
    response: &[u8],
) -> Result<(Event, UserId), Problem> {
    let StrangerAt::CardFirst { challenge } = &slot.stranger.at else {
        return Err(Problem::ChallengeGone);
    };
    let refused = |error: passkeys::PasskeyError| {
        say(app, tenant, error.code());
        Problem::CardRefused(error.code())
    };
    let identified = app.passkeys.identify(response).map_err(refused)?;
    let mut rows = app.store.read(tenant.id).await?;
    let card = rows.credential_by_id(&identified.webauthn_id).await?;
    let card = card.ok_or(Problem::CardRefused("no-credential"))?;
    // A certificate does not say who is there: it has no user handle.
    let passkey = card.passkey().ok_or(Problem::CardRefused("no-credential"))?;
    let state = ceremony::state_of(challenge)?;
    let stored = ceremony::stored(passkey);
    let finished = app.passkeys.finish_discoverable(&state, response, &stored, card.person);
    let assertion = finished.map_err(refused)?;
    let person = rows.person_facts(card.person).await?;
    let person = person.ok_or(Problem::CardRefused("no-credential"))?;
    let evidence = ceremony::evidence(passkey, &assertion);
    Ok((proved(tenant, challenge.id, &card, evidence, person), person.id))
}

fn proved(
    tenant: &Tenant,
    challenge: ChallengeId,
    card: &Credential,
    evidence: Evidence,
    person: PersonFacts,
) -> Event {
    let card = CardFacts {
        id: card.id,
        tenant: tenant.id,
        person: card.person,
        revoked: card.revoked_at.is_some(),
        evidence,
    };
    let channel = Channel::Browser;
    Event::CardProved { channel, handle: None, challenge, back: None, card, person }
}
