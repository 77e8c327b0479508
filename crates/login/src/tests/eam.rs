//! Entra external MFA: what a hint leads to, and one tap instead of two.

use super::*;
use crate::{EAM_LIFE, EamProof, ONE_TAP_LIFE, Permit, Vouched};

const HINT: u8 = 20;
const OTHER_HANDLE: u8 = 21;

/// The least by which one moment is after another.
const ONE_MOMENT: Duration = Duration::from_micros(1);

fn hinted(person: PersonFacts) -> Event {
    Event::HintVouched {
        hint: token(HINT).hash(),
        valid_until: later(LOGIN_LIFE),
        account: account(),
        person,
        is_new: false,
        handle: handle(),
    }
}

fn at_eam() -> Story {
    Story::begins_at(Door::Eam)
}

#[test]
fn a_hint_leads_to_the_card_step_and_the_card_to_an_answer() {
    let story = at_eam().goes_on(hinted(ada()));
    assert_eq!(names(&story.effects), ["BeginTransaction", "Audit", "WriteLogin"]);
    let Effect::BeginTransaction { hint, until, login, handle: held, person, account: of } =
        &story.effects[0]
    else {
        panic!("{:?}", story.effects)
    };
    assert_eq!((*hint, *held, *person), (token(HINT).hash(), handle(), ADA));
    assert_eq!((*until, *login, of), (later(LOGIN_LIFE), story.waiting().started.id, &account()));
    assert_eq!(story.waiting().task, Task::Authenticate);
    assert_eq!(story.waiting().vouched, Vouched::Hint { account: account() });
    let effects = story.goes_on(challenge_made(authenticate())).ends(Answer::good().proves());
    assert_eq!(names(&effects), ["TakeLogin", "Prove", "Issue", "Audit"]);
    let Effect::Issue(issue) = &effects[2] else { panic!("{effects:?}") };
    assert_eq!((issue.door, issue.person, issue.claim), (Door::Eam, ADA, Some(handle())));
    assert_eq!(issue.provider, None, "a hint is no sign-in at a provider");
}

#[test]
fn at_the_eam_door_nothing_but_a_hint_leads_on() {
    let story = at_eam().policy(FirstCard::AdministratorCode, CardFirst::On);
    let card_first = Event::ChallengeMade { handle: None, challenge: authenticate() };
    let invited = Event::InvitationShown {
        invitation: token(CODE).hash(),
        valid_until: later(LOGIN_LIFE),
        person: without_card(),
        handle: handle(),
    };
    let session = ids::SessionId(Uuid::from_u128(97));
    let change =
        Event::ChangeAsked { then: Then::AddCard, session, person: ada(), handle: handle() };
    for event in [provider_chosen(), card_first, invited, change] {
        assert_eq!(story.refuses(event), Refusal::Unexpected);
    }
}

#[test]
fn a_hint_leads_on_at_no_other_door_and_from_no_other_page() {
    for door in [Door::Account, Door::Console] {
        assert_eq!(Story::begins_at(door).refuses(hinted(ada())), Refusal::Unexpected);
    }
    assert_eq!(Story::begins().at_upstream().refuses(hinted(ada())), Refusal::Unexpected);
    let waiting = at_eam().goes_on(hinted(ada()));
    assert_eq!(waiting.refuses(hinted(ada())), Refusal::Unexpected);
}

#[test]
fn a_hint_is_taken_in_its_time_for_who_may_sign_in_here() {
    let story = at_eam();
    let late = |mut event: Event| {
        if let Event::HintVouched { valid_until, .. } = &mut event {
            *valid_until = NOON;
        }
        event
    };
    assert_eq!(story.refuses(late(hinted(ada()))), Refusal::Expired);
    let disabled = PersonFacts { state: PersonState::Disabled, ..ada() };
    assert_eq!(story.refuses(hinted(disabled)), Refusal::Disabled);
    let elsewhere = PersonFacts { tenant: OTHER, ..ada() };
    assert_eq!(story.refuses(hinted(elsewhere)), Refusal::Tenant);
}

#[test]
fn a_hint_enrols_nothing_by_itself() {
    let story = at_eam().policy(FirstCard::FreshEntraSignIn, CardFirst::Off);
    assert_eq!(story.refuses(hinted(without_card())), Refusal::NoCard);
    let story = at_eam().goes_on(hinted(without_card()));
    assert_eq!(story.waiting().task, Task::Enrol(Permit::CodeNeeded));
    assert_eq!(story.refuses(challenge_made(register())), Refusal::Code);
}

