//! What becomes of requests that cannot be answered: a page for the person, a line for the operator.

use identity::Tenant;
use openid_provider::authorization::TargetError;
use openid_provider::{Name, Parameters, ParametersError};

use crate::app::App;
use crate::http::problem::Problem;
use crate::pages::{ApplicationTrouble, ApplicationWord};

/// A request that nobody can read.
pub(super) fn unreadable(app: &App, tenant: &Tenant, error: ParametersError) -> Problem {
    tell(app, tenant, None, &error.to_string());
    page(ApplicationWord::Unreadable, None)
}

/// A request with nobody to whom an answer could go.
pub(super) fn nowhere(app: &App, tenant: &Tenant, p: &Parameters, error: TargetError) -> Problem {
    tell(app, tenant, p.get(Name::ClientId), &error.to_string());
    let word = match error {
        TargetError::RedirectUri | TargetError::NoRedirectUri => ApplicationWord::Address,
        _ => ApplicationWord::Unknown,
    };
    page(word, Some(p))
}

/// A pushed request that is none of ours, of another application, or too old.
pub(super) fn not_pushed(app: &App, tenant: &Tenant, p: &Parameters) -> Problem {
    tell(app, tenant, p.get(Name::ClientId), "request_uri is not that of a request just pushed");
    page(ApplicationWord::Unreadable, Some(p))
}

/// An address of ours that does not open, or is of another tenant.
pub(super) fn not_ours(app: &App, tenant: &Tenant) -> Problem {
    tell(app, tenant, None, "request was not sealed here");
    page(ApplicationWord::Unreadable, None)
}

/// The application has been removed, switched off or changed since it asked.
pub(super) fn changed(app: &App, tenant: &Tenant, client_id: &str) -> Problem {
    tell(app, tenant, Some(client_id), "application was changed meanwhile");
    let (client_id, redirect_uri) = (Some(client_id.to_owned()), None);
    let word = ApplicationWord::Unknown;
    Problem::Application(Box::new(ApplicationTrouble { word, client_id, redirect_uri }))
}

fn page(word: ApplicationWord, p: Option<&Parameters>) -> Problem {
    let value = |name| p.and_then(|p| p.get(name)).map(str::to_owned);
    let (client_id, redirect_uri) = (value(Name::ClientId), value(Name::RedirectUri));
    Problem::Application(Box::new(ApplicationTrouble { word, client_id, redirect_uri }))
}

/// One line of a kind a minute, and the others as a number: anybody can cause it. `reason` is one of
/// those that the code has.
pub(super) fn tell(app: &App, tenant: &Tenant, client_id: Option<&str>, reason: &str) {
    app.quiet.once(format!("refused an application's request: {reason}"), Some(tenant), || {
        tracing::warn!(
            tenant = %tenant.slug, client_id, reason, "refused an application's request"
        );
    });
}
