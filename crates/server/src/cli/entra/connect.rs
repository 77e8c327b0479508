//! `cardea entra connect`.

use std::path::PathBuf;

use clap::Args;
use entra_eam::Issuer;
use identity::Tenant;
use ids::Slug;
use store::{AuditEntry, EamConnection};

use super::azure::{self, Azure};
use super::{
    GraphCredentials, Voice, authority, broker_redirects, guid, issuer, slug, steps, tenant,
};
use crate::app::App;
use crate::cli::Failure;
use crate::entropy;

/// What `cardea entra connect` is told.
#[derive(Args, Clone, Debug)]
pub struct Connect {
    /// Slug of the tenant.
    #[arg(long, value_parser = slug)]
    pub tenant: Slug,
    /// Tenant ID of the Entra directory, a GUID.
    #[arg(long, value_parser = guid)]
    pub directory: String,
    /// Application (client) ID of an app registration that is there. The connection at Cardea is
    /// written when it is known.
    #[arg(long, value_parser = guid)]
    pub app: Option<String>,
    /// Name of the method, as people read it when they sign in. It can never be changed.
    #[arg(long, default_value = "Cardea card")]
    pub name: String,
    /// Authority of another cloud than the global one, such as <https://login.microsoftonline.us>.
    #[arg(long)]
    pub cloud: Option<String>,
    /// Object ID of a group for whom the method is; everybody without it.
    #[arg(long, value_parser = guid)]
    pub group: Option<String>,
    /// Object ID of an account that Conditional Access must never ask, for the day when nothing else
    /// works; may be given several times.
    #[arg(long, value_parser = guid)]
    pub break_glass: Vec<String>,
    /// Register the method for this person (user principal name or object ID); may be given several
    /// times. Without it people register it themselves.
    #[arg(long)]
    pub register: Vec<String>,
    /// Let the Conditional Access policy demand the card at once, and not only report.
    #[arg(long)]
    pub enforce: bool,
    #[expect(clippy::doc_markdown, reason = "the text of --help, where backticks would show")]
    /// File with client_id and client_secret of an application that may do the steps by Microsoft
    /// Graph, for nobody else to read. CARDEA_GRAPH_CLIENT_ID and CARDEA_GRAPH_CLIENT_SECRET say the
    /// same.
    #[arg(long, value_name = "FILE")]
    pub graph_credentials: Option<PathBuf>,
}

/// What both ways to connect need to know.
pub(super) struct Plan<'a> {
    pub(super) asked: &'a Connect,
    pub(super) tenant: Tenant,
    pub(super) issuer: Issuer,
    pub(super) authority: String,
    /// Redirect URIs of the registration: ours for external MFA, and those of the providers.
    pub(super) redirects: Vec<String>,
}

/// Prints the steps, or does them by Graph when there are credentials; writes the connection.
///
/// # Errors
///
/// What is in the way, and what to do about it. What was done before stays done; a second run goes on
/// from there.
pub async fn connect(
    app: &App,
    asked: &Connect,
    graph: Option<&GraphCredentials>,
    voice: &mut Voice<'_>,
) -> Result<(), Failure> {
    let tenant = tenant(app, &asked.tenant).await?;
    let issuer = issuer(app, &tenant)?;
    let mut redirects = vec![issuer.authorization_endpoint()];
    redirects.extend(broker_redirects(app, &tenant).await?);
    let authority = authority(app, asked.cloud.as_deref())?;
    let plan = Plan { asked, tenant, issuer, authority, redirects };
    let Some(graph) = graph else {
        steps::print(&plan, voice)?;
        if let Some(client_id) = &asked.app {
            voice.say("")?;
            write_connection(app, &plan, client_id, voice).await?;
        }
        return Ok(());
    };
    let azure = Azure::open(app, &plan.tenant, &plan.authority, &asked.directory, graph).await?;
    let client_id = azure::set_up(&azure, &plan, voice).await?;
    // Before the method is enabled: Entra reads document and keys when it is.
    write_connection(app, &plan, &client_id, voice).await?;
    azure::turn_on(&azure, &plan, &client_id, voice).await?;
    voice.say(format!("Next: cardea entra doctor --tenant {}", plan.tenant.slug))
}

/// Writes the connection, with a directory added to those that are there.
async fn write_connection(
    app: &App,
    plan: &Plan<'_>,
    client_id: &str,
    voice: &mut Voice<'_>,
) -> Result<(), Failure> {
    let mut tx = app.store().write(plan.tenant.id).await?;
    let known = tx.eam_connection(client_id).await?;
    let mut connection = known.clone().unwrap_or_else(|| EamConnection {
        client_id: client_id.to_owned(),
        app_id: client_id.to_owned(),
        authority: plan.authority.clone(),
        directories: Vec::new(),
        enabled: true,
        created_at: entropy::now(),
    });
    if connection.authority != plan.authority {
        return Err(format!(
            "the connection {client_id} is for {}: change it in the console",
            connection.authority
        )
        .into());
    }
    if !connection.directories.contains(&plan.asked.directory) {
        connection.directories.push(plan.asked.directory.clone());
    }
    if known.as_ref() == Some(&connection) {
        let off =
            if connection.enabled { "" } else { "; it is disabled, and the console enables it" };
        return voice.say(format!("there   Cardea: the connection {client_id}{off}"));
    }
    tx.put_eam_connection(&connection).await?;
    let detail = serde_json::json!({
        "from": "host", "client_id": client_id, "app_id": connection.app_id,
        "authority": connection.authority, "directories": connection.directories,
        "enabled": connection.enabled,
    });
    tx.audit(&AuditEntry::new("eam.connection-saved", detail)).await?;
    tx.commit().await?;
    voice.say(format!("done    Cardea: the connection {client_id} is written"))
}
