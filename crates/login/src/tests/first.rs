//! First cards: by code, by a fresh sign-in, by invitation; and "Use your card".

use super::*;
use crate::{Enrolment, Permit};

fn code_given(handle: u8, issued_for: Option<UserId>, valid_until: Moment) -> Event {
    let (handle, code) = (token(handle).hash(), token(CODE).hash());
    Event::CodeGiven { handle, code, issued_for, valid_until }
}

fn invitation(valid_until: Moment, person: PersonFacts) -> Event {
    let invitation = token(CODE).hash();
    Event::InvitationShown { invitation, valid_until, person, handle: handle() }
}

fn permit_of(effects: &[Effect]) -> Permit {
    let Effect::WriteCard(Enrolment { card, person, permit }) = effects[1] else {
        panic!("{effects:?}")
    };
    assert_eq!((card, person), (CARD, ADA));
    permit
}

#[test]
fn a_code_of_an_administrator_leads_to_a_first_card() {
    let story = Story::begins().vouched(without_card());
    assert_eq!(story.refuses(challenge_made(register())), Refusal::Code);
    assert_eq!(story.refuses(Answer::first().enrols()), Refusal::Challenge);
    let story = story.goes_on(code_given(HANDLE, Some(ADA), later(LOGIN_LIFE)));
    assert_eq!(names(&story.effects), ["TakeCode", "WriteLogin", "Audit"]);
    let story = story.goes_on(challenge_made(register()));
    let effects = story.ends(Answer::first().enrols());
    let order = ["TakeLogin", "WriteCard", "Prove", "Audit", "Issue", "Audit"];
    assert_eq!(names(&effects), order);
    assert_eq!(permit_of(&effects), Permit::Code);
}

#[test]
fn a_code_is_for_this_person_in_this_browser_in_its_time() {
    let story = Story::begins().vouched(without_card());
    let until = later(LOGIN_LIFE);
    assert_eq!(story.refuses(code_given(CODE, Some(ADA), until)), Refusal::Browser);
    assert_eq!(story.refuses(code_given(HANDLE, Some(BOB), until)), Refusal::Code);
    assert_eq!(story.refuses(code_given(HANDLE, None, until)), Refusal::Code);
    assert_eq!(story.refuses(code_given(HANDLE, Some(ADA), NOON)), Refusal::Code);
    let with_card = Story::begins().vouched(ada());
    assert_eq!(with_card.refuses(code_given(HANDLE, Some(ADA), until)), Refusal::Unexpected);
}

#[test]
fn a_fresh_sign_in_leads_to_a_first_card() {
    let effects = Story::asked_for_a_first_card().ends(Answer::first().enrols());
    assert_eq!(permit_of(&effects), Permit::FreshSignIn);
}

#[test]
fn what_a_fresh_sign_in_permitted_is_asked_again_at_the_enrolment() {
    let story = Story::asked_for_a_first_card();
    for person in [
        PersonFacts { card_was_revoked: true, ..without_card() },
        PersonFacts { enrolled_by_upstream: true, ..without_card() },
    ] {
        let answer = Answer { person, ..Answer::first() };
        assert_eq!(story.refuses(answer.enrols()), Refusal::NoCard);
    }
}

#[test]
fn of_two_logins_without_a_card_one_enrols_a_first_card() {
    let story = Story::asked_for_a_first_card();
    assert_eq!(story.refuses(Answer::good().enrols()), Refusal::HasCard);
}

#[test]
fn an_invitation_leads_to_a_first_card() {
    let unlinked = PersonFacts { last_upstream_at: None, ..without_card() };
    let story = Story::begins().goes_on(invitation(later(LOGIN_LIFE), unlinked));
    assert_eq!(names(&story.effects), ["TakeInvitation", "WritePerson", "Audit", "WriteLogin"]);
    let story = story.goes_on(challenge_made(register()));
    let effects = story.ends(Answer { person: unlinked, ..Answer::good() }.enrols());
    assert_eq!(permit_of(&effects), Permit::Invitation);
}

