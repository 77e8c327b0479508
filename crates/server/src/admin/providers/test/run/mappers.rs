use identity::mapping::{self, Import, Imported, MapperReport, Outcome};
use identity::{AbsentGroups, EntraLink, FirstCard, Provider, ProviderKind, Tenant};
use oidc::id_token::Claims;
use serde_json::Value;
use store::Rows;

use crate::admin::providers::test::report::{MapperLine, Report};
use crate::app::App;
use crate::doors::admit::link_of;
use crate::entropy;
use crate::http::problem::Problem;
use crate::pages::Tone;

/// What a sign-in would import, and what is missing for it.
pub(super) async fn step(
    app: &App,
    tenant: &Tenant,
    provider: &Provider,
    claims: &Claims,
    report: &mut Report,
) -> Result<(), Problem> {
    let imported = import(app, tenant, provider, claims).await?;
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

/// Runs the mappers as a sign-in would, and writes nothing.
async fn import(
    app: &App,
    tenant: &Tenant,
    provider: &Provider,
    claims: &Claims,
) -> Result<Imported, Problem> {
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
    Ok(mapping::import(&Import {
        provider,
        mappers: &mappers,
        claims: &claims.all,
        existing: existing.as_ref(),
        email_owner: wanted.as_deref().zip(owner),
        absent_groups,
        now: entropy::now(),
    }))
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
