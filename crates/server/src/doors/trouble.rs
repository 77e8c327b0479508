//! What an upstream's refusal or failure becomes: a page for the person, a line for the operator.

use identity::{Provider, Tenant};
use oidc::aadsts::{self, Report};
use oidc::callback::ErrorCode;
use oidc::token_response::TokenResponseError;
use upstream::UpstreamError;

use crate::app::App;
use crate::http::problem::{Problem, UpstreamTrouble};
use crate::pages::{ErrorKind, ProviderAnswer};

/// The upstream did not sign the person in, and says why.
pub(crate) fn refused(
    app: &App,
    tenant: &Tenant,
    provider: &Provider,
    error: &ErrorCode,
    report: &Report,
) -> Problem {
    let error = error.as_str();
    app.quiet.once("provider refused", Some(tenant), || {
        tracing::warn!(
            tenant = %tenant.slug, provider = %provider.alias, error, aadsts = report.aadsts,
            trace_id = report.trace_id, correlation_id = report.correlation_id, "provider refused"
        );
    });
    let entry = report.aadsts.and_then(aadsts::lookup);
    let code = report.aadsts.map_or_else(|| error.to_owned(), |number| format!("AADSTS{number}"));
    let answer = ProviderAnswer {
        provider: provider.display_name.clone(),
        code,
        cause: entry.map(|entry| entry.cause.to_owned()),
        remedy: entry.map(aadsts::Entry::for_person),
        correlation_id: report.correlation_id.clone(),
    };
    problem("provider-refused", ErrorKind::Provider(answer))
}

/// A call to the upstream failed, or its answer cannot be trusted.
pub(crate) fn failed(
    app: &App,
    tenant: &Tenant,
    provider: &Provider,
    error: &UpstreamError,
) -> Problem {
    if let UpstreamError::Token(TokenResponseError::Refused(refusal)) = error {
        return refused(app, tenant, provider, &refusal.error, &refusal.report);
    }
    app.quiet.once("provider failed", Some(tenant), || {
        tracing::warn!(
            tenant = %tenant.slug, provider = %provider.alias, %error, "provider failed"
        );
    });
    let name = provider.display_name.clone();
    if error.is_temporary() {
        return problem("provider-unreachable", ErrorKind::ProviderUnreachable { provider: name });
    }
    problem("provider-invalid", ErrorKind::ProviderInvalid { provider: name })
}

/// The upstream's answer cannot be trusted.
pub(crate) fn invalid(
    app: &App,
    tenant: &Tenant,
    provider: &Provider,
    what: &'static str,
) -> Problem {
    app.quiet.once("answer of a provider refused", Some(tenant), || {
        tracing::warn!(
            tenant = %tenant.slug, provider = %provider.alias, what, "answer of a provider refused"
        );
    });
    let provider = provider.display_name.clone();
    problem("provider-invalid", ErrorKind::ProviderInvalid { provider })
}

fn problem(code: &'static str, kind: ErrorKind) -> Problem {
    Problem::Upstream(Box::new(UpstreamTrouble { code, kind }))
}
