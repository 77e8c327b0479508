//! The hint, verified with Entra's keys.

use entra_eam::hint::{self, Expected, MAX_AGE};
use entra_eam::{AuthorizationRequest, Connection, Hint, HintError};
use identity::{Moment, Tenant};
use jose::NumericDate;

use super::refused::Refused;
use crate::app::App;
use crate::entropy;
use crate::http::problem::Problem;

/// The keys of all directories of a cloud, in place of a directory.
const COMMON: &str = "common";

/// Verifies the hint, with the keys of the directory that it names if that is allowed (EAM-10).
pub(super) async fn verify(
    app: &App,
    tenant: &Tenant,
    connection: &Connection,
    request: &AuthorizationRequest,
) -> Result<Hint, Refused> {
    let compact = &request.id_token_hint;
    let now = NumericDate(entropy::now().unix_seconds());
    let expected = Expected { connection, now };
    let directory = hint::directory_to_ask_keys_of(compact, &connection.directories);
    let directory = directory.unwrap_or(COMMON);
    let keys = format!("{}/{directory}/discovery/v2.0/keys", connection.authority);
    let verdict = async {
        let known = app.upstream.keys(&keys, now).await?;
        match hint::verify(compact, &known, &expected) {
            Err(HintError::NoSuchKey) => {
                let newer = app.upstream.newer_keys(&known, &keys, now).await?;
                Ok(hint::verify(compact, &newer, &expected))
            }
            verdict => Ok(verdict),
        }
    };
    // Both calls before one deadline: the person waits for the sum of them.
    match app.upstream.deadline().meet(verdict).await {
        Ok(verdict) => Ok(verdict?),
        Err(error) => {
            app.quiet.once("keys of Entra failed", Some(tenant), || {
                tracing::warn!(tenant = %tenant.slug, %error, "cannot get the keys of Entra");
            });
            Err(Refused::Unavailable(Problem::Busy))
        }
    }
}

/// The first moment at which a hint is too old to be taken (EAM-13).
pub(super) fn taken_until(hint: &Hint) -> Moment {
    Moment::from_unix_seconds(hint.iat.plus(MAX_AGE).plus(1).0)
}
