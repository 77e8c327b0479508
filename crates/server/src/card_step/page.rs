use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use identity::Tenant;
use login::{Door, LoginRequest, Permit, Task, Then, Waiting};
use secrets::TokenHash;
use serde::Deserialize;
use store::{Credential, Device, DeviceState, Pairing, Rows, Session};

use crate::admin::step_up;
use crate::app::App;
use crate::card_step::account::account;
use crate::card_step::{agent, code};
use crate::doors::oidc;
use crate::entropy;
use crate::exits;
use crate::hallway::waiting::session_token;
use crate::http::cookies::{CardCookie, DeviceCookie};
use crate::http::page::{Html, frame, see_other};
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;
use crate::pages::{
    Agent, CardPage, Ceremony, CodeEntry, EnrolPage, EnrolStep, Permit as PagePermit, Purpose,
    View, reached_by_browser, reader_in_browser,
};
use crate::paths;

#[derive(Deserialize)]
pub(crate) struct Params {
    /// Where somebody goes on who has confirmed, or wants an application.
    to: Option<String>,
}

/// `GET /realms/{slug}/login/card`: the page of a login that waits; or, when an agent's answer has
/// ended it, the exit.
pub(crate) async fn handler(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
    Query(params): Query<Params>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let cookie = CardCookie::read(&headers, &tenant.slug).ok_or(Problem::LoginGone)?;
    let handle = cookie.0.hash();
    let mut rows = app.store.read(tenant.id).await?;
    if let Some(waiting) = rows.login_by_handle(&handle).await? {
        return show(&app, &tenant, &mut rows, &waiting, &headers).await;
    }
    // One that answers Entra makes no session: its exit is a page that this browser opens.
    if rows.eam_transaction_by_handle(&handle).await?.is_some() {
        return Ok(to_entra(&tenant));
    }
    let ended = rows.session_by_claim(&handle).await?.ok_or(Problem::LoginGone)?;
    claim(&app, &tenant, &ended, &cookie, params.to.as_deref())
}

/// To the page that answers Entra. What it says, it finds by its own cookie.
fn to_entra(tenant: &Tenant) -> Response {
    let mut response = see_other(&paths::eam_answer(&tenant.slug));
    response.headers_mut().append(SET_COOKIE, CardCookie::clear(&tenant.slug));
    response
}

/// Hands the session to the browser that began: only its handle gives the token.
///
/// Nothing is written, so an answer that was lost on its way can be asked for again, for a minute
/// and as long as the session lives. It is the same token then, never a second session; and who
/// lacks the handle of the login cannot ask at all.
fn claim(
    app: &App,
    tenant: &Tenant,
    session: &Session,
    cookie: &CardCookie,
    to: Option<&str>,
) -> Result<Response, Problem> {
    let token = session_token(&app.ring, &cookie.0.hash())?;
    let door = exits::door(session.kind);
    let kind = session.kind;
    let to = to.and_then(|to| match door {
        Door::Account => oidc::continue_path(tenant, to).map(str::to_owned),
        Door::Console => step_up::console_path(to).map(step_up::confirmed),
        Door::Eam => None,
    });
    let mut response = see_other(&to.unwrap_or_else(|| home(tenant, door)));
    response.headers_mut().append(SET_COOKIE, exits::cookie(tenant, kind, token));
    response.headers_mut().append(SET_COOKIE, CardCookie::clear(&tenant.slug));
    Ok(response)
}

/// Where a door's exit leads when nothing else is said.
pub(crate) fn home(tenant: &Tenant, door: Door) -> String {
    match door {
        Door::Account => paths::account(&tenant.slug),
        Door::Console => "/admin/".into(),
        Door::Eam => paths::eam_answer(&tenant.slug),
    }
}

/// Where one goes on without an answer: who wanted to confirm something, to where that is; who wanted
/// an application, to where that is told.
pub(crate) fn back(tenant: &Tenant, waiting: &Waiting) -> String {
    let LoginRequest { door, return_to, application, .. } = &waiting.started.request;
    if waiting.then == Then::Confirm || application.is_some() {
        return return_to.clone();
    }
    home(tenant, *door)
}

