mod card;
mod eam;
mod paired;
mod vouch;

use identity::{Moment, PersonState, TenantPolicy};
use secrets::TokenHash;

use crate::effect::Effect;
use crate::event::{CardFacts, Event, PersonFacts};
use crate::guard::{Guard, Guards, Refusal};
use crate::state::{Channel, Door, Login, Started};

/// Takes one event. The login that goes in is over; the one that comes out, if any, is what waits
/// now. After a refusal the login is as it was before: the server writes nothing but the audit
/// event and, where an answer was wrong, [`Effect::SpendChallenge`].
///
/// # Errors
///
/// A [`Refusal`], for the audit trail.
pub fn step(
    login: Login,
    event: Event,
    policy: &TenantPolicy,
    now: Moment,
) -> Result<(Option<Login>, Vec<Effect>), Refusal> {
    Hallway { guards: Guards::ALL, policy, now }.step(login, event)
}

/// What holds during one step.
pub(crate) struct Hallway<'a> {
    pub(crate) guards: Guards,
    pub(crate) policy: &'a TenantPolicy,
    pub(crate) now: Moment,
}

type Outcome = Result<(Option<Login>, Vec<Effect>), Refusal>;

/// An answer of a card, wherever it came from.
struct Answer {
    channel: Channel,
    handle: Option<TokenHash>,
    challenge: ids::ChallengeId,
    back: Option<TokenHash>,
    card: CardFacts,
    person: PersonFacts,
}

impl Hallway<'_> {
    pub(crate) fn step(&self, login: Login, event: Event) -> Outcome {
        let started = match &login {
            Login::Stranger(stranger) => &stranger.started,
            Login::Waiting(waiting) => &waiting.started,
        };
        self.guards.ensure(self.now < started.expires_at, Guard::LoginAlive)?;
        if matches!(login, Login::Stranger(_)) {
            self.at_its_door(started.request.door, &event)?;
        }
        match (login, event) {
            (
                Login::Stranger(stranger),
                Event::ProviderChosen { provider, registration, state, nonce, verifier, left_at },
            ) => {
                let tokens = [state, nonce, verifier];
                Ok(self.to_upstream(stranger, provider, registration, tokens, left_at))
            }
            (
                Login::Stranger(stranger),
                Event::CallbackArrived { tenant, provider, registration, state },
            ) => self.callback(stranger, tenant, &provider, &registration, &state),
            (Login::Stranger(stranger), Event::UpstreamVouched { upstream, person, handle }) => {
                self.vouched(&stranger, &upstream, person, handle)
            }
            (
                Login::Stranger(stranger),
                Event::InvitationShown { invitation, valid_until, person, handle },
            ) => self.invited(stranger.started, invitation, valid_until, person, handle),
            (Login::Stranger(stranger), Event::ChangeAsked { then, session, person, handle }) => {
                self.change_asked(stranger.started, then, session, person, handle)
            }
            (
                Login::Stranger(stranger),
                Event::HintVouched { hint, valid_until, account, person, is_new, handle },
            ) => {
                let vouched = eam::Hint { hash: hint, valid_until, account, person, is_new };
                self.hinted(stranger, vouched, handle)
            }
            (Login::Stranger(stranger), Event::PairingShown { device, person, handle }) => {
                self.pairing_shown(stranger.started, device, person, handle)
            }
            (Login::Stranger(stranger), Event::ChallengeMade { handle: None, challenge }) => {
                self.card_first_asked(stranger, challenge)
            }
            (
                Login::Stranger(stranger),
                Event::CardProved { channel, handle: None, challenge, back, card, person },
            ) => {
                let answer = Answer { channel, handle: None, challenge, back, card, person };
                self.card_first(&stranger, &answer)
            }
            (
                Login::Waiting(waiting),
                Event::CodeGiven { handle, code, issued_for, valid_until },
            ) => self.code(waiting, handle, code, issued_for, valid_until),
            (Login::Waiting(waiting), Event::ChallengeMade { handle: Some(handle), challenge }) => {
                self.challenged(waiting, handle, challenge)
            }
            (Login::Waiting(waiting), Event::LinkClaimed { challenge, device }) => {
                self.link_claimed(waiting, challenge, device)
            }
            (
                Login::Waiting(waiting),
                Event::CardProved { channel, handle, challenge, back, card, person },
            ) => {
                let answer = Answer { channel, handle, challenge, back, card, person };
                self.waits_or(&waiting, &answer, Self::proved)
            }
            (
                Login::Waiting(waiting),
                Event::CardEnrolled { channel, handle, challenge, back, card, person },
            ) => {
                let answer = Answer { channel, handle, challenge, back, card, person };
                self.waits_or(&waiting, &answer, Self::enrolled)
            }
            (Login::Waiting(waiting), Event::ProvedToEntra { proof, held, handle, person }) => {
                self.proved_to_entra(&waiting, &proof, &eam::Handles { held, handle }, person)
            }
            (Login::Waiting(waiting), Event::CardRefused { challenge, reason }) => {
                let out = waiting.challenge.as_ref().is_some_and(|out| out.id == challenge);
                self.guards.ensure(out, Guard::RefusedChallenge)?;
                Ok(card::refused(waiting, challenge, reason))
            }
            _ => Err(Refusal::Unexpected),
        }
    }

    fn at_its_door(&self, door: Door, event: &Event) -> Result<(), Refusal> {
        let by_hint = matches!(event, Event::HintVouched { .. });
        self.guards.ensure(by_hint || door != Door::Eam, Guard::EamByHint)?;
        self.guards.ensure(!by_hint || door == Door::Eam, Guard::HintDoor)
    }

    fn person_may(&self, started: &Started, person: PersonFacts) -> Result<(), Refusal> {
        self.guards.ensure(person.tenant == started.tenant, Guard::PersonOfTenant)?;
        self.guards.ensure(person.state == PersonState::Enabled, Guard::PersonEnabled)
    }
}

/// Once per person, and never again after a card was revoked.
fn never_enrolled_so(person: PersonFacts) -> bool {
    !person.card_was_revoked && !person.enrolled_by_upstream
}
