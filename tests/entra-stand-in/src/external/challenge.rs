//! What goes out to a provider, and what is remembered of it until the answer comes.

use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

use super::factor::{Factor, all_methods};
use super::fault::ExternalFault;
use super::hint::{hint, subject};
use super::method::ExternalMethod;
use super::provider::Provider;
use crate::aadsts::Aadsts;
use crate::chance;
use crate::faults::{Pending, RETURN_ADDRESS};
use crate::model::{App, Platform};
use crate::world::{Shared, World};

/// Entra gives up that many seconds after it has sent somebody away.
const PATIENCE: i64 = 300;
/// How long a late answer is still known for what it is.
const REMEMBERED: i64 = 3600;
/// What an administrator must have consented to, for everybody.
pub(crate) const CONSENT: [&str; 2] = ["openid", "profile"];

/// What is out.
#[derive(Clone, Debug)]
pub(crate) struct Challenge {
    /// `client-request-id`.
    pub(crate) id: Uuid,
    pub(crate) purpose: Purpose,
    /// The person's entry in the directory.
    pub(crate) user: Uuid,
    pub(crate) method: Uuid,
    /// Whether a good answer registers the method.
    pub(crate) registers: bool,
    pub(crate) sent_at: i64,
    pub(crate) state: Option<String>,
    pub(crate) nonce: Option<String>,
    /// `sub` of the hint.
    pub(crate) subject: String,
    pub(crate) acr: Vec<String>,
    pub(crate) amr: Vec<String>,
    pub(crate) first_factor: Factor,
}

/// What a good answer is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A sign-in goes on.
    SignIn(Uuid),
    /// The method is registered on "Security info".
    SecurityInfo,
}

/// Who is sent where, and why.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draft {
    pub(crate) purpose: Purpose,
    pub(crate) user: Uuid,
    pub(crate) method: Uuid,
    pub(crate) registers: bool,
}

/// The form that the browser posts to the provider.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Challenge {
    pub(crate) fn is_late(&self, now: i64) -> bool {
        now.saturating_sub(self.sent_at) > PATIENCE
    }
}

/// Sends somebody to the provider: what must be right on this side, then the provider, then the form.
pub(crate) async fn send(shared: &Shared, draft: Draft) -> Result<Form, Aadsts> {
    let (method, app) = allowed(&shared.world(), draft)?;
    let provider = Provider::of(shared, &method).await?;
    let endpoint = &provider.authorization_endpoint;
    let is_reply_url = app
        .redirect_uris
        .iter()
        .any(|registered| registered.platform == Platform::Web && registered.uri == *endpoint);
    if !is_reply_url {
        return Err(Aadsts::authorization_endpoint(endpoint, app.client_id));
    }
    let fields = compose(shared, &mut shared.world(), draft, &method, &app)?;
    Ok(Form { action: endpoint.clone(), fields })
}

/// The method and its application, if the person may be sent there at all.
fn allowed(world: &World, draft: Draft) -> Result<(ExternalMethod, App), Aadsts> {
    let user = world.users.get(&draft.user).ok_or_else(Aadsts::stale_sign_in)?;
    let method = world.external.methods.get(&draft.method).filter(|method| method.covers(user));
    let method = method.ok_or_else(Aadsts::no_external_mapping)?;
    let missing =
        || Aadsts::no_service_principal(method.app_id, &world.directory_name(method.directory));
    let app = world.apps.get(&method.app_id).ok_or_else(missing)?;
    let consented = app.is_consented_for_all(method.directory, &CONSENT);
    if consented { Ok((method.clone(), app.clone())) } else { Err(missing()) }
}

