//! The card step of a waiting login.

use super::*;
use ids::SessionId;

use crate::{Audit, MOST_REFUSALS, Permit};

#[test]
fn the_card_step_is_in_the_browser_that_began() {
    let story = Story::begins().vouched(ada());
    let stranger = Some(token(CODE).hash());
    let asked = Event::ChallengeMade { handle: stranger, challenge: authenticate() };
    assert_eq!(story.refuses(asked), Refusal::Browser);
    let story = Story::asked_for_her_card();
    for handle in [None, stranger] {
        let answer = Answer { handle, ..Answer::good() };
        assert_eq!(story.refuses(answer.proves()), Refusal::Browser);
    }
}

#[test]
fn a_challenge_fits_what_is_to_be_done() {
    let story = Story::begins().vouched(ada());
    assert_eq!(story.refuses(challenge_made(register())), Refusal::Unexpected);
    assert_eq!(story.refuses(Answer::good().proves()), Refusal::Challenge);
    let story = Story::asked_for_her_card();
    assert_eq!(story.refuses(Answer::good().enrols()), Refusal::Unexpected);
    let story = Story::asked_for_a_first_card();
    assert_eq!(story.refuses(challenge_made(authenticate())), Refusal::Unexpected);
    assert_eq!(story.refuses(Answer::first().proves()), Refusal::Unexpected);
}

#[test]
fn an_answer_is_to_the_challenge_that_is_out_by_its_channel_in_its_time() {
    let story = Story::asked_for_her_card();
    let other = ChallengeId(Uuid::from_u128(99));
    let answer = Answer { challenge: other, ..Answer::good() };
    assert_eq!(story.refuses(answer.proves()), Refusal::Challenge);
    let answer = Answer { channel: agent(), handle: None, ..Answer::good() };
    assert_eq!(story.refuses(answer.proves()), Refusal::Channel);
    let story = story.at(Moment(later(CHALLENGE_LIFE).0 - 1));
    assert_eq!(story.ends(Answer::good().proves()).len(), 4);
    let story = story.at(later(CHALLENGE_LIFE));
    assert_eq!(story.refuses(Answer::good().proves()), Refusal::ChallengeExpired);
}

#[test]
fn a_new_challenge_takes_the_place_of_the_old_one() {
    let renewed = Challenge { id: ChallengeId(Uuid::from_u128(99)), ..authenticate() };
    let story = Story::asked_for_her_card().goes_on(challenge_made(renewed.clone()));
    assert_eq!(story.refuses(Answer::good().proves()), Refusal::Challenge);
    assert_eq!(story.ends(Answer { challenge: renewed.id, ..Answer::good() }.proves()).len(), 4);
}

#[test]
fn an_agent_answers_what_it_was_given_and_its_browser_claims_the_session() {
    let challenge = Challenge { channel: agent(), ..authenticate() };
    let story = Story::begins().vouched(ada()).goes_on(challenge_made(challenge));
    let by_agent = || Answer { channel: agent(), handle: None, ..Answer::good() };
    let effects = story.ends(by_agent().proves());
    let Effect::Issue(issue) = &effects[2] else { panic!("{effects:?}") };
    assert_eq!(issue.claim, Some(handle()));
    let other = Channel::Agent(DeviceId(Uuid::from_u128(99)));
    let answer = Answer { channel: other, ..by_agent() };
    assert_eq!(story.refuses(answer.proves()), Refusal::Channel);
    assert_eq!(story.refuses(Answer::good().proves()), Refusal::Channel);
}

