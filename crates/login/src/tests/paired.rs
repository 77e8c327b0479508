//! A card alone at the agent: the pairing of a browser begins a login for who paired it.

use super::*;
use crate::{Audit, Vouched};

fn device() -> DeviceId {
    DeviceId(Uuid::from_u128(8))
}

fn shown(person: PersonFacts) -> Event {
    Event::PairingShown { device: device(), person, handle: handle() }
}

fn begins(card_first: CardFirst) -> Story {
    Story::begins().policy(FirstCard::AdministratorCode, card_first)
}

fn asked(card_first: CardFirst) -> Story {
    let challenge = Challenge { channel: agent(), ..authenticate() };
    begins(card_first).goes_on(shown(ada())).goes_on(challenge_made(challenge))
}

fn by_agent() -> Answer {
    Answer { channel: agent(), handle: None, ..Answer::good() }
}

#[test]
fn a_pairing_begins_a_login_for_who_made_it_and_their_card_ends_it() {
    let story = begins(CardFirst::On).goes_on(shown(ada()));
    assert_eq!(names(&story.effects), ["Audit", "WriteLogin"]);
    let audit = matches!(
        story.effects[0],
        Effect::Audit(Audit::PairingShown { person: ADA, device: at }) if at == device()
    );
    assert!(audit, "{:?}", story.effects);
    let waiting = story.waiting();
    assert_eq!((waiting.person, waiting.task, waiting.then), (ADA, Task::Authenticate, Then::Exit));
    assert_eq!(waiting.vouched, Vouched::Pairing { device: device() });
    let effects = asked(CardFirst::On).ends(by_agent().proves());
    assert_eq!(names(&effects), ["TakeLogin", "Prove", "Issue", "Audit"]);
    let Effect::Issue(issue) = &effects[2] else { panic!("{effects:?}") };
    assert_eq!((issue.person, &issue.provider, issue.claim), (ADA, &None, Some(handle())));
}

#[test]
fn it_begins_none_where_a_card_alone_does_not_sign_in() {
    assert_eq!(begins(CardFirst::Off).refuses(shown(ada())), Refusal::CardFirst);
    let story = begins(CardFirst::WithinDays(1));
    for last_upstream_at in [None, Some(NOON.minus(Duration::from_secs(86_400)))] {
        let person = PersonFacts { last_upstream_at, ..ada() };
        assert_eq!(story.refuses(shown(person)), Refusal::CardFirst);
    }
    let story = begins(CardFirst::On);
    let disabled = PersonFacts { state: PersonState::Disabled, ..ada() };
    for (person, refusal) in [
        (without_card(), Refusal::NoCard),
        (PersonFacts { linked: false, ..ada() }, Refusal::NotLinked),
        (PersonFacts { tenant: OTHER, ..ada() }, Refusal::Tenant),
        (disabled, Refusal::Disabled),
    ] {
        assert_eq!(story.refuses(shown(person)), refusal);
    }
    let to_entra = Story::begins_at(Door::Eam).policy(FirstCard::AdministratorCode, CardFirst::On);
    assert_eq!(to_entra.refuses(shown(ada())), Refusal::Unexpected);
}

#[test]
fn what_held_when_it_began_is_asked_again_at_the_proof() {
    let off = asked(CardFirst::On).policy(FirstCard::AdministratorCode, CardFirst::Off);
    assert_eq!(off.refuses(by_agent().proves()), Refusal::CardFirst);
    let story = asked(CardFirst::On);
    let disabled = PersonFacts { state: PersonState::Disabled, ..ada() };
    for (answer, refusal) in [
        (
            Answer { person: PersonFacts { linked: false, ..ada() }, ..by_agent() },
            Refusal::NotLinked,
        ),
        (Answer { person: disabled, ..by_agent() }, Refusal::Disabled),
        (Answer { card: CardFacts { revoked: true, ..card() }, ..by_agent() }, Refusal::Revoked),
        (Answer { card: CardFacts { person: BOB, ..card() }, ..by_agent() }, Refusal::Person),
    ] {
        assert_eq!(story.refuses(answer.proves()), refusal);
    }
}

#[test]
fn who_was_vouched_for_needs_no_policy_for_a_card_alone() {
    let story = Story::asked_for_her_card().policy(FirstCard::AdministratorCode, CardFirst::Off);
    assert_eq!(story.ends(Answer::good().proves()).len(), 4);
}
