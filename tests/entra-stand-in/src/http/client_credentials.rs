//! Tokens for an application itself: `client_credentials` at the token endpoint
//! (<https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>).

use serde_json::Value;
use uuid::Uuid;

use super::token::{access_token_expiry, with_access_token};
use crate::aadsts::Aadsts;
use crate::request::Parameters;
use crate::world::{AccessToken, Authority, Shared, Speaker, World};

/// What Microsoft Graph is called as a resource, besides the stand-in's own address.
const GRAPH: [&str; 2] = ["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"];

/// The directory that the application acts in: nobody is there who could imply one.
///
/// For `common` the number is that of reports from the field; that `organizations` has the same is a guess.
pub(super) fn directory(authority: Authority) -> Result<Uuid, Aadsts> {
    match authority {
        Authority::Directory(id) => Ok(id),
        Authority::Any => Err(Aadsts::no_directory()),
    }
}

/// The answer to a client that has proved itself. The token carries what is granted now, for good.
pub(super) fn tokens(
    shared: &Shared,
    world: &mut World,
    directory: Uuid,
    client_id: Uuid,
    form: &Parameters,
) -> Result<Value, Aadsts> {
    let resource = resource(form.required("scope")?)?;
    let app = world.apps.get(&client_id).filter(|app| app.is_known_in(directory));
    let app = app.ok_or_else(|| Aadsts::not_installed(client_id, directory))?;
    if !GRAPH.contains(&resource) && resource != shared.base {
        return Err(Aadsts::unknown_resource(resource, &world.directory_name(directory)));
    }
    // Without any role there is a token all the same; Graph refuses it.
    let roles = app.granted_permissions.get(&directory).cloned().unwrap_or_default();
    let token = AccessToken {
        speaker: Speaker::Application { roles },
        client_id,
        directory,
        expires_at: access_token_expiry(shared),
    };
    Ok(with_access_token(world, token).into())
}

/// The resource of the one scope `{resource}/.default`.
fn resource(scope: &str) -> Result<&str, Aadsts> {
    let mut scopes = scope.split(' ').filter(|scope| !scope.is_empty());
    let first = scopes.next().and_then(|scope| scope.strip_suffix("/.default"));
    match (first.filter(|resource| !resource.is_empty()), scopes.next()) {
        (_, Some(_)) => Err(Aadsts::several_scopes(scope)),
        (Some(resource), None) => Ok(resource),
        (None, None) => Err(Aadsts::not_default_scope(scope)),
    }
}
