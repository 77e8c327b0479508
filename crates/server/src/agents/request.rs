//! The signed request: what an agent is asked, in the server's own hand.

use agent_protocol::x509_statement::algorithm::ES256;
use agent_protocol::{
    Ceremony as AgentCeremony, Context, Create, FIDO2, Jti, Purpose as AgentPurpose, ResidentKey,
    SignedRequest, Thumbprint, UserVerification, WhenLifted, X509_CARD,
};
use identity::{CardLifted, Person, Tenant};
use login::{Challenge, Door, LoginRequest, Purpose, Then, Waiting};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Device, Ticket};

use crate::app::App;
use crate::entropy;
use crate::hallway::ceremony::Ceremony;
use crate::http::problem::Problem;

/// What is asked, of whom and for whom.
pub(crate) struct Asking<'a> {
    pub(crate) tenant: &'a Tenant,
    pub(crate) device: &'a Device,
    pub(crate) ticket: &'a Ticket,
    pub(crate) waiting: &'a Waiting,
    /// The one that is out.
    pub(crate) challenge: &'a Challenge,
    pub(crate) person: &'a Person,
}

/// Builds and signs the request for the challenge that is out.
///
/// # Errors
///
/// [`Problem::Internal`]: everything in it is ours.
pub(crate) fn signed(app: &App, asking: &Asking<'_>) -> Result<String, Problem> {
    let &Asking { tenant, device, ticket, waiting, challenge, person } = asking;
    let Ceremony { options, asked, certificates, .. } = Ceremony::of(challenge)?;
    let certificates = if tenant.policy.x509.enabled { certificates } else { Vec::new() };
    let options = options.get("publicKey").ok_or(Problem::Internal)?;
    let issued = u64::try_from(entropy::now().unix_seconds()).unwrap_or_default();
    let request = SignedRequest {
        iss: app.config.origin().to_owned(),
        aud: read::<Thumbprint>(&Value::String(device.thumbprint.clone()))?,
        tenant: tenant.slug.to_string(),
        txn: waiting.started.id.to_string(),
        purpose: match (challenge.purpose, waiting.then) {
            (Purpose::Register, _) => AgentPurpose::Enrol,
            (Purpose::Authenticate, Then::Exit) => AgentPurpose::Login,
            (Purpose::Authenticate, Then::AddCard | Then::Confirm | Then::RemoveCard(_)) => {
                AgentPurpose::StepUp
            }
        },
        origin: app.config.origin().to_owned(),
        rp_id: app.config.rp_id.clone(),
        challenge: read(options.get("challenge").unwrap_or(&Value::Null))?,
        user_verification: UserVerification::Required,
        kinds: kinds(options, challenge.purpose, tenant, &certificates),
        ceremony: ceremony(options, challenge.purpose, &certificates)?,
        user: person.username.clone(),
        app: application(waiting),
        context: Context {
            browser: Some(asked.browser),
            os: Some(asked.os),
            other_network: asked.other_network,
        },
        when_lifted: when_lifted(tenant, waiting),
        match_code: ticket.match_code,
        iat: issued,
        exp: issued.saturating_add(login::CHALLENGE_LIFE.as_secs()),
        jti: Jti::from_random(entropy::bytes()),
    };
    request.sign(&app.request_key).map_err(Problem::internal)
}

/// What happens when the card leaves, where its answer opens a session.
fn when_lifted(tenant: &Tenant, waiting: &Waiting) -> WhenLifted {
    let opens_nothing = waiting.started.request.door == Door::Eam;
    if opens_nothing || !matches!(waiting.then, Then::Exit | Then::Confirm) {
        return WhenLifted::Nothing;
    }
    match tenant.policy.card_lifted {
        CardLifted::KeepsSession => WhenLifted::Nothing,
        CardLifted::EndsSession => WhenLifted::EndSession,
        CardLifted::EndsSessionAndLocks => WhenLifted::EndSessionAndLock,
    }
}

/// What asks, for the person to read.
fn application(waiting: &Waiting) -> String {
    let LoginRequest { application, .. } = &waiting.started.request;
    // A tap that changes something must not look like a sign-in.
    match (waiting.then, waiting.started.request.door) {
        (Then::AddCard, _) => "Account page (to ADD another card)".into(),
        (Then::Confirm | Then::Exit, Door::Account) if let Some(name) = application => name.clone(),
        (Then::Confirm, _) => "Cardea console (to CONFIRM a change)".into(),
        (Then::RemoveCard(_), _) => "Account page (to REMOVE a card)".into(),
        (Then::Exit, Door::Account) => "Account page".into(),
        (Then::Exit, Door::Console) => "Cardea console".into(),
        (Then::Exit, Door::Eam) => "Microsoft Entra".into(),
    }
}

/// The kinds of card that may answer: those of which there is one, or of which one may be added.
fn kinds(
    options: &Value,
    purpose: Purpose,
    tenant: &Tenant,
    certificates: &[String],
) -> Vec<String> {
    let allowed = options.get("allowCredentials").and_then(Value::as_array);
    let (fido2, certificate) = match purpose {
        Purpose::Authenticate => (allowed.is_some_and(|a| !a.is_empty()), !certificates.is_empty()),
        Purpose::Register => (true, tenant.policy.x509.enabled),
    };
    let kinds = [(fido2, FIDO2), (certificate, X509_CARD)];
    kinds.iter().filter(|(may, _)| *may).map(|(_, kind)| (*kind).to_owned()).collect()
}

fn ceremony(
    options: &Value,
    purpose: Purpose,
    certificates: &[String],
) -> Result<AgentCeremony, Problem> {
    let list = |name: &str| options.get(name).filter(|value| !value.is_null()).cloned();
    match purpose {
        Purpose::Authenticate => {
            let allow = list("allowCredentials").unwrap_or_else(|| Value::Array(Vec::new()));
            let mut allow: Vec<Value> = read(&allow)?;
            let descriptor = |id| json!({ "type": X509_CARD, "id": id });
            allow.extend(certificates.iter().map(descriptor));
            Ok(AgentCeremony::Get(read(&Value::Array(allow))?))
        }
        Purpose::Register => {
            let mut algorithms: Vec<agent_protocol::CredentialParameter> =
                read(options.get("pubKeyCredParams").unwrap_or(&Value::Null))?;
            // The one that every card has and our verifier takes.
            algorithms.retain(|parameter| parameter.alg == ES256);
            let exclude = list("excludeCredentials").unwrap_or_else(|| Value::Array(Vec::new()));
            Ok(AgentCeremony::Create(Create {
                user: read(options.get("user").unwrap_or(&Value::Null))?,
                exclude_credentials: read(&exclude)?,
                pub_key_cred_params: algorithms,
                resident_key: ResidentKey::Required,
                attestation: Some("none".into()),
            }))
        }
    }
}

fn read<T: for<'de> Deserialize<'de>>(value: &Value) -> Result<T, Problem> {
    T::deserialize(value).map_err(Problem::internal)
}
