//! The answer to an application: a redirect, or a form that the browser posts.

use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY};
use axum::response::{IntoResponse, Response};
use identity::Tenant;
use openid_provider::Client;
use openid_provider::authorization::{Answer, Outcome, ResponseMode, Target};

use crate::app::App;
use crate::http::headers::Csp;
use crate::http::page::{Html, frame, see_other};
use crate::http::problem::Problem;
use crate::oidc;
use crate::pages::{ApplicationPage, ApplicationStep};

/// Sends the browser back to the application at once.
///
/// # Errors
///
/// [`Problem::Internal`] for a public address that cannot be an issuer's.
pub(super) fn send(
    app: &App,
    tenant: &Tenant,
    client: &Client,
    target: &Target,
    outcome: Outcome,
) -> Result<Response, Problem> {
    let issuer = oidc::issuer(app, tenant)?;
    let answer = Answer { target, issuer: &issuer, outcome };
    Ok(match target.mode {
        ResponseMode::Query => silent(see_other(&answer.redirect_url())),
        ResponseMode::FormPost => page(tenant, client, &answer, ApplicationStep::Sending),
    })
}

/// Tells the person why they do not come in; a button takes them back with the error.
///
/// # Errors
///
/// [`Problem::Internal`] for a public address that cannot be an issuer's.
pub(super) fn told(
    app: &App,
    tenant: &Tenant,
    client: &Client,
    target: &Target,
    (step, outcome): (ApplicationStep, Outcome),
) -> Result<Response, Problem> {
    let issuer = oidc::issuer(app, tenant)?;
    let answer = Answer { target, issuer: &issuer, outcome };
    Ok(page(tenant, client, &answer, step))
}

fn page(tenant: &Tenant, client: &Client, answer: &Answer<'_>, step: ApplicationStep) -> Response {
    let posts = answer.target.mode == ResponseMode::FormPost;
    let action = &answer.target.redirect_uri;
    let fields = answer.fields().into_iter().filter(|_| posts);
    let page = ApplicationPage {
        frame: frame(tenant),
        application: client.name.clone(),
        step,
        posts,
        action: if posts { action.clone() } else { answer.redirect_url() },
        fields: fields.map(|(name, value)| (name, value.to_owned())).collect(),
    };
    let mut response = Html(page).into_response();
    if posts {
        let csp = Csp::with_forms_to(&[action]);
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, csp.value());
    }
    silent(response)
}

/// On to where the sign-in goes on, for somebody whose tap Entra has asked for. A page, and no redirect:
/// the browser has come by Entra's form, and Chromium would not follow it to the application.
pub(crate) fn proved(tenant: &Tenant, application: String, return_to: String) -> Response {
    let page = ApplicationPage {
        frame: frame(tenant),
        application,
        step: ApplicationStep::Proved,
        posts: false,
        action: return_to,
        fields: Vec::new(),
    };
    silent(Html(page).into_response())
}

/// Nobody learns from which page somebody came: its address has the request in it.
fn silent(mut response: Response) -> Response {
    let none = HeaderValue::from_static("no-referrer");
    response.headers_mut().insert(REFERRER_POLICY, none);
    response
}
