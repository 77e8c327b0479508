//! A signed request in the words of the authenticator, and its answer in those of WebAuthn.

use agent_protocol::{Ceremony as Wanted, Create, CredentialDescriptor, Outcome, SignedRequest};
use authenticator::{
    AuthenticateRequest, CeremonyError, Control, RegisterRequest, RelyingParty, ResidentKey, User,
    UserVerification, authenticate, register,
};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;

use super::Ceremony;
use super::card::Card;
use crate::board::Kind;
use crate::dialogs::Dialogs;
use crate::random;

/// COSE algorithm ES256, the only one that is asked for.
const ES256: i64 = -7;
/// `AuthenticatorTransport` of a key, WebAuthn Level 3 §5.8.4.
const USB: &str = "usb";

/// Has the card sign, or make a credential.
pub(super) fn sign(
    ceremony: &Ceremony,
    mut card: Card,
    person: &mut Dialogs,
) -> Result<Outcome, CeremonyError> {
    let claims = ceremony.request.claims();
    let cancel = ceremony.cancel.clone();
    let (kind, touch) = (card.kind, person.touch.clone());
    let mut on_keepalive = |keepalive| touch.heard(kind, keepalive);
    let mut control = Control {
        deadline: ceremony.deadline,
        cancel: cancel.flag(),
        on_keepalive: &mut on_keepalive,
    };
    #[expect(clippy::expect_used, reason = "without randomness this thread and its ceremony end")]
    let mut entropy = |bytes: &mut [u8]| random::fill(bytes).expect("the system has randomness");
    let credential = match &claims.ceremony {
        Wanted::Get(allow) => {
            let request = authenticate_request(claims, allow)?;
            let assertion =
                authenticate(&mut *card.link, &request, person, &mut control, &mut entropy)?;
            serde_json::to_value(assertion).map(Outcome::Assertion)
        }
        Wanted::Create(create) => {
            let name = &ceremony.enrolment.record.tenant_name;
            let request = register_request(claims, create, name, card.kind)?;
            let mut registration =
                register(&mut *card.link, &request, person, &mut control, &mut entropy)?;
            // Whatever it says of itself, there it is.
            let transports = &mut registration.response.transports;
            if card.kind == Kind::Key && !transports.iter().any(|known| known == USB) {
                transports.push(USB.to_owned());
            }
            serde_json::to_value(registration).map(Outcome::Registration)
        }
    };
    credential.map_err(|_| CeremonyError::Malformed)
}

fn authenticate_request(
    claims: &SignedRequest,
    allow: &[CredentialDescriptor],
) -> Result<AuthenticateRequest, CeremonyError> {
    Ok(AuthenticateRequest {
        origin: claims.origin.clone(),
        rp_id: claims.rp_id.clone(),
        challenge: bytes(&claims.challenge)?,
        allow: ids(allow)?,
        user_verification: user_verification(claims.user_verification),
    })
}

fn register_request(
    claims: &SignedRequest,
    create: &Create,
    rp_name: &str,
    kind: Kind,
) -> Result<RegisterRequest, CeremonyError> {
    if !create.pub_key_cred_params.iter().any(|parameter| parameter.alg == ES256) {
        return Err(CeremonyError::Request("the server does not take ES256"));
    }
    Ok(RegisterRequest {
        origin: claims.origin.clone(),
        rp: RelyingParty { id: claims.rp_id.clone(), name: rp_name.to_owned() },
        challenge: bytes(&claims.challenge)?,
        user: User {
            id: bytes(&create.user.id)?,
            name: create.user.name.clone(),
            display_name: create.user.display_name.clone(),
        },
        exclude: ids(&create.exclude_credentials)?,
        resident_key: resident_key(create.resident_key),
        user_verification: user_verification(claims.user_verification),
        transports: match kind {
            Kind::Card => vec!["smart-card".to_owned(), "nfc".to_owned()],
            Kind::Key => vec![USB.to_owned()],
        },
    })
}

fn ids(list: &[CredentialDescriptor]) -> Result<Vec<Vec<u8>>, CeremonyError> {
    list.iter().map(|descriptor| bytes(&descriptor.id)).collect()
}

fn bytes(text: &str) -> Result<Vec<u8>, CeremonyError> {
    BASE64URL.decode(text).map_err(|_| CeremonyError::Request("a member is not base64url"))
}

fn user_verification(wanted: agent_protocol::UserVerification) -> UserVerification {
    match wanted {
        agent_protocol::UserVerification::Required => UserVerification::Required,
        agent_protocol::UserVerification::Preferred => UserVerification::Preferred,
        agent_protocol::UserVerification::Discouraged => UserVerification::Discouraged,
    }
}

fn resident_key(wanted: agent_protocol::ResidentKey) -> ResidentKey {
    match wanted {
        agent_protocol::ResidentKey::Discouraged => ResidentKey::Discouraged,
        agent_protocol::ResidentKey::Preferred => ResidentKey::Preferred,
        agent_protocol::ResidentKey::Required => ResidentKey::Required,
    }
}