#[test]
fn a_card_is_the_persons_own_in_this_tenant_and_in_force() {
    let story = Story::asked_for_her_card();
    let unverified = Evidence { user_verified: false, ..card().evidence };
    for (card, refusal) in [
        (CardFacts { tenant: OTHER, ..card() }, Refusal::Tenant),
        (CardFacts { person: BOB, ..card() }, Refusal::Person),
        (CardFacts { revoked: true, ..card() }, Refusal::Revoked),
        (CardFacts { evidence: unverified, ..card() }, Refusal::NotVerified),
    ] {
        assert_eq!(story.refuses(Answer { card, ..Answer::good() }.proves()), refusal);
    }
    let answer = Answer { person: PersonFacts { id: BOB, ..ada() }, ..Answer::good() };
    assert_eq!(story.refuses(answer.proves()), Refusal::Person, "facts of another person");
    let (card, person) = (CardFacts { person: BOB, ..card() }, PersonFacts { id: BOB, ..ada() });
    let answer = Answer { card, person, ..Answer::good() };
    assert_eq!(story.refuses(answer.proves()), Refusal::Person, "another person altogether");
}

#[test]
fn hardware_is_named_only_where_it_is_attested() {
    let shown = Shown::Fido2 { hardware_attested: true, counter: 9 };
    let evidence = Evidence { shown, ..card().evidence };
    let answer = Answer { card: CardFacts { evidence, ..card() }, ..Answer::good() };
    let effects = Story::asked_for_her_card().ends(answer.proves());
    let Effect::Prove(proof) = &effects[1] else { panic!("{effects:?}") };
    assert_eq!(proof.amr, ["pop", "user", "mfa", "hwk"]);
}

#[test]
fn a_certificate_counts_through_an_agent_alone_and_is_called_a_smart_card() {
    let evidence = Evidence { shown: Shown::X509Card, ..card().evidence };
    let answer = || Answer { card: CardFacts { evidence, ..card() }, ..Answer::good() };
    let story = Story::asked_for_her_card();
    assert_eq!(story.refuses(answer().proves()), Refusal::Channel);
    let challenge = Challenge { channel: agent(), ..authenticate() };
    let story = Story::begins().vouched(ada()).goes_on(challenge_made(challenge));
    let by_agent = |answer| Answer { channel: agent(), handle: None, ..answer };
    let effects = story.ends(by_agent(answer()).proves());
    let Effect::Prove(proof) = &effects[1] else { panic!("{effects:?}") };
    assert_eq!(proof.amr, ["pop", "user", "mfa", "sc"]);
    assert_eq!(proof.counter, Some(0), "it is used, and keeps no counter");
    let unverified = Evidence { user_verified: false, ..evidence };
    let answer = Answer { card: CardFacts { evidence: unverified, ..card() }, ..Answer::good() };
    assert_eq!(story.refuses(by_agent(answer).proves()), Refusal::NotVerified);
}

#[test]
fn a_certificate_enrols_through_an_agent_alone() {
    let evidence = Evidence { shown: Shown::X509Card, ..card().evidence };
    let answer = || Answer { card: CardFacts { evidence, ..card() }, ..Answer::good() };
    let tapped = Story::begins().goes_on(change(Then::AddCard, ada()));
    let tapped = tapped.goes_on(challenge_made(authenticate())).goes_on(Answer::good().proves());
    let refused = tapped.goes_on(challenge_made(register())).refuses(answer().enrols());
    assert_eq!(refused, Refusal::Channel);
}

#[test]
fn a_certificate_alone_does_not_say_who_is_there() {
    let evidence = Evidence { shown: Shown::X509Card, ..card().evidence };
    let card = CardFacts { evidence, ..card() };
    let answer = Answer { handle: None, card, ..Answer::good() };
    let story = Story::asked_card_first(CardFirst::On);
    assert_eq!(story.refuses(answer.proves()), Refusal::Channel);
}

#[test]
fn a_refused_answer_spends_the_challenge_that_is_out_and_nothing_else() {
    let refused = |challenge| Event::CardRefused { challenge, reason: "passkey-signature" };
    let story = Story::asked_for_her_card();
    let other = ChallengeId(Uuid::from_u128(99));
    assert_eq!(story.refuses(refused(other)), Refusal::Challenge);
    let story = story.goes_on(refused(authenticate().id));
    assert_eq!(names(&story.effects), ["SpendChallenge", "Audit"]);
    assert_eq!(story.waiting().challenge, None);
    assert_eq!(story.refuses(Answer::good().proves()), Refusal::Challenge);
    assert_eq!(story.refuses(refused(authenticate().id)), Refusal::Challenge);
}

