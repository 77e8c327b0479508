//! `cardea client secret`.

use clap::Args;
use identity::Tenant;
use store::AuditEntry;

use super::super::entra::{Voice, tenant};
use super::{Named, stored};
use crate::app::App;
use crate::cli::Failure;
use crate::http::page::when;
use crate::registration::{add_secret, has_secret};

/// What `cardea client secret` is told.
#[derive(Args, Clone, Debug)]
pub(in super::super) struct NewSecret {
    #[command(flatten)]
    pub(super) named: Named,
    /// Make none, but remove the older one of two: when the application has the new one.
    #[arg(long)]
    pub(super) remove_older: bool,
}

/// Makes a secret and says it, this once; or removes the older one.
pub(super) async fn secret(
    app: &App,
    asked: &NewSecret,
    voice: &mut Voice<'_>,
) -> Result<(), Failure> {
    let tenant = tenant(app, &asked.named.tenant).await?;
    if asked.remove_older {
        remove_older(app, &tenant, asked, voice).await
    } else {
        make(app, &tenant, asked, voice).await
    }
}

async fn make(
    app: &App,
    tenant: &Tenant,
    asked: &NewSecret,
    voice: &mut Voice<'_>,
) -> Result<(), Failure> {
    let mut tx = app.store().write(tenant.id).await?;
    let at = stored(&mut tx, &asked.named).await?;
    let id = &at.client.client_id;
    if !has_secret(&at.settings) {
        return Err(format!("{id} has no client secret: it is registered to do without").into());
    }
    let Some(secret) = add_secret(&mut tx, id).await? else {
        return Err(
            format!("{id} has two secrets; remove the older one with --remove-older").into()
        );
    };
    let detail = serde_json::json!({ "from": "host", "client": id });
    tx.audit(&AuditEntry::new("client.secret-added", detail)).await?;
    tx.commit().await?;
    voice.say(secret.expose_text().unwrap_or_default())?;
    voice.say("It is shown this once. The old one is taken until you remove it (--remove-older).")
}

async fn remove_older(
    app: &App,
    tenant: &Tenant,
    asked: &NewSecret,
    voice: &mut Voice<'_>,
) -> Result<(), Failure> {
    let mut tx = app.store().write(tenant.id).await?;
    let id = stored(&mut tx, &asked.named).await?.client.client_id;
    let all = tx.client_secrets(&id).await?;
    let [older, _] = all.as_slice() else {
        return Err(format!("{id} does not have two secrets; make the new one first").into());
    };
    tx.remove_client_secret(&id, &older.hash).await?;
    let made = when(older.created_at);
    let detail = serde_json::json!({ "from": "host", "client": id, "made": made.machine });
    tx.audit(&AuditEntry::new("client.secret-removed", detail)).await?;
    tx.commit().await?;
    voice.say(format!("The secret made on {} is removed.", made.text))
}
