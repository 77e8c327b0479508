//! The authorization endpoint for Entra, in the order of EAM-17.

use axum::extract::{RawQuery, Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use entra_eam::{Addressee, AuthorizationRequest, Connection, Demand, Form, Hint};
use identity::Tenant;
use login::{Channel, Effect, EntraAccount, Event, Login, LoginRequest, Refusal};
use login::{Door, Stranger, StrangerAt, Task, Waiting};
use store::{EamConnection, EamRequest, StoreError};

use super::person::Asked as AskedOf;
use super::refused::{self, Refused};
use super::{COOKIE_LIFE, ENTRA_WAITS, connections, hint, person, usable};
use crate::app::App;
use crate::hallway::ceremony::{self, Asked};
use crate::hallway::execute::{AskedByEntra, ExecuteError, HINT, Material, execute, waiting_of};
use crate::hallway::{step, stranger};
use crate::http::body;
use crate::http::cookies::EamCookie;
use crate::http::page::{Html, frame, see_other};
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;
use crate::limits::{self, Attempt};
use crate::pages::{EntraIdlePage, EntraWord};
use crate::{entropy, paths};

/// Two requests for one new person at once end in one person: the loser reads again.
const TRIES: u32 = 3;

/// `GET /realms/{slug}/eam/auth`: with parameters as if they were posted; bare, a page that says what
/// is here, for whoever looks whether anything is (EAM-07).
pub(crate) async fn get(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
    peer: Peer,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Entra, peer)?;
    // Who asks for headers alone begins nothing.
    let sent = query.filter(|_| method == Method::GET).unwrap_or_default();
    answer(&app, &tenant, &headers, sent.as_bytes()).await
}

/// `POST /realms/{slug}/eam/auth`: Entra asks for somebody's second factor. Posted from Entra's page,
/// without any cookie of ours; what counts is the hint, which Entra has signed. Until that is found
/// good, nothing is written.
pub(crate) async fn post(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
    peer: Peer,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Entra, peer)?;
    let sent = body::read(&app, request, "application/x-www-form-urlencoded").await?;
    answer(&app, &tenant, &headers, &sent).await
}

async fn answer(
    app: &App,
    tenant: &Tenant,
    headers: &HeaderMap,
    sent: &[u8],
) -> Result<Response, Problem> {
    let connections = connections(app, tenant).await?;
    let form =
        Form::parse(sent).map_err(|error| refused::here(app, tenant, None, &error.into()))?;
    if form.is_empty() {
        return Ok(Html(EntraIdlePage { frame: frame(tenant) }).into_response());
    }
    let id = form.client_request_id();
    let is_named = |row: &EamConnection| form.client_id() == Some(row.client_id.as_str());
    let connection = connections.into_iter().find(is_named).and_then(usable);
    let addressee = form.addressee(&app.clouds, connection.as_ref());
    let addressee =
        addressee.map_err(|error| refused::here(app, tenant, id.as_deref(), &error.into()))?;
    let connection = connection.ok_or(Problem::EntraRequest)?;
    let asking =
        Asking { app, tenant, form: &form, connection: &connection, addressee: &addressee };
    match Box::pin(asking.begin(headers)).await {
        Ok(response) => Ok(response),
        Err(refused) => refused.answer(app, tenant, addressee, id).await,
    }
}

/// A request that may be answered.
struct Asking<'a> {
    app: &'a App,
    tenant: &'a Tenant,
    form: &'a Form,
    connection: &'a Connection,
    addressee: &'a Addressee,
}

/// What it asks, verified.
struct Wanted {
    request: AuthorizationRequest,
    hint: Hint,
    demand: Demand,
}

