use ids::UserId;
use serde_json::Value;
use webauthn_rs_proto::{PublicKeyCredentialCreationOptions, PublicKeyCredentialRequestOptions};

/// A ceremony that has begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// For the browser: `{"publicKey": …}` in the JSON form of WebAuthn Level 3 §5.1.8 and
    /// §5.1.9, for `parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON`.
    pub options: Value,
    /// The same ceremony, same challenge, for an agent.
    pub agent: AgentOptions,
    /// For the verifier: keep it where the other side cannot change it, and use it once.
    pub state: String,
}

/// What an agent needs to know of a ceremony.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentOptions {
    /// The relying party.
    pub rp_id: String,
    /// The challenge.
    pub challenge: Vec<u8>,
    /// What the card is to do. User verification is required in either.
    pub ceremony: AgentCeremony,
}

/// What a card is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentCeremony {
    /// An assertion of one of these credentials; of any discoverable one if there are none.
    Get {
        /// `allowCredentials`.
        allow: Vec<Descriptor>,
    },
    /// A new discoverable credential.
    Create {
        /// `user.id`: the 16 bytes of this id.
        user: UserId,
        /// `user.name`.
        name: String,
        /// `user.displayName`.
        display_name: String,
        /// `pubKeyCredParams`, best first: COSE algorithms.
        algorithms: Vec<i64>,
        /// `excludeCredentials`.
        exclude: Vec<Descriptor>,
    },
}

/// A credential that the server knows (`PublicKeyCredentialDescriptor`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// The WebAuthn credential id.
    pub id: Vec<u8>,
    /// How it may be reached, in the words of `AuthenticatorTransport`; empty if unknown.
    pub transports: Vec<String>,
}

/// What the page expects the person to use (`PublicKeyCredentialHint`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hint {
    /// A card or key.
    SecurityKey,
    /// The authenticator of the device itself.
    ClientDevice,
    /// A phone.
    Hybrid,
}

impl Begun {
    /// Lets the browser show the dialog for `hints` first. Hints do not restrict.
    #[must_use]
    pub fn hinting(mut self, hints: &[Hint]) -> Self {
        let hints: Vec<&str> = hints.iter().map(|hint| hint.as_str()).collect();
        if let Some(options) = self.options.get_mut("publicKey").and_then(Value::as_object_mut) {
            options.insert("hints".to_owned(), hints.into());
        }
        self
    }
}

impl Hint {
    fn as_str(self) -> &'static str {
        match self {
            Self::SecurityKey => "security-key",
            Self::ClientDevice => "client-device",
            Self::Hybrid => "hybrid",
        }
    }
}

impl AgentOptions {
    pub(crate) fn create(
        options: &PublicKeyCredentialCreationOptions,
        user: UserId,
        exclude: &[Descriptor],
    ) -> Self {
        let ceremony = AgentCeremony::Create {
            user,
            name: options.user.name.clone(),
            display_name: options.user.display_name.clone(),
            algorithms: options.pub_key_cred_params.iter().map(|param| param.alg).collect(),
            exclude: exclude.to_vec(),
        };
        Self { rp_id: options.rp.id.clone(), challenge: options.challenge.clone(), ceremony }
    }

    pub(crate) fn get(options: &PublicKeyCredentialRequestOptions, allow: Vec<Descriptor>) -> Self {
        let ceremony = AgentCeremony::Get { allow };
        Self { rp_id: options.rp_id.clone(), challenge: options.challenge.clone(), ceremony }
    }
}

/// Writes the transports into one of the lists: the library knows some of them only.
pub(crate) fn write_transports(options: &mut Value, list: &str, known: &[Descriptor]) {
    let list = options.get_mut("publicKey").and_then(|options| options.get_mut(list));
    let Some(descriptors) = list.and_then(Value::as_array_mut) else { return };
    for (descriptor, known) in descriptors.iter_mut().zip(known) {
        if let (Some(object), false) = (descriptor.as_object_mut(), known.transports.is_empty()) {
            object.insert("transports".to_owned(), known.transports.clone().into());
        }
    }
}
