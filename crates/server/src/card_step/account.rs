//! Whose login waits, and for whom, as the card step's pages say it.

use identity::{Person, Provider, Tenant};
use login::{Door, Vouched, Waiting};
use store::{EamTransaction, Rows};

use crate::http::problem::Problem;
use crate::pages::{Account, AskedBy};

/// The person as the page names them, so that nobody finishes what somebody else began.
pub(super) async fn account(
    rows: &mut Rows,
    tenant: &Tenant,
    waiting: &Waiting,
    person: &Person,
) -> Result<Account, Problem> {
    let provider = match &waiting.vouched {
        Vouched::Upstream { provider, .. } => rows.provider(provider).await?,
        Vouched::Invitation
        | Vouched::Session { .. }
        | Vouched::Hint { .. }
        | Vouched::Pairing { .. } => None,
    };
    Ok(Account {
        name: person.name().to_owned(),
        username: person.username.clone(),
        provider: provider.map(|provider| provider.display_name),
        asked_by: asked_by(rows, tenant, waiting).await?,
        application: waiting.started.request.application.clone(),
    })
}

/// Who asks for the card, where it is Entra.
async fn asked_by(
    rows: &mut Rows,
    tenant: &Tenant,
    waiting: &Waiting,
) -> Result<Option<AskedBy>, Problem> {
    if waiting.started.request.door != Door::Eam {
        return Ok(None);
    }
    let transaction = rows.eam_transaction_by_handle(&waiting.handle).await?;
    let Some(transaction) = transaction else { return Ok(None) };
    let host = &transaction.request.authority;
    let host = host.split_once("://").map_or(host.as_str(), |(_, host)| host).to_owned();
    Ok(Some(AskedBy { host, directory: directory(rows, tenant, &transaction).await? }))
}

/// What a directory is called: like the tenant, where the tenant is connected to this one alone; else like
/// the provider by which its people sign in; else by its id.
async fn directory(
    rows: &mut Rows,
    tenant: &Tenant,
    transaction: &EamTransaction,
) -> Result<String, Problem> {
    let tid = &transaction.account.tid;
    let connection = rows.eam_connection(&transaction.request.client_id).await?;
    if connection.is_some_and(|connection| connection.directories == [tid.as_str()]) {
        return Ok(tenant.display_name.clone());
    }
    let providers = rows.providers().await?;
    let is_its = |provider: &Provider| provider.endpoints.issuer.split('/').any(|part| part == tid);
    let provider = providers.into_iter().find(is_its);
    Ok(provider.map_or_else(|| tid.clone(), |provider| provider.display_name))
}
