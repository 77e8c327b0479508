//! An authorization request, from its parameters to what it may ask.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::aadsts::Aadsts;
use crate::model::{App, Platform};
use crate::permissions::{DELEGATED_BY_ADMINISTRATOR, DELEGATED_BY_USER};
use crate::world::{Authority, World};

/// The length of a base64url SHA-256 (RFC 7636 section 4.2).
const S256_LENGTH: usize = 43;

/// Parameters of a query or a form, in order, none twice.
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Parses `application/x-www-form-urlencoded`.
    pub(crate) fn parse(encoded: &[u8]) -> Result<Self, Aadsts> {
        let parameters = Self::parse_lenient(encoded);
        let mut seen = BTreeSet::new();
        match parameters.0.iter().find(|(name, _)| !seen.insert(name)) {
            Some((twice, _)) => Err(Aadsts::duplicated(twice)),
            None => Ok(parameters),
        }
    }

    /// Parses a form of our own pages, in which a box may be ticked several times.
    pub(crate) fn parse_lenient(encoded: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// The value, if there is one that is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, value)| n == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, Aadsts> {
        self.get(name).ok_or_else(|| Aadsts::missing(name))
    }

    /// The value, or nothing typed.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// How the answer travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseMode {
    Query,
    Fragment,
    FormPost,
}

/// `prompt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prompt {
    Consent,
    Login,
    None,
    SelectAccount,
}

/// Where the answer goes, known before it is known whether the request is any good.
#[derive(Clone, Debug)]
pub(crate) struct ReturnTo {
    pub(crate) redirect_uri: String,
    pub(crate) response_mode: ResponseMode,
    pub(crate) state: Option<String>,
}

/// A request that was found good.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizationRequest {
    pub(crate) authority: Authority,
    pub(crate) client_id: Uuid,
    pub(crate) platform: Platform,
    pub(crate) return_to: ReturnTo,
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) code_challenge: Option<String>,
    pub(crate) prompt: Option<Prompt>,
    pub(crate) login_hint: Option<String>,
}

/// A request that was refused: on a page of our own, or at the application.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Nobody knows whether the redirect URI is the application's: nothing is sent there.
    OnPage(Aadsts),
    /// The application is told.
    AtApplication(ReturnTo, Aadsts),
}

impl AuthorizationRequest {
    /// Checks a request in the order in which it becomes safe to answer it.
    pub(crate) fn check(world: &World, segment: &str, encoded: &[u8]) -> Result<Self, Refused> {
        let parameters = Parameters::parse(encoded).map_err(Refused::OnPage)?;
        let (authority, app) =
            check_application(world, segment, &parameters).map_err(Refused::OnPage)?;
        let registered = check_redirect_uri(app, &parameters).map_err(Refused::OnPage)?;
        let mut return_to = ReturnTo {
            redirect_uri: registered.uri.clone(),
            response_mode: ResponseMode::Query,
            state: parameters.get("state").map(str::to_owned),
        };
        let redirected = |problem| Refused::AtApplication(return_to.clone(), problem);
        let response_mode = check_response_mode(&parameters).map_err(redirected)?;
        return_to.response_mode = response_mode;
        let redirected = |problem| Refused::AtApplication(return_to.clone(), problem);
        check_response_type(&parameters).map_err(redirected)?;
        let scopes = check_scope(&parameters).map_err(redirected)?;
        let code_challenge = check_code_challenge(&parameters).map_err(redirected)?;
        let (prompt, login_hint) = check_prompt(&parameters).map_err(redirected)?;
        Ok(Self {
            authority,
            client_id: app.client_id,
            platform: registered.platform,
            return_to,
            scopes,
            nonce: parameters.get("nonce").map(str::to_owned),
            code_challenge,
            prompt,
            login_hint,
        })
    }

    /// What must have been consented to.
    pub(crate) fn needs_administrator(&self) -> bool {
        self.scopes.iter().any(|scope| DELEGATED_BY_ADMINISTRATOR.contains(&scope.as_str()))
    }
}

