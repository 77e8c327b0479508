//! `/{authority}/oauth2/v2.0/token`: redeems codes; who the client is, for every grant.

use aws_lc_rs::digest::{SHA256, digest};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::{AUTHORIZATION, ORIGIN};
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::{App, client_credentials, problem_json, sent};
use crate::aadsts::Aadsts;
use crate::chance;
use crate::id_token;
use crate::model::Platform;
use crate::request::Parameters;
use crate::world::{AccessToken, Authority, Code, Shared, Speaker, World};

/// Seconds that an access token for Graph is good for.
const ACCESS_TOKEN_LIFETIME: i64 = 4000;

pub(super) async fn handler(
    State(shared): App,
    Path(authority): Path<String>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if method != Method::POST {
        return problem_json(&shared, &headers, &Aadsts::only_post(method.as_str()));
    }
    let request = Request {
        authority: &authority,
        headers: &headers,
        body: sent(&method, None, &headers, &body),
    };
    let answer = answer(&shared, &mut shared.world(), &request);
    match answer {
        Ok(answer) => Json(answer).into_response(),
        Err(problem) => problem_json(&shared, &headers, &problem),
    }
}

struct Request<'a> {
    authority: &'a str,
    headers: &'a HeaderMap,
    body: &'a [u8],
}

/// How a client says who it is.
enum Credential {
    Assertion,
    None,
    Secret(String),
}

fn answer(shared: &Shared, world: &mut World, request: &Request<'_>) -> Result<Value, Aadsts> {
    let authority = world.authority(request.authority)?;
    let form = Parameters::parse(request.body)?;
    let grant_type = form.required("grant_type")?;
    let (client_id, credential) = client(request.headers, &form)?;
    let client_id = world.app(&client_id, authority)?.client_id;
    match grant_type {
        "authorization_code" => {
            let code = form.get("code").and_then(|code| world.codes.get(code));
            let public = code.is_some_and(|code| code.request.platform != Platform::Web);
            authenticate(shared, world, client_id, &credential, public)?;
            let code = redeem(shared, world, authority, client_id, &form, request.headers)?;
            Ok(tokens(shared, world, &code))
        }
        "client_credentials" => {
            let directory = client_credentials::directory(authority)?;
            authenticate(shared, world, client_id, &credential, false)?;
            client_credentials::tokens(shared, world, directory, client_id, &form)
        }
        other => Err(Aadsts::grant_type(other)),
    }
}

/// `client_secret_post`, `client_secret_basic`, or an assertion; not two of them (RFC 6749 section 2.3).
fn client(headers: &HeaderMap, form: &Parameters) -> Result<(String, Credential), Aadsts> {
    let posted = form.get("client_id").map(str::to_owned);
    let basic = match headers.get(AUTHORIZATION) {
        Some(value) => {
            Some(basic(value.to_str().unwrap_or_default()).ok_or_else(Aadsts::malformed)?)
        }
        None => None,
    };
    let assertion = form.get("client_assertion").is_some();
    match (basic, form.get("client_secret"), assertion) {
        (Some((id, secret)), None, false) if posted.as_ref().is_none_or(|posted| *posted == id) => {
            Ok((id, Credential::Secret(secret)))
        }
        (None, secret, assertion) => {
            let id = posted.ok_or_else(|| Aadsts::missing("client_id"))?;
            match (secret, assertion) {
                (None, false) => Ok((id, Credential::None)),
                (None, true) => Ok((id, Credential::Assertion)),
                (Some(secret), false) => Ok((id, Credential::Secret(secret.to_owned()))),
                (Some(_), true) => Err(Aadsts::malformed()),
            }
        }
        _ => Err(Aadsts::malformed()),
    }
}

/// Id and secret of a `Basic` header; both are form-encoded inside (RFC 6749 section 2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let encoded = header.strip_prefix("Basic ")?;
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let unescape = |text: &str| {
        let pair = format!("v={text}");
        url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    Some((unescape(id)?, unescape(secret)?))
}

