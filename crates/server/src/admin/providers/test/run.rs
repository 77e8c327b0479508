//! Goes through the steps of a sign-in, and keeps what each one showed.

mod authorization;
mod mappers;
mod metadata;
mod tokens;

use identity::{Provider, Tenant};
use oidc::aadsts::{self, Report as Refusal};
use oidc::callback::Callback;

use super::checks::CHECKS;
use super::report::Report;
use super::sealed::Test;
use crate::app::App;
use crate::http::problem::Problem;

const TOKENS: &str = "The code was redeemed for tokens";
const KEYS: &str = "The provider's keys are there";

/// Runs the test.
pub(super) async fn run(
    app: &App,
    tenant: &Tenant,
    provider: &Provider,
    test: &Test,
    callback: &Callback,
) -> Result<Report, Problem> {
    let mut report = Report::default();
    metadata::step(app, provider, &mut report).await;
    let Some(code) = authorization::step(provider, callback, &mut report) else {
        report.not_reached(&[TOKENS, KEYS]);
        report.not_reached(&CHECKS);
        return Ok(report);
    };
    let Some(tokens) = tokens::redeem(app, tenant, provider, test, code, &mut report).await else {
        report.not_reached(&[KEYS]);
        report.not_reached(&CHECKS);
        return Ok(report);
    };
    if let Some(claims) = tokens::verify(app, provider, test, &tokens, &mut report).await {
        mappers::step(app, tenant, provider, &claims, &mut report).await?;
    }
    Ok(report)
}

/// What a provider's refusal means, and what to do.
fn refused(error: &str, report: &Refusal) -> String {
    let code = report.aadsts.map(|number| format!("AADSTS{number}"));
    let known = report.aadsts.and_then(aadsts::lookup);
    let mut words = match (&code, known) {
        (Some(code), Some(entry)) => {
            let azure = entry.azure.map(|path| format!(" In Azure: {path}."));
            let azure = azure.unwrap_or_default();
            format!("{code}: {} {}{azure}", entry.cause, entry.remedy)
        }
        (Some(code), None) => format!("{code} ({error}). {}", report.text),
        (None, _) => format!("The provider answers {error}. {}", report.text),
    };
    if let Some(id) = &report.correlation_id {
        words.push_str(" Correlation ID for the sign-in logs: ");
        words.push_str(id);
    }
    words
}
