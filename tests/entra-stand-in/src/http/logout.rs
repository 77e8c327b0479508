//! `/{authority}/oauth2/v2.0/logout`: ends sessions in this browser.

use std::collections::BTreeSet;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use uuid::Uuid;

use super::authorize::redirect;
use super::page::{page, refusal};
use super::sign_in::accounts;
use super::{App, browser_of, sent};
use crate::id_token::login_hint;
use crate::request::Parameters;
use crate::world::{Account, World};

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOut {
    iframes: Vec<String>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "pick_sign_out.html")]
struct PickSignOut<'a> {
    accounts: Vec<(Uuid, String, String)>,
    post_logout_redirect_uri: &'a str,
    state: &'a str,
}

pub(super) async fn handler(
    State(shared): App,
    Path(authority): Path<String>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut world = shared.world();
    let encoded = sent(&method, query.as_deref(), &headers, &body);
    let form = match world.authority(&authority).and_then(|_| Parameters::parse(encoded)) {
        Ok(form) => form,
        Err(problem) => return refusal(&shared, &problem),
    };
    let browser = browser_of(&headers).unwrap_or_default();
    let known = accounts(&world, &browser);
    let chosen = form.get("account").and_then(|id| Uuid::parse_str(id).ok());
    let hinted = form
        .get("logout_hint")
        .and_then(|hint| world.users.values().find(|user| login_hint(user) == hint));
    match chosen.or(hinted.map(|user| user.guest_of.unwrap_or(user.id))) {
        None if !known.is_empty() => page(&PickSignOut {
            accounts: known,
            post_logout_redirect_uri: form.text("post_logout_redirect_uri"),
            state: form.text("state"),
        }),
        account => {
            let ended = end(&mut world, &browser, account);
            finish(&world, &ended, &form)
        }
    }
}

/// Ends an account's session in this browser, and says what it was.
fn end(world: &mut World, browser: &str, account: Option<Uuid>) -> Vec<Account> {
    let Some(browser) = world.browsers.get_mut(browser) else { return Vec::new() };
    browser.accounts.extract_if(.., |known| Some(known.user) == account).collect()
}

/// Tells the applications, and goes on only to an address that one of them has registered.
fn finish(world: &World, ended: &[Account], form: &Parameters) -> Response {
    let apps: BTreeSet<Uuid> =
        ended.iter().flat_map(|account| account.apps.iter().copied()).collect();
    let wanted = form.get("post_logout_redirect_uri");
    let registered = |uri: &&str| {
        world.apps.values().any(|app| {
            let concerned = apps.is_empty() || apps.contains(&app.client_id);
            concerned && app.redirect_uris.iter().any(|registered| registered.uri == *uri)
        })
    };
    let next = wanted.filter(registered).map(|uri| match form.get("state") {
        None => uri.to_owned(),
        Some(state) => {
            let state = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("state", state)
                .finish();
            format!("{uri}{}{state}", if uri.contains('?') { '&' } else { '?' })
        }
    });
    let iframes = front_channel(world, ended);
    match next {
        Some(next) if iframes.is_empty() => redirect(&next),
        next => page(&SignedOut { iframes, next }),
    }
}

/// The front-channel addresses, with `sid` and, as from the real one, without `iss`.
fn front_channel(world: &World, ended: &[Account]) -> Vec<String> {
    let of_account = |account: &Account| {
        let urls = account
            .apps
            .iter()
            .filter_map(|id| world.apps.get(id)?.front_channel_logout_url.clone());
        let sid = account.sid;
        urls.map(move |url| format!("{url}{}sid={sid}", if url.contains('?') { '&' } else { '?' }))
            .collect::<Vec<_>>()
    };
    ended.iter().flat_map(of_account).collect()
}
