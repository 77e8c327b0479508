use identity::Moment;
use ids::{Alias, ChallengeId, CredentialId, DeviceId, LoginId, SessionId, TenantId, UserId};
use secrets::{Token, TokenHash};
use serde::{Deserialize, Serialize};

/// A login under way.
#[derive(Clone, Debug)]
pub enum Login {
    /// Nobody has vouched for the person: it stands in the browser's sealed cookie alone, and
    /// costs no row.
    Stranger(Stranger),
    /// An upstream or an invitation has vouched for the person; it waits at the card step, in a
    /// row that the browser's handle finds.
    Waiting(Waiting),
}

/// What never changes in a login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// Its id.
    pub id: LoginId,
    /// Where it takes place.
    pub tenant: TenantId,
    /// What the door asked for.
    pub request: LoginRequest,
    /// When it began.
    pub started_at: Moment,
    /// After this moment nothing but a new login helps.
    pub expires_at: Moment,
}

/// What a door asks the hallway for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginRequest {
    /// Which exit answers.
    pub door: Door,
    /// Where the exit sends the browser: a path of our own, opaque to the hallway.
    pub return_to: String,
    /// The application for which somebody signs in, by its name for people; none for a page of our
    /// own. It is shown, and decides nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// Whose name was typed at that application. It is passed on to the provider, and decides nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<String>,
}

impl LoginRequest {
    /// Of a door for a page of our own.
    pub fn new(door: Door, return_to: impl Into<String>) -> Self {
        Self { door, return_to: return_to.into(), application: None, login_hint: None }
    }
}

/// The doors, each with the exit that belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Door {
    /// The account page; its exit is a session of the tenant.
    Account,
    /// The console; its exit is an administrator's session.
    Console,
    /// Entra external MFA; its exit is an ID token for Entra. It has no login page: only a hint that
    /// Entra has signed leads on.
    Eam,
}

/// A login that nobody has vouched for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stranger {
    /// What never changes.
    pub started: Started,
    /// How far it has come.
    pub at: StrangerAt,
}

/// How far a stranger's login has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StrangerAt {
    /// The login page.
    LoginPage,
    /// The browser is at the upstream provider.
    Upstream {
        /// Which provider.
        provider: Alias,
        /// Digest of the issuer and the client id for which the browser was sent there. What its
        /// settings name may change meanwhile, and the code must go to nobody else.
        registration: String,
        /// The `state` that must come back.
        #[serde(with = "token_text")]
        state: Token,
        /// The `nonce` that the ID token must carry.
        #[serde(with = "token_text")]
        nonce: Token,
        /// The PKCE `code_verifier`.
        #[serde(with = "token_text")]
        verifier: Token,
        /// Whether we asked the upstream to authenticate the person anew (`prompt=login`).
        prompt_login: bool,
        /// When we sent the browser there.
        sent_at: Moment,
        /// The same by the clock that dates proofs; none in what an earlier version has sealed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left_at: Option<Moment>,
    },
    /// A discoverable credential was asked for: "Use your card".
    CardFirst {
        /// The challenge that was handed out.
        challenge: Challenge,
    },
}

/// A login that waits at the card step.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Waiting {
    /// What never changes.
    pub started: Started,
    /// Hash of the handle that the browser which began holds.
    #[serde(with = "hash_bytes")]
    pub handle: TokenHash,
    /// For whom somebody has vouched.
    pub person: UserId,
    /// Who has vouched.
    pub vouched: Vouched,
    /// What is to be done here.
    pub task: Task,
    /// What follows when it is done.
    pub then: Then,
    /// The challenge that is out, if any.
    pub challenge: Option<Challenge>,
    /// How many answers were refused so far.
    #[serde(default)]
    pub refusals: u32,
    /// Hash of the return token, while an answer to the challenge waits for the browser that began.
    #[serde(default, with = "maybe_hash", skip_serializing_if = "Option::is_none")]
    pub held: Option<TokenHash>,
}

