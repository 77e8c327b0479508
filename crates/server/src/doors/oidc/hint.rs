//! ID tokens of ours that applications bring back: they name a person, and prove nothing.

use identity::Tenant;
use openid_provider::claims::{IdTokenHint, OwnKeys, verify_id_token_hint};

use crate::app::App;
use crate::http::problem::Problem;
use crate::{oidc, signing};

/// What the tenant has said in an ID token, if it has.
///
/// # Errors
///
/// [`Problem`] when its keys cannot be had.
pub(super) async fn read(
    app: &App,
    tenant: &Tenant,
    text: Option<&str>,
) -> Result<Option<IdTokenHint>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let Some(keys) = signing::own_keys(app, tenant).await? else { return Ok(None) };
    let issuer = oidc::issuer(app, tenant)?;
    let read = verify_id_token_hint(&OwnKeys { issuer: &issuer, keys: &keys }, text);
    Ok(read.ok())
}
