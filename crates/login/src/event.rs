use identity::{Moment, PersonState, ProviderKind};
use ids::{Alias, ChallengeId, CredentialId, DeviceId, SessionId, TenantId, UserId};
use secrets::{Token, TokenHash};

use crate::state::{Challenge, Channel, EntraAccount, Then};

/// What the server reports to the hallway.
#[derive(Clone, Debug)]
pub enum Event {
    /// The person chose an upstream provider; the values are fresh random ones.
    ProviderChosen {
        /// Which provider.
        provider: Alias,
        /// Digest of the issuer and the client id that its settings name now; opaque here.
        registration: String,
        /// `state` to send.
        state: Token,
        /// `nonce` to send.
        nonce: Token,
        /// PKCE verifier to keep.
        verifier: Token,
        /// The present by the clock that dates proofs, which need not be the one of the step.
        left_at: Moment,
    },
    /// The upstream sent the browser back to `provider`'s endpoint with `state`. Comes before the
    /// code is redeemed: a code of another browser or provider is never sent anywhere.
    CallbackArrived {
        /// Tenant of the endpoint that was called.
        tenant: TenantId,
        /// Provider of the endpoint that was called.
        provider: Alias,
        /// Digest of the issuer and the client id that its settings name now.
        registration: String,
        /// The `state` that came.
        state: Token,
    },
    /// The upstream's ID token is verified and its claims are mapped.
    UpstreamVouched {
        /// What the upstream says.
        upstream: UpstreamFacts,
        /// The person whom its link names: existing, or about to be created.
        person: PersonFacts,
        /// Hash of the new handle for this browser.
        handle: TokenHash,
    },
    /// Somebody holds an invitation that was made on this host.
    InvitationShown {
        /// Hash of the invitation.
        invitation: TokenHash,
        /// End of its life.
        valid_until: Moment,
        /// The person who is about to be created.
        person: PersonFacts,
        /// Hash of the new handle for this browser.
        handle: TokenHash,
    },
    /// A signed-in person wants something that takes a fresh tap first.
    ChangeAsked {
        /// What they want.
        then: Then,
        /// The session in which they ask.
        session: SessionId,
        /// The person of the session.
        person: PersonFacts,
        /// Hash of the new handle for this browser.
        handle: TokenHash,
    },
    /// Whoever sits at a browser that is paired with an agent wants to use their card there.
    PairingShown {
        /// The agent.
        device: DeviceId,
        /// The person in whose login the two were paired.
        person: PersonFacts,
        /// Hash of the new handle for this browser.
        handle: TokenHash,
    },
    /// Entra asks for external MFA: its hint is verified, and everything else that it asked.
    HintVouched {
        /// Hash of the hint, which carries no `nonce`: that it counts once makes it one browser's.
        hint: TokenHash,
        /// Until when it is taken.
        valid_until: Moment,
        /// The account of which it speaks.
        account: EntraAccount,
        /// The person whom that account's link names: existing, or about to be created.
        person: PersonFacts,
        /// Whether they are about to be created.
        is_new: bool,
        /// Hash of the new handle for this browser.
        handle: TokenHash,
    },
    /// In the sign-in at Entra that this login has begun, Entra asked for external MFA, and the
    /// browser has brought that request's handle.
    ProvedToEntra {
        /// What was proved there.
        proof: EamProof,
        /// Hash of the handle of an EAM transaction that the browser holds.
        held: TokenHash,
        /// Hash of the handle of this login that it holds.
        handle: TokenHash,
        /// The person of the login, as of now.
        person: PersonFacts,
    },
    /// The person gave a one-time code that an administrator issued to them.
    CodeGiven {
        /// Hash of the handle that the browser holds.
        handle: TokenHash,
        /// Hash of the code.
        code: TokenHash,
        /// For whom it was issued; `None` when there is no such code.
        issued_for: Option<UserId>,
        /// End of its life.
        valid_until: Moment,
    },
    /// The server made a challenge for the card step.
    ChallengeMade {
        /// Hash of the handle that the browser holds; of no browser for "Use your card".
        handle: Option<TokenHash>,
        /// The challenge.
        challenge: Challenge,
    },
    /// An agent of the tenant has claimed the challenge of a link.
    LinkClaimed {
        /// The challenge.
        challenge: ChallengeId,
        /// The agent; from now on nobody else may answer.
        device: DeviceId,
    },
    /// A card's assertion was verified against the challenge that is out.
    CardProved {
        /// Where the answer came from.
        channel: Channel,
        /// Hash of the handle, when the answer came from a browser.
        handle: Option<TokenHash>,
        /// The challenge it answers.
        challenge: ChallengeId,
        /// Hash of a return token: a new one for an answer that is to wait, the one that the browser
        /// brings for an answer that has waited. None where no browser comes back.
        back: Option<TokenHash>,
        /// The card, and whose it is.
        card: CardFacts,
        /// That person, as of now.
        person: PersonFacts,
    },
    /// A new card's registration was verified against the challenge that is out.
    CardEnrolled {
        /// Where the answer came from.
        channel: Channel,
        /// Hash of the handle, when the answer came from a browser.
        handle: Option<TokenHash>,
        /// The challenge it answers.
        challenge: ChallengeId,
        /// Hash of a return token: a new one for an answer that is to wait, the one that the browser
        /// brings for an answer that has waited. None where no browser comes back.
        back: Option<TokenHash>,
        /// The new card.
        card: CardFacts,
        /// The person of the login, as of now.
        person: PersonFacts,
    },
    /// An answer to the challenge that is out did not verify.
    CardRefused {
        /// The challenge it answers.
        challenge: ChallengeId,
        /// Why, for the audit event; never shown.
        reason: &'static str,
    },
}

