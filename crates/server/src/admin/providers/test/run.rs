//! Goes through the steps of a sign-in, and keeps what each one showed.

use identity::mapping::{self, Import, MapperReport, Outcome};
use identity::{
    AbsentGroups, EntraLink, FirstCard, Provider, ProviderEndpoints, ProviderKind, Tenant,
};
use oidc::NumericDate;
use oidc::aadsts::{self, Report as Refusal};
use oidc::callback::Callback;
use oidc::id_token::{Claims, Expected, IdTokenError};
use oidc::token_response::{TokenRequest, TokenResponse, TokenResponseError};
use secrets::Secret;
use serde_json::Value;
use store::Rows;
use upstream::UpstreamError;

use super::checks::{CHECKS, failed};
use super::sealed::Test;
use crate::admin::form::sentence;
use crate::admin::providers::fetch::fetch;
use crate::app::App;
use crate::doors::admit::link_of;
use crate::doors::broker_endpoint::kind;
use crate::doors::broker_login::redirect_uri;
use crate::entropy;
use crate::http::problem::Problem;
use crate::pages::Tone;

/// All that a test showed.
#[derive(Default)]
pub(super) struct Report {
    pub(super) steps: Vec<Step>,
    /// The claims that came, by name.
    pub(super) claims: Vec<(String, String)>,
    pub(super) mappers: Vec<MapperLine>,
    /// What is missing on the provider's side, and where to click there.
    pub(super) missing: Vec<(String, String)>,
    /// Whether the provider says when the person signed in; unknown when no token came.
    pub(super) auth_time: Option<bool>,
}

impl Report {
    pub(super) fn passed(&self) -> bool {
        !self.steps.iter().any(|step| step.verdict == Verdict::Failed) && self.auth_time.is_some()
    }

    fn step(&mut self, title: &str, outcome: Result<String, String>) {
        let (verdict, words) = match outcome {
            Ok(words) => (Verdict::Passed, words),
            Err(words) => (Verdict::Failed, words),
        };
        self.steps.push(Step { title: title.to_owned(), verdict, words });
    }

    fn not_reached(&mut self, titles: &[&str]) {
        let step = |title: &&str| Step {
            title: (*title).to_owned(),
            verdict: Verdict::NotReached,
            words: String::new(),
        };
        self.steps.extend(titles.iter().map(step));
    }
}

/// One step.
pub(super) struct Step {
    pub(super) title: String,
    pub(super) verdict: Verdict,
    pub(super) words: String,
}

/// How a step ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    Failed,
    NotReached,
}

/// What a mapper made of the claims.
pub(super) struct MapperLine {
    pub(super) name: String,
    pub(super) tone: Tone,
    pub(super) words: String,
    pub(super) values: Vec<String>,
}

const AUTHORIZATION: &str = "The provider sent the browser back with a code";
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
    metadata(app, provider, &mut report).await;
    let Some(code) = authorization(provider, callback, &mut report) else {
        report.not_reached(&[TOKENS, KEYS]);
        report.not_reached(&CHECKS);
        return Ok(report);
    };
    let Some(tokens) = redeem(app, tenant, provider, test, code, &mut report).await else {
        report.not_reached(&[KEYS]);
        report.not_reached(&CHECKS);
        return Ok(report);
    };
    if let Some(claims) = verify(app, provider, test, &tokens, &mut report).await {
        map(app, tenant, provider, &claims, &mut report).await?;
    }
    Ok(report)
}

async fn metadata(app: &App, provider: &Provider, report: &mut Report) {
    let outcome = match fetch(app, &provider.endpoints.discovery).await {
        Ok(found) if is_same(&found.endpoints, &provider.endpoints) => {
            Ok(provider.endpoints.issuer.clone())
        }
        Ok(_) => Err("The provider says something else about itself than what is saved. Press \
                      Fetch in the settings, look at it, and save."
            .to_owned()),
        Err(text) => Err(text),
    };
    report.step("The provider's metadata is there and as saved", outcome);
}

/// Whether a sign-in goes the same way with both.
fn is_same(found: &ProviderEndpoints, saved: &ProviderEndpoints) -> bool {
    let way =
        |e: &ProviderEndpoints| [&e.issuer, &e.authorization, &e.token, &e.jwks].map(String::clone);
    way(found) == way(saved)
}

