//! The main way in on PostgreSQL, in every run. `CARDEA_TEST_DATABASE=postgres` runs all other
//! tests of this crate there too, and `make test` does.

use e2e::{Answer, Card, Engine, Way, World};
use entra_stand_in::Person;
use tokio::task::JoinSet;

const ACME: Way = Way::into("acme");

/// As many as the server has connections to the database.
const AT_ONCE: usize = 16;

fn mia() -> Person {
    Person::new("mia@acme.example")
}

#[tokio::test]
async fn entra_and_a_card_sign_in_with_two_commits_and_the_card_alone_with_one() {
    let world = World::on(Engine::Postgres).await;
    let mut card = Card::new(1);
    let commits = || world.app.store().figures().transactions;
    for _time in ["with a first card", "again"] {
        let before = commits();
        let mut browser = world.browser();
        let account = world.sign_in(&mut browser, &mut mia(), &mut card).await.unwrap();
        assert!(account.body.contains("mia@acme.example"), "{account:?}");
        assert_eq!(commits() - before, 2);
    }
    let mut browser = world.browser();
    let options = ACME.use_card_options(&mut browser).await;
    let before = commits();
    let answer = card.answer(&browser, &options);
    assert_eq!(ACME.use_card(&mut browser, &answer).await.status, 200);
    assert_eq!(commits() - before, 1);
    assert_eq!(browser.get("/realms/acme/account/").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_redemptions_of_an_assertion_wins_and_it_is_good_once() {
    let world = World::on(Engine::Postgres).await;
    let mut card = Card::new(1);
    ACME.sign_in(&mut world.browser(), &mut mia(), &mut card).await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    let options = ACME.options(&mut browser).await;
    let answer = card.answer(&browser, &options);
    let before = world.dump().await;
    let mut all = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (mut browser, answer) = (browser.clone(), answer.clone());
        all.spawn(async move { ACME.finish(&mut browser, &answer).await });
    }
    let answers = all.join_all().await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.gives_a_session());
    assert_eq!(won.len(), 1, "{answers:?}");
    assert!(lost.iter().all(|answer| (400..500).contains(&answer.status)), "{lost:?}");
    let after = world.dump().await;
    let more = |table: &str| after.rows(table).len() - before.rows(table).len();
    assert_eq!((more("session"), more("proof")), (1, 1));
    // Those that come when all is over are on record as what they are.
    let audited = before.audited(&after);
    assert_eq!(audited.first().map(String::as_str), Some("login.signed-in"));
    assert!(audited.iter().skip(1).all(|kind| kind == "login.refused"), "{audited:?}");

    let replayed: Answer = ACME.finish(&mut browser, &answer).await;
    assert!((400..500).contains(&replayed.status), "{replayed:?}");
    let late = world.dump().await;
    assert_eq!(after.audited(&late), ["login.refused"]);
    let (after, late) = (after.but_challenges_and_audit(), late.but_challenges_and_audit());
    assert_eq!(after.changes(&late), [""; 0]);
}
