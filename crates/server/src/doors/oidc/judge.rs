//! Whether the browser's session is enough for what an application asks; what to do where it is not.

use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use identity::{Moment, Person, Tenant};
use ids::Alias;
use login::{Door, LoginRequest, Then};
use openid_provider::authorization::{Asked, Outcome, Prompt, SessionFacts, Verdict};
use openid_provider::client::CardRule;
use openid_provider::code::{Code, Issued};
use openid_provider::{Client, ErrorCode};
use store::Session;

use super::{answer, refused};
use crate::account::session;
use crate::app::App;
use crate::hallway::ceremony::Asked as AskedBy;
use crate::hallway::change::{self, Change};
use crate::hallway::stranger::{self, SEALED};
use crate::http::page::see_other;
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::limits::{self, Attempt};
use crate::pages::{ApplicationStep, ApplicationWord};
use crate::{oidc, paths};

/// How often a request has sent its browser to a login or to the card. It stands in the address where
/// the browser comes back, for it bounds nothing but that browser's own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Round(pub(super) u8);

impl Round {
    /// Nobody has been sent anywhere.
    pub(super) const FIRST: Self = Self(0);

    /// A session that has ended on the way is made good once.
    const LAST: Self = Self(2);

    fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Where the browser goes on in this round.
    ///
    /// # Errors
    ///
    /// [`Problem::Internal`] when the request cannot be sealed.
    pub(super) fn path(self, app: &App, tenant: &Tenant, asked: &Asked) -> Result<String, Problem> {
        let sealed = oidc::seal_request(app, tenant, asked)?;
        // What is sealed stands last: a cookie has room for it only there.
        let path = paths::oidc_continue(&tenant.slug);
        Ok(format!("{path}?round={}&{SEALED}{sealed}", self.0))
    }
}

/// Whether the browser can keep the request while its person logs in.
///
/// # Errors
///
/// [`Problem::Internal`] when the request cannot be sealed.
pub(super) fn has_room(
    app: &App,
    tenant: &Tenant,
    client: &Client,
    asked: &Asked,
) -> Result<bool, Problem> {
    let return_to = Round::LAST.path(app, tenant, asked)?;
    Ok(stranger::has_room(tenant, login_request(client, asked, return_to)))
}

fn login_request(client: &Client, asked: &Asked, return_to: String) -> LoginRequest {
    let application = Some(client.name.clone());
    let login_hint = asked.request.login_hint.clone();
    LoginRequest { door: Door::Account, return_to, application, login_hint }
}

/// A request that is to be judged.
pub(super) struct Judging<'a> {
    pub(super) app: &'a App,
    pub(super) tenant: &'a Tenant,
    /// Who asks; served at this moment.
    pub(super) client: &'a Client,
    pub(super) asked: &'a Asked,
    pub(super) round: Round,
    pub(super) headers: &'a HeaderMap,
    pub(super) peer: Peer,
}