impl Asking<'_> {
    async fn begin(&self, headers: &HeaderMap) -> Result<Response, Refused> {
        let request = self.form.request()?;
        let hint = hint::verify(self.app, self.tenant, self.connection, &request).await?;
        limits::count_directory(self.app, self.tenant, &hint.tid)?;
        let demand = match Demand::parse(request.claims.as_deref()) {
            Ok(demand) => demand,
            Err(error) => return Err(Refused::vouched(hint, error.rule(), EntraWord::OtherMethod)),
        };
        let wanted = Wanted { request, hint, demand };
        let mut attempt = 1;
        loop {
            match self.pass(&wanted, Asked::by(headers)).await {
                Err(Refused::Unavailable(Problem::Conflict(_))) if attempt < TRIES => {
                    attempt = attempt.saturating_add(1);
                }
                other => return other,
            }
        }
    }

    /// Everything is as it should be: the person, and one commit that remembers the hint and lets
    /// their login wait for the card.
    async fn pass(&self, wanted: &Wanted, asked: Asked) -> Result<Response, Refused> {
        let Wanted { hint, .. } = wanted;
        let mut rows = self.app.store.read(self.tenant.id).await?;
        if rows.eam_transaction_by_hint(&hint.hash).await?.is_some() {
            return Ok(self.again());
        }
        let person = person::of(&mut rows, self.tenant, hint).await?;
        person.may_satisfy(&wanted.demand).map_err(|error| {
            Refused::vouched(hint.clone(), error.rule(), EntraWord::OtherMethod)
        })?;
        let handle = entropy::token();
        let (waiting, effects) = self.decide(hint, &person, handle.hash(), asked)?;
        drop(rows);
        let asked_by_entra = AskedByEntra {
            request: self.kept(wanted),
            waits_until: waiting.started.started_at.plus(ENTRA_WAITS),
        };
        let material = Material {
            person: person.new_link.map(|link| (person.person, Some(link))),
            asked_by_entra: Some(asked_by_entra),
            ..Material::default()
        };
        match execute(self.app, self.tenant.id, effects, material).await {
            Ok(()) => {}
            Err(ExecuteError::Spent(HINT)) => return Ok(self.again()),
            Err(ExecuteError::Store(StoreError::Conflict(what))) => {
                return Err(Problem::Conflict(what).into());
            }
            Err(other) => return Err(Problem::from(other).into()),
        }
        tracing::info!(
            tenant = %self.tenant.slug, login = %waiting.started.id, tid = hint.tid,
            client_request_id = self.form.client_request_id(), "Entra asks for a card"
        );
        let mut response = self.again();
        let cookie = EamCookie(handle).set(&self.tenant.slug, COOKIE_LIFE);
        response.headers_mut().append(SET_COOKIE, cookie);
        Ok(response)
    }

    /// What the hallway says, with the first challenge where a card is asked for at once.
    fn decide(
        &self,
        hint: &Hint,
        person: &AskedOf,
        handle: secrets::TokenHash,
        asked: Asked,
    ) -> Result<(Waiting, Vec<Effect>), Refused> {
        let return_to = paths::eam_answer(&self.tenant.slug);
        let request = LoginRequest::new(Door::Eam, return_to);
        let started = stranger::started(self.tenant, request);
        let login = Login::Stranger(Stranger { started, at: StrangerAt::LoginPage });
        let event = Event::HintVouched {
            hint: hint.hash,
            valid_until: hint::taken_until(hint),
            account: EntraAccount { tid: hint.tid.clone(), oid: hint.oid.clone() },
            person: person.facts,
            is_new: person.new_link.is_some(),
            handle,
        };
        let (login, mut effects) =
            step(login, event, self.tenant).map_err(|refusal| refused_by_hallway(hint, refusal))?;
        let waiting = waiting_of(login).ok_or(Problem::LoginGone)?;
        if waiting.task == Task::Authenticate {
            let (app, channel) = (self.app, Channel::Browser);
            let (who, cards) = (&person.person, &person.cards);
            let challenge = ceremony::for_person(app, who, cards, waiting.task, channel, asked)?;
            let event = Event::ChallengeMade { handle: Some(waiting.handle), challenge };
            let more = step(Login::Waiting(waiting.clone()), event, self.tenant);
            effects.extend(more.map_err(Problem::from)?.1);
        }
        Ok((waiting, effects))
    }

    /// What the answer needs.
    fn kept(&self, Wanted { request, hint, demand }: &Wanted) -> EamRequest {
        EamRequest {
            client_id: self.connection.client_id.clone(),
            return_address: self.addressee.return_address.as_str().to_owned(),
            sub: hint.sub.clone(),
            nonce: request.nonce.clone(),
            state: self.addressee.state.clone(),
            claims: demand.to_claims(),
            client_request_id: self.form.client_request_id(),
            authority: self.connection.authority.clone(),
        }
    }

    /// To the page where it goes on, which the cookie of the transaction opens. Whoever repeats a
    /// hint gets none (EAM-14).
    fn again(&self) -> Response {
        see_other(&paths::eam_continue(&self.tenant.slug))
    }
}

fn refused_by_hallway(hint: &Hint, refusal: Refusal) -> Refused {
    let word = match refusal {
        Refusal::NoCard => EntraWord::NoCard,
        Refusal::Disabled => EntraWord::Disabled,
        Refusal::Expired => EntraWord::NotChecked,
        other => return Problem::from(other).into(),
    };
    Refused::vouched(hint.clone(), "EAM-15", word)
}
