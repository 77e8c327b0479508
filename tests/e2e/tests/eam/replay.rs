//! T11: a hint begins one transaction, in one browser.

use e2e::World;
use entra_stand_in::{ExternalFault, IdTokenFault};
use tokio::task::JoinSet;

use crate::support::{answered, assert_here, assert_in, mia, ready};

#[tokio::test]
async fn t11_a_repeat_goes_on_where_it_began_and_nowhere_else() {
    let (world, mfa, mut card) = ready().await;
    let (mut browser, mut person) = (world.browser(), mia());
    let request = mfa.asked(&mut person).await;
    let first = mfa.post(&mut browser, &request).await;
    assert_eq!(first.cookies().len(), 1);
    let before = world.dump().await;

    let again = mfa.post(&mut browser, &request).await;
    assert_eq!((again.status, again.location.as_deref()), (303, Some("/realms/acme/eam/continue")));
    assert_eq!(again.cookies(), []);
    let mut other = world.browser();
    let elsewhere = mfa.post(&mut other, &request).await;
    assert_eq!((elsewhere.status, elsewhere.cookies()), (303, vec![]));
    assert_here(&world, "another browser", &other.follow(elsewhere).await);
    assert_here(&world, "its answer", &other.get("/realms/acme/eam/answer").await);
    assert_eq!(before.changes(&world.dump().await), [""; 0]);

    let page = browser.follow(again).await;
    assert!(page.body.contains("Microsoft Entra asks for your card"), "{page:?}");
    let answer = mfa.tap(&mut browser, &mut card).await;
    assert_in(mfa.back(&mut person, &world.origin, &answer).await);
}

#[tokio::test]
async fn a_repeat_after_the_answer_taps_nothing_again() {
    let (world, mfa, mut card) = ready().await;
    let (mut browser, mut person) = (world.browser(), mia());
    let request = mfa.asked(&mut person).await;
    let posted = mfa.post(&mut browser, &request).await;
    browser.follow(posted).await;
    let answer = mfa.tap(&mut browser, &mut card).await;
    let before = world.dump().await;
    let again = mfa.post(&mut browser, &request).await;
    let again = browser.follow(again).await;
    assert_eq!(answered(&world, &again).fields, answered(&world, &answer).fields);
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
    // What Entra has taken once, it takes no second time.
    assert_in(mfa.back(&mut person, &world.origin, &answer).await);
    let twice = mfa.back(&mut person, &world.origin, &again).await;
    assert!(matches!(twice, entra_stand_in::Arrival::Refused { .. }), "{twice:?}");
}

/// Another writing of the same hint is the same hint.
#[tokio::test]
async fn the_same_hint_with_another_state_is_a_repeat() {
    let (world, mfa, _) = ready().await;
    let request = mfa.asked(&mut mia()).await;
    assert_eq!(mfa.post(&mut world.browser(), &request).await.cookies().len(), 1);
    let before = world.dump().await;
    let hint = request.field("id_token_hint").unwrap().to_owned();
    let (signed, signature) = hint.rsplit_once('.').unwrap();
    for request in [
        request.clone().with("state", "another"),
        request.clone().with("nonce", "another"),
        request.clone().with("client-request-id", "6f1e8a0c-0000-4000-8000-000000000000"),
    ] {
        let answer = mfa.post(&mut world.browser(), &request).await;
        assert_eq!((answer.status, answer.cookies()), (303, vec![]));
    }
    // The last character has bits that mean nothing; a lenient reader would take four for one.
    let last = signature.chars().last().unwrap();
    for other in ('A'..='Z').chain('a'..='z').filter(|other| *other != last) {
        let written = format!("{signed}.{}{other}", &signature[..signature.len() - 1]);
        let request = request.clone().with("id_token_hint", &written);
        let answer = mfa.post(&mut world.browser(), &request).await;
        assert_eq!(answer.cookies(), [], "{other}");
    }
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
}

/// A hint is all that Entra has signed: its second alone names none, and what names it apart counts.
#[tokio::test]
async fn two_hints_about_one_person_of_one_second_are_two_where_entra_names_them_apart() {
    let (world, mfa, mut card) = ready().await;
    let second = world.stand_in.now();
    let hint = |uti: &str| {
        let claims =
            serde_json::json!({ "iat": second, "nbf": second, "exp": second - 1, "uti": uti });
        let claims = claims.as_object().cloned().unwrap();
        ExternalFault::hint(IdTokenFault { claims, ..IdTokenFault::default() })
    };
    let mut begun = Vec::new();
    for uti in ["one", "other", "one"] {
        world.stand_in.spoil_next_external_mfa(hint(uti));
        let (mut browser, mut person) = (world.browser(), mia());
        let request = mfa.asked(&mut person).await;
        let posted = mfa.post(&mut browser, &request).await;
        begun.push((posted.cookies().len(), browser, person, posted));
    }
    assert_eq!(begun.iter().map(|(cookies, ..)| *cookies).collect::<Vec<_>>(), [1, 1, 0]);
    for (_, mut browser, mut person, posted) in begun.into_iter().take(2) {
        browser.follow(posted).await;
        let answer = mfa.tap(&mut browser, &mut card).await;
        assert_in(mfa.back(&mut person, &world.origin, &answer).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_four_posts_of_one_hint_at_once_one_begins() {
    let (world, mfa, _) = ready().await;
    let request = mfa.asked(&mut mia()).await;
    let before = world.dump().await;
    let mut all = JoinSet::new();
    for _ in 0..64 {
        let (mut browser, mfa, request) = (world.browser(), mfa.clone(), request.clone());
        all.spawn(async move { mfa.post(&mut browser, &request).await });
    }
    let answers = all.join_all().await;
    let sets = answers.iter().filter(|answer| !answer.cookies().is_empty()).count();
    // On PostgreSQL some may be told to wait; nobody else is let in.
    assert!(
        answers.iter().all(|answer| answer.status == 303 || answer.status == 200),
        "{answers:?}"
    );
    let after = world.dump().await;
    let more = |table: &str| after.rows(table).len() - before.rows(table).len();
    assert_eq!((sets, more("eam_transaction"), more("login")), (1, 1, 1));
    assert_eq!(before.audited(&after), ["eam.asked"]);
}

/// Somebody who is here for the first time, from many browsers at once: one person.
#[tokio::test(flavor = "multi_thread")]
async fn one_person_comes_of_many_hints_about_them_at_once() {
    let world = World::with_policy(identity::TenantPolicy::default()).await;
    let mfa = world.connect_mfa().await;
    let mut requests = Vec::new();
    for _ in 0..8 {
        requests.push(mfa.asked(&mut mia()).await);
    }
    let mut all = JoinSet::new();
    for request in requests {
        let (mut browser, mfa) = (world.browser(), mfa.clone());
        all.spawn(async move { mfa.post(&mut browser, &request).await });
    }
    let answers = all.join_all().await;
    assert!(answers.iter().any(|answer| !answer.cookies().is_empty()), "{answers:?}");
    let dump = world.dump().await;
    let people = dump.rows("person").into_iter();
    assert_eq!(people.filter(|row| row["username"].contains("mia")).count(), 1);
    assert_eq!(dump.rows("link").len(), 1);
}