/// Makes the form, spoilt as a test wants it, and remembers what was sent.
fn compose(
    shared: &Shared,
    world: &mut World,
    draft: Draft,
    method: &ExternalMethod,
    app: &App,
) -> Result<Vec<(String, String)>, Aadsts> {
    let fault = Pending::next(&mut world.external.faults, |_| true).unwrap_or_default();
    let user = world.users.get(&draft.user).cloned().ok_or_else(Aadsts::stale_sign_in)?;
    let first_factor = if fault.inherence_only { Factor::Possession } else { Factor::Knowledge };
    let complement = vec![first_factor.complement().to_owned()];
    let acr = fault.acr.clone().unwrap_or(complement);
    let amr = fault.amr.clone().unwrap_or_else(all_methods);
    let now = shared.clock.now();
    let hint = hint(shared, world, &user, method, app, &fault);
    let id = chance::guid();
    let claims = json!({"id_token": {
        "acr": {"essential": true, "values": acr}, "amr": {"essential": true, "values": amr},
    }});
    let mut fields = vec![
        ("scope".to_owned(), "openid".to_owned()),
        ("response_type".to_owned(), "id_token".to_owned()),
        ("response_mode".to_owned(), "form_post".to_owned()),
        ("client_id".to_owned(), method.client_id.clone()),
        ("redirect_uri".to_owned(), format!("{}{RETURN_ADDRESS}", shared.base)),
        ("nonce".to_owned(), chance::token(24)),
        ("state".to_owned(), chance::token(48)),
        ("id_token_hint".to_owned(), hint.clone()),
        ("claims".to_owned(), claims.to_string()),
        ("client-request-id".to_owned(), id.to_string()),
    ];
    spoil(&mut fields, &fault);
    let sent = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
    let challenge = Challenge {
        id,
        purpose: draft.purpose,
        user: draft.user,
        method: method.id,
        registers: draft.registers,
        sent_at: now,
        state: sent("state"),
        nonce: sent("nonce"),
        subject: subject(&hint),
        acr,
        amr,
        first_factor,
    };
    world.external.challenges.push(challenge);
    world.external.hints.insert(user.id, hint);
    Ok(fields)
}

fn spoil(fields: &mut Vec<(String, String)>, fault: &ExternalFault) {
    for (name, value) in &fault.fields {
        fields.retain(|(known, _)| known != name || value.is_some());
        let known = fields.iter_mut().find(|(known, _)| known == name);
        match (known, value) {
            (Some((_, known)), Some(value)) => known.clone_from(value),
            (None, Some(value)) => fields.push((name.clone(), value.clone())),
            (_, None) => {}
        }
    }
    fields.extend(fault.added.iter().cloned());
}

impl World {
    /// The challenge that an answer with that `state` belongs to; without one, the latest that was sent
    /// without one. Once taken, it is answered.
    pub(crate) fn take_challenge(&mut self, state: Option<&str>, now: i64) -> Option<Challenge> {
        let out = &mut self.external.challenges;
        out.retain(|challenge| now.saturating_sub(challenge.sent_at) <= REMEMBERED);
        let at = out.iter().rposition(|challenge| challenge.state.as_deref() == state)?;
        Some(out.remove(at))
    }
}

/// Judges what a provider has posted.
pub(crate) async fn judge(
    shared: &Shared,
    challenge: &Challenge,
    posted: &crate::request::Parameters,
) -> Result<(), Aadsts> {
    let now = shared.clock.now();
    if challenge.is_late(now) {
        return Err(Aadsts::stale_sign_in());
    }
    let draft = Draft {
        purpose: challenge.purpose,
        user: challenge.user,
        method: challenge.method,
        registers: challenge.registers,
    };
    let (method, _) = allowed(&shared.world(), draft)?;
    if let Some(error) = posted.get("error") {
        return Err(Aadsts::challenge_not_satisfied(error));
    }
    let token = posted.get("id_token");
    let token = token.ok_or_else(|| Aadsts::challenge_not_satisfied("nothing"))?;
    let provider: Arc<Provider> = Provider::of(shared, &method).await?;
    let expected = super::answer::Expected {
        provider: &provider,
        client_id: &method.client_id,
        challenge,
        now,
    };
    expected.verify(token)
}
