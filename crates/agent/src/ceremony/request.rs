//! A signed request in the words of the authenticator, and of a card with certificates.

use agent_protocol::x509_statement::algorithm::ES256;
use agent_protocol::{
    Ceremony as Wish, Create, CredentialDescriptor, FIDO2, SignedRequest, X509_CARD,
};
use authenticator::race::Wanted;
use authenticator::{
    AuthenticateRequest, CeremonyError, RegisterRequest, RelyingParty, ResidentKey, User,
    UserVerification, get_info,
};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;

/// The `type` of the credentials of FIDO devices.
const PUBLIC_KEY: &str = "public-key";

/// What devices are asked for: one kind of them, or both.
pub(super) struct Request {
    /// What a FIDO authenticator is asked for.
    pub(super) ctap: Option<Ctap>,
    /// What a card with certificates is asked for.
    pub(super) certificates: Option<Certificates>,
}

/// What an authenticator is asked for.
pub(super) enum Ctap {
    /// An assertion.
    Assertion(AuthenticateRequest),
    /// A new credential. How the authenticator is reached is not said: it is not known yet.
    Credential(RegisterRequest),
}

/// Which certificates will do.
pub(super) enum Certificates {
    /// For a login: those of these credential ids; of any, if the list is empty.
    Allowed(Vec<Vec<u8>>),
    /// For an enrolment: all but these.
    AllBut(Vec<Vec<u8>>),
}

impl Request {
    /// Reads what the server has signed; `rp_name` is the tenant's name for people.
    pub(super) fn read(claims: &SignedRequest, rp_name: &str) -> Result<Self, CeremonyError> {
        Ok(Self { ctap: ctap(claims, rp_name)?, certificates: certificates(claims)? })
    }

    /// Whether something is made that will open the account from now on.
    pub(super) fn creates(claims: &SignedRequest) -> bool {
        matches!(claims.ceremony, Wish::Create(_))
    }
}

/// A list of none of its kind means none, and an empty list any: the two are not mixed up.
fn ctap(claims: &SignedRequest, rp_name: &str) -> Result<Option<Ctap>, CeremonyError> {
    if !claims.kinds.iter().any(|kind| kind == FIDO2) {
        return Ok(None);
    }
    match &claims.ceremony {
        Wish::Get(allow) if !allow.is_empty() && !has(allow, PUBLIC_KEY) => Ok(None),
        Wish::Get(allow) => authenticate_request(claims, allow).map(Ctap::Assertion).map(Some),
        Wish::Create(create) => {
            register_request(claims, create, rp_name).map(Ctap::Credential).map(Some)
        }
    }
}

fn certificates(claims: &SignedRequest) -> Result<Option<Certificates>, CeremonyError> {
    if !claims.kinds.iter().any(|kind| kind == X509_CARD) {
        return Ok(None);
    }
    match &claims.ceremony {
        Wish::Get(allow) if !allow.is_empty() && !has(allow, X509_CARD) => Ok(None),
        Wish::Get(allow) => ids(allow, X509_CARD).map(Certificates::Allowed).map(Some),
        Wish::Create(create) => {
            ids(&create.exclude_credentials, X509_CARD).map(Certificates::AllBut).map(Some)
        }
    }
}

fn has(list: &[CredentialDescriptor], kind: &str) -> bool {
    list.iter().any(|descriptor| descriptor.kind == kind)
}

impl Ctap {
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
        allow: ids(allow, PUBLIC_KEY)?,
        user_verification: user_verification(claims.user_verification),
    })
}

fn register_request(
    claims: &SignedRequest,
    create: &Create,
    rp_name: &str,
) -> Result<RegisterRequest, CeremonyError> {
    // The only one that is asked of an authenticator.
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
        exclude: ids(&create.exclude_credentials, PUBLIC_KEY)?,
        resident_key: resident_key(create.resident_key),
        user_verification: user_verification(claims.user_verification),
        transports: Vec::new(),
    })
}

/// The credentials of one type.
fn ids(list: &[CredentialDescriptor], kind: &str) -> Result<Vec<Vec<u8>>, CeremonyError> {
    let of_kind = list.iter().filter(|descriptor| descriptor.kind == kind);
    of_kind.map(|descriptor| bytes(&descriptor.id)).collect()
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