fn check_application<'w>(
    world: &'w World,
    segment: &str,
    sent: &Parameters,
) -> Result<(Authority, &'w App), Aadsts> {
    let authority = world.authority(segment)?;
    let app = world.app(sent.required("client_id")?, authority)?;
    Ok((authority, app))
}

/// Byte by byte; no wildcard, no forgiven slash, no case folding of the path.
fn check_redirect_uri<'a>(
    app: &'a App,
    sent: &Parameters,
) -> Result<&'a crate::model::RedirectUri, Aadsts> {
    if app.redirect_uris.is_empty() {
        return Err(Aadsts::no_redirect_uri(app.client_id));
    }
    // Deviation: where it is missing, Entra takes any registered one. Nobody should rely on that.
    let sent = sent.required("redirect_uri")?;
    let found = app.redirect_uris.iter().find(|registered| registered.uri == sent);
    found.ok_or_else(|| Aadsts::redirect_uri(sent, app.client_id))
}

fn check_response_mode(sent: &Parameters) -> Result<ResponseMode, Aadsts> {
    match sent.get("response_mode") {
        None | Some("query") => Ok(ResponseMode::Query),
        Some("fragment") => Ok(ResponseMode::Fragment),
        Some("form_post") => Ok(ResponseMode::FormPost),
        Some(other) => Err(Aadsts::parameter("response_mode", other)),
    }
}

/// Only the code flow: no registration here ever ticked "ID tokens" or "Access tokens".
fn check_response_type(sent: &Parameters) -> Result<(), Aadsts> {
    match sent.required("response_type")? {
        "code" => Ok(()),
        other => Err(Aadsts::response_type(other)),
    }
}

fn check_scope(sent: &Parameters) -> Result<BTreeSet<String>, Aadsts> {
    let scopes: BTreeSet<String> =
        sent.required("scope")?.split(' ').filter(|s| !s.is_empty()).map(str::to_owned).collect();
    let known = |scope: &&String| {
        DELEGATED_BY_USER.contains(&scope.as_str())
            || DELEGATED_BY_ADMINISTRATOR.contains(&scope.as_str())
    };
    match scopes.iter().find(|scope| !known(scope)) {
        Some(unknown) => Err(Aadsts::scope(unknown)),
        None => Ok(scopes),
    }
}

/// RFC 7636 section 4.3. Deviation: Entra takes `plain` too; a client that sends it by mistake must see it here.
fn check_code_challenge(sent: &Parameters) -> Result<Option<String>, Aadsts> {
    let challenge = sent.get("code_challenge");
    let base64url = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match (challenge, sent.get("code_challenge_method")) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(Aadsts::missing("code_challenge")),
        (Some(text), Some("S256")) if text.len() == S256_LENGTH && text.chars().all(base64url) => {
            Ok(Some(text.to_owned()))
        }
        (Some(_), Some("S256")) => Err(Aadsts::code_challenge("it is not the SHA-256 of anything")),
        (Some(_), _) => Err(Aadsts::code_challenge("the method must be S256")),
    }
}

fn check_prompt(sent: &Parameters) -> Result<(Option<Prompt>, Option<String>), Aadsts> {
    let prompt = match sent.get("prompt") {
        None => None,
        Some("consent") => Some(Prompt::Consent),
        Some("login") => Some(Prompt::Login),
        Some("none") => Some(Prompt::None),
        Some("select_account") => Some(Prompt::SelectAccount),
        Some(other) => return Err(Aadsts::parameter("prompt", other)),
    };
    let login_hint = sent.get("login_hint").map(str::to_owned);
    if prompt == Some(Prompt::SelectAccount) && login_hint.is_some() {
        return Err(Aadsts::conflicting("prompt=select_account", "login_hint"));
    }
    Ok((prompt, login_hint))
}