#[test]
fn who_is_new_is_written_with_the_transaction_and_nobody_else() {
    let new = |person| {
        let mut event = hinted(person);
        if let Event::HintVouched { is_new, .. } = &mut event {
            *is_new = true;
        }
        event
    };
    let story = at_eam().goes_on(new(without_card()));
    let order = ["WritePerson", "BeginTransaction", "Audit", "WriteLogin"];
    assert_eq!(names(&story.effects), order);
    let story = at_eam().policy(FirstCard::FreshEntraSignIn, CardFirst::Off);
    assert_eq!(story.refuses(new(without_card())), Refusal::NoCard);
}

#[test]
fn a_login_at_the_eam_door_lives_four_minutes_from_its_beginning() {
    let begun = later(Duration::from_secs(60));
    let story = at_eam().at(begun).goes_on(hinted(ada()));
    assert_eq!(story.waiting().started.expires_at, later(EAM_LIFE));
    let last = Challenge { expires_at: later(LOGIN_LIFE), ..authenticate() };
    let story = story.goes_on(challenge_made(last));
    let story = story.at(Moment(later(EAM_LIFE).0 - 1));
    assert_eq!(story.ends(Answer::good().proves()).len(), 4);
    let story = story.at(later(EAM_LIFE));
    assert_eq!(story.refuses(Answer::good().proves()), Refusal::Expired);
}

/// When Ada has proved to Entra, in the login that sent her there.
fn soon() -> Moment {
    later(Duration::from_secs(20))
}

fn proof() -> EamProof {
    EamProof {
        transaction: token(HINT).hash(),
        handle: token(OTHER_HANDLE).hash(),
        account: account(),
        person: ADA,
        card: CARD,
        card_of: ADA,
        revoked: false,
        proved_at: soon(),
        valid_until: soon().plus(ONE_TAP_LIFE),
        now: soon(),
    }
}

fn proved_to_entra(proof: EamProof) -> Event {
    let held = token(OTHER_HANDLE).hash();
    Event::ProvedToEntra { proof, held, handle: handle(), person: ada() }
}

/// Ada is back from Entra.
fn back() -> Story {
    Story::begins().vouched(ada()).at(soon())
}

#[test]
fn what_was_proved_to_entra_spares_the_second_tap() {
    let effects = back().ends(proved_to_entra(proof()));
    assert_eq!(names(&effects), ["TakeLoginProved", "TakeEamProof", "Issue", "Audit"]);
    let Effect::TakeEamProof { transaction, login, person } = effects[1] else {
        panic!("{effects:?}")
    };
    assert_eq!((transaction, person), (token(HINT).hash(), ADA));
    assert_eq!(login, back().waiting().started.id);
    let Effect::Issue(issue) = &effects[2] else { panic!("{effects:?}") };
    assert_eq!((issue.door, issue.person, issue.claim), (Door::Account, ADA, Some(handle())));
    assert_eq!(issue.provider, Some(alias("entra")));
    let Effect::Audit(crate::Audit::SignedIn { one_tap, card, .. }) = effects[3] else {
        panic!("{effects:?}")
    };
    assert_eq!((one_tap, card), (true, CARD));
    // A challenge that is out already does not stand in the way.
    let story = back().goes_on(challenge_made(authenticate()));
    assert_eq!(story.ends(proved_to_entra(proof())).len(), 4);
}

#[test]
fn one_tap_is_in_the_browser_that_began_and_in_which_it_was_proved() {
    let stranger = token(CODE).hash();
    let (held, proof) = (token(OTHER_HANDLE).hash(), proof());
    let event =
        |held, handle| Event::ProvedToEntra { proof: proof.clone(), held, handle, person: ada() };
    assert_eq!(back().refuses(event(stranger, handle())), Refusal::Browser);
    assert_eq!(back().refuses(event(held, stranger)), Refusal::Browser);
    assert_eq!(back().ends(event(held, handle())).len(), 4);
}