/// The code, when one came.
fn authorization<'a>(
    provider: &Provider,
    callback: &'a Callback,
    report: &mut Report,
) -> Option<&'a Secret> {
    let (code, outcome) = match callback {
        Callback::Error { error, report, .. } => (None, Err(refused(error.as_str(), report))),
        Callback::Code { .. } if !callback.may_come_from(&provider.endpoints.issuer) => {
            let words = "The answer names another issuer than the one that is saved. Press Fetch \
                         in the settings.";
            (None, Err(words.to_owned()))
        }
        Callback::Code { code, .. } => (Some(code), Ok(String::new())),
    };
    report.step(AUTHORIZATION, outcome);
    code
}

/// What a provider's refusal means, and what to do.
fn refused(error: &str, report: &Refusal) -> String {
    let code = report.aadsts.map(|number| format!("AADSTS{number}"));
    let known = report.aadsts.and_then(aadsts::lookup);
    let mut words = match (&code, known) {
        (Some(code), Some(entry)) => format!("{code}: {} {}", entry.cause, entry.remedy),
        (Some(code), None) => format!("{code} ({error}). {}", report.text),
        (None, _) => format!("The provider answers {error}. {}", report.text),
    };
    if let Some(id) = &report.correlation_id {
        words.push_str(" Correlation ID for the sign-in logs: ");
        words.push_str(id);
    }
    words
}

async fn redeem(
    app: &App,
    tenant: &Tenant,
    provider: &Provider,
    test: &Test,
    code: &Secret,
    report: &mut Report,
) -> Option<TokenResponse> {
    let redirect_uri = redirect_uri(app, tenant, &provider.alias);
    let request = TokenRequest {
        client_id: &provider.client_id,
        client_secret: provider.client_secret.as_ref(),
        code,
        redirect_uri: &redirect_uri,
        verifier: &test.verifier,
    };
    let answer = app.upstream.redeem(tenant.id, &provider.endpoints.token, &request).await;
    let outcome = match &answer {
        Ok(_) => Ok("Client ID and client secret are right.".to_owned()),
        Err(UpstreamError::Token(TokenResponseError::Refused(refusal))) => {
            Err(refused(refusal.error.as_str(), &refusal.report))
        }
        Err(error) => Err(sentence(error)),
    };
    report.step(TOKENS, outcome);
    answer.ok()
}

async fn verify(
    app: &App,
    provider: &Provider,
    test: &Test,
    tokens: &TokenResponse,
    report: &mut Report,
) -> Option<Claims> {
    let kind = kind(provider);
    let expected = Expected {
        issuer: &provider.endpoints.issuer,
        client_id: &provider.client_id,
        nonce: &test.nonce,
        kind: &kind,
        access_token: tokens.access_token.as_ref(),
        now: NumericDate(entropy::now().unix_seconds()),
    };
    let compact = tokens.id_token.expose_text().unwrap_or_default();
    match app.upstream.verify(&provider.endpoints.jwks, compact, &expected).await {
        Ok(claims) => {
            report.step(KEYS, Ok(String::new()));
            for check in CHECKS {
                report.step(check, Ok(String::new()));
            }
            Some(claims)
        }
        Err(UpstreamError::IdToken(error)) => {
            report.step(KEYS, Ok(String::new()));
            token_failed(&error, report);
            None
        }
        Err(error) => {
            report.step(KEYS, Err(sentence(&error)));
            report.not_reached(&CHECKS);
            None
        }
    }
}

fn token_failed(error: &IdTokenError, report: &mut Report) {
    let (index, remedy) = failed(error);
    for (number, check) in CHECKS.iter().enumerate() {
        match number.cmp(&index) {
            std::cmp::Ordering::Less => report.step(check, Ok(String::new())),
            std::cmp::Ordering::Equal => {
                report.step(check, Err(format!("{} {remedy}", sentence(error))));
            }
            std::cmp::Ordering::Greater => report.not_reached(&[check]),
        }
    }
}

