use askama::Template;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use identity::{Provider, Tenant};
use oidc::callback::Callback;
use store::AuditEntry;

use super::report::{MapperLine, Missing, Report, Step, Verdict};
use super::run::run;
use super::sealed::Test;
use crate::admin::session::{self, Administrator};
use crate::app::App;
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

/// Says that a test has had its answer, or is too old for one.
#[derive(Template)]
#[template(path = "console/test-over.html")]
struct OverPage {
    tenant: String,
    provider: String,
    again: String,
    settings: String,
}

/// The result of an administrator's test, when the callback answers one: the state is that of the
/// test that this browser keeps, for this provider, and who began it is signed in here. An answer
/// that came before, or too late, is told to be so.
///
/// # Errors
///
/// [`Problem`] when the store fails.
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
    let administrator = session::of(app, headers).await?;
    let Some(administrator) =
        administrator.filter(|administrator| administrator.person.id == test.administrator)
    else {
        return Ok(None);
    };
    if test.is_over() || !spend(app, tenant, &test).await? {
        return Ok(Some(over(tenant, provider)));
    }
    let report = run(app, tenant, provider, &test, callback).await?;
    note(app, tenant, provider, &administrator, &report).await?;
    let (again, settings) = links(tenant, provider);
    let page = ResultPage {
        tenant: tenant.display_name.clone(),
        provider: provider.display_name.clone(),
        report,
        again,
        settings,
    };
    Ok(Some(Html(page).into_response()))
}

/// The answer to an answer that does not count any more.
fn over(tenant: &Tenant, provider: &Provider) -> Response {
    let (again, settings) = links(tenant, provider);
    let page = OverPage {
        tenant: tenant.display_name.clone(),
        provider: provider.display_name.clone(),
        again,
        settings,
    };
    (StatusCode::CONFLICT, Html(page)).into_response()
}

/// Where a test begins anew, and the provider's settings.
fn links(tenant: &Tenant, provider: &Provider) -> (String, String) {
    let base = format!("/admin/tenants/{}/providers/{}", tenant.slug, provider.alias);
    (format!("{base}/test/start"), base)
}

/// Lets the answer of a test count once. `false` when it came before.
async fn spend(app: &App, tenant: &Tenant, test: &Test) -> Result<bool, Problem> {
    let mut tx = app.store.write(tenant.id).await?;
    let first = tx.spend(&test.state.hash(), test.expires_at).await?;
    if first {
        tx.commit().await?;
    }
    Ok(first)
}

/// Writes down that there was a test and how it ended, and whether `auth_time` came; nothing about
/// the person who signed in.
async fn note(
    app: &App,
    tenant: &Tenant,
    provider: &Provider,
    administrator: &Administrator,
    report: &Report,
) -> Result<(), Problem> {
    let mut tx = app.store.write(tenant.id).await?;
    if let Some(sent) = report.auth_time {
        tx.note_auth_time(&provider.alias, sent).await?;
    }
    tx.audit(&AuditEntry {
        kind: "provider.tested",
        person: None,
        actor: Some(administrator.person.id),
        login: None,
        detail: serde_json::json!({
            "provider": provider.alias, "passed": report.passed(), "auth_time": report.auth_time,
        }),
    })
    .await?;
    Ok(tx.commit().await?)
}

/// The page of a test that is over.
pub(in crate::admin) fn over_samples(text: Text<'_>) -> Rendered {
    rendered(vec![(
        "again",
        OverPage {
            tenant: text("Acme Hospital"),
            provider: text("Azure"),
            again: text("/admin/tenants/acme/providers/azure/test/start"),
            settings: text("/admin/tenants/acme/providers/azure"),
        },
    )])
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
    let missing = |claim: &str| Missing {
        claim: text(claim),
        needed_by: text("Needed by the mapper azure-group-mapper."),
        path: text("App registrations → your app → Token configuration → Add groups claim"),
    };
    let came = || Report {
        steps: vec![step("The code was redeemed for tokens", Verdict::Passed, "")],
        claims: vec![
            (text("upn"), vec![text("alice.martin@acme.example")]),
            (text("groups"), vec![text("Ward 3"), text("Nurses")]),
        ],
        mappers: vec![mapper(Tone::Good, "Would write")],
        auth_time: Some(true),
        ..Report::default()
    };
    let lacking = Report { missing: vec![missing("groups"), missing("upn")], ..came() };
    let bare = Report { keeps_nothing: true, unasked: vec![missing("upn")], ..came() };
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
        ("missing", page(lacking)),
        ("nothing-kept", page(bare)),
        ("failed", page(failed)),
    ])
}
