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
            Self::NotLinked => "not-linked",
            Self::Unexpected => "unexpected-event",
        }
    }
}

/// The guards that are in force: all of them, always. That some can be named and left out exists
/// for the model, which must find the hole that each of them closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Guards {
    left_out: &'static [Refusal],
}

impl Guards {
    pub(crate) const ALL: Self = Self { left_out: &[] };

    /// All guards but those that end in one of `refusals`.
    #[cfg(test)]
    pub(crate) const fn without(refusals: &'static [Refusal]) -> Self {
        Self { left_out: refusals }
    }

    /// Refuses unless `holds`.
    pub(crate) fn ensure(self, holds: bool, refusal: Refusal) -> Result<(), Refusal> {
        if holds || self.left_out.contains(&refusal) { Ok(()) } else { Err(refusal) }
    }
}