#[test]
fn the_tenth_refused_answer_ends_the_login() {
    let mut story = Story::begins().vouched(ada());
    let refused = || Event::CardRefused { challenge: authenticate().id, reason: "other-person" };
    for _ in 1..MOST_REFUSALS {
        story = story.goes_on(challenge_made(authenticate())).goes_on(refused());
        assert_eq!(names(&story.effects), ["SpendChallenge", "Audit"]);
    }
    let effects = story.goes_on(challenge_made(authenticate())).ends(refused());
    assert_eq!(names(&effects), ["SpendChallenge", "Audit", "EndLogin", "Audit"]);
    assert!(matches!(effects[3], Effect::Audit(Audit::GivenUp { person: ADA })), "{effects:?}");
}

const SESSION: SessionId = SessionId(Uuid::from_u128(97));

fn change(then: Then, person: PersonFacts) -> Event {
    Event::ChangeAsked { then, session: SESSION, person, handle: handle() }
}

#[test]
fn one_more_card_takes_a_fresh_tap_first() {
    let story = Story::begins().goes_on(change(Then::AddCard, ada()));
    assert_eq!(story.refuses(challenge_made(register())), Refusal::Unexpected);
    let story = story.goes_on(challenge_made(authenticate())).goes_on(Answer::good().proves());
    assert_eq!(names(&story.effects), ["TakeLogin", "Prove", "WriteLogin", "Audit"]);
    assert_eq!(story.waiting().task, Task::Enrol(Permit::FreshTap));
    let story = story.goes_on(challenge_made(register()));
    assert_eq!(story.refuses(Answer::first().enrols()), Refusal::HasCard, "its card is gone");
    let effects = story.ends(Answer::good().enrols());
    assert_eq!(names(&effects), ["TakeLogin", "WriteCard", "Prove", "Audit"]);
}

#[test]
fn a_card_is_removed_by_a_tap_of_another() {
    let removed = CredentialId(Uuid::from_u128(98));
    let tapped = |then| {
        let story = Story::begins().goes_on(change(then, ada()));
        story.goes_on(challenge_made(authenticate()))
    };
    let effects = tapped(Then::RemoveCard(removed)).ends(Answer::good().proves());
    assert_eq!(names(&effects), ["TakeLogin", "Prove", "RevokeCard", "Audit", "Audit"]);
    let same = tapped(Then::RemoveCard(CARD)).refuses(Answer::good().proves());
    assert_eq!(same, Refusal::SameCard);
}

#[test]
fn cards_are_changed_by_who_has_one_and_may_sign_in() {
    let story = Story::begins();
    assert_eq!(story.refuses(change(Then::Exit, ada())), Refusal::Unexpected);
    assert_eq!(story.refuses(change(Then::AddCard, without_card())), Refusal::NoCard);
    let disabled = PersonFacts { state: PersonState::Disabled, ..ada() };
    assert_eq!(story.refuses(change(Then::AddCard, disabled)), Refusal::Disabled);
    let elsewhere = PersonFacts { tenant: OTHER, ..ada() };
    assert_eq!(story.refuses(change(Then::AddCard, elsewhere)), Refusal::Tenant);
}

#[test]
fn a_confirmation_ends_the_session_that_asked_and_issues_its_successor() {
    let story = Story::begins().goes_on(change(Then::Confirm, ada()));
    assert_eq!(names(&story.effects), ["EndChange", "WriteLogin"]);
    let effects = story.goes_on(challenge_made(authenticate())).ends(Answer::good().proves());
    assert_eq!(names(&effects), ["TakeLogin", "Prove", "EndSession", "Issue", "Audit"]);
    let Effect::EndSession { session } = effects[2] else { panic!("{effects:?}") };
    assert_eq!(session, SESSION);
    let Effect::Issue(issue) = &effects[3] else { panic!("{effects:?}") };
    assert_eq!((issue.person, issue.claim), (ADA, Some(handle())));
}
