//! What is said about whom: ID tokens (OpenID Connect Core 1.0 §2), access tokens (RFC 9068), userinfo
//! (Core §5.3) and introspection (RFC 7662); that somebody is signed out (Back-Channel Logout 1.0
//! §2.4); and what we have signed ourselves, read again.

mod access_token;
mod id_token;
mod introspection;
mod logout_token;
mod own;
mod person;

pub use access_token::{
    AccessClaims, AccessToken, Holder, LIFE as ACCESS_TOKEN_LIFE, verify_access_token,
};
pub use id_token::{IdToken, IdTokenHint, LIFE as ID_TOKEN_LIFE, verify_id_token_hint};
pub use introspection::{inactive, introspection, refresh_introspection};
pub use logout_token::{LIFE as LOGOUT_TOKEN_LIFE, LogoutToken};
pub use own::{OwnKeys, VerifyError};
pub(crate) use person::is_ours;
pub use person::{PERSON_CLAIMS, PersonFacts, RESERVED, userinfo};

use jose::{Alg, SignError, SigningKey};
use secrets::Secret;
use serde::Serialize;

/// Signs `payload` with `key`, which must be one for `alg`: what the client is registered with.
fn sign(
    key: &SigningKey,
    alg: Alg,
    typ: &str,
    payload: &impl Serialize,
) -> Result<Secret, SignError> {
    if key.alg() != alg {
        return Err(SignError);
    }
    key.sign(typ, &serde_json::to_vec(payload).map_err(|_| SignError)?)
}
