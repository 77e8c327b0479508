//! From the login page to the card step.

use super::*;
use crate::{FRESH_SKEW, Permit, Vouched};

#[test]
fn upstream_then_card_signs_in() {
    let story = Story::begins().vouched(ada());
    assert_eq!(names(&story.effects), ["Spend", "WritePerson", "Audit", "WriteLogin"]);
    assert_eq!(story.waiting().task, Task::Authenticate);
    let story = story.goes_on(challenge_made(authenticate()));
    let effects = story.ends(Answer::good().proves());
    assert_eq!(names(&effects), ["TakeLogin", "Prove", "Issue", "Audit"]);
    let Effect::Prove(proof) = &effects[1] else { panic!("{effects:?}") };
    assert_eq!((proof.person, proof.card, proof.counter), (ADA, CARD, Some(9)));
    assert_eq!(proof.amr, ["pop", "user", "mfa"]);
    let Effect::Issue(issue) = &effects[2] else { panic!("{effects:?}") };
    assert_eq!((issue.person, issue.claim), (ADA, Some(handle())));
    assert_eq!(issue.provider, Some(alias("entra")));
}

#[test]
fn a_callback_is_for_the_browser_tenant_and_provider_that_asked() {
    let story = Story::begins().at_upstream();
    let callback = |tenant, provider, state| Event::CallbackArrived {
        tenant,
        provider: alias(provider),
        registration: REGISTRATION.to_owned(),
        state: token(state),
    };
    let (login, effects) =
        step(story.login.clone(), callback(ACME, "entra", STATE), &story.policy, NOON).unwrap();
    assert!(matches!(login, Some(Login::Stranger(_))) && effects.is_empty());
    assert_eq!(story.refuses(callback(OTHER, "entra", STATE)), Refusal::Tenant);
    assert_eq!(story.refuses(callback(ACME, "other", STATE)), Refusal::Provider);
    assert_eq!(story.refuses(callback(ACME, "entra", NONCE)), Refusal::State);
    assert_eq!(Story::begins().refuses(callback(ACME, "entra", STATE)), Refusal::Unexpected);
}

#[test]
fn a_callback_is_for_the_issuer_and_client_that_the_browser_was_sent_to() {
    let story = Story::begins().at_upstream();
    let changed = Event::CallbackArrived {
        tenant: ACME,
        provider: alias("entra"),
        registration: "another client".to_owned(),
        state: token(STATE),
    };
    assert_eq!(story.refuses(changed), Refusal::Registration);
}

#[test]
fn an_id_token_is_for_this_login() {
    let story = Story::begins().at_upstream();
    for (facts, refusal) in [
        (UpstreamFacts { tenant: OTHER, ..upstream() }, Refusal::Tenant),
        (UpstreamFacts { provider: alias("other"), ..upstream() }, Refusal::Provider),
        (UpstreamFacts { nonce: token(STATE), ..upstream() }, Refusal::Nonce),
    ] {
        assert_eq!(story.refuses(vouched(facts, ada())), refusal);
    }
    assert_eq!(Story::begins().refuses(vouched(upstream(), ada())), Refusal::Unexpected);
}

#[test]
fn a_person_of_another_tenant_or_who_is_disabled_does_not_come_in() {
    let story = Story::begins().at_upstream();
    let elsewhere = PersonFacts { tenant: OTHER, ..ada() };
    assert_eq!(story.refuses(vouched(upstream(), elsewhere)), Refusal::Tenant);
    let disabled = PersonFacts { state: PersonState::Disabled, ..ada() };
    assert_eq!(story.refuses(vouched(upstream(), disabled)), Refusal::Disabled);
    // And not at the card step either, when that happens in between.
    let story = Story::asked_for_her_card();
    let answer = Answer { person: disabled, ..Answer::good() };
    assert_eq!(story.refuses(answer.proves()), Refusal::Disabled);
}

#[test]
fn a_login_lives_ten_minutes_and_ten_more_at_the_card_step() {
    let last = Moment(later(LOGIN_LIFE).0 - 1);
    assert!(matches!(
        Story::begins().at(last).at_upstream().login,
        Login::Stranger(Stranger { at: StrangerAt::Upstream { .. }, .. })
    ));
    let refused = Story::begins().at(later(LOGIN_LIFE)).refuses(provider_chosen());
    assert_eq!(refused, Refusal::Expired);
    let story = Story::begins().at_upstream().at(last).goes_on(vouched(upstream(), ada()));
    assert_eq!(story.waiting().started.expires_at, last.plus(LOGIN_LIFE));
    let story = story.at(last.plus(LOGIN_LIFE));
    assert_eq!(story.refuses(challenge_made(authenticate())), Refusal::Expired);
}

#[test]
fn who_has_no_card_enrols_one_only_where_the_provider_onboards() {
    let story = Story::begins().at_upstream();
    let closed = UpstreamFacts { onboards: false, ..upstream() };
    assert_eq!(story.refuses(vouched(closed.clone(), without_card())), Refusal::NoCard);
    assert!(matches!(story.goes_on(vouched(closed, ada())).login, Login::Waiting(_)));
}

#[test]
fn a_fresh_sign_in_permits_a_first_card_where_the_tenant_says_so() {
    let permit = |first_card, auth_time, person| {
        let story = Story::begins().policy(first_card, CardFirst::Off).at_upstream();
        let facts = UpstreamFacts { auth_time, ..upstream() };
        story.goes_on(vouched(facts, person)).waiting().task
    };
    let fresh = |auth_time, person| permit(FirstCard::FreshEntraSignIn, auth_time, person);
    let yes = Task::Enrol(Permit::FreshSignIn);
    let no = Task::Enrol(Permit::CodeNeeded);
    assert_eq!(fresh(Some(NOON), without_card()), yes);
    assert_eq!(fresh(None, without_card()), no, "prompt=login may have been taken out on its way");
    assert_eq!(fresh(Some(NOON.minus(FRESH_SKEW)), without_card()), yes);
    assert_eq!(fresh(Some(Moment(NOON.minus(FRESH_SKEW).0 - 1)), without_card()), no);
    let again = PersonFacts { enrolled_by_upstream: true, ..without_card() };
    assert_eq!(fresh(Some(NOON), again), no);
    let revoked = PersonFacts { card_was_revoked: true, ..without_card() };
    assert_eq!(fresh(Some(NOON), revoked), no);
    assert_eq!(permit(FirstCard::AdministratorCode, Some(NOON), without_card()), no);
}

#[test]
fn only_a_fresh_sign_in_at_entra_permits_a_first_card() {
    for (kind, permit) in
        [(ProviderKind::Entra, Permit::FreshSignIn), (ProviderKind::Oidc, Permit::CodeNeeded)]
    {
        let story = Story::begins().policy(FirstCard::FreshEntraSignIn, CardFirst::Off);
        let facts = UpstreamFacts { kind, ..upstream() };
        let story = story.at_upstream().goes_on(vouched(facts, without_card()));
        assert_eq!(story.waiting().task, Task::Enrol(permit), "{kind:?}");
    }
}

#[test]
fn a_sign_in_that_was_not_asked_for_anew_is_not_fresh() {
    // The policy changed while the person was at the upstream.
    let story = Story::begins().at_upstream().policy(FirstCard::FreshEntraSignIn, CardFirst::Off);
    let story = story.goes_on(vouched(upstream(), without_card()));
    assert_eq!(story.waiting().task, Task::Enrol(Permit::CodeNeeded));
    assert!(matches!(story.waiting().vouched, Vouched::Upstream { fresh: false, .. }));
}
