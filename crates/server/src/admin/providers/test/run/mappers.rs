use identity::mapping::{self, Import, Imported, MapperReport, MissingClaim, Outcome, Overage};
use identity::{
    AbsentGroups, EntraLink, FirstCard, Mapper, Moment, Provider, ProviderKind, Tenant,
};
use oidc::id_token::Claims;
use serde_json::Value;
use store::Rows;
use upstream::Deadline;

use crate::admin::form::sentence;
use crate::admin::providers::test::report::{MapperLine, Missing, Report};
use crate::app::App;
use crate::doors::admit::link_of;
use crate::entropy;
use crate::http::page::when;
use crate::http::problem::Problem;
use crate::overage::Member;
use crate::pages::Tone;

const AUTH_TIME: &str = "auth_time";
const GROUPS: &str = "groups";

/// Where to click at a provider that we do not know.
const ASK: &str = "Ask the provider's administrator to send it.";

/// Claims that are moments (OpenID Connect Core 1.0 §2, RFC 7519 §4.1).
const MOMENTS: [&str; 4] = ["exp", "iat", "nbf", AUTH_TIME];

/// What a sign-in would import, and what is missing for it.
pub(super) async fn step(
    app: &App,
    tenant: &Tenant,
    provider: &Provider,
    claims: &Claims,
    deadline: Deadline,
    report: &mut Report,
) -> Result<(), Problem> {
    let (overage, failed) = match tried(app, tenant, provider, claims, deadline).await? {
        Some(Ok(groups)) => (Overage::Named(groups), None),
        Some(Err(why)) => (Overage::Unknown, Some(why)),
        None => (Overage::Unknown, None),
    };
    let mut rows = app.store.read(tenant.id).await?;
    let mappers = rows.mappers(&provider.alias).await?;
    let imported = import(&mut rows, provider, &mappers, claims, &overage).await?;
    drop(rows);
    report.claims =
        claims.all.iter().map(|(name, value)| (name.clone(), shown(name, value))).collect();
    report.mappers =
        imported.reports.iter().map(|report| line(report, failed.as_deref())).collect();
    report.missing = missing(provider, &mappers, claims);
    if !report.missing.iter().any(|known| known.claim == AUTH_TIME) {
        report.missing.extend(missing_auth_time(tenant, provider, claims));
    }
    report.unasked = unasked(provider, claims, &report.missing);
    report.keeps_nothing = !mappers.iter().any(|mapper| mapper.kind.reads_claims());
    report.auth_time = Some(claims.auth_time.is_some());
    Ok(())
}

/// What Graph says of groups that the token had no room for. Asked at once, even if a sign-in asked a
/// moment ago: people test right after they have granted something.
async fn tried(
    app: &App,
    tenant: &Tenant,
    provider: &Provider,
    claims: &Claims,
    deadline: Deadline,
) -> Result<Option<Result<Vec<String>, String>>, Problem> {
    let Some(link) = link_of(provider, claims) else { return Ok(None) };
    let member = Member { tenant, provider, claims, link: &link };
    if !member.wants_groups(app).await? {
        return Ok(None);
    }
    Ok(Some(member.try_out(app, deadline).await.map_err(|error| sentence(&error))))
}

/// Runs the mappers as a sign-in would, and writes nothing.
async fn import(
    rows: &mut Rows,
    provider: &Provider,
    mappers: &[Mapper],
    claims: &Claims,
    overage: &Overage,
) -> Result<Imported, Problem> {
    let absent_groups = absent_groups(rows, provider).await?;
    let existing = match link_of(provider, claims) {
        Some(EntraLink { tid, oid, .. }) => rows.person_by_link(&tid, &oid).await?,
        None => None,
    };
    let wanted = mapping::wanted_email(provider, mappers, &claims.all, existing.as_ref());
    let owner = match &wanted {
        Some(email) => rows.email_owner(email).await?,
        None => None,
    };
    Ok(mapping::import(&Import {
        provider,
        mappers,
        claims: &claims.all,
        existing: existing.as_ref(),
        email_owner: wanted.as_deref().zip(owner),
        absent_groups,
        overage,
        now: entropy::now(),
    }))
}

