use ids::UserId;
use serde::{Deserialize, Serialize};

use super::claims_request::{Demands, distinct};
use super::{ClaimsRequest, ResponseMode, Target};
use crate::acr::{Acr, AcrRequest};
use crate::claims::IdTokenHint;
use crate::{Client, ErrorCode, Name, Parameters, Scope, ScopeWord, pkce};

/// What a client asks, complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Who asks.
    pub client_id: String,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// How it goes there.
    pub mode: ResponseMode,
    /// Echoed.
    pub state: Option<String>,
    /// What is asked for, of what this client may have.
    pub scope: Scope,
    /// Echoed in the ID token.
    pub nonce: Option<String>,
    /// `S256` of the verifier that the token request will bring.
    pub code_challenge: Option<String>,
    /// What may be shown, and what must.
    pub prompt: Prompt,
    /// How old the proof may be, in seconds.
    pub max_age: Option<u32>,
    /// How good it must be.
    pub acr: AcrRequest,
    /// Whose username or address was typed at the client.
    pub login_hint: Option<String>,
    /// By which provider they are to come in, by its alias here: Keycloak's `kc_idp_hint`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_hint: Option<String>,
    /// The one person whom it is about: of `id_token_hint`, or of `sub` in `claims`.
    pub person: Option<UserId>,
    /// Which claims are asked for one by one.
    pub claims: ClaimsRequest,
    /// Languages of the pages, the most wanted first.
    pub ui_locales: Option<String>,
}

/// `prompt` (Core §3.1.2.1). Nobody is asked for consent, so `consent` changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// As it comes.
    #[default]
    Any,
    /// `none`: nothing may be shown.
    None,
    /// `login` or `select_account`: a proof that is made now.
    Login,
}

/// The client asks for something that it cannot have; it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// `request` (Core §6.1): request objects are not read.
    #[error("request objects are not supported")]
    RequestObject,
    /// `request_uri` that is none of a pushed request.
    #[error("request_uri is not supported but for pushed requests")]
    RequestUri,
    /// `registration` (Core §7.2.1).
    #[error("registration is not supported")]
    Registration,
    /// `response_type` is missing.
    #[error("response_type is missing")]
    NoResponseType,
    /// `response_type` is not `code`.
    #[error("response_type is not code")]
    ResponseType,
    /// `response_mode` is neither `query` nor `form_post`.
    #[error("response_mode is neither query nor form_post")]
    ResponseMode,
    /// A client without people.
    #[error("this application signs nobody in")]
    Service,
    /// `scope` has no `openid`.
    #[error("scope has no openid")]
    Scope,
    /// RFC 7636 §4.4.1: this client must use PKCE.
    #[error("code_challenge is missing: this application must use PKCE")]
    NoChallenge,
    /// RFC 7636 §4.2: 43 characters of base64url.
    #[error("code_challenge is not SHA-256 in base64url")]
    Challenge,
    /// RFC 7636 §4.3; a missing method says `plain`.
    #[error("code_challenge_method is not S256")]
    ChallengeMethod,
    /// `prompt` has a word that does not exist, or `none` with another.
    #[error("prompt is not a combination that exists")]
    Prompt,
    /// `max_age` is no number of seconds.
    #[error("max_age is not a number of seconds")]
    MaxAge,
    /// `claims` is not of the form of Core §5.5.
    #[error("claims is not a JSON object of the expected form")]
    Claims,
    /// What is essential is nothing that a card reaches.
    #[error("no card reaches the acr that is essential")]
    Acr,
    /// `id_token_hint` is not one that we have issued to this client.
    #[error("id_token_hint is not one that was issued here to this application")]
    Hint,
    /// `id_token_hint` and `claims` name two people.
    #[error("id_token_hint and claims name two people")]
    TwoPeople,
}

impl RequestError {
    /// What the client is told.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::RequestObject => ErrorCode::RequestNotSupported,
            Self::RequestUri => ErrorCode::RequestUriNotSupported,
            Self::Registration => ErrorCode::RegistrationNotSupported,
            Self::ResponseType => ErrorCode::UnsupportedResponseType,
            Self::Service => ErrorCode::UnauthorizedClient,
            Self::Scope => ErrorCode::InvalidScope,
            Self::Acr => ErrorCode::UnmetAuthenticationRequirements,
            Self::NoResponseType
            | Self::ResponseMode
            | Self::NoChallenge
            | Self::Challenge
            | Self::ChallengeMethod
            | Self::Prompt
            | Self::MaxAge
            | Self::Claims
            | Self::Hint
            | Self::TwoPeople => ErrorCode::InvalidRequest,
        }
    }
}

