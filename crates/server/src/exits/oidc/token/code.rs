//! `grant_type=authorization_code` (RFC 6749 §4.1.3).

use identity::Moment;
use ids::GrantId;
use openid_provider::client::CardRule;
use openid_provider::code::Code;
use openid_provider::token::{self, TokenError, TokenResponse};
use openid_provider::{Client, Scope, ScopeWord};
use secrets::{Secret, TokenHash};
use store::{AuditEntry, NewGrant, Redeemed, Redeeming};

use super::event;
use crate::entropy;
use crate::exits::oidc::Call;
use crate::exits::oidc::caller::Caller;
use crate::exits::oidc::living::may_use;
use crate::exits::oidc::refused::Refused;
use crate::exits::oidc::tokens::Speaking;
use crate::http::problem::Problem;
use crate::oidc;

/// Redeems a code. One that is brought with anything wrong is not spent: who has stolen it must not
/// be able to take it away either.
pub(super) async fn redeem(
    call: &Call<'_>,
    caller: &Caller,
    text: &Secret,
    redirect_uri: &str,
    verifier: Option<&Secret>,
) -> Result<TokenResponse, Refused> {
    let code = oidc::open_code(call.app, call.tenant, text).ok_or(TokenError::Code)?;
    token::redeem(&code, &caller.client, redirect_uri, verifier)?;
    let person = call.app.store.read(call.tenant.id).await?.person(code.person).await?;
    let person = person.ok_or(TokenError::Code)?;
    if !may_use(call.app, call.tenant, &caller.client, &person, &code) {
        return Err(TokenError::Code.into());
    }
    let (grant, scope) = (GrantId(entropy::id()), granted(&code, &caller.client));
    let nonce = code.nonce.as_deref();
    let speaking = Speaking { grant, person: &person, code: &code, scope: &scope, nonce };
    let tokens = speaking.sign(call, &caller.client).await?;
    let alone = caller.client.settings.card == CardRule::Fresh;
    let new = NewGrant { alone, ..new_grant(grant, text, &code, &scope)? };
    let refresh_token = commit(call, caller, new).await?;
    let (access_token, id_token) = (tokens.access, Some(tokens.id));
    Ok(TokenResponse { access_token, id_token, refresh_token, scope })
}

/// What was asked for, without what the application may not have any more.
fn granted(code: &Code, client: &Client) -> Scope {
    if client.settings.offline_access {
        code.scope.clone()
    } else {
        code.scope.without(ScopeWord::OfflineAccess)
    }
}

fn new_grant(id: GrantId, text: &Secret, code: &Code, scope: &Scope) -> Result<NewGrant, Refused> {
    let kept = Code { scope: scope.clone(), ..code.clone() };
    Ok(NewGrant {
        id,
        code: TokenHash::of(text.expose()),
        issued_at: Moment(code.issued_at),
        client_id: code.client_id.clone(),
        session: code.session,
        person: code.person,
        proof: code.proof,
        offline: scope.has(ScopeWord::OfflineAccess),
        alone: false,
        body: serde_json::to_string(&kept).map_err(Problem::internal)?,
    })
}

/// Spends the code and writes what comes of it; the refresh token, if there is one.
async fn commit(
    call: &Call<'_>,
    caller: &Caller,
    new: NewGrant,
) -> Result<Option<Secret>, Refused> {
    let (store, tenant, id) = (&call.app.store, call.tenant.id, new.id);
    match caller.redeem(call, Redeeming { grant: new, event: told }).await? {
        // Others are redeemed in the same transaction: what is somebody else's goes nowhere.
        Redeemed::Granted(grant) if grant.id != id => Err(Problem::Internal.into()),
        Redeemed::Granted(grant) => {
            let refresh = grant.offline.then(|| store.refresh_token(tenant, &grant)).transpose()?;
            Ok(refresh.map(|token| token.reveal()))
        }
        Redeemed::Again(_) => Err(TokenError::CodeAgain.into()),
        Redeemed::Refused => Err(TokenError::Code.into()),
    }
}

/// What the audit trail tells of a code.
fn told(redeemed: &Redeemed) -> Option<AuditEntry> {
    match redeemed {
        Redeemed::Granted(grant) => Some(event("oidc.signed-in", grant, Some(grant.person))),
        Redeemed::Again(ended) => {
            ended.as_ref().map(|grant| event("oidc.code-reused", grant, None))
        }
        Redeemed::Refused => None,
    }
}
