//! The steps on Azure's side, for people: in order, each value ready to be copied.

use serde_json::{Value as Json, json};

use super::Voice;
use super::azure::bodies;
use super::connect::Plan;
use crate::cli::Failure;

/// Stands for an id that is known after the first step.
const LATER: &str = "<Application (client) ID>";

/// Prints them.
pub(super) fn print(plan: &Plan<'_>, voice: &mut Voice<'_>) -> Result<(), Failure> {
    let steps = [
        registration(plan),
        claims(),
        permissions(plan),
        here(plan),
        method(plan)?,
        people(),
        conditional_access(plan)?,
    ];
    voice.say(format!(
        "Connects the directory {} to the tenant {} for external MFA. You need the roles Cloud \
         Application Administrator and Authentication Policy Administrator, for consent Privileged Role \
         Administrator, for the last step in Azure Conditional Access Administrator; and Entra ID P1.",
        plan.asked.directory, plan.tenant.slug
    ))?;
    for (number, (title, lines)) in (1..).zip(steps) {
        voice.say(format!("\n{number}. {title}"))?;
        for line in lines {
            voice.say(format!("   {line}"))?;
        }
    }
    Ok(())
}

type Step = (&'static str, Vec<String>);

fn registration(plan: &Plan<'_>) -> Step {
    let mut lines = match &plan.asked.app {
        Some(app) => {
            vec![format!("Entra ID → App registrations → the one with Application ID {app}.")]
        }
        None => vec![
            "Entra ID → App registrations → New registration.".into(),
            format!("Name: {}", bodies::app_name(plan)),
            "Supported account types: Accounts in this organizational directory only".into(),
        ],
    };
    lines.push("Authentication → Add a platform → Web → Redirect URIs, to the letter:".into());
    lines.extend(plan.redirects.iter().map(|uri| format!("  {uri}")));
    lines.push(
        "Authentication → Implicit grant and hybrid flows: tick ID tokens (used for implicit and hybrid \
         flows)."
            .into(),
    );
    if plan.asked.app.is_none() {
        lines.push("Overview: copy the Application (client) ID.".into());
    }
    ("App registration", lines)
}

fn claims() -> Step {
    let lines = [
        "Token configuration → Add optional claim → ID: upn, auth_time.",
        "Token configuration → Add groups claim → Security groups.",
        "(For people who sign in at Cardea by this registration; external MFA alone needs neither.)",
    ];
    ("Optional claims", lines.map(str::to_owned).to_vec())
}

fn permissions(plan: &Plan<'_>) -> Step {
    let app = plan.asked.app.as_deref().unwrap_or(LATER);
    let lines = vec![
        "API permissions → Add a permission → Microsoft Graph → Delegated permissions: openid, profile."
            .into(),
        "API permissions → Grant admin consent. Or open this address as Privileged Role Administrator:"
            .into(),
        format!(
            "  {}/{}/adminconsent?client_id={app}",
            plan.authority, plan.asked.directory
        ),
        "Expose an API: leave it empty. The registration publishes no scopes.".into(),
    ];
    ("Permissions and consent (without them: AADSTS900491)", lines)
}

fn method(plan: &Plan<'_>) -> Result<Step, Failure> {
    let app = plan.asked.app.as_deref().unwrap_or(LATER);
    let mut lines = vec![
        "Entra ID → Authentication methods → Policies → Add external MFA.".into(),
        format!("Name: {} (it can never be changed)", plan.asked.name),
        format!("Client ID: {app}"),
        format!("Discovery Endpoint: {}", plan.issuer.configuration()),
        format!("App ID: {app}"),
        "Request permission, if it is not granted yet. Enable: on. Include: the people it is for."
            .into(),
        "Or by Microsoft Graph:".into(),
        format!("  POST /v1.0/{}", bodies::METHODS),
    ];
    lines.extend(pretty(&bodies::method(plan, app))?);
    Ok(("External method", lines))
}

fn people() -> Step {
    let lines = [
        "Each person registers it once: https://mysignins.microsoft.com/security-info → Add sign-in \
         method → External Auth methods. It is a round trip with their card, so they enrol that first.",
        "Or an administrator does: Users → the person → Authentication methods → Add.",
    ];
    ("People register the method", lines.map(str::to_owned).to_vec())
}

fn conditional_access(plan: &Plan<'_>) -> Result<Step, Failure> {
    let mut lines = vec![
        "Keep at least one account out of it, for the day when nothing else works (break glass): a \
         long password in a safe, no other policy, an alert when it is used."
            .into(),
        "Entra ID → Conditional Access → New policy. Users: those of the method, except that account. \
         Target resources: all. Grant: Require multifactor authentication, and nothing else: \
         authentication strengths are not satisfied by external MFA."
            .into(),
        "Begin with Report-only. Or by Microsoft Graph:".into(),
        format!("  POST /v1.0/{}", bodies::POLICIES),
    ];
    lines.extend(pretty(&bodies::policy(plan))?);
    Ok(("Conditional Access", lines))
}

fn here(plan: &Plan<'_>) -> Step {
    let lines = match &plan.asked.app {
        Some(app) => vec![format!(
            "The connection {app} for the directory {} is written now, below.",
            plan.asked.directory
        )],
        None => vec![
            "Run this again with --app and the Application (client) ID; or add the connection in the \
             console, under Entra external MFA:"
                .into(),
            format!("  {}", plan_page(plan)),
        ],
    };
    ("At Cardea, before Entra reads the discovery endpoint", lines)
}

fn plan_page(plan: &Plan<'_>) -> String {
    let issuer = plan.issuer.as_str();
    let end = issuer.len().saturating_sub(format!("/realms/{}/eam", plan.tenant.slug).len());
    let origin = issuer.get(..end).unwrap_or_default();
    format!("{origin}/admin/tenants/{}/external-mfa", plan.tenant.slug)
}

fn pretty(body: &Json) -> Result<Vec<String>, Failure> {
    let text = serde_json::to_string_pretty(body)?;
    Ok(text.lines().map(|line| format!("  {line}")).collect())
}

/// What nobody filled in yet.
pub(super) fn to_fill_in(text: &str) -> Json {
    json!(format!("<{text}>"))
}