/// Who has vouched for the person of a waiting login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vouched {
    /// An upstream provider.
    Upstream {
        /// Which one.
        provider: Alias,
        /// When.
        at: Moment,
        /// Whether it authenticated the person anew for this login, as far as it tells.
        fresh: bool,
        /// The account of which it spoke, where it is Entra.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<EntraAccount>,
        /// When the browser was sent there, by the clock that dates proofs; none where an earlier
        /// version has sent it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left_at: Option<Moment>,
    },
    /// An invitation that was made on the host.
    Invitation,
    /// The person's own session, which wants a fresh tap. The login ends with it.
    Session {
        /// Which one.
        session: SessionId,
    },
    /// Nobody for this login: the one that paired this browser with its agent was vouched for, and
    /// names the person. The card alone signs in, where the tenant lets it.
    Pairing {
        /// The agent.
        device: DeviceId,
    },
    /// Entra, in the hint of its request for external MFA. No sign-in: it enrols nothing by itself.
    Hint {
        /// The account of which it spoke.
        account: EntraAccount,
    },
}

/// An account of an Entra directory: the one key by which its people are known.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EntraAccount {
    /// Directory (`tid`), a GUID in lower case.
    pub tid: String,
    /// Object id of the user in that directory (`oid`), a GUID in lower case.
    pub oid: String,
}

/// What follows a waiting login's proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// The exit of its door.
    Exit,
    /// The enrolment of one more card.
    AddCard,
    /// A session on this proof, in place of the one that asked for it: what needs a fresh proof can
    /// be done with it.
    Confirm,
    /// The removal of this card, which must be another than the one that is tapped.
    RemoveCard(CredentialId),
}

/// What a waiting login is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Prove possession of one of the person's cards.
    Authenticate,
    /// Enrol a card, if the permit lets them.
    Enrol(Permit),
}

/// Who lets a person enrol a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permit {
    /// Nobody yet: an administrator's one-time code is needed.
    CodeNeeded,
    /// An administrator, by a one-time code that is spent.
    Code,
    /// The tenant's policy, after a fresh upstream sign-in.
    FreshSignIn,
    /// An invitation that was made on the host.
    Invitation,
    /// The person, by a fresh tap of a card they have.
    FreshTap,
}

/// A challenge that is out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// Its id.
    pub id: ChallengeId,
    /// What for.
    pub purpose: Purpose,
    /// Who may answer it.
    pub channel: Channel,
    /// The verifier's state, as `passkeys` wrote it.
    pub state: String,
    /// When it was handed out.
    pub issued_at: Moment,
    /// After this moment an answer does not count.
    pub expires_at: Moment,
}

/// What a challenge is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// An assertion by a card that is enrolled.
    Authenticate,
    /// The registration of a card.
    Register,
}

/// Through whom the answer to a challenge comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// The page in the browser that began.
    Browser,
    /// This agent, paired with that browser.
    Agent(DeviceId),
    /// An agent whose answer waits until the browser that began has come back from its desk: one that
    /// the browser is not paired with, or that is elsewhere. None until one has claimed a link.
    Returning(Option<DeviceId>),
}

/// Tokens inside a sealed cookie, as text. Nothing else may serialise a token.
mod token_text {
    use secrets::Token;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(token: &Token, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&token.reveal())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Token, D::Error> {
        Token::parse(&String::deserialize(from)?).map_err(de::Error::custom)
    }
}

/// The hash of a handle, as bytes.
mod hash_bytes {
    use secrets::TokenHash;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(hash: &TokenHash, to: S) -> Result<S::Ok, S::Error> {
        hash.as_bytes().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<TokenHash, D::Error> {
        <[u8; 32]>::deserialize(from).map(TokenHash::from_bytes)
    }
}

/// The same, if there is one.
#[expect(clippy::ref_option, reason = "serde hands it over so")]
mod maybe_hash {
    use secrets::TokenHash;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        hash: &Option<TokenHash>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        hash.as_ref().map(TokenHash::as_bytes).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<TokenHash>, D::Error> {
        Ok(Option::<[u8; 32]>::deserialize(from)?.map(TokenHash::from_bytes))
    }
}