/// What is asked. `hint` is what [`verify_id_token_hint`](crate::claims::verify_id_token_hint) makes of
/// `id_token_hint`: a hint that came and was not verified is refused here.
///
/// # Errors
///
/// See [`RequestError`]: the first thing that is wrong.
pub fn request(
    p: &Parameters,
    client: &Client,
    target: &Target,
    hint: Option<&IdTokenHint>,
) -> Result<Request, RequestError> {
    served(p)?;
    let settings = &client.settings;
    if !settings.signs_people_in() {
        return Err(RequestError::Service);
    }
    let demands = p.get(Name::Claims).map(|claims| Demands::parse(claims, settings)).transpose()?;
    let demands = demands.unwrap_or_default();
    Ok(Request {
        client_id: target.client_id.clone(),
        redirect_uri: target.redirect_uri.clone(),
        mode: target.mode,
        state: target.state.clone(),
        scope: scope(p, client)?,
        nonce: p.owned(Name::Nonce),
        code_challenge: challenge(p, client)?,
        prompt: prompt(p)?,
        max_age: max_age(p)?,
        acr: acr(p, demands.acr),
        login_hint: p.owned(Name::LoginHint),
        provider_hint: p.owned(Name::KcIdpHint),
        person: person(p, client, hint, demands.sub)?,
        claims: demands.claims,
        ui_locales: p.owned(Name::UiLocales),
    })
}

impl Request {
    /// Where its answer goes.
    pub fn target(&self) -> Target {
        Target {
            client_id: self.client_id.clone(),
            redirect_uri: self.redirect_uri.clone(),
            mode: self.mode,
            state: self.state.clone(),
        }
    }
}

/// The kinds of request that exist, before anything is read of this one.
fn served(p: &Parameters) -> Result<(), RequestError> {
    ensure(p.get(Name::Request).is_none(), RequestError::RequestObject)?;
    ensure(p.get(Name::RequestUri).is_none(), RequestError::RequestUri)?;
    ensure(p.get(Name::Registration).is_none(), RequestError::Registration)?;
    let response_type = p.get(Name::ResponseType).ok_or(RequestError::NoResponseType)?;
    ensure(response_type == "code", RequestError::ResponseType)?;
    let mode = p.get(Name::ResponseMode);
    ensure(mode.is_none_or(|it| ResponseMode::parse(it).is_some()), RequestError::ResponseMode)
}

fn scope(p: &Parameters, client: &Client) -> Result<Scope, RequestError> {
    let scope = Scope::parse(p.get(Name::Scope).unwrap_or_default());
    ensure(scope.has(ScopeWord::Openid), RequestError::Scope)?;
    let offline = client.settings.offline_access;
    Ok(if offline { scope } else { scope.without(ScopeWord::OfflineAccess) })
}

/// RFC 7636 §4.3, RFC 9700 §2.1.1.
fn challenge(p: &Parameters, client: &Client) -> Result<Option<String>, RequestError> {
    let method = p.get(Name::CodeChallengeMethod);
    let Some(challenge) = p.get(Name::CodeChallenge) else {
        ensure(method.is_none(), RequestError::NoChallenge)?;
        ensure(!client.settings.needs_pkce(), RequestError::NoChallenge)?;
        return Ok(None);
    };
    ensure(method == Some("S256"), RequestError::ChallengeMethod)?;
    ensure(pkce::is_challenge(challenge), RequestError::Challenge)?;
    Ok(Some(challenge.to_owned()))
}

fn prompt(p: &Parameters) -> Result<Prompt, RequestError> {
    let Some(text) = p.get(Name::Prompt) else { return Ok(Prompt::Any) };
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let known = |word: &&str| matches!(*word, "consent" | "login" | "select_account");
    if words == ["none"] {
        return Ok(Prompt::None);
    }
    ensure(!words.is_empty() && words.iter().all(known), RequestError::Prompt)?;
    let login = words.iter().any(|word| *word != "consent");
    Ok(if login { Prompt::Login } else { Prompt::Any })
}

fn max_age(p: &Parameters) -> Result<Option<u32>, RequestError> {
    let Some(text) = p.get(Name::MaxAge) else { return Ok(None) };
    ensure(text.bytes().all(|digit| digit.is_ascii_digit()), RequestError::MaxAge)?;
    // More seconds than fit in are as good as any age.
    Ok(Some(text.parse().unwrap_or(u32::MAX)))
}

/// `acr` of `claims` goes before `acr_values`, which is voluntary (Core §3.1.2.1).
fn acr(p: &Parameters, of_claims: Option<AcrRequest>) -> AcrRequest {
    let voluntary = || {
        let words = p.get(Name::AcrValues).unwrap_or_default().split(' ');
        AcrRequest { essential: false, values: distinct(words.filter_map(Acr::parse)) }
    };
    of_claims.filter(|acr| !acr.values.is_empty()).unwrap_or_else(voluntary)
}

fn person(
    p: &Parameters,
    client: &Client,
    hint: Option<&IdTokenHint>,
    of_claims: Option<UserId>,
) -> Result<Option<UserId>, RequestError> {
    if p.get(Name::IdTokenHint).is_none() {
        return Ok(of_claims);
    }
    let hint = hint.filter(|hint| hint.client_id == client.client_id).ok_or(RequestError::Hint)?;
    let one = of_claims.is_none_or(|other| other == hint.sub);
    ensure(one, RequestError::TwoPeople).map(|()| Some(hint.sub))
}

fn ensure(holds: bool, error: RequestError) -> Result<(), RequestError> {
    if holds { Ok(()) } else { Err(error) }
}
