//! What a login does, one step after the other.

/// What a person, their card or their agent does next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    /// Opens the account page, and is shown the login page.
    Begin,
    /// Chooses the provider, and signs in there.
    Provider,
    /// Comes back from the provider.
    Callback,
    /// Looks at the card page.
    Page,
    /// The page asks for a challenge, and the card answers.
    Options,
    /// The page sends the answer.
    Finish,
    /// The login page asks for a challenge for a card alone, and the card answers.
    Ask,
    /// The login page sends the answer.
    UseCard,
    /// The card page shows a code for an agent.
    Code,
    /// The agent offers itself by the code.
    Offer,
    /// The agent's address is opened, and the two are paired.
    Return,
    /// The card page asks the agent.
    Push,
    /// The agent claims the ticket, and the card answers.
    Claim,
    /// The agent sends the answer.
    Answer,
    /// The card page fetches the session.
    Fetch,
}

/// Signs in at the provider and with a card: a known one, or a first one that is enrolled here.
pub(super) const PAGE: &[Step] =
    &[Step::Begin, Step::Provider, Step::Callback, Step::Page, Step::Options, Step::Finish];

/// Signs in with a card alone.
pub(super) const ALONE: &[Step] = &[Step::Begin, Step::Ask, Step::UseCard];

/// Pairs an agent, which then answers.
pub(super) const DESK: &[Step] = &[
    Step::Begin,
    Step::Provider,
    Step::Callback,
    Step::Code,
    Step::Offer,
    Step::Return,
    Step::Push,
    Step::Claim,
    Step::Answer,
    Step::Fetch,
];
