//! A card alone at the agent: the pairing of a browser says for whom it waits.

use ids::DeviceId;
use secrets::TokenHash;

use super::{Hallway, Outcome};
use crate::effect::{Audit, Effect};
use crate::event::PersonFacts;
use crate::guard::{Guard, Refusal};
use crate::state::{Started, Task, Vouched, Waiting};

impl Hallway<'_> {
    /// No stranger: somebody vouched for this person in the login that paired this browser. What the
    /// card may do is what a card alone may.
    pub(super) fn pairing_shown(
        &self,
        started: Started,
        device: DeviceId,
        person: PersonFacts,
        handle: TokenHash,
    ) -> Outcome {
        self.person_may(&started, person)?;
        let allowed = self.card_alone(person);
        self.guards.ensure(allowed, Guard::PairedAllowed)?;
        self.guards.ensure(person.linked, Guard::PairedLinked)?;
        self.guards.ensure(person.has_card, Guard::PairedWithCard)?;
        let effects = vec![Effect::Audit(Audit::PairingShown { person: person.id, device })];
        let vouched = Vouched::Pairing { device };
        Ok(self.wait(started, handle, person, vouched, Task::Authenticate, effects))
    }

    /// What held when a pairing began the login is asked again at the proof.
    pub(super) fn still_paired(
        &self,
        waiting: &Waiting,
        person: PersonFacts,
    ) -> Result<(), Refusal> {
        let by_pairing = matches!(waiting.vouched, Vouched::Pairing { .. });
        let allowed = !by_pairing || self.card_alone(person);
        self.guards.ensure(allowed, Guard::PairedAllowedStill)?;
        self.guards.ensure(!by_pairing || person.linked, Guard::PairedLinkedStill)
    }

    /// Whether the tenant lets this person's card alone sign in now.
    pub(super) fn card_alone(&self, person: PersonFacts) -> bool {
        self.policy.card_first.allows(person.last_upstream_at, self.now)
    }
}
