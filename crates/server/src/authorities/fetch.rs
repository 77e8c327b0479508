//! Lists of revoked certificates: fetched again before they are out of date.

use std::time::Duration;

use identity::{Moment, Tenant};
use store::{CardAuthority, KeptList, Page, StoreError};
use upstream::UpstreamError;
use x509_cards::{Authority, MAX_LIST, RevocationList, X509Error};

use super::row_of;
use crate::app::App;
use crate::entropy;

/// How often is looked for lists that are due.
const PERIOD: Duration = Duration::from_mins(5);
/// A list is fetched so often: authorities publish what they have revoked before the old list ends.
const EACH: Duration = Duration::from_hours(1);
/// So many tenants at a time.
const TENANTS: u32 = 100;

/// Why a list did not come, or does not count. The text is for administrators.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{}", words_of_call(.0))]
    Call(#[from] UpstreamError),
    #[error("{}", words_of_list(*.0))]
    List(#[from] X509Error),
    #[error("it is older than the list that is in use")]
    Older,
}

fn words_of_call(error: &UpstreamError) -> String {
    match error {
        UpstreamError::BadUrl => "the address is no http or https address".into(),
        UpstreamError::ForbiddenAddress => {
            "the address is inside of a network; whoever runs this server can name its origin in \
             the configuration file, under x509.list_origins"
                .into()
        }
        UpstreamError::Deadline => "no answer came in time".into(),
        UpstreamError::Unreachable => {
            "the address cannot be reached; the server's log says why".into()
        }
        UpstreamError::Redirected => "the address leads to another one; enter that".into(),
        UpstreamError::Status(status) => format!("the answer is status {status}"),
        UpstreamError::TooLarge => words_of_list(X509Error::TooLarge).into(),
        other => other.to_string(),
    }
}

fn words_of_list(error: X509Error) -> &'static str {
    match error {
        X509Error::ForeignList => "it was signed by no authority of this tenant",
        X509Error::ListKind => {
            "it is of a kind that is not taken: a delta, an indirect list, or one of some reasons only"
        }
        X509Error::NotYetValid => "it says that it was made in the future: check the clocks",
        X509Error::TooLarge => "it is larger than 4 MiB",
        _ => "it is no list of revoked certificates (X.509 CRL)",
    }
}

/// Reads a list that was brought or fetched for an authority of the tenant.
///
/// # Errors
///
/// Those of what is wrong with the list.
pub(crate) fn read(
    der: &[u8],
    of: &CardAuthority,
    source: &str,
    now: Moment,
) -> Result<KeptList, ListError> {
    let authority = Authority::parse(&of.certificate)?;
    let der = x509_cards::list_from_pem(der).unwrap_or_else(|| der.to_vec());
    let list = RevocationList::parse(&der, &[authority], now.unix_seconds())?;
    Ok(row_of(list, now, source))
}

/// Fetches the list of an authority from `url` and keeps it, and notes what became of it.
///
/// # Errors
///
/// What is wrong with the call or the list; it is in the row and in the log, too.
pub(crate) async fn fetch(
    app: &App,
    tenant: &Tenant,
    authority: &CardAuthority,
    url: &str,
) -> Result<(), ListError> {
    let fetched = async {
        let der = app.upstream.fetch_list(url, MAX_LIST).await?;
        read(&der, authority, url, entropy::now())
    };
    let fetched = fetched.await;
    let mut tx = app.store.write(tenant.id).await?;
    let kept = match fetched {
        Ok(list) if tx.put_revocation_list(&list).await? => Ok(()),
        Ok(_) => Err(ListError::Older),
        Err(error) => Err(error),
    };
    let error = kept.as_ref().err().map(ToString::to_string);
    tx.note_list_fetch(&authority.fingerprint, error.as_deref()).await?;
    tx.commit().await?;
    if let Some(error) = error {
        let (tenant, authority) = (&tenant.slug, &authority.name);
        tracing::warn!(%tenant, %authority, url, error, "list of revoked certificates not fetched");
    }
    kept
}

/// Fetches lists as long as the server runs.
pub(crate) async fn now_and_then(app: App) {
    let mut clock = tokio::time::interval(PERIOD);
    loop {
        clock.tick().await;
        if let Err(error) = fetch_due(&app).await {
            tracing::warn!(%error, "lists of revoked certificates wait for now");
        }
    }
}

/// One round over all tenants that take smart cards.
///
/// # Errors
///
/// [`StoreError`]; the rest waits for the next round.
pub async fn fetch_due(app: &App) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let tenants = app.store.tenants(&Page { after, limit: TENANTS }).await?;
        let Some(last) = tenants.last() else { return Ok(()) };
        after = Some(last.slug.clone());
        for tenant in tenants.iter().filter(|tenant| tenant.policy.x509.enabled) {
            of_tenant(app, tenant).await?;
        }
    }
}

async fn of_tenant(app: &App, tenant: &Tenant) -> Result<(), StoreError> {
    let mut rows = app.store.read(tenant.id).await?;
    let authorities = rows.card_authorities().await?;
    let lists = rows.revocation_lists().await?;
    drop(rows);
    for authority in &authorities {
        let Some(url) = &authority.list_url else { continue };
        let list = lists.iter().find(|list| list.fingerprint == authority.fingerprint);
        if !is_due(authority, list, entropy::now()) {
            continue;
        }
        match fetch(app, tenant, authority, url).await {
            // Deleted meanwhile, or another node was first: nothing is wrong with the store.
            Err(ListError::Store(StoreError::Reference)) => {}
            Err(ListError::Store(error)) => return Err(error),
            // In its row, and in the log.
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Each hour; and each round when the last try failed or the list ends within the hour.
fn is_due(authority: &CardAuthority, list: Option<&KeptList>, now: Moment) -> bool {
    let Some(tried) = authority.list_tried_at else { return true };
    let failed = authority.list_error.is_some();
    let ends = list.is_none_or(|list| list.next_update <= now.plus(EACH));
    failed || ends || tried.plus(EACH) <= now
}

#[cfg(test)]
mod tests;
