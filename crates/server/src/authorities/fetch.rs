//! Lists of revoked certificates: fetched again before they are out of date.

use std::time::Duration;

use futures_util::StreamExt as _;
use identity::{Moment, Tenant};
use store::{CardAuthority, KeptList, Page, StoreError, Writing};
use upstream::UpstreamError;
use x509_cards::{Authority, MAX_LIST, RevocationList, X509Error};

use super::{rest, row_of};
use crate::app::App;
use crate::entropy;

/// How often is looked for lists that are due.
const PERIOD: Duration = Duration::from_mins(5);
/// A list is fetched so often: authorities publish what they have revoked before the old list ends.
const EACH: Duration = Duration::from_hours(1);
/// So many tenants at a time.
const TENANTS: u32 = 100;
/// So many lists are fetched at a time.
const AT_ONCE: usize = 8;

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
        X509Error::Version => {
            "it is of version 1, and version 2 is needed: have the authority write that"
        }
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

/// Keeps a list that was read for an authority, in place of the one before, and ends what rests on
/// the cards that it names.
///
/// # Errors
///
/// [`ListError::Older`] when that one is newer; nothing has changed then.
pub(crate) async fn keep(
    tx: &mut Writing,
    of: &CardAuthority,
    list: &KeptList,
) -> Result<(), ListError> {
    if !tx.put_revocation_list(list).await? {
        return Err(ListError::Older);
    }
    rest::end_revoked(tx, of, list).await
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
        Ok(list) => keep(&mut tx, authority, &list).await,
        Err(error) => Err(error),
    };
    if let Err(ListError::Store(error)) = kept {
        return Err(error.into());
    }
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

/// A list that is to be fetched.
struct Due {
    tenant: Tenant,
    authority: CardAuthority,
    url: String,
}

/// One round over all tenants that take smart cards. Some at a time, and those that failed the last
/// time at the end: who has an address that never answers lets nobody else's lists grow old.
///
/// # Errors
///
/// [`StoreError`]; the rest waits for the next round.
pub async fn fetch_due(app: &App) -> Result<(), StoreError> {
    let (mut after, mut due) = (None, Vec::new());
    loop {
        let tenants = app.store.tenants(&Page { after, limit: TENANTS }).await?;
        let Some(last) = tenants.last() else { break };
        after = Some(last.slug.clone());
        for tenant in tenants.iter().filter(|tenant| tenant.policy.x509.enabled) {
            due.extend(due_in(app, tenant).await?);
        }
    }
    due.sort_by_key(|one| one.authority.list_error.is_some());
    let each = |one| async move { fetch_one(app, &one).await };
    futures_util::stream::iter(due).for_each_concurrent(AT_ONCE, each).await;
    Ok(())
}

async fn due_in(app: &App, tenant: &Tenant) -> Result<Vec<Due>, StoreError> {
    let mut rows = app.store.read(tenant.id).await?;
    let authorities = rows.card_authorities().await?;
    let lists = rows.revocation_lists().await?;
    let due = authorities.into_iter().filter_map(|authority| {
        let url = authority.list_url.clone()?;
        let list = lists.iter().find(|list| list.fingerprint == authority.fingerprint);
        let tenant = tenant.clone();
        is_due(&authority, list, entropy::now()).then_some(Due { tenant, authority, url })
    });
    Ok(due.collect())
}

async fn fetch_one(app: &App, Due { tenant, authority, url }: &Due) {
    match fetch(app, tenant, authority, url).await {
        // Deleted meanwhile, or another node was first: nothing is wrong with the store.
        Err(ListError::Store(StoreError::Reference)) => {}
        Err(ListError::Store(error)) => {
            tracing::warn!(tenant = %tenant.slug, %error, "list of revoked certificates not kept");
        }
        // In its row, and in the log.
        Ok(()) | Err(_) => {}
    }
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