fn authenticate(
    shared: &Shared,
    world: &World,
    client_id: Uuid,
    credential: &Credential,
    public: bool,
) -> Result<(), Aadsts> {
    let secret = match credential {
        Credential::None if public => return Ok(()),
        _ if public => return Err(Aadsts::public_client()),
        Credential::None => return Err(Aadsts::no_secret()),
        // No registration here holds a certificate, so no key is ever found.
        Credential::Assertion => return Err(Aadsts::assertion()),
        Credential::Secret(secret) => secret,
    };
    let known = world.apps.get(&client_id).map(|app| app.secrets.as_slice()).unwrap_or_default();
    let right =
        known.iter().find(|known| bool::from(known.value.as_bytes().ct_eq(secret.as_bytes())));
    match right {
        None => Err(Aadsts::wrong_secret(client_id)),
        Some(right) if right.expires_at <= shared.clock.now() => {
            Err(Aadsts::expired_secret(client_id))
        }
        Some(_) => Ok(()),
    }
}

/// Everything that must be right about a code. Shown once, it is spent, whatever comes of it.
fn redeem(
    shared: &Shared,
    world: &mut World,
    authority: Authority,
    client_id: Uuid,
    form: &Parameters,
    headers: &HeaderMap,
) -> Result<Code, Aadsts> {
    let kept = world.codes.get_mut(form.required("code")?).ok_or_else(Aadsts::unknown_code)?;
    let redirect_uri = form.required("redirect_uri")?;
    if kept.request.client_id != client_id {
        return Err(Aadsts::unknown_code());
    }
    if kept.request.authority != authority {
        return Err(Aadsts::code_of_other_directory());
    }
    if kept.redeemed {
        return Err(Aadsts::code_redeemed());
    }
    if kept.expires_at <= shared.clock.now() {
        return Err(Aadsts::code_expired());
    }
    kept.redeemed = true;
    let request = &kept.request;
    if redirect_uri != request.return_to.redirect_uri {
        return Err(Aadsts::reply_address(redirect_uri, &request.return_to.redirect_uri));
    }
    if request.platform == Platform::Spa && !headers.contains_key(ORIGIN) {
        return Err(Aadsts::spa_code());
    }
    check_verifier(request.code_challenge.as_deref(), form.get("code_verifier"))?;
    Ok(kept.clone())
}

/// RFC 7636 section 4.6.
fn check_verifier(challenge: Option<&str>, verifier: Option<&str>) -> Result<(), Aadsts> {
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (Some(challenge), Some(verifier)) => {
            let hashed = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
            (hashed == challenge).then_some(()).ok_or_else(Aadsts::code_verifier)
        }
        _ => Err(Aadsts::code_verifier()),
    }
}

fn tokens(shared: &Shared, world: &mut World, code: &Code) -> Value {
    let request = &code.request;
    let token = AccessToken {
        speaker: Speaker::User { id: code.user, scopes: request.scopes.clone() },
        client_id: request.client_id,
        directory: world.users.get(&code.user).map(|user| user.directory).unwrap_or_default(),
        expires_at: access_token_expiry(shared),
    };
    let scope = request.scopes.iter().cloned().collect::<Vec<_>>().join(" ");
    let mut answer = with_access_token(world, token);
    answer.insert("scope".to_owned(), scope.into());
    if request.scopes.contains("openid")
        && let Some(id_token) = id_token::issue(shared, world, code)
    {
        answer.insert("id_token".to_owned(), id_token.into());
    }
    answer.into()
}

/// When an access token that is issued now expires.
pub(super) fn access_token_expiry(shared: &Shared) -> i64 {
    shared.clock.now().saturating_add(ACCESS_TOKEN_LIFETIME)
}

/// Issues an access token; the members of the answer that every grant has.
pub(super) fn with_access_token(world: &mut World, token: AccessToken) -> Map<String, Value> {
    let value = format!("EwB{}", chance::token(400));
    world.access_tokens.insert(value.clone(), token);
    Map::from_iter([
        ("token_type".to_owned(), "Bearer".into()),
        ("expires_in".to_owned(), ACCESS_TOKEN_LIFETIME.into()),
        ("ext_expires_in".to_owned(), ACCESS_TOKEN_LIFETIME.into()),
        ("access_token".to_owned(), value.into()),
    ])
}