/// Runs the mappers as a sign-in would, and writes nothing.
async fn map(
    app: &App,
    tenant: &Tenant,
    provider: &Provider,
    claims: &Claims,
    report: &mut Report,
) -> Result<(), Problem> {
    let mut rows = app.store.read(tenant.id).await?;
    let mappers = rows.mappers(&provider.alias).await?;
    let absent_groups = absent_groups(&mut rows, provider).await?;
    let existing = match link_of(provider, claims) {
        Some(EntraLink { tid, oid, .. }) => rows.person_by_link(&tid, &oid).await?,
        None => None,
    };
    let wanted = mapping::wanted_email(provider, &mappers, &claims.all, existing.as_ref());
    let owner = match &wanted {
        Some(email) => rows.email_owner(email).await?,
        None => None,
    };
    drop(rows);
    let imported = mapping::import(&Import {
        provider,
        mappers: &mappers,
        claims: &claims.all,
        existing: existing.as_ref(),
        email_owner: wanted.as_deref().zip(owner),
        absent_groups,
        now: entropy::now(),
    });
    report.claims =
        claims.all.iter().map(|(name, value)| (name.clone(), shown(name, value))).collect();
    report.mappers = imported.reports.iter().map(line).collect();
    report.missing = imported.reports.iter().filter_map(missing).collect();
    report.auth_time = Some(claims.auth_time.is_some());
    if claims.auth_time.is_none() && provider.kind == ProviderKind::Entra {
        report.missing.extend(missing_auth_time(tenant));
    }
    report.missing.dedup();
    Ok(())
}

/// What an absent claim would do now to a person who has groups.
async fn absent_groups(rows: &mut Rows, provider: &Provider) -> Result<AbsentGroups, Problem> {
    let missing = rows.missing_groups(&provider.alias).await?;
    let one_more = missing.people.saturating_add(1);
    Ok(provider.seen.groups.without_groups(one_more).groups)
}

fn missing_auth_time(tenant: &Tenant) -> Option<(String, String)> {
    let path = "App registrations → your app → Token configuration → Add optional claim → ID → \
                auth_time. This tenant lets a fresh sign-in enrol a first card, and only auth_time \
                shows that it was fresh.";
    let needed = tenant.policy.first_card == FirstCard::FreshEntraSignIn;
    needed.then(|| ("auth_time".to_owned(), path.to_owned()))
}

/// A claim as the page shows it. The nonce was a secret of this test.
fn shown(name: &str, value: &Value) -> String {
    match value {
        _ if name == "nonce" => "(as sent)".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn missing(report: &MapperReport) -> Option<(String, String)> {
    match &report.outcome {
        Outcome::Missing { claim, hint } => {
            let none = "Ask the provider's administrator to send it.";
            Some((claim.clone(), hint.clone().unwrap_or_else(|| none.to_owned())))
        }
        _ => None,
    }
}

fn line(report: &MapperReport) -> MapperLine {
    let (tone, words, values) = match &report.outcome {
        Outcome::Applied { values } => (Tone::Good, "Would write".to_owned(), values.clone()),
        Outcome::Cleared => {
            (Tone::Warning, "Would remove the stored values: none came".to_owned(), Vec::new())
        }
        Outcome::KeptOnOverage => (
            Tone::Warning,
            "Too many groups to be sent: what is stored stays. In Azure, send only the groups \
             that are assigned to the application"
                .to_owned(),
            Vec::new(),
        ),
        Outcome::KeptWhileAsked => (
            Tone::Warning,
            "None came, as for other people before: what is stored stays until you have answered \
             the question about groups"
                .to_owned(),
            Vec::new(),
        ),
        Outcome::KeptOnConflict { value } => (
            Tone::Warning,
            "Belongs to somebody else here: the old value stays".to_owned(),
            vec![value.clone()],
        ),
        Outcome::Missing { claim, .. } => {
            (Tone::Bad, format!("The claim {claim} did not come"), Vec::new())
        }
        Outcome::Onboards => {
            (Tone::Good, "Asks for a card when there is none".to_owned(), Vec::new())
        }
        Outcome::Skipped { reason } => {
            (Tone::Info, format!("Would write nothing: {}", reason.text()), Vec::new())
        }
    };
    MapperLine { name: report.name.clone(), tone, words, values }
}
