use entra_eam::Choice;
use identity::{CardLifted, EntraLink, Moment, Person, Tenant};
use ids::{CredentialId, DeviceId, TicketId};
use login::{Door, Waiting};
use secrets::TokenHash;
use store::{AuditEntry, CardCertificate, Credential, EamRequest, HeldAnswer, Pairing, Ticket};

use crate::exits;
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
    /// The session to write, at an exit that makes one.
    pub(crate) session: Option<SessionMaterial>,
    /// What Entra asks, where a hint begins a transaction.
    pub(crate) asked_by_entra: Option<AskedByEntra>,
    /// What the answer to Entra says of the proof, at the exit to it.
    pub(crate) choice: Option<Choice>,
    /// The row on which the step was taken. It must still be so: a login that ended meanwhile must
    /// not come back, and of two steps at once one counts.
    pub(crate) on: Option<Waiting>,
    /// The ticket to write with it.
    pub(crate) ticket: Option<Ticket>,
    /// How an agent brought the event: that counts once.
    pub(crate) agent: Option<FromAgent>,
    /// The answer to keep in its place, where its browser must come back first.
    pub(crate) held: Option<HeldAnswer>,
    /// The browser that came back, to be paired with the agent.
    pub(crate) pairing: Option<NewPairing>,
    /// A pairing that gets a new token.
    pub(crate) rotation: Option<Rotation>,
}

/// A transaction of Entra's, but for what the hallway says of it.
pub(crate) struct AskedByEntra {
    /// What its answer needs.
    pub(crate) request: EamRequest,
    /// How long Entra waits.
    pub(crate) waits_until: Moment,
}

/// An agent's answer to what it was asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FromAgent {
    /// The call that brought it; none when its browser came back for it.
    pub(crate) call: Option<OneCall>,
    /// Whose call it is.
    pub(crate) device: DeviceId,
    /// What it was asked: that ends with the answer, unless the page has taken it back.
    pub(crate) ticket: TicketId,
    /// Whether the page is in another network than the agent.
    pub(crate) other_network: bool,
    /// Whether the card has left already, after no more than a tap.
    pub(crate) tapped: bool,
}

/// A pairing that is made with a proof.
pub(crate) struct NewPairing {
    /// Hash of the token that the browser gets.
    pub(crate) token: TokenHash,
    /// What is paired.
    pub(crate) pairing: Pairing,
    /// The event that tells of it.
    pub(crate) entry: AuditEntry,
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
    /// What happens to it when its card leaves the reader.
    pub(crate) card_lifted: CardLifted,
    /// Whether it ends those that its card opened at other computers.
    pub(crate) one_computer: bool,
}

impl SessionMaterial {
    /// A session of a door, as the tenant wants it; none where the exit makes none.
    pub(crate) fn of(
        tenant: &Tenant,
        door: Door,
        token: TokenHash,
        user_agent: String,
    ) -> Option<Self> {
        Some(Self {
            token,
            life: exits::life(tenant, exits::kind(door)?),
            user_agent,
            card_lifted: tenant.policy.card_lifted,
            one_computer: tenant.policy.one_computer,
        })
    }
}
