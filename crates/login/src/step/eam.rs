//! Entra external MFA: a hint vouches, and what was proved to Entra may prove the login that sent
//! the browser there.

use identity::{FirstCard, Moment};
use secrets::TokenHash;

use super::card::issue;
use super::{Hallway, Outcome};
use crate::effect::{Audit, Effect};
use crate::event::{EamProof, PersonFacts};
use crate::guard::{Guard, Refusal};
use crate::state::{EntraAccount, Permit, Stranger, StrangerAt, Task, Then, Vouched, Waiting};

/// What Entra says of whom it asks for.
pub(super) struct Hint {
    pub(super) hash: TokenHash,
    pub(super) valid_until: Moment,
    pub(super) account: EntraAccount,
    pub(super) person: PersonFacts,
    pub(super) is_new: bool,
}

/// What the browser holds that comes back from Entra.
pub(super) struct Handles {
    /// Of an EAM transaction.
    pub(super) held: TokenHash,
    /// Of the login.
    pub(super) handle: TokenHash,
}

impl Hallway<'_> {
    pub(super) fn hinted(&self, stranger: Stranger, hint: Hint, handle: TokenHash) -> Outcome {
        let Stranger { started, at: StrangerAt::LoginPage } = stranger else {
            return Err(Refusal::Unexpected);
        };
        let Hint { hash, valid_until, account, person, is_new } = hint;
        self.guards.ensure(self.now < valid_until, Guard::HintAlive)?;
        self.person_may(&started, person)?;
        let task = self.task_for_entra(person)?;
        let mut effects = Vec::new();
        if is_new {
            effects.push(Effect::WritePerson(person.id));
        }
        effects.push(Effect::BeginTransaction {
            hint: hash,
            until: valid_until,
            login: started.id,
            handle,
            person: person.id,
            account: account.clone(),
        });
        effects.push(Effect::Audit(Audit::HintVouched { person: person.id }));
        Ok(self.wait(started, handle, person, Vouched::Hint { account }, task, effects))
    }

    /// Entra says who it asks for, and nothing of a sign-in: that enrols nobody (EAM-15).
    fn task_for_entra(&self, person: PersonFacts) -> Result<Task, Refusal> {
        if person.has_card {
            return Ok(Task::Authenticate);
        }
        let by_code = self.policy.first_card == FirstCard::AdministratorCode;
        self.guards.ensure(by_code, Guard::HintEnrols)?;
        Ok(Task::Enrol(Permit::CodeNeeded))
    }

    /// One tap, not two: the browser was sent to Entra for this login, Entra asked for a card there,
    /// and the same browser brings that proof back.
    pub(super) fn proved_to_entra(
        &self,
        waiting: &Waiting,
        proof: &EamProof,
        holds: &Handles,
        person: PersonFacts,
    ) -> Outcome {
        let Vouched::Upstream { account: Some(account), left_at, .. } = &waiting.vouched else {
            return Err(Refusal::Unexpected);
        };
        if (waiting.task, waiting.then) != (Task::Authenticate, Then::Exit) {
            return Err(Refusal::Unexpected);
        }
        self.guards.ensure(self.policy.one_tap, Guard::OneTapAllowed)?;
        self.guards.ensure(waiting.handle.matches(&holds.handle), Guard::OneTapLogin)?;
        self.guards.ensure(proof.handle.matches(&holds.held), Guard::OneTapBrowser)?;
        self.guards.ensure(proof.account == *account, Guard::OneTapAccount)?;
        let people = [proof.person, proof.card_of, person.id];
        let same = people.into_iter().all(|one| one == waiting.person);
        self.guards.ensure(same, Guard::OneTapPerson)?;
        self.person_may(&waiting.started, person)?;
        // Both by the clock that dates proofs: the one by which this login began may differ from it, and
        // an earlier proof would count, or a later one not. At the same moment is not after it: then
        // nobody knows which came first.
        let after = left_at.is_some_and(|left| proof.proved_at > left);
        self.guards.ensure(after, Guard::OneTapAfter)?;
        self.guards.ensure(proof.now < proof.valid_until, Guard::OneTapInTime)?;
        self.guards.ensure(!proof.revoked, Guard::OneTapLive)?;
        let (login, handle, person) = (waiting.started.id, waiting.handle, waiting.person);
        let (card, door) = (proof.card, waiting.started.request.door);
        let effects = vec![
            Effect::TakeLoginProved { login, handle },
            Effect::TakeEamProof { transaction: proof.transaction, login, person },
            Effect::Issue(issue(waiting)),
            Effect::Audit(Audit::SignedIn { person, card, door, one_tap: true }),
        ];
        Ok((None, effects))
    }
}
