//! One real sign-in: how it comes out, from the audit trail.

use std::time::Duration;

use identity::Tenant;
use serde_json::Value as Json;
use store::AuditEvent;

use super::Report;
use crate::app::App;
use crate::cli::Failure;

/// How often the trail is looked at.
const PERIOD: Duration = Duration::from_secs(1);
/// Events that are read at a time.
const BATCH: u32 = 500;
const LINK: &str = "sign-in";

/// Waits for a request of Entra that is proved or refused.
pub(super) async fn for_one(
    app: &App,
    tenant: &Tenant,
    patience: Duration,
    report: &mut Report<'_, '_>,
) -> Result<(), Failure> {
    let mut after =
        app.store().read(tenant.id).await?.audit_head().await?.map_or(0, |head| head.seq);
    let seconds = patience.as_secs();
    report.note(
        LINK,
        format!("waits up to {seconds} s: sign in to Microsoft now, with your card"),
        "",
    )?;
    let look = async {
        loop {
            let events = app.store().read(tenant.id).await?.audit(after, BATCH).await?;
            after = events.last().map_or(after, |event| event.seq);
            for event in &events {
                if tell(event, report)? {
                    return Ok::<(), Failure>(());
                }
            }
            tokio::time::sleep(PERIOD).await;
        }
    };
    match tokio::time::timeout(patience, look).await {
        Ok(told) => told,
        Err(_) => report.bad(
            LINK,
            "nothing came that Entra had vouched for",
            format!(
                "does Entra's page show a number? {} explains it. What was refused before stands in the \
                 console under Entra external MFA, and in the server's log",
                app.config.address("/help/aadsts")
            ),
        ),
    }
}

/// Tells an event of a request; whether it was the end of one.
fn tell(event: &AuditEvent, report: &mut Report<'_, '_>) -> Result<bool, Failure> {
    let member = |name: &str| event.detail.get(name).and_then(Json::as_str).unwrap_or("-");
    let reference = member("client_request_id");
    match event.kind.as_str() {
        "eam.asked" => {
            let rules =
                "EAM-10 to EAM-24: the hint, the directory, the person and the method are good";
            report.good(LINK, format!("Entra asked, request {reference}; {rules}"))?;
            Ok(false)
        }
        "eam.proved" => {
            report.good(LINK, "the card has answered, and Entra was told")?;
            Ok(true)
        }
        "eam.left" => {
            report.bad(LINK, "the person left without using a card", "try again")?;
            Ok(true)
        }
        "eam.refused" => {
            let (rule, reason) = (member("rule"), member("reason"));
            let what = format!("refused by rule {rule} ({reason}), request {reference}");
            report.bad(LINK, what, "the console says what to do, under Entra external MFA")?;
            Ok(true)
        }
        _ => Ok(false),
    }
}
