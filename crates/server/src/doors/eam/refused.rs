//! What a refused request becomes: a page of ours, or an error for Entra; and
//! a line, or an audit event once somebody has vouched.

use axum::response::Response;
use entra_eam::{
    Addressee, Answer, ErrorCode, Hint, HintError, Outcome, Refusal, Reply, RequestError,
};
use identity::Tenant;
use secrets::TokenHash;
use store::{AuditEntry, StoreError};

use super::hint::taken_until;
use crate::app::App;
use crate::exits::eam::page;
use crate::http::problem::Problem;
use crate::pages::{EntraStep, EntraWord};

/// Why a request that may be answered is refused.
pub(super) enum Refused {
    /// Before the hint was found good: nobody has vouched for anybody.
    Unvouched(Refusal),
    /// Afterwards.
    Vouched(Box<Vouched>),
    /// Not for what was asked.
    Unavailable(Problem),
}

/// A refusal of which the audit trail tells.
pub(super) struct Vouched {
    hint: Hint,
    rule: &'static str,
    word: EntraWord,
}

impl Refused {
    pub(super) fn vouched(hint: Hint, rule: &'static str, word: EntraWord) -> Self {
        Self::Vouched(Box::new(Vouched { hint, rule, word }))
    }
}

impl From<RequestError> for Refused {
    fn from(error: RequestError) -> Self {
        Self::Unvouched(error.into())
    }
}

impl From<HintError> for Refused {
    fn from(error: HintError) -> Self {
        Self::Unvouched(error.into())
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Unavailable(problem)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.into())
    }
}

/// A request to which nothing may be posted: a page of ours.
pub(super) fn here(app: &App, tenant: &Tenant, id: Option<&str>, refusal: &Refusal) -> Problem {
    tell(app, tenant, id, refusal);
    Problem::EntraRequest
}

/// One line of a kind a minute, and the others as a number: anybody can cause it.
fn tell(app: &App, tenant: &Tenant, id: Option<&str>, refusal: &Refusal) {
    let Refusal { rule, reason, .. } = refusal;
    app.last_refused.note(tenant, rule, reason, id);
    app.quiet.once(format!("refused a request in Entra's name: {rule}"), Some(tenant), || {
        tracing::warn!(
            tenant = %tenant.slug, rule, reason, client_request_id = id,
            "refused a request in Entra's name"
        );
    });
}

impl Refused {
    /// The page that posts the error.
    pub(super) async fn answer(
        self,
        app: &App,
        tenant: &Tenant,
        addressee: Addressee,
        id: Option<String>,
    ) -> Result<Response, Problem> {
        let (code, step) = match self {
            Self::Unvouched(refusal) => {
                tell(app, tenant, id.as_deref(), &refusal);
                match refusal.reply {
                    Reply::Page => return Err(Problem::EntraRequest),
                    Reply::Post(ErrorCode::AccessDenied) => {
                        (ErrorCode::AccessDenied, EntraStep::Told(EntraWord::NotChecked))
                    }
                    // What the request itself lacks is for Entra to read, and no person.
                    Reply::Post(code) => (code, EntraStep::Leaving),
                }
            }
            Self::Vouched(vouched) => {
                // Whether it can be written down or not, the answer is the same.
                if let Err(problem) = audit(app, tenant, &vouched, id.as_deref()).await {
                    tracing::warn!(tenant = %tenant.slug, %problem, "a refusal is not on record");
                }
                (ErrorCode::AccessDenied, EntraStep::Told(vouched.word))
            }
            Self::Unavailable(_) => {
                (ErrorCode::TemporarilyUnavailable, EntraStep::Told(EntraWord::Unavailable))
            }
        };
        let answer = Answer { addressee, outcome: Outcome::Error(code) };
        Ok(page(app, tenant, &answer, step, id))
    }
}

/// Writes a refusal down, once for each hint: it can be posted again and again.
async fn audit(
    app: &App,
    tenant: &Tenant,
    Vouched { hint, rule, word }: &Vouched,
    id: Option<&str>,
) -> Result<(), Problem> {
    let reason = word.code();
    let oid = short_hash(&hint.oid);
    tracing::info!(
        tenant = %tenant.slug, tid = hint.tid, oid, rule, reason, client_request_id = id,
        "refused a request of Entra"
    );
    let mut tx = app.store.write(tenant.id).await?;
    let once = [b"eam-refused|".as_slice(), hint.hash.as_bytes()].concat();
    if !tx.spend(&TokenHash::of(&once), taken_until(hint)).await? {
        return Ok(tx.commit().await?);
    }
    let detail = serde_json::json!({
        "rule": rule, "reason": reason, "tid": hint.tid, "oid": oid, "client_request_id": id,
    });
    tx.audit(&AuditEntry::new("eam.refused", detail)).await?;
    Ok(tx.commit().await?)
}

/// By which a log tells people apart without naming them.
fn short_hash(oid: &str) -> String {
    let hash = TokenHash::of(oid.as_bytes());
    let first = hash.as_bytes().first_chunk().copied().unwrap_or_default();
    format!("{:016x}", u64::from_be_bytes(first))
}

#[cfg(test)]
mod tests {
    use jose::NumericDate;

    use super::*;
    use crate::entropy;
    use crate::test_app::test_app;
    use crate::test_rows::tenant;

    fn vouched() -> Vouched {
        let hint = Hint {
            hash: TokenHash::of(b"hint"),
            tid: "tid".into(),
            oid: "oid".into(),
            sub: "sub".into(),
            iat: NumericDate(entropy::now().unix_seconds()),
            name: None,
            preferred_username: None,
            given_name: None,
            family_name: None,
            upn: None,
        };
        Vouched { hint, rule: "EAM-00", word: EntraWord::NoCard }
    }

    #[tokio::test]
    async fn a_hint_that_comes_again_is_answered_when_its_refusal_is_on_record() {
        let (app, _data) = test_app().await;
        let tenant = tenant("acme");
        app.store.create_tenant(&tenant).await.unwrap();
        let vouched = vouched();
        let first = audit(&app, &tenant, &vouched, None);
        // In the same batch: when this one goes on, all of it is on the disk.
        let second = async {
            audit(&app, &tenant, &vouched, None).await.unwrap();
            let mut rows = app.store.read(tenant.id).await.unwrap();
            let events = rows.audit(0, 10).await.unwrap();
            events.iter().filter(|event| event.kind == "eam.refused").count()
        };
        let (first, on_record) = tokio::join!(first, second);
        first.unwrap();
        assert_eq!(on_record, 1);
    }
}