/// What an absent claim would do now to a person who has groups.
async fn absent_groups(rows: &mut Rows, provider: &Provider) -> Result<AbsentGroups, Problem> {
    let missing = rows.missing_groups(&provider.alias).await?;
    let one_more = missing.people.saturating_add(1);
    Ok(provider.seen.groups.without_groups(one_more).groups)
}

/// The claims that mappers read and that did not come.
fn missing(provider: &Provider, mappers: &[Mapper], claims: &Claims) -> Vec<Missing> {
    let all = mapping::missing_claims(provider, mappers, &claims.all).into_iter();
    all.map(|MissingClaim { claim, mappers, hint }| {
        let path = hint.unwrap_or_else(|| ASK.to_owned());
        // Entra leaves it out for two reasons, and only the administrator knows which.
        let path = if claim == GROUPS && provider.kind == ProviderKind::Entra {
            format!(
                "{path}. If it is there already, the \
                 person who tested is in no group, and all is well."
            )
        } else {
            path
        };
        let many = if mappers.len() == 1 { "mapper" } else { "mappers" };
        let needed_by = format!("Needed by the {many} {}.", mappers.join(", "));
        Missing { claim, needed_by, path }
    })
    .collect()
}

/// Only `auth_time` shows that a sign-in was fresh.
fn missing_auth_time(tenant: &Tenant, provider: &Provider, claims: &Claims) -> Option<Missing> {
    let needed = provider.kind == ProviderKind::Entra
        && tenant.policy.first_card == FirstCard::FreshEntraSignIn;
    (needed && claims.auth_time.is_none()).then(|| Missing {
        claim: AUTH_TIME.to_owned(),
        needed_by: "Needed because this tenant lets a fresh Entra sign-in enrol a first card: \
                    without it, nobody can."
            .to_owned(),
        path: mapping::azure_path(AUTH_TIME),
    })
}

/// The claims that Entra sends only when asked, that did not come, and that nothing needs now.
fn unasked(provider: &Provider, claims: &Claims, missing: &[Missing]) -> Vec<Missing> {
    if provider.kind != ProviderKind::Entra {
        return Vec::new();
    }
    let all = [
        ("upn", "The sign-in name, for a mapper that keeps it."),
        (GROUPS, "The person's groups, for a mapper that keeps them."),
        (AUTH_TIME, "When the person signed in. For a first card after a fresh Entra sign-in."),
    ];
    let absent = |claim: &str| {
        !claims.all.contains_key(claim) && !missing.iter().any(|known| known.claim == claim)
    };
    let shown = |(claim, needed_by): (&str, &str)| Missing {
        claim: claim.to_owned(),
        needed_by: needed_by.to_owned(),
        path: mapping::azure_path(claim),
    };
    all.into_iter().filter(|(claim, _)| absent(claim)).map(shown).collect()
}

/// A claim as the page shows it. The nonce was a secret of this test.
fn shown(name: &str, value: &Value) -> Vec<String> {
    match value {
        _ if name == "nonce" => vec!["(as sent)".to_owned()],
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(|item| shown("", item)).collect(),
        other => vec![moment(name, other).unwrap_or_else(|| other.to_string())],
    }
}

/// A moment as people read it, with the number that came.
fn moment(name: &str, value: &Value) -> Option<String> {
    let seconds = value.as_i64().filter(|_| MOMENTS.contains(&name))?;
    let text = when(Moment::from_unix_seconds(seconds)).text;
    Some(format!("{text} ({seconds})"))
}

fn line(report: &MapperReport, failed: Option<&str>) -> MapperLine {
    let (tone, words, values) = match &report.outcome {
        Outcome::AppliedFromGraph { values } => (
            Tone::Good,
            "Would write these, which Microsoft Graph names: the token had no room for them"
                .to_owned(),
            values.clone(),
        ),
        Outcome::Applied { values } => (Tone::Good, "Would write".to_owned(), values.clone()),
        Outcome::Cleared => {
            (Tone::Warning, "Would remove the stored values: none came".to_owned(), Vec::new())
        }
        Outcome::KeptOnOverage => (Tone::Warning, kept_on_overage(failed), Vec::new()),
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

fn kept_on_overage(failed: Option<&str>) -> String {
    let more = failed.unwrap_or(
        "Microsoft Graph is not asked where names are stored. In Azure, send only the groups that \
         are assigned to the application.",
    );
    format!("Too many groups to be sent: what is stored stays. {more}")
}
