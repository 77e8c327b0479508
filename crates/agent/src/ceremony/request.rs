//! A signed request in the words of the authenticator.

use agent_protocol::{Ceremony as Wish, Create, CredentialDescriptor, SignedRequest};
use authenticator::race::Wanted;
use authenticator::{
    AuthenticateRequest, CeremonyError, RegisterRequest, RelyingParty, ResidentKey, User,
    UserVerification, get_info,
};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;

/// COSE algorithm ES256, the only one that is asked for.
const ES256: i64 = -7;

/// What an authenticator is asked for.
pub(super) enum Request {
    /// An assertion.
    Assertion(AuthenticateRequest),
    /// A new credential. How the authenticator is reached is not said: it is not known yet.
    Credential(RegisterRequest),
}

impl Request {
    /// Reads what the server has signed; `rp_name` is the tenant's name for people.
    pub(super) fn read(claims: &SignedRequest, rp_name: &str) -> Result<Self, CeremonyError> {
        match &claims.ceremony {
            Wish::Get(allow) => authenticate_request(claims, allow).map(Self::Assertion),
            Wish::Create(create) => register_request(claims, create, rp_name).map(Self::Credential),
        }
    }

    /// What is looked for on the authenticators that are there.
    pub(super) fn wanted(&self) -> Wanted<'_> {
        match self {
            Self::Assertion(request) => Wanted::Assertion(request),
            Self::Credential(request) => Wanted::Credential(request),
        }
    }

    /// Whether the ceremony cannot end well without a PIN. A sensor on the card does not count: a
    /// card that lies there may be touched for another reason.
    pub(super) fn asks_for_pin(&self, info: &get_info::Response) -> bool {
        let (wish, chooses) = match self {
            Self::Assertion(request) => (request.user_verification, false),
            Self::Credential(request) => {
                (request.user_verification, info.option("clientPin").is_some())
            }
        };
        let required = wish == UserVerification::Required;
        required && !info.has("uv") && (info.has("clientPin") || chooses)
    }
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
        transports: Vec::new(),
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