#[test]
fn an_invitation_is_for_who_has_no_card_in_its_time() {
    let story = Story::begins();
    assert_eq!(story.refuses(invitation(NOON, without_card())), Refusal::Expired);
    assert_eq!(story.refuses(invitation(later(LOGIN_LIFE), ada())), Refusal::HasCard);
    let elsewhere = PersonFacts { tenant: OTHER, ..without_card() };
    assert_eq!(story.refuses(invitation(later(LOGIN_LIFE), elsewhere)), Refusal::Tenant);
}

fn card_first() -> Answer {
    Answer { handle: None, ..Answer::good() }
}

#[test]
fn a_card_alone_signs_in_where_the_tenant_says_so() {
    let story = Story::asked_card_first(CardFirst::On);
    let effects = story.ends(card_first().proves());
    assert_eq!(names(&effects), ["TakeStranger", "Prove", "Issue", "Audit"]);
    let Effect::TakeStranger { until, .. } = effects[0] else { panic!("{effects:?}") };
    assert_eq!(until, later(CHALLENGE_LIFE));
}

#[test]
fn a_card_alone_does_not_sign_in_where_it_is_off_or_too_long_ago() {
    let story = Story::begins().policy(FirstCard::AdministratorCode, CardFirst::Off);
    let asked = || Event::ChallengeMade { handle: None, challenge: authenticate() };
    assert_eq!(story.refuses(asked()), Refusal::CardFirst);
    let story = Story::asked_card_first(CardFirst::WithinDays(1));
    let stale = NOON.minus(Duration::from_secs(86_400));
    for last_upstream_at in [None, Some(stale)] {
        let person = PersonFacts { last_upstream_at, ..ada() };
        let answer = Answer { person, ..card_first() };
        assert_eq!(story.refuses(answer.proves()), Refusal::CardFirst);
    }
    let person = PersonFacts { last_upstream_at: Some(Moment(stale.0 + 1)), ..ada() };
    assert_eq!(story.ends(Answer { person, ..card_first() }.proves()).len(), 4);
}

#[test]
fn a_stranger_is_given_no_challenge_for_an_agent() {
    let challenge = Challenge { channel: agent(), ..authenticate() };
    let story = Story::begins().policy(FirstCard::AdministratorCode, CardFirst::On);
    let asked = Event::ChallengeMade { handle: None, challenge };
    assert_eq!(story.refuses(asked), Refusal::Channel);
    let asked = Event::ChallengeMade { handle: None, challenge: register() };
    assert_eq!(story.refuses(asked), Refusal::Unexpected);
}

#[test]
fn a_card_alone_is_of_this_tenant_linked_and_in_force() {
    let story = Story::asked_card_first(CardFirst::On);
    let other = ChallengeId(Uuid::from_u128(99));
    let unverified = Evidence { user_verified: false, ..card().evidence };
    for (answer, refusal) in [
        (Answer { challenge: other, ..card_first() }, Refusal::Challenge),
        (Answer { channel: agent(), ..card_first() }, Refusal::Channel),
        (Answer { card: CardFacts { tenant: OTHER, ..card() }, ..card_first() }, Refusal::Tenant),
        (Answer { card: CardFacts { person: BOB, ..card() }, ..card_first() }, Refusal::Person),
        (Answer { card: CardFacts { revoked: true, ..card() }, ..card_first() }, Refusal::Revoked),
        (
            Answer { person: PersonFacts { linked: false, ..ada() }, ..card_first() },
            Refusal::NotLinked,
        ),
        (
            Answer { card: CardFacts { evidence: unverified, ..card() }, ..card_first() },
            Refusal::NotVerified,
        ),
        (Answer { handle: Some(handle()), ..card_first() }, Refusal::Unexpected),
    ] {
        assert_eq!(story.refuses(answer.proves()), refusal);
    }
    let story = story.at(later(CHALLENGE_LIFE));
    assert_eq!(story.refuses(card_first().proves()), Refusal::ChallengeExpired);
}
