//! Azure's side by Microsoft Graph. Each step looks first at what is there, and says whether it was or
//! what was done; so all of them can be run again.

mod application;
pub(super) mod bodies;
mod consent;
mod method;
mod policy;

use identity::Tenant;
use serde_json::Value as Json;
use upstream::{GraphAnswer, GraphSession};

use super::connect::Plan;
use super::{GraphCredentials, Voice};
use crate::app::App;
use crate::cli::Failure;

pub(super) use application::application;
pub(super) use consent::{consented, principal};
pub(super) use method::{found as method_of, is_registered};
pub(super) use policy::demanding;

/// Pages of a collection that are read.
const MOST_PAGES: usize = 20;

/// A directory, as an application may see and change it.
pub(super) struct Azure(GraphSession);

/// Ids that Graph gives are GUIDs, or at least nothing that has a meaning in an address.
fn id_of(resource: &Json) -> Result<&str, Failure> {
    let id = resource.get("id").and_then(Json::as_str).unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !id.is_empty() && id.bytes().all(plain) {
        Ok(id)
    } else {
        Err("Microsoft Graph gives an answer without a usable id".into())
    }
}

/// A text of a resource.
fn text<'a>(resource: &'a Json, pointer: &str) -> &'a str {
    resource.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

/// The texts of a list of a resource.
fn texts<'a>(resource: &'a Json, pointer: &str) -> Vec<&'a str> {
    let list = resource.pointer(pointer).and_then(Json::as_array);
    list.into_iter().flatten().filter_map(Json::as_str).collect()
}

impl Azure {
    /// Gets a token.
    pub(super) async fn open(
        app: &App,
        tenant: &Tenant,
        authority: &str,
        directory: &str,
        graph: &GraphCredentials,
    ) -> Result<Self, Failure> {
        let who = upstream::Application {
            tenant: tenant.id,
            authority,
            directory,
            client_id: &graph.client_id,
            client_secret: &graph.client_secret,
        };
        let session = app.upstream.graph_session(&who).await;
        let session = session.map_err(|error| format!("no token for Microsoft Graph: {error}"))?;
        Ok(Self(session))
    }

    /// A whole collection. `needs` is the application permission for it.
    async fn list(&self, path: &str, needs: &str) -> Result<Vec<Json>, Failure> {
        let (mut all, mut next) = (Vec::new(), path.to_owned());
        for _ in 0..MOST_PAGES {
            let mut page = good(&self.0.get(&next).await?, path, needs)?;
            if let Some(Json::Array(values)) = page.get_mut("value").map(Json::take) {
                all.extend(values);
            }
            match page.get("@odata.nextLink").and_then(Json::as_str) {
                Some(link) => link.clone_into(&mut next),
                None => return Ok(all),
            }
        }
        Err(format!("Microsoft Graph has more under {path} than is read").into())
    }

    async fn create(&self, path: &str, needs: &str, body: &Json) -> Result<Json, Failure> {
        good(&self.0.post(path, serde_json::to_vec(body)?).await?, path, needs)
    }

    async fn change(&self, path: &str, needs: &str, body: &Json) -> Result<(), Failure> {
        good(&self.0.patch(path, serde_json::to_vec(body)?).await?, path, needs)?;
        Ok(())
    }
}

/// The body of a good answer; what an error means.
fn good(answer: &GraphAnswer, path: &str, needs: &str) -> Result<Json, Failure> {
    let body: Option<Json> = serde_json::from_slice(&answer.body).ok();
    match answer.status {
        204 => Ok(Json::Null),
        200..=299 => body.ok_or_else(|| "Microsoft Graph gives an answer that cannot be read".into()),
        403 => Err(format!(
            "Microsoft Graph does not let this application use {path}. In Azure: App registrations → \
             the application of these credentials → API permissions → Microsoft Graph → Application \
             permissions: {needs}; then Grant admin consent"
        )
        .into()),
        status => {
            let code = body.as_ref().map(|body| text(body, "/error/code")).unwrap_or_default();
            let plain = code.len() <= 80 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let code = if plain { code } else { "" };
            Err(format!("Microsoft Graph answers {path} with status {status} {code}").trim_end().into())
        }
    }
}

/// The registration, its service principal and consent; the client id.
pub(super) async fn set_up(
    azure: &Azure,
    plan: &Plan<'_>,
    voice: &mut Voice<'_>,
) -> Result<String, Failure> {
    let client_id = application::ensure(azure, plan, voice).await?;
    consent::ensure(azure, &client_id, voice).await?;
    Ok(client_id)
}

/// The method, its registrations, and who is asked for it.
pub(super) async fn turn_on(
    azure: &Azure,
    plan: &Plan<'_>,
    client_id: &str,
    voice: &mut Voice<'_>,
) -> Result<(), Failure> {
    let method = method::ensure(azure, plan, client_id, voice).await?;
    method::register(azure, plan, &method, voice).await?;
    policy::ensure(azure, plan, voice).await
}