impl Judging<'_> {
    /// The code, an error, or the way to a session that is enough.
    pub(super) async fn judge(&self) -> Result<Response, Problem> {
        let now = self.app.store.now().await?;
        let Some((session, person)) = self.signed_in().await? else {
            return self.without_session();
        };
        let facts = SessionFacts {
            person: person.id,
            username: &person.username,
            email: person.email.as_deref(),
            auth_time: session.auth_time.0,
            amr: &session.amr,
        };
        let Asked { request, asked_at } = self.asked;
        let verdict = request.wants(&self.client.settings, *asked_at, Some(&facts), now.0);
        if verdict == Verdict::Login {
            return self.somebody_else();
        }
        if !self.client.settings.admits(&person.attributes) {
            return self.not_admitted(&person);
        }
        match verdict {
            Verdict::Enough if self.is_unused(&session).await? => self.code(&session, facts, now),
            _ => self.one_more_tap(session).await,
        }
    }

    /// Where each sign-in wants a tap of its own, whether that of the session was for no other one.
    async fn is_unused(&self, session: &Session) -> Result<bool, Problem> {
        if self.client.settings.card != CardRule::Fresh {
            return Ok(true);
        }
        let mut rows = self.app.store.read(self.tenant.id).await?;
        Ok(!rows.is_granted_on(session.id, session.proof).await?)
    }

    async fn signed_in(&self) -> Result<Option<(Session, Person)>, Problem> {
        let signed_in = session::of(self.app, self.tenant, self.headers).await?;
        let Some(signed_in) = signed_in else { return Ok(None) };
        let mut rows = self.app.store.read(self.tenant.id).await?;
        let person = rows.person(signed_in.session.person).await?;
        Ok(person.map(|person| (signed_in.session, person)))
    }

    /// The session is enough. Nothing is written.
    fn code(
        &self,
        session: &Session,
        facts: SessionFacts<'_>,
        now: Moment,
    ) -> Result<Response, Problem> {
        let Session { id, sid, proof, .. } = *session;
        let issued = Issued { facts, session: id, sid, proof };
        let code = Code::new(&self.asked.request, &issued, now.0).ok_or(Problem::Internal)?;
        let sealed = oidc::seal_code(self.app, self.tenant, &code)?;
        self.send(Outcome::Code(sealed))
    }

    fn without_session(&self) -> Result<Response, Problem> {
        if self.round >= Round::LAST {
            let error = Outcome::error(ErrorCode::LoginRequired, "nobody is signed in");
            return self.told(ApplicationWord::NotSignedIn, error);
        }
        self.log_in(None)
    }

    /// Who is signed in is not whom the application asks for.
    fn somebody_else(&self) -> Result<Response, Problem> {
        if self.round > Round::FIRST {
            let error = Outcome::error(ErrorCode::LoginRequired, "somebody else has signed in");
            return self.told(ApplicationWord::SomebodyElse, error);
        }
        self.log_in(Some("other-account"))
    }

    fn not_admitted(&self, person: &Person) -> Result<Response, Problem> {
        let (app, tenant, client) = (self.app, self.tenant, self.client);
        app.quiet.once("an application admits only its groups", Some(tenant), || {
            tracing::warn!(
                tenant = %tenant.slug, client_id = client.client_id, person = %person.id,
                "an application admits only its groups"
            );
        });
        let why = "the person is in none of the groups of this application";
        self.send(Outcome::error(ErrorCode::AccessDenied, why))
    }

    /// To the login page, or at once to the provider of a tenant that wants it so.
    fn log_in(&self, notice: Option<&str>) -> Result<Response, Problem> {
        if self.asked.request.prompt == Prompt::None {
            return self.send_silently(Verdict::Login);
        }
        limits::count(self.app, Attempt::Begin, self.peer)?;
        let Self { app, tenant, headers, .. } = self;
        let slot = stranger::begin(headers, &app.ring, tenant, self.login_request()?);
        let hint = self.asked.request.provider_hint.clone();
        let hint = hint.and_then(|alias| Alias::try_from(alias).ok());
        let location = paths::login_hinted(&tenant.slug, slot.number, notice, hint.as_ref());
        Ok((slot.keep(headers, &app.ring)?, see_other(&location)).into_response())
    }

    /// To the card alone: who is signed in need not log in again.
    async fn one_more_tap(&self, session: Session) -> Result<Response, Problem> {
        if self.asked.request.prompt == Prompt::None {
            return self.send_silently(Verdict::Tap);
        }
        if self.round > Round::FIRST {
            return self.not_good_enough(&session);
        }
        limits::count(self.app, Attempt::Begin, self.peer)?;
        let request = self.login_request()?;
        let (tenant, then) = (self.tenant.clone(), Then::Confirm);
        let change = Change { tenant, session, request, then };
        match change::begin(self.app, change, AskedBy::by(self.headers)).await {
            // The session has ended since it was looked at.
            Err(Problem::Unauthenticated) => self.log_in(None),
            other => other,
        }
    }

    /// There was a tap, and it is not what the application wants; or there was none.
    fn not_good_enough(&self, session: &Session) -> Result<Response, Problem> {
        if session.auth_time.0 < self.asked.asked_at {
            let error = Outcome::error(ErrorCode::AccessDenied, "the card was not used");
            return self.told(ApplicationWord::NoTap, error);
        }
        let error = ErrorCode::UnmetAuthenticationRequirements;
        let error = Outcome::error(error, "the card is not known to be protected by hardware");
        self.told(ApplicationWord::OtherCard, error)
    }

    /// Where nothing may be shown (`prompt=none`).
    fn send_silently(&self, verdict: Verdict) -> Result<Response, Problem> {
        let code = verdict.without_showing().ok_or(Problem::Internal)?;
        self.send(Outcome::error(code, "the session is not enough, and nothing may be shown"))
    }

    fn login_request(&self) -> Result<LoginRequest, Problem> {
        let return_to = self.round.next().path(self.app, self.tenant, self.asked)?;
        Ok(login_request(self.client, self.asked, return_to))
    }

    fn send(&self, outcome: Outcome) -> Result<Response, Problem> {
        let target = self.asked.request.target();
        answer::send(self.app, self.tenant, self.client, &target, outcome)
    }

    fn told(&self, word: ApplicationWord, outcome: Outcome) -> Result<Response, Problem> {
        refused::tell(self.app, self.tenant, Some(&self.client.client_id), word.code());
        let target = self.asked.request.target();
        let told = (ApplicationStep::Told(word), outcome);
        answer::told(self.app, self.tenant, self.client, &target, told)
    }
}
