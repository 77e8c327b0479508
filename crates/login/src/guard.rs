/// Why an event does not lead on. For the operator; people are told what to do instead, and the
/// same for what an attacker could learn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Too late.
    #[error("login has expired")]
    Expired,
    /// The answer belongs to another tenant.
    #[error("another tenant")]
    Tenant,
    /// The answer came to the endpoint of another provider.
    #[error("another provider")]
    Provider,
    /// The provider's settings name another issuer or client than the browser was sent to.
    #[error("settings of the provider have changed")]
    Registration,
    /// The answer belongs to another browser or another login.
    #[error("state value does not match")]
    State,
    /// The ID token was made for another request.
    #[error("nonce does not match")]
    Nonce,
    /// The request comes from a browser that does not hold this login.
    #[error("another browser")]
    Browser,
    /// The answer came through another channel than the challenge was given to.
    #[error("another channel")]
    Channel,
    /// The answer is to another challenge, or to none.
    #[error("challenge is not the one that is out")]
    Challenge,
    /// The challenge is too old.
    #[error("challenge has expired")]
    ChallengeExpired,
    /// The card belongs to another person.
    #[error("card of another person")]
    Person,
    /// The card was revoked.
    #[error("card is revoked")]
    Revoked,
    /// The person is disabled.
    #[error("person is disabled")]
    Disabled,
    /// The card did not check PIN or finger.
    #[error("person was not verified by the card")]
    NotVerified,
    /// The person has no card, and nothing lets them enrol one here.
    #[error("no card, and none can be enrolled here")]
    NoCard,
    /// The person has a card: a login enrols first cards only.
    #[error("person has a card already")]
    HasCard,
    /// A card cannot vouch for its own removal: another one must be tapped.
    #[error("the card to remove was tapped")]
    SameCard,
    /// The one-time code is wrong, spent, expired or somebody else's.
    #[error("one-time code is not valid for this person")]
    Code,
    /// The tenant's policy does not let a card alone sign in, now or ever.
    #[error("card alone does not sign in here")]
    CardFirst,
    /// The tenant's policy wants a tap of each login's own.
    #[error("a tap for Entra does not count here")]
    OneTap,
    /// The upstream and Entra's request for external MFA speak of different accounts.
    #[error("another Entra account")]
    Account,
    /// What was proved to Entra was proved before this login sent its browser there.
    #[error("proof is from before this login")]
    Earlier,
    /// Nobody has linked this person.
    #[error("person is not linked")]
    NotLinked,
    /// This state does not wait for this event.
    #[error("unexpected event")]
    Unexpected,
}

impl Refusal {
    /// A stable name for audit and logs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Expired => "login-expired",
            Self::Tenant => "other-tenant",
            Self::Provider => "other-provider",
            Self::Registration => "settings-changed",
            Self::State => "state-mismatch",
            Self::Nonce => "nonce-mismatch",
            Self::Browser => "other-browser",
            Self::Channel => "other-channel",
            Self::Challenge => "other-challenge",
            Self::ChallengeExpired => "challenge-expired",
            Self::Person => "other-person",
            Self::Revoked => "card-revoked",
            Self::Disabled => "person-disabled",
            Self::NotVerified => "user-not-verified",
            Self::NoCard => "no-card-allowed",
            Self::HasCard => "has-card",
            Self::SameCard => "same-card",
            Self::Code => "code-refused",
            Self::CardFirst => "card-first-refused",
            Self::OneTap => "one-tap-off",
            Self::Account => "other-account",
            Self::Earlier => "earlier-proof",
            Self::NotLinked => "not-linked",
            Self::Unexpected => "unexpected-event",
        }
    }
}

