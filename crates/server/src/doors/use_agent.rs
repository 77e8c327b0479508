//! "Use your card" with Cardea: a browser that is paired with an agent begins a login for whoever
//! paired the two, where their card alone signs in.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use identity::Tenant;
use login::{Event, LOGIN_LIFE, Login, PersonFacts, Refusal, Stranger, StrangerAt};
use secrets::Token;
use serde::Deserialize;
use store::{Device, Rows};

use crate::agents::patience::Asks;
use crate::app::App;
use crate::card_step::page;
use crate::entropy;
use crate::hallway::execute::{Material, execute};
use crate::hallway::step;
use crate::hallway::stranger::{self, Slot};
use crate::http::body::FormBody;
use crate::http::cookies::CardCookie;
use crate::http::page::see_other;
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;
use crate::limits::{self, Attempt};
use crate::pages::Agent;
use crate::paths;

/// Which of this browser's logins goes on so.
#[derive(Deserialize)]
pub(crate) struct Choice {
    login: Option<u8>,
}

/// `POST /realms/{slug}/login/use-card/agent`: the button "With Cardea on …". A browser without a
/// pairing writes nothing.
pub(crate) async fn handler(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
    peer: Peer,
    headers: HeaderMap,
    FormBody(choice): FormBody<Choice>,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Choose, peer)?;
    let begun = begin(&app, &tenant, &headers, choice).await;
    begun.inspect_err(|problem| {
        let (_, reason) = problem.status_and_code();
        app.quiet.once("card alone at an agent refused", Some(&tenant), || {
            tracing::info!(tenant = %tenant.slug, reason, "card alone at an agent refused");
        });
    })
}

async fn begin(
    app: &App,
    tenant: &Tenant,
    headers: &HeaderMap,
    choice: Choice,
) -> Result<Response, Problem> {
    let mut rows = app.store.read(tenant.id).await?;
    let desk = Desk::of(&mut rows, tenant, headers).await?;
    drop(rows);
    let desk = desk.ok_or(Problem::CardRefused("not-paired"))?;
    limits::count_pairing(app, &desk.device, desk.person.id)?;
    if !app.agents.is_online(desk.device.id) {
        return Err(Problem::CardRefused("agent-offline"));
    }
    if app.agents.patience.is_spent(desk.device.id, Asks::Paired, entropy::now()) {
        return Err(Problem::CardRefused("declined-often"));
    }
    let slot = stranger::named_or_new(headers, &app.ring, tenant, choice.login);
    let handle = entropy::token();
    let (_, effects) = step(begins(tenant, &slot), desk.shown(&handle), tenant).map_err(refused)?;
    execute(app, tenant.id, effects, Material::default()).await?;
    let mut response = see_other(&paths::card(&tenant.slug));
    for cookie in [CardCookie(handle).set(&tenant.slug, LOGIN_LIFE), slot.forget()] {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response.into_response())
}

/// Who has no card is told what is so for them: it does not sign them in.
fn refused(refusal: Refusal) -> Problem {
    let refusal = if refusal == Refusal::NoCard { Refusal::CardFirst } else { refusal };
    Problem::CardRefused(refusal.code())
}

/// The agent that this browser is paired with, and who paired them.
struct Desk {
    device: Device,
    person: PersonFacts,
}

impl Desk {
    async fn of(
        rows: &mut Rows,
        tenant: &Tenant,
        headers: &HeaderMap,
    ) -> Result<Option<Self>, Problem> {
        let Some(paired) = page::paired(rows, tenant, headers).await? else { return Ok(None) };
        let person = rows.person_facts(paired.pairing.person).await?;
        Ok(person.map(|person| Self { device: paired.device, person }))
    }

    fn shown(&self, handle: &Token) -> Event {
        Event::PairingShown { device: self.device.id, person: self.person, handle: handle.hash() }
    }
}

/// A login of its own in place of the stranger's: whatever becomes of its row, the sealed cookie of
/// the stranger does not name it.
fn begins(tenant: &Tenant, slot: &Slot) -> Login {
    let started = stranger::started(tenant, slot.stranger.started.request.clone());
    Login::Stranger(Stranger { started, at: StrangerAt::LoginPage })
}

/// The agent that the login page offers: that of this browser, if the hallway would let whoever
/// paired the two begin there now.
pub(crate) async fn offered(
    app: &App,
    rows: &mut Rows,
    tenant: &Tenant,
    slot: &Slot,
    headers: &HeaderMap,
) -> Result<Agent, Problem> {
    let Some(desk) = Desk::of(rows, tenant, headers).await? else { return Ok(Agent::Unpaired) };
    if step(begins(tenant, slot), desk.shown(&entropy::token()), tenant).is_err() {
        return Ok(Agent::Unavailable);
    }
    let is_online = app.agents.is_online(desk.device.id);
    let device = desk.device.name;
    Ok(if is_online { Agent::Online { device } } else { Agent::Offline { device } })
}
