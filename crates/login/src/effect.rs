use identity::Moment;
use ids::{Alias, ChallengeId, CredentialId, DeviceId, LoginId, SessionId, UserId};
use secrets::TokenHash;

use crate::guard::Refusal;
use crate::state::{Channel, Door, EntraAccount, Permit, Purpose, Waiting};

/// What the server is to do next. All effects of one step stand in one database transaction: if
/// one of them finds its row gone or its value spent, none of them happens.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Remember `value` as consumed; a second time is a replay, and ends the step. Refused too
    /// when `until` has passed by the database's clock.
    Spend {
        /// What is consumed.
        value: TokenHash,
        /// How long it could have been used; it may be forgotten afterwards.
        until: Moment,
    },
    /// Write the person as imported.
    WritePerson(UserId),
    /// Take the one-time code out of its table, or refuse: it must be there and alive.
    TakeCode {
        /// Hash of the code.
        code: TokenHash,
        /// For whom it was issued.
        person: UserId,
    },
    /// Take the invitation out of its table, or refuse: it must be there and alive.
    TakeInvitation {
        /// Hash of the invitation.
        invitation: TokenHash,
    },
    /// Write the EAM transaction that a hint begins, or refuse: a hint begins one, and none when
    /// `until` has passed.
    BeginTransaction {
        /// Hash of the hint.
        hint: TokenHash,
        /// Until when it is taken; it may be forgotten afterwards.
        until: Moment,
        /// The login at whose exit it is answered.
        login: LoginId,
        /// Hash of the handle by which its browser is known.
        handle: TokenHash,
        /// The person who is to prove.
        person: UserId,
        /// The account for which Entra asks.
        account: EntraAccount,
    },
    /// Write the row of the waiting login.
    WriteLogin(Box<Waiting>),
    /// End the login that this session has begun before, if it has: of two changes in one session,
    /// the later counts.
    EndChange {
        /// Which session.
        session: SessionId,
    },
    /// End the waiting login, or refuse: it must be there.
    EndLogin {
        /// Which login.
        login: LoginId,
    },
    /// End the session, or refuse: one that was ended meanwhile has no successor.
    EndSession {
        /// Which session.
        session: SessionId,
    },
    /// Take the waiting login out of its table, or refuse: it must be there, alive, held by this
    /// handle, with this challenge out and alive.
    TakeLogin {
        /// Which login.
        login: LoginId,
        /// Hash of its handle.
        handle: TokenHash,
        /// The challenge that was answered.
        challenge: ChallengeId,
    },
    /// Take the waiting login out of its table without a challenge, or refuse: it must be there,
    /// alive, held by this handle. What proves it is [`Effect::TakeEamProof`].
    TakeLoginProved {
        /// Which login.
        login: LoginId,
        /// Hash of its handle.
        handle: TokenHash,
    },
    /// Write the proof of an EAM transaction for this login too, consumed by this step; or refuse:
    /// it counts so once, for its own person, and while its card does.
    TakeEamProof {
        /// Hash of the transaction's hint.
        transaction: TokenHash,
        /// The login that it is to prove.
        login: LoginId,
        /// Who must have proved.
        person: UserId,
    },
    /// Spend the challenge of a login that has no row, or refuse: not spent before, and alive.
    TakeStranger {
        /// The challenge that was answered.
        challenge: ChallengeId,
        /// How long it could have been used.
        until: Moment,
    },
    /// Take only the challenge out of the row, and count: an answer to it did not verify.
    SpendChallenge {
        /// Which login.
        login: LoginId,
        /// The challenge.
        challenge: ChallengeId,
    },
    /// Write the proof, consumed by this step, and compare and swap the card's counter; or refuse:
    /// a card that was revoked meanwhile proves nothing.
    Prove(Proof),
    /// Keep the new card, or refuse: two steps may have read that the person has none. A first card
    /// is for who has none still, and by a fresh sign-in for who never had one so.
    WriteCard(Enrolment),
    /// Revoke a card of the person who proved. Its sessions end, and so do the logins that wait for
    /// its person: a tap of it may have permitted what they are about to do.
    RevokeCard {
        /// Which.
        card: CredentialId,
        /// Whose.
        person: UserId,
    },
    /// Write what the exit issues on the proof of this step. At the exit to Entra: into its
    /// transaction, or refuse, for each is answered once.
    Issue(Issue),
    /// Write the audit event.
    Audit(Audit),
}

/// What a card has proved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Proof {
    /// The login in which it did.
    pub login: LoginId,
    /// Who.
    pub person: UserId,
    /// With which card.
    pub card: CredentialId,
    /// What the card did.
    pub purpose: Purpose,
    /// Through whom its answer came.
    pub channel: Channel,
    /// When the challenge was handed out.
    pub challenge_at: Moment,
    /// Signature counter to compare and swap; `None` for a new card.
    pub counter: Option<u32>,
    /// `amr` of what was shown (RFC 8176).
    pub amr: Vec<&'static str>,
}

/// A card that is enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Enrolment {
    /// The card.
    pub card: CredentialId,
    /// Whose it is from now on.
    pub person: UserId,
    /// Who let them.
    pub permit: Permit,
}

/// What an exit may issue on the proof of the same step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Issue {
    /// The exit.
    pub door: Door,
    /// For whom.
    pub person: UserId,
    /// The provider that vouched, if one did.
    pub provider: Option<Alias>,
    /// Hash of the handle by which the browser that began claims it; none where the
    /// answer to the browser's own request carries it.
    pub claim: Option<TokenHash>,
}

/// What the audit trail says about a step. The names are stable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audit {
    /// An upstream vouched for a person.
    UpstreamVouched {
        /// Whom.
        person: UserId,
        /// Which provider.
        provider: Alias,
    },
    /// Entra asked for external MFA.
    HintVouched {
        /// Of whom.
        person: UserId,
    },
    /// An invitation made a person.
    InvitationUsed {
        /// Whom.
        person: UserId,
    },
    /// A browser that is paired with an agent began a login for who paired them.
    PairingShown {
        /// Whom.
        person: UserId,
        /// Which agent.
        device: DeviceId,
    },
    /// A one-time code was accepted.
    CodeAccepted {
        /// Whose.
        person: UserId,
    },
    /// A card was enrolled.
    CardEnrolled {
        /// Whose.
        person: UserId,
        /// Which.
        card: CredentialId,
        /// Who let them.
        permit: Permit,
    },
    /// A person who is signed in tapped a card, for what needs a fresh proof.
    CardConfirmed {
        /// Who.
        person: UserId,
        /// With which card.
        card: CredentialId,
    },
    /// A person removed one of their cards.
    CardRemoved {
        /// Whose.
        person: UserId,
        /// Which.
        card: CredentialId,
    },
    /// A card's answer is good, and waits for the browser that began.
    AnswerWaits {
        /// Whose login it is.
        person: UserId,
    },
    /// After so many refused proofs, a login was ended.
    GivenUp {
        /// Whose login it was.
        person: UserId,
    },
    /// A person signed in.
    SignedIn {
        /// Who.
        person: UserId,
        /// With which card.
        card: CredentialId,
        /// Where to.
        door: Door,
        /// Whether by the tap that Entra had asked for as external MFA.
        one_tap: bool,
    },
    /// After somebody had vouched for the person, a proof was refused.
    ProofRefused {
        /// Whose login it was.
        person: UserId,
        /// Why.
        reason: &'static str,
    },
}

impl From<Refusal> for &'static str {
    fn from(refusal: Refusal) -> Self {
        refusal.code()
    }
}