/// What a verified ID token says that matters to the hallway.
#[derive(Clone, Debug)]
pub struct UpstreamFacts {
    /// The tenant whose provider it is.
    pub tenant: TenantId,
    /// The provider.
    pub provider: Alias,
    /// What kind of provider it is.
    pub kind: ProviderKind,
    /// The `nonce` of the token.
    pub nonce: Token,
    /// When the upstream says it authenticated the person (`auth_time`), if it says so.
    pub auth_time: Option<Moment>,
    /// Whether a mapper of the provider asks for a card when there is none.
    pub onboards: bool,
    /// The account, if it names one as Entra does.
    pub account: Option<EntraAccount>,
}

/// What was proved in an EAM transaction.
#[derive(Clone, Debug)]
pub struct EamProof {
    /// The transaction: hash of its hint.
    pub transaction: TokenHash,
    /// Hash of its handle.
    pub handle: TokenHash,
    /// The account for which Entra asked.
    pub account: EntraAccount,
    /// The person who proved.
    pub person: UserId,
    /// Their card.
    pub card: CredentialId,
    /// Whose that card is.
    pub card_of: UserId,
    /// Whether the card was revoked since.
    pub revoked: bool,
    /// When they proved.
    pub proved_at: Moment,
    /// Until when that spares them a second tap.
    pub valid_until: Moment,
    /// The present, by the same clock.
    pub now: Moment,
}

/// What the hallway must know of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each a column")]
pub struct PersonFacts {
    /// Who.
    pub id: UserId,
    /// In which tenant.
    pub tenant: TenantId,
    /// Whether they may sign in.
    pub state: PersonState,
    /// Whether they have a card that is not revoked.
    pub has_card: bool,
    /// Whether a card of theirs was ever revoked.
    pub card_was_revoked: bool,
    /// Whether they ever enrolled by a fresh upstream sign-in alone.
    pub enrolled_by_upstream: bool,
    /// Whether an upstream link names them, or they are an administrator by invitation.
    pub linked: bool,
    /// Last time an upstream vouched for them.
    pub last_upstream_at: Option<Moment>,
}

/// What the hallway must know of a card that answered.
#[derive(Clone, Debug)]
pub struct CardFacts {
    /// Which one.
    pub id: CredentialId,
    /// In which tenant it is enrolled.
    pub tenant: TenantId,
    /// Whose it is.
    pub person: UserId,
    /// Whether it was revoked.
    pub revoked: bool,
    /// What its answer shows.
    pub evidence: Evidence,
}

/// What a verified answer shows about the person and the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Evidence {
    /// UV: the card checked PIN or finger.
    pub user_verified: bool,
    /// What kind of thing has answered, and what only such a thing can show.
    pub shown: Shown,
}

/// The kinds of thing that answer. The one never counts as the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shown {
    /// A FIDO2 card, a security key or a passkey.
    Fido2 {
        /// Whether attestation shows that the key cannot leave its hardware.
        hardware_attested: bool,
        /// Signature counter in the answer; 0 when the card keeps none.
        counter: u32,
    },
    /// The key of a certificate on a smart card. What it says of UV, the agent says: it counts from
    /// an agent that is paired, and from nobody else.
    X509Card,
}

impl Evidence {
    /// Signature counter in the answer; 0 for what keeps none.
    pub fn counter(self) -> u32 {
        match self.shown {
            Shown::Fido2 { counter, .. } => counter,
            Shown::X509Card => 0,
        }
    }
}