macro_rules! guards {
    ($($(#[doc = $says:literal])+ $guard:ident => $refusal:ident,)+) => {
        /// Every place where a step refuses, or asks for more, by name: one variant for each call
        /// of [`Guards::ensure`] or [`Guards::holds`], and one call for each variant. What a `match` refuses because the
        /// state holds nothing to go on with is none: it cannot be left out.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum Guard {
            $($(#[doc = $says])+ $guard,)+
        }

        impl Guard {
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$guard),+];

            fn refusal(self) -> Refusal {
                match self {
                    $(Self::$guard => Refusal::$refusal,)+
                }
            }
        }
    };
}

guards! {
    /// Every event comes within the login's life.
    LoginAlive => Expired,
    /// At the EAM door nothing but a hint leads on.
    EamByHint => Unexpected,
    /// And a hint leads on at no other.
    HintDoor => Unexpected,
    /// A person signs in to their own tenant.
    PersonOfTenant => Tenant,
    /// A disabled person does not.
    PersonEnabled => Disabled,
    /// The callback came to an endpoint of the login's tenant.
    CallbackTenant => Tenant,
    /// The callback came to the endpoint of the provider that was chosen.
    CallbackProvider => Provider,
    /// The `state` is the one of this login.
    CallbackState => State,
    /// The provider's settings are those with which the browser was sent there.
    CallbackRegistration => Registration,
    /// The ID token comes from a provider of the login's tenant.
    TokenTenant => Tenant,
    /// The ID token comes from the provider that was chosen.
    TokenProvider => Provider,
    /// The ID token was made for this login.
    TokenNonce => Nonce,
    /// The provider lets who has no card enrol one.
    ProviderOnboards => NoCard,
    // These three refuse nobody: without what they stand for, a code is asked for.
    /// A sign-in alone enrols a first card only when Entra vouched.
    FirstCardByEntra => NoCard,
    /// A sign-in alone enrols a first card only when it was a fresh one.
    FirstCardFresh => NoCard,
    /// A sign-in alone enrols a first card once.
    FirstCardOnce => NoCard,
    // These two refuse nobody: without what they stand for, a login has no account that Entra could
    // have asked about, and a time of its own.
    /// An account is Entra's only where Entra vouched.
    AccountByEntra => Account,
    /// A login at the EAM door lives no longer than Entra waits.
    EamLife => Expired,
    /// The hint is alive.
    HintAlive => Expired,
    /// Where Entra asks, who has no card enrols one by a code, or not at all.
    HintEnrols => NoCard,
    /// The invitation is alive.
    InvitationAlive => Expired,
    /// An invitation is for who has no card.
    InvitedWithoutCard => HasCard,
    /// A change of cards takes a card.
    ChangeWithCard => NoCard,
    /// The code comes from the browser that began.
    CodeBrowser => Browser,
    /// The code was issued for this person.
    CodePerson => Code,
    /// The code is alive.
    CodeAlive => Code,
    /// The challenge is for the browser that began.
    AskedBrowser => Browser,
    /// The refused answer is to the challenge that is out.
    RefusedChallenge => Challenge,
    /// The answer is to the challenge that is out.
    AnswerChallenge => Challenge,
    /// The challenge that is answered is alive.
    AnswerInTime => ChallengeExpired,
    /// The answer comes by whom the challenge was given to.
    AnswerChannel => Channel,
    /// The answer comes from the browser that began.
    AnswerBrowser => Browser,
    /// The link that is claimed is the one that is out.
    LinkChallenge => Challenge,
    /// A link is claimed by one agent.
    LinkOnce => Channel,
    // This one refuses nobody: without it, an answer would not wait.
    /// An agent's answer waits for its browser, where that must come back.
    AnswerReturns => Browser,
    /// The browser that comes back brings the token of the answer that waits.
    ReturnToken => Browser,
    /// The card that answers is enrolled in the login's tenant.
    AnswerTenant => Tenant,
    /// The card that answers is the person's own.
    AnswerPerson => Person,
    /// The card that answers is in force.
    AnswerLive => Revoked,
    /// A card is removed by a tap of another.
    RemovesAnother => SameCard,
    /// A login enrols first cards, and one that began with a tap a further one.
    EnrolsFirst => HasCard,
    /// What a fresh sign-in permitted is permitted still.
    EnrolsStill => NoCard,
    /// The tenant lets cards alone sign in, or no challenge is made for one.
    FirstAskedAllowed => CardFirst,
    /// A stranger's challenge is for the page.
    FirstAskedChannel => Channel,
    /// A stranger's answer is to the challenge of this browser.
    FirstChallenge => Challenge,
    /// A stranger's challenge is alive.
    FirstInTime => ChallengeExpired,
    /// A stranger's answer comes by the page.
    FirstChannel => Channel,
    /// A card alone signs in to its own tenant.
    FirstTenant => Tenant,
    /// A card alone is in force.
    FirstLive => Revoked,
    /// A card alone signs in who is linked.
    FirstLinked => NotLinked,
    /// The tenant lets this person's card alone sign in now.
    FirstAllowed => CardFirst,
    /// A pairing begins a login only where the tenant lets this person's card alone sign in.
    PairedAllowed => CardFirst,
    /// It begins one for who is linked.
    PairedLinked => NotLinked,
    /// It begins one for who has a card.
    PairedWithCard => NoCard,
    /// The tenant lets the card alone sign in still, when it has answered.
    PairedAllowedStill => CardFirst,
    /// The person of a login that a pairing began is linked still.
    PairedLinkedStill => NotLinked,
    /// The tenant lets a proof for Entra spare the second tap.
    OneTapAllowed => OneTap,
    /// The login that it spares one is held by this browser.
    OneTapLogin => Browser,
    /// The proof was given in this browser.
    OneTapBrowser => Browser,
    /// Entra asked for the account with which the upstream answered.
    OneTapAccount => Account,
    /// The person of the login proved, with their own card.
    OneTapPerson => Person,
    /// They did so after the login began.
    OneTapAfter => Earlier,
    /// And a moment ago.
    OneTapInTime => Expired,
    /// The card with which they did is in force still.
    OneTapLive => Revoked,
    /// The facts are those of the card's person.
    ProofPerson => Person,
    /// The card checked PIN or finger.
    ProofVerified => NotVerified,
    /// The statement of an X.509 card came through an agent.
    ProofByAgent => Channel,
}

/// The guards that are in force: all of them, always. That some can be named and left out exists
/// for the model, which must find the hole that each of them closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Guards {
    left_out: &'static [Guard],
}

impl Guards {
    pub(crate) const ALL: Self = Self { left_out: &[] };

    /// All guards but these.
    #[cfg(test)]
    pub(crate) const fn without(guards: &'static [Guard]) -> Self {
        Self { left_out: guards }
    }

    /// Refuses unless what `guard` stands for `holds`.
    pub(crate) fn ensure(self, holds: bool, guard: Guard) -> Result<(), Refusal> {
        if self.holds(holds, guard) { Ok(()) } else { Err(guard.refusal()) }
    }

    /// Whether what `guard` stands for `holds`: for what is not refused, but asks for more.
    pub(crate) fn holds(self, is_so: bool, guard: Guard) -> bool {
        is_so || self.left_out.contains(&guard)
    }
}
