//! One application is told what it does not know yet.

use std::time::Duration;

use futures_util::future::join_all;
use identity::Tenant;
use ids::TenantId;
use jose::NumericDate;
use openid_provider::Client;
use openid_provider::claims::LogoutToken;
use secrets::Secret;
use store::{AuditEntry, KeyIssuer, LogoutNotice, Writing};
use upstream::UpstreamError;

use crate::app::App;
use crate::http::problem::Problem;
use crate::{entropy, oidc, signing};

/// How many sessions an application is told of at a time.
const AT_ONCE: u32 = 4;

/// How long it is left alone after each try that failed. After the last one it is given up: it has been
/// away for almost four hours.
const WAITS: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(60 * 60),
    Duration::from_secs(2 * 60 * 60),
];

/// Whom we tell, and where.
struct Whom {
    tenant: Tenant,
    client: Client,
    uri: String,
}

/// What became of one notice: done, or why not.
type Outcome = Result<(), String>;

/// Tells an application all that is due, until there is nothing more or it does not answer.
pub(super) async fn application(app: &App, tenant: TenantId, client_id: &str) {
    loop {
        match batch(app, tenant, client_id).await {
            Ok(More::Maybe) => {}
            Ok(More::Not) => return,
            Err(problem) => {
                // Whatever was taken is taken again when its time is over.
                tracing::warn!(%tenant, client = ?client_id, %problem, "not told of logouts for now");
                return;
            }
        }
    }
}

/// Whether there may be more to say at once.
enum More {
    Maybe,
    Not,
}

async fn batch(app: &App, tenant: TenantId, client_id: &str) -> Result<More, Problem> {
    let Some(whom) = whom(app, tenant, client_id).await? else {
        let mut tx = app.store.write(tenant).await?;
        tx.forget_logout_notices(client_id).await?;
        tx.commit().await?;
        return Ok(More::Not);
    };
    let mut tx = app.store.write(tenant).await?;
    let notices = tx.take_logout_notices(client_id, AT_ONCE).await?;
    tx.commit().await?;
    if notices.is_empty() {
        return Ok(More::Not);
    }
    let outcomes = join_all(notices.iter().map(|notice| tell(app, &whom, notice))).await;
    let answers = outcomes.iter().any(Result::is_ok);
    let mut tx = app.store.write(tenant).await?;
    for (notice, outcome) in notices.iter().zip(outcomes) {
        settle(app, &whom, &mut tx, notice, outcome).await?;
    }
    if !answers && let Some(wait) = WAITS.first() {
        tx.rest_logout_notices(client_id, *wait).await?;
    }
    tx.commit().await?;
    Ok(if answers { More::Maybe } else { More::Not })
}

/// Whom we tell; nobody where the application has gone, is switched off or wants to hear nothing.
async fn whom(app: &App, tenant: TenantId, client_id: &str) -> Result<Option<Whom>, Problem> {
    let mut rows = app.store.read(tenant).await?;
    let Some(tenant) = rows.tenant().await? else { return Ok(None) };
    let client = rows.client(client_id).await?.and_then(|client| client.served());
    Ok(client.and_then(|client| {
        let uri = client.settings.backchannel_logout_uri.clone()?;
        Some(Whom { tenant, client, uri })
    }))
}

/// One call (§2.5). 204 is what some frameworks make of 200 without a body (§2.8).
async fn tell(app: &App, whom: &Whom, notice: &LogoutNotice) -> Outcome {
    let token = match token(app, whom, notice).await {
        Ok(token) => token,
        Err(problem) => return Err(format!("not signed: {problem}")),
    };
    let body = [b"logout_token=", token.expose()].concat();
    match app.upstream.tell(whom.tenant.id, &whom.uri, &Secret::new(body)).await {
        Ok(200 | 204) => Ok(()),
        Ok(status) => Err(format!("it answered with status {status}")),
        Err(error) => Err(why(&error).to_owned()),
    }
}

/// The token, made for this call: it is good for two minutes.
async fn token(app: &App, whom: &Whom, notice: &LogoutNotice) -> Result<Secret, Problem> {
    let Whom { tenant, client, .. } = whom;
    let alg = client.settings.signing_alg;
    let key = signing::published_for(app, tenant, KeyIssuer::Tenant, alg).await?;
    let token = LogoutToken {
        issuer: &oidc::issuer(app, tenant)?,
        client,
        sub: notice.person,
        sid: notice.sid,
        issued_at: NumericDate(app.store.now().await?.unix_seconds()),
        random: entropy::bytes(),
    };
    token.sign(key.key()).map_err(Problem::internal)
}

fn why(error: &UpstreamError) -> &'static str {
    match error {
        UpstreamError::BadUrl | UpstreamError::ForbiddenAddress => {
            "its address is not https, or inside of a network: who runs this server can name its \
             origin in the configuration file, under oidc.logout_origins"
        }
        UpstreamError::Redirected => "it redirects to another address: register that one",
        UpstreamError::Deadline => "it did not answer in time",
        UpstreamError::Busy => "too many calls to its host at the same time",
        _ => "it cannot be reached",
    }
}

/// Writes down what became of a notice.
async fn settle(
    app: &App,
    whom: &Whom,
    tx: &mut Writing,
    notice: &LogoutNotice,
    outcome: Outcome,
) -> Result<(), Problem> {
    let reason = match outcome {
        Ok(()) => {
            if tx.end_logout_notice(notice).await? {
                tx.audit(&event("oidc.logout-told", notice, None)).await?;
            }
            return Ok(());
        }
        Err(reason) => reason,
    };
    let tried = usize::try_from(notice.tries).unwrap_or(usize::MAX);
    if let Some(wait) = WAITS.get(tried.saturating_sub(1)) {
        tx.put_off_logout_notice(notice, *wait).await?;
        tell_failure(app, whom, &reason);
    } else if tx.end_logout_notice(notice).await? {
        tx.audit(&event("oidc.logout-given-up", notice, Some(&reason))).await?;
        tracing::error!(
            tenant = %whom.tenant.slug, client = ?notice.client_id, person = %notice.person,
            sid = %notice.sid, tries = notice.tries, reason,
            "an application was not told that a session has ended: it may let the person go on"
        );
    }
    Ok(())
}

/// What the audit trail tells.
fn event(kind: &'static str, notice: &LogoutNotice, reason: Option<&str>) -> AuditEntry {
    let mut detail = serde_json::json!({
        "client": notice.client_id, "sid": notice.sid, "tries": notice.tries,
    });
    if let (Some(detail), Some(reason)) = (detail.as_object_mut(), reason) {
        detail.insert("reason".into(), reason.into());
    }
    AuditEntry { person: Some(notice.person), ..AuditEntry::new(kind, detail) }
}

/// One line a minute for each application.
fn tell_failure(app: &App, whom: &Whom, reason: &str) {
    let Whom { tenant, client, .. } = whom;
    let kind = format!("an application could not be told of a logout: {}", client.client_id);
    app.quiet.once(kind, Some(tenant), || {
        tracing::warn!(
            tenant = %tenant.slug, client = ?client.client_id, reason,
            "an application could not be told of a logout; it is tried again"
        );
    });
}
