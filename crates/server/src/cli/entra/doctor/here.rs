//! What can be told without asking anybody: the public address, and the connections.

use identity::{FirstCard, Tenant};
use store::EamConnection;

use super::Report;
use crate::app::App;
use crate::cli::Failure;

pub(super) fn address(app: &App, report: &mut Report<'_, '_>) -> Result<(), Failure> {
    let origin = app.config.origin();
    if app.config.is_localhost() {
        return report.note(
            "public address",
            format!("{origin} is this machine alone; Microsoft's servers cannot reach it"),
            "for a stand-in it is enough; else serve under a public name with HTTPS",
        );
    }
    report.good("public address", origin)
}

/// The connections; those that are enabled.
pub(super) async fn connections(
    app: &App,
    tenant: &Tenant,
    report: &mut Report<'_, '_>,
) -> Result<Vec<EamConnection>, Failure> {
    let all = app.store().read(tenant.id).await?.eam_connections().await?;
    if all.is_empty() {
        report.bad(
            "connection",
            "the tenant has none, so nothing is served to Entra",
            format!(
                "cardea entra connect --tenant {} --directory GUID, or the console: Entra external MFA",
                tenant.slug
            ),
        )?;
    }
    for connection in &all {
        let id = &connection.client_id;
        if !connection.enabled {
            report.bad("connection", format!("{id} is disabled"), "enable it in the console")?;
        } else if connection.directories.is_empty() {
            let remedy = "name the directory in the console, by its Tenant ID";
            report.bad("connection", format!("{id} names no directory"), remedy)?;
        } else if !app.clouds.iter().any(|cloud| cloud.authority() == connection.authority) {
            report.bad(
                "connection",
                format!("{id} is of a cloud that may not ask here: {}", connection.authority),
                "set external_mfa_return of this [[entra.cloud]] in the configuration, or choose another \
                 cloud in the console",
            )?;
        } else {
            report.good("connection", id)?;
        }
    }
    if tenant.policy.first_card != FirstCard::AdministratorCode && !all.is_empty() {
        report.note(
            "first cards",
            "a request of Entra lets nobody enrol a first card, by the tenant's settings",
            "people enrol at the account page first; or let one-time codes enrol",
        )?;
    }
    Ok(all.into_iter().filter(|connection| connection.enabled).collect())
}