#[test]
fn one_tap_is_the_persons_own_of_this_account_and_of_now() {
    let other = EntraAccount { oid: "other".to_owned(), ..account() };
    let elsewhere = EntraAccount { tid: "other".to_owned(), ..account() };
    for (proof, refusal) in [
        (EamProof { account: other, ..proof() }, Refusal::Account),
        (EamProof { account: elsewhere, ..proof() }, Refusal::Account),
        (EamProof { person: BOB, ..proof() }, Refusal::Person),
        (EamProof { card_of: BOB, ..proof() }, Refusal::Person),
        (EamProof { proved_at: NOON, ..proof() }, Refusal::Earlier),
        (EamProof { now: soon().plus(ONE_TAP_LIFE), ..proof() }, Refusal::Expired),
        (EamProof { revoked: true, ..proof() }, Refusal::Revoked),
    ] {
        assert_eq!(back().refuses(proved_to_entra(proof)), refusal);
    }
    let held = token(OTHER_HANDLE).hash();
    for (person, refusal) in [
        (PersonFacts { id: BOB, ..ada() }, Refusal::Person),
        (PersonFacts { state: PersonState::Disabled, ..ada() }, Refusal::Disabled),
        (PersonFacts { tenant: OTHER, ..ada() }, Refusal::Tenant),
    ] {
        let event = Event::ProvedToEntra { proof: proof(), held, handle: handle(), person };
        assert_eq!(back().refuses(event), refusal);
    }
}

/// The node's clock, by which a login begins and ends, may be ahead of the one that dates proofs, or
/// behind it.
#[test]
fn which_came_first_is_told_by_the_clock_that_dates_proofs() {
    let apart = Duration::from_secs(300);
    let left_at = |at| {
        let mut chosen = provider_chosen();
        if let Event::ProviderChosen { left_at, .. } = &mut chosen {
            *left_at = at;
        }
        Story::begins().goes_on(chosen).goes_on(vouched(upstream(), ada()))
    };
    let proved_at = |proved_at: Moment| {
        let (valid_until, now) = (proved_at.plus(ONE_TAP_LIFE), proved_at.plus(ONE_MOMENT));
        proved_to_entra(EamProof { proved_at, valid_until, now, ..proof() })
    };
    for there in [later(apart), NOON.minus(apart)] {
        assert_eq!(left_at(there).ends(proved_at(there.plus(ONE_MOMENT))).len(), 4);
        assert_eq!(left_at(there).refuses(proved_at(there)), Refusal::Earlier);
        assert_eq!(left_at(there).refuses(proved_at(there.minus(ONE_MOMENT))), Refusal::Earlier);
    }
}

/// What a node of an earlier version has begun says nothing of that clock.
#[test]
fn a_login_that_does_not_say_when_it_left_is_spared_no_tap() {
    let Login::Waiting(mut waiting) = back().login else { panic!("it waits") };
    let Vouched::Upstream { left_at, .. } = &mut waiting.vouched else { panic!("by Entra") };
    *left_at = None;
    let story = Story { login: Login::Waiting(waiting), ..back() };
    assert_eq!(story.refuses(proved_to_entra(proof())), Refusal::Earlier);
}

#[test]
fn the_tenant_may_want_a_tap_of_each_logins_own() {
    let mut story = back();
    story.policy.one_tap = false;
    assert_eq!(story.refuses(proved_to_entra(proof())), Refusal::OneTap);
}

#[test]
fn one_tap_follows_a_sign_in_at_entra_of_who_has_a_card() {
    let facts = UpstreamFacts { kind: ProviderKind::Oidc, ..upstream() };
    let not_entra = Story::begins().at_upstream().goes_on(vouched(facts, ada())).at(soon());
    assert_eq!(not_entra.refuses(proved_to_entra(proof())), Refusal::Unexpected);
    let facts = UpstreamFacts { account: None, ..upstream() };
    let nameless = Story::begins().at_upstream().goes_on(vouched(facts, ada())).at(soon());
    assert_eq!(nameless.refuses(proved_to_entra(proof())), Refusal::Unexpected);
    let to_enrol = Story::begins().vouched(without_card()).at(soon());
    assert_eq!(to_enrol.refuses(proved_to_entra(proof())), Refusal::Unexpected);
    let at_eam = at_eam().goes_on(hinted(ada())).at(soon());
    assert_eq!(at_eam.refuses(proved_to_entra(proof())), Refusal::Unexpected);
    let session = ids::SessionId(Uuid::from_u128(97));
    let change =
        Event::ChangeAsked { then: Then::Confirm, session, person: ada(), handle: handle() };
    let confirms = Story::begins().goes_on(change).at(soon());
    assert_eq!(confirms.refuses(proved_to_entra(proof())), Refusal::Unexpected);
    assert_eq!(Story::begins().refuses(proved_to_entra(proof())), Refusal::Unexpected);
}
