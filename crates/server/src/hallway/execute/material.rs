use identity::{EntraLink, Person};
use ids::{CredentialId, DeviceId, TicketId};
use login::Waiting;
use secrets::TokenHash;
use store::{CardCertificate, Credential, Ticket};

use crate::hallway::one_call::OneCall;
use crate::hallway::seen::Shown;

/// What the effects of a step need besides what they say.
#[derive(Default)]
pub(crate) struct Material {
    /// The person to write, as imported, and the link to make if there is none yet.
    pub(crate) person: Option<(Person, Option<EntraLink>)>,
    /// What the person's token shows of its provider.
    pub(crate) shown: Option<Shown>,
    /// The card to write.
    pub(crate) card: Option<Credential>,
    /// The certificate that a card has got for its key.
    pub(crate) renewed: Option<(CredentialId, CardCertificate)>,
    /// The session to write.
    pub(crate) session: Option<SessionMaterial>,
    /// The row on which the step was taken. It must still be so: a login that ended meanwhile must
    /// not come back, and of two steps at once one counts.
    pub(crate) on: Option<Waiting>,
    /// The ticket to write with it.
    pub(crate) ticket: Option<Ticket>,
    /// How an agent brought the event: that counts once.
    pub(crate) agent: Option<FromAgent>,
    /// A pairing that gets a new token.
    pub(crate) rotation: Option<Rotation>,
}

/// An agent's answer to what it was asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FromAgent {
    /// The call that brought it.
    pub(crate) call: OneCall,
    /// Whose call it is.
    pub(crate) device: DeviceId,
    /// What it was asked: that ends with the answer, unless the page has taken it back.
    pub(crate) ticket: TicketId,
    /// Whether the page is in another network than the agent.
    pub(crate) other_network: bool,
}

/// A pairing's new token in place of the old one.
pub(crate) struct Rotation {
    /// Hash of the token that the browser holds.
    pub(crate) old: TokenHash,
    /// Hash of the one that it is to hold.
    pub(crate) new: TokenHash,
}

/// What a session needs besides what the hallway says.
pub(crate) struct SessionMaterial {
    /// Hash of its token.
    pub(crate) token: TokenHash,
    /// How long it lives.
    pub(crate) life: std::time::Duration,
    /// The browser, in words.
    pub(crate) user_agent: String,
}
