//! `/sign-in/{id}`: the pages on which a person signs in.

use std::collections::BTreeSet;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use uuid::Uuid;

use super::authorize::respond;
use super::page::{page, refusal};
use super::{App, browser_of, external, sent};
use crate::aadsts::Aadsts;
use crate::external::challenge::{Draft, Purpose};
use crate::request::Parameters;
use crate::sign_in::{Action, find, resume, step};
use crate::world::{SignIn, Stage, World};

#[derive(Template)]
#[template(path = "sign_in/pick_account.html")]
struct PickAccount {
    app: String,
    accounts: Vec<(Uuid, String, String)>,
}

#[derive(Template)]
#[template(path = "sign_in/username.html")]
struct Username {
    app: String,
    typed: String,
    refused: bool,
}

#[derive(Template)]
#[template(path = "sign_in/password.html")]
struct Password {
    username: String,
    refused: bool,
}

#[derive(Template)]
#[template(path = "sign_in/verification.html")]
struct Verification {
    username: String,
}

#[derive(Template)]
#[template(path = "sign_in/more_information.html")]
struct MoreInformation {
    username: String,
    method: String,
}

#[derive(Template)]
#[template(path = "sign_in/consent.html")]
struct ConsentPage {
    app: String,
    username: String,
    publisher: String,
    permissions: Vec<&'static str>,
    administrator: bool,
}

#[derive(Template)]
#[template(path = "sign_in/need_approval.html")]
struct NeedApproval {
    app: String,
}

/// `GET /sign-in/{id}`.
pub(super) async fn show(
    State(shared): App,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let browser = browser_of(&headers).unwrap_or_default();
    let now = shared.clock.now();
    let found = find(&shared.world(), parse(&id), &browser, now);
    let sign_in = match found {
        Ok(sign_in) => sign_in,
        Err(problem) => return refusal(&shared, &problem),
    };
    match sign_in.stage {
        Stage::External { user, method, registers } => {
            let purpose = Purpose::SignIn(sign_in.id);
            external::send(&shared, Draft { purpose, user, method, registers }).await
        }
        Stage::ExternalDone { user } => {
            let outcome = resume(&mut shared.world(), sign_in, user, now);
            respond(&shared, outcome)
        }
        _ => render(&shared.world(), &sign_in),
    }
}

/// `POST /sign-in/{id}`: the button that was pressed is `action`.
pub(super) async fn submit(
    State(shared): App,
    Path(id): Path<String>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let browser = browser_of(&headers).unwrap_or_default();
    let form = match Parameters::parse(sent(&method, None, &headers, &body)) {
        Ok(form) => form,
        Err(problem) => return refusal(&shared, &problem),
    };
    let Some(action) = action(&form) else {
        return refusal(&shared, &Aadsts::malformed());
    };
    let outcome = step(&mut shared.world(), parse(&id), &browser, action, shared.clock.now());
    respond(&shared, outcome)
}

/// What is no GUID is the number of no sign-in.
fn parse(id: &str) -> Uuid {
    Uuid::parse_str(id).unwrap_or_default()
}

fn action(form: &Parameters) -> Option<Action> {
    if let Some(account) = form.get("account") {
        return Uuid::parse_str(account).ok().map(Action::Pick);
    }
    match form.get("action")? {
        "accept" => Some(Action::Accept { for_organization: form.get("organization").is_some() }),
        "another" => Some(Action::AnotherAccount),
        "cancel" => Some(Action::Cancel),
        "continue" => Some(Action::Continue),
        "next" => Some(Action::Username(form.text("username").to_owned())),
        "sign-in" => Some(Action::Password(form.text("password").to_owned())),
        _ => None,
    }
}

fn render(world: &World, sign_in: &SignIn) -> Response {
    let app = world.app_name(sign_in.request.client_id);
    let name = |user: Uuid| {
        world.users.get(&user).map(|user| user.user_principal_name.clone()).unwrap_or_default()
    };
    match &sign_in.stage {
        Stage::PickAccount => {
            page(&PickAccount { app, accounts: accounts(world, &sign_in.browser) })
        }
        Stage::Username { typed, refused } => {
            page(&Username { app, typed: typed.clone(), refused: *refused })
        }
        Stage::Password { user, refused } => {
            page(&Password { username: name(*user), refused: *refused })
        }
        Stage::Verification { user } => page(&Verification { username: name(*user) }),
        Stage::MoreInformation { user, method } => {
            let method = world.external.methods.get(method);
            let method = method.map(|method| method.display_name.clone()).unwrap_or_default();
            page(&MoreInformation { username: name(*user), method })
        }
        // These two lead on, and show nothing.
        Stage::External { .. } | Stage::ExternalDone { .. } => {
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Stage::Consent { user } => {
            let entry = world.entry_at(*user, &sign_in.request).ok();
            let publisher = world.apps.get(&sign_in.request.client_id).map(|app| app.directory);
            page(&ConsentPage {
                app,
                username: name(*user),
                publisher: publisher.map(|id| world.directory_name(id)).unwrap_or_default(),
                permissions: permissions(&sign_in.request.scopes),
                administrator: entry.is_some_and(|entry| entry.global_administrator),
            })
        }
        Stage::NeedApproval => page(&NeedApproval { app }),
    }
}

/// The accounts that this browser knows: number, name, address.
pub(super) fn accounts(world: &World, browser: &str) -> Vec<(Uuid, String, String)> {
    let here =
        world.browsers.get(browser).map(|browser| browser.accounts.as_slice()).unwrap_or_default();
    let users = here.iter().filter_map(|account| world.users.get(&account.user));
    users
        .map(|user| (user.id, user.display_name.clone(), user.user_principal_name.clone()))
        .collect()
}

fn permissions(scopes: &BTreeSet<String>) -> Vec<&'static str> {
    let words = |scope: &String| match scope.as_str() {
        "openid" => "Sign you in",
        "profile" => "View your basic profile",
        "email" => "View your email address",
        "User.Read" => "Sign you in and read your profile",
        "GroupMember.Read.All" => "Read all group memberships",
        "User.ReadBasic.All" => "Read all users' basic profiles",
        _ => "Read directory data",
    };
    scopes.iter().map(words).collect()
}