async fn show(
    app: &App,
    tenant: &Tenant,
    rows: &mut Rows,
    waiting: &Waiting,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let person = rows.person(waiting.person).await?.ok_or(Problem::LoginGone)?;
    let account = account(rows, tenant, waiting, &person).await?;
    let device = paired(rows, tenant, headers).await?.map(|paired| paired.device);
    let prompt = agent::running(app, rows, waiting, device.as_ref()).await?;
    let view = prompt.map_or(View::Choose, View::Agent);
    let browser_first = match waiting.task {
        Task::Authenticate => has_reader(headers) || reaches_all(rows, waiting).await?,
        Task::Enrol(_) => has_reader(headers),
    };
    let ceremony = ceremony(app, tenant, waiting, device.as_ref(), headers);
    let ceremony = Ceremony { browser_first, view, ..ceremony };
    let frame = frame(tenant);
    let start_again = frame.url("login/start-again");
    Ok(match waiting.task {
        Task::Authenticate => {
            Html(CardPage { frame, account, ceremony, start_again }).into_response()
        }
        Task::Enrol(permit) => {
            let step = match page_permit(permit) {
                None => {
                    let tries_left = code::tries_left(rows.code_tries(waiting.started.id).await?);
                    EnrolStep::Code(CodeEntry { tries_left, problem: None })
                }
                Some(permit) => {
                    let number = rows.credentials(person.id).await?.len().saturating_add(1);
                    let suggested_label = format!("Card {number}");
                    EnrolStep::Card { permit, suggested_label, ceremony: Box::new(ceremony) }
                }
            };
            Html(EnrolPage { frame, account, step, start_again }).into_response()
        }
    })
}

/// Whether any browser reaches each card and key of the person.
async fn reaches_all(rows: &mut Rows, waiting: &Waiting) -> Result<bool, Problem> {
    let cards = rows.credentials(waiting.person).await?;
    let mut usable = cards.iter().filter(|card| card.revoked_at.is_none());
    let reached = |card: &Credential| {
        card.passkey().is_some_and(|passkey| reached_by_browser(&passkey.transports))
    };
    Ok(usable.all(reached))
}

fn page_permit(permit: Permit) -> Option<PagePermit> {
    match permit {
        Permit::CodeNeeded => None,
        Permit::Code => Some(PagePermit::Code),
        Permit::FreshSignIn => Some(PagePermit::FreshSignIn),
        Permit::Invitation => Some(PagePermit::Invitation),
        Permit::FreshTap => Some(PagePermit::FreshTap),
    }
}

/// This browser's pairing, and the agent that it is with.
pub(crate) struct Paired {
    pub(crate) token: TokenHash,
    pub(crate) pairing: Pairing,
    pub(crate) device: Device,
}

/// The agent that this browser is paired with.
///
/// Whoever sits at it: a pairing says which desktop a browser stands on, not who signs in there.
/// People share a ward's computer. The agent shows whose account it is asked for, and what counts
/// is a card of that person; the person who paired the two stands in the pairing for the record.
pub(crate) async fn paired(
    rows: &mut Rows,
    tenant: &Tenant,
    headers: &HeaderMap,
) -> Result<Option<Paired>, Problem> {
    let Some(cookie) = DeviceCookie::read(headers, &tenant.slug) else { return Ok(None) };
    let token = cookie.0.hash();
    let Some(pairing) = rows.pairing(&token).await? else { return Ok(None) };
    let device = rows.device(pairing.device).await?;
    let device = device.filter(|device| device.state == DeviceState::Confirmed);
    Ok(device.map(|device| Paired { token, pairing, device }))
}

/// Whether this browser can use a card on a reader by itself, as it calls itself.
pub(crate) fn has_reader(headers: &HeaderMap) -> bool {
    let user_agent = headers.get(axum::http::header::USER_AGENT);
    reader_in_browser(user_agent.and_then(|value| value.to_str().ok()).unwrap_or_default())
}

fn ceremony(
    app: &App,
    tenant: &Tenant,
    waiting: &Waiting,
    device: Option<&Device>,
    headers: &HeaderMap,
) -> Ceremony {
    let left = waiting.started.expires_at.since(entropy::now()).as_secs();
    let agent = match device {
        None => Agent::Unpaired,
        Some(device) if app.agents.is_online(device.id) => {
            Agent::Online { device: device.name.clone() }
        }
        Some(device) => Agent::Offline { device: device.name.clone() },
    };
    let application = &waiting.started.request.application;
    let purpose = match (waiting.task, waiting.then) {
        (Task::Enrol(_), _) => Purpose::Add,
        (Task::Authenticate, Then::RemoveCard(_)) => Purpose::Remove,
        (Task::Authenticate, Then::AddCard) => Purpose::AddAnother,
        (Task::Authenticate, Then::Confirm) if application.is_some() => Purpose::GoOn,
        (Task::Authenticate, Then::Confirm) => Purpose::Confirm,
        (Task::Authenticate, Then::Exit) => Purpose::SignIn,
    };
    let frame = frame(tenant);
    Ceremony {
        base: frame.url("login/card"),
        purpose,
        expires_in: u32::try_from(left).unwrap_or_default(),
        agent,
        reader_in_browser: has_reader(headers),
        browser_first: false,
        view: View::Choose,
        failure: None,
        server: app.config.origin().to_owned(),
        start_again: back(tenant, waiting),
        leaves_at_end: waiting.started.request.door == Door::Eam,
    }
}
