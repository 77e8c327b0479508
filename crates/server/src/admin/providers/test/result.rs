use askama::Template;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use identity::{Provider, Tenant};
use oidc::callback::Callback;
use store::AuditEntry;

use super::report::{MapperLine, Report, Step, Verdict};
use super::run::run;
use super::sealed::Test;
use crate::admin::session::{self, Operator};
use crate::app::App;
use crate::http::cookies;
use crate::http::page::Html;
use crate::http::problem::Problem;
use crate::pages::Tone;
use crate::pages::sample::{Rendered, Text, rendered};

#[derive(Template)]
#[template(path = "console/result.html")]
struct ResultPage {
    tenant: String,
    provider: String,
    report: Report,
    again: String,
    settings: String,
}

/// The result of an administrator's test, when the callback answers one: the state is that of the
/// test that this browser keeps, for this provider, and who began it is signed in here.
///
/// # Errors
///
/// [`Problem::AlreadyUsed`] for an answer that came before.
///
/// # Security
///
/// Nothing of what comes is imported, and no session or login begins: the page is all there is.
pub(crate) async fn answer(
    app: &App,
    tenant: &Tenant,
    provider: &Provider,
    headers: &HeaderMap,
    callback: &Callback,
) -> Result<Option<Response>, Problem> {
    let Some(test) = Test::read(headers, &app.ring) else { return Ok(None) };
    let here = test.tenant == tenant.id && test.alias == provider.alias;
    if !here || !test.state.matches(callback.state()) {
        return Ok(None);
    }
    let operator = session::of(app, headers).await?;
    let Some(operator) = operator.filter(|operator| operator.person.id == test.administrator)
    else {
        return Ok(None);
    };
    spend(app, tenant, &test).await?;
    let report = run(app, tenant, provider, &test, callback).await?;
    note(app, tenant, provider, &operator, &report).await?;
    let base = format!("/admin/tenants/{}/providers/{}", tenant.slug, provider.alias);
    let page = ResultPage {
        tenant: tenant.display_name.clone(),
        provider: provider.display_name.clone(),
        report,
        again: format!("{base}/test/start"),
        settings: base,
    };
    Ok(Some(([(SET_COOKIE, cookies::clear_test())], Html(page)).into_response()))
}

async fn spend(app: &App, tenant: &Tenant, test: &Test) -> Result<(), Problem> {
    let mut tx = app.store.write(tenant.id).await?;
    if !tx.spend(&test.state.hash(), test.expires_at).await? {
        return Err(Problem::AlreadyUsed);
    }
    Ok(tx.commit().await?)
}

/// Writes down that there was a test and how it ended, and whether `auth_time` came; nothing about the person who signed in.
async fn note(
    app: &App,
    tenant: &Tenant,
    provider: &Provider,
    operator: &Operator,
    report: &Report,
) -> Result<(), Problem> {
    let mut tx = app.store.write(tenant.id).await?;
    if let Some(sent) = report.auth_time {
        tx.note_auth_time(&provider.alias, sent).await?;
    }
    tx.audit(&AuditEntry {
        kind: "provider.tested",
        person: None,
        actor: Some(operator.person.id),
        login: None,
        detail: serde_json::json!({
            "provider": provider.alias, "passed": report.passed(), "auth_time": report.auth_time,
        }),
    })
    .await?;
    Ok(tx.commit().await?)
}

pub(in crate::admin) fn samples(text: Text<'_>) -> Rendered {
    let page = |report| ResultPage {
        tenant: text("Acme Hospital"),
        provider: text("Azure"),
        report,
        again: text("/admin/tenants/acme/providers/azure/test/start"),
        settings: text("/admin/tenants/acme/providers/azure"),
    };
    let step = |title: &str, verdict, words: &str| Step {
        title: text(title),
        verdict,
        words: text(words),
    };
    let mapper = |tone, words: &str| MapperLine {
        name: text("azure-group-mapper"),
        tone,
        words: text(words),
        values: vec![text("Ward 3"), text("Nurses")],
    };
    let came = || Report {
        steps: vec![step("The code was redeemed for tokens", Verdict::Passed, "")],
        claims: vec![(text("upn"), text("alice.martin@acme.example"))],
        mappers: vec![mapper(Tone::Good, "Would write")],
        missing: Vec::new(),
        auth_time: Some(true),
    };
    let missing = vec![(text("groups"), text("Token configuration → Add groups claim"))];
    let failed = Report {
        steps: vec![
            step("The provider sent the browser back with a code", Verdict::Passed, "As asked."),
            step(
                "The code was redeemed for tokens",
                Verdict::Failed,
                "AADSTS7000215: wrong secret",
            ),
            step("The provider's keys are there", Verdict::NotReached, ""),
        ],
        ..Report::default()
    };
    rendered(vec![
        ("passed", page(came())),
        ("missing", page(Report { missing, ..came() })),
        ("failed", page(failed)),
    ])
}
