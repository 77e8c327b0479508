//! Goes through the steps of a sign-in, and keeps what each one showed.

mod authorization;
mod mappers;
mod metadata;
mod tokens;

use identity::{Provider, Tenant};
use oidc::aadsts::{self, Report as Refusal};
use oidc::callback::Callback;
use oidc::id_token::Claims;
use upstream::Deadline;

use super::checks::CHECKS;
use super::report::Report;
use super::sealed::Test;
use crate::app::App;
use crate::http::problem::Problem;

const METADATA: &str = "The provider's metadata is there and as saved";
const TOKENS: &str = "The code was redeemed for tokens";
const KEYS: &str = "The provider's keys are there";

/// Runs the test. Somebody waits for it, so all calls together take no longer than one may: the
/// metadata is asked for meanwhile, and the others share a deadline, as at a sign-in.
pub(super) async fn run(
    app: &App,
    tenant: &Tenant,
    provider: &Provider,
    test: &Test,
    callback: &Callback,
) -> Result<Report, Problem> {
    let mut report = Report::default();
    let deadline = app.upstream.deadline();
    let sign_in = sign_in(app, (tenant, provider), test, callback, deadline, &mut report);
    let (metadata, claims) = tokio::join!(metadata::outcome(app, provider), sign_in);
    report.first_step(METADATA, metadata);
    if let Some(claims) = claims {
        mappers::step(app, tenant, provider, &claims, deadline, &mut report).await?;
    }
    Ok(report)
}

/// What a sign-in does between the browser's return and the mappers.
async fn sign_in(
    app: &App,
    (tenant, provider): (&Tenant, &Provider),
    test: &Test,
    callback: &Callback,
    deadline: Deadline,
    report: &mut Report,
) -> Option<Claims> {
    let Some(code) = authorization::step(provider, callback, report) else {
        report.not_reached(&[TOKENS, KEYS]);
        report.not_reached(&CHECKS);
        return None;
    };
    let tokens = deadline.meet(tokens::redeem(app, tenant, provider, test, code)).await;
    let Some(tokens) = tokens::redeemed(tokens, report) else {
        report.not_reached(&[KEYS]);
        report.not_reached(&CHECKS);
        return None;
    };
    let claims = deadline.meet(tokens::verify(app, provider, test, &tokens)).await;
    tokens::verified(claims, report)
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
