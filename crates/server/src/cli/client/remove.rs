//! `cardea client remove`.

use clap::Args;
use store::AuditEntry;

use super::super::entra::{Voice, tenant};
use super::{Named, stored};
use crate::app::App;
use crate::cli::Failure;

/// What `cardea client remove` is told.
#[derive(Args, Clone, Debug)]
pub(in super::super) struct Remove {
    #[command(flatten)]
    pub(super) named: Named,
    /// Do not ask first.
    #[arg(long)]
    pub(super) yes: bool,
}

/// Removes an application for good.
pub(super) async fn remove(
    app: &App,
    asked: &Remove,
    voice: &mut Voice<'_>,
) -> Result<(), Failure> {
    let tenant = tenant(app, &asked.named.tenant).await?;
    let at = stored(&mut *app.store().read(tenant.id).await?, &asked.named).await?;
    let id = &at.client.client_id;
    let question = format!(
        "Nobody signs in to {} ({id}) any more, and its secrets are gone for good. Remove it?",
        at.client.name
    );
    if !asked.yes && !(voice.ask)(&question) {
        return Err("nothing was removed".into());
    }
    let mut tx = app.store().write(tenant.id).await?;
    if !tx.remove_client(id).await? {
        return Err(format!("there is no application {id} any more").into());
    }
    let detail = serde_json::json!({ "from": "host", "client": id, "name": at.client.name });
    tx.audit(&AuditEntry::new("client.removed", detail)).await?;
    tx.commit().await?;
    voice.say(format!("The application {id} is removed."))
}
