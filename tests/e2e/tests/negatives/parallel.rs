//! Of many at once, exactly one wins.

use e2e::{Answer, Browser, Card, World};
use tokio::task::JoinSet;

use crate::codes::world_with_codes;
use crate::refused::person;
use crate::support::{ACME, assert_clear, enrolled, mia, una};

const AT_ONCE: usize = 64;

/// "Busy, come again" is a clear answer where more come at once than there are connections to the
/// database. So they do, as browsers would; one after the other, by now.
async fn come_again<R: Future<Output = Answer>>(busy: Answer, again: impl FnOnce() -> R) -> Answer {
    if busy.status != 503 {
        return busy;
    }
    assert!(busy.headers.iter().any(|(name, _)| name == "retry-after"), "{busy:?}");
    again().await
}

/// The same request from so many copies of one browser at once.
async fn at_once<F, R>(browser: &Browser, request: F) -> Vec<Answer>
where
    F: Fn(Browser) -> R,
    R: Future<Output = Answer> + Send + 'static,
{
    let mut all = JoinSet::new();
    for _ in 0..AT_ONCE {
        all.spawn(request(browser.clone()));
    }
    let mut answers = Vec::new();
    for answer in all.join_all().await {
        answers.push(come_again(answer, || request(browser.clone())).await);
    }
    answers
}

#[track_caller]
fn assert_one_winner(answers: &[Answer], won: impl Fn(&Answer) -> bool) {
    let losers: Vec<&Answer> = answers.iter().filter(|answer| !won(answer)).collect();
    assert_eq!(losers.len(), AT_ONCE - 1, "not one winner: {answers:?}");
    for loser in losers {
        assert_clear("a loser", loser);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_redemptions_of_an_assertion_wins() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    let options = ACME.options(&mut browser).await;
    let answer = card.answer(&browser, &options);
    let before = world.dump().await;
    let answers = at_once(&browser, |mut browser| {
        let answer = answer.clone();
        async move { ACME.finish(&mut browser, &answer).await }
    })
    .await;
    assert_one_winner(&answers, Answer::gives_a_session);
    let after = world.dump().await;
    let more = |table: &str| after.rows(table).len() - before.rows(table).len();
    assert_eq!((more("session"), more("proof")), (1, 1));
    // Those that come when all is over are on record as what they are.
    let audited = before.audited(&after);
    assert_eq!(audited.first().map(String::as_str), Some("login.signed-in"));
    assert!(audited.iter().skip(1).all(|kind| kind == "login.refused"), "{audited:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_enrolments_of_a_first_card_wins() {
    let world = World::start().await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut una()).await;
    let options = ACME.options(&mut browser).await;
    let answer = Card::new(1).answer(&browser, &options);
    let answers = at_once(&browser, |mut browser| {
        let answer = answer.clone();
        async move { ACME.finish(&mut browser, &answer).await }
    })
    .await;
    assert_one_winner(&answers, Answer::gives_a_session);
    let after = world.dump().await;
    assert_eq!((after.rows("credential").len(), after.rows("session").len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_redemptions_of_a_card_alone_wins() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let mut browser = world.browser();
    let options = ACME.use_card_options(&mut browser).await;
    let answer = card.answer(&browser, &options);
    let before = world.dump().await;
    let answers = at_once(&browser, |mut browser| {
        let answer = answer.clone();
        async move { ACME.use_card(&mut browser, &answer).await }
    })
    .await;
    assert_one_winner(&answers, Answer::gives_a_session);
    let after = world.dump().await;
    assert_eq!(after.rows("session").len(), before.rows("session").len() + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_redemptions_of_a_callback_wins() {
    let world = World::start().await;
    let mut browser = world.browser();
    let callback = ACME.to_callback(&mut browser, &mut mia()).await;
    let answers = at_once(&browser, |mut browser| {
        let callback = callback.clone();
        async move { browser.get(&callback).await }
    })
    .await;
    let won = |answer: &Answer| answer.cookies().iter().any(|(name, _)| name == "__Host-card-acme");
    let losers: Vec<&Answer> = answers.iter().filter(|answer| !won(answer)).collect();
    assert_eq!(losers.len(), AT_ONCE - 1);
    for loser in losers {
        // The provider may be asked more often than it takes calls at once: busy is an answer.
        assert!((400..500).contains(&loser.status), "{loser:?}");
        assert!(loser.body.contains("What to do now"), "{loser:?}");
    }
    let after = world.dump().await;
    assert_eq!((after.rows("login").len(), after.rows("person").len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_uses_of_a_one_time_code_wins() {
    let world = world_with_codes().await;
    let mut browsers = Vec::new();
    for _ in 0..8 {
        let mut browser = world.browser();
        ACME.to_card(&mut browser, &mut mia()).await;
        browsers.push(browser);
    }
    let code = world.issue_code(person(&world, "mia@acme.example").await.id, 1).await;
    let give = |index: usize| {
        let (mut browser, code) = (browsers[index % 8].clone(), code.clone());
        async move { browser.post_form(&ACME.path("login/code"), &[("code", &code)]).await }
    };
    let mut all = JoinSet::new();
    for index in 0..32 {
        let given = give(index);
        all.spawn(async move { (index, given.await) });
    }
    let mut answers = Vec::new();
    for (index, answer) in all.join_all().await {
        answers.push(come_again(answer, || give(index)).await);
    }
    let after = world.dump().await;
    let accepted = after.rows("audit").iter().filter(|row| row["kind"] == "'login.code'").count();
    assert_eq!(accepted, 1, "{answers:?}");
    assert!(answers.iter().all(|answer| answer.status < 400), "{answers:?}");
    assert!(after.rows("code").is_empty());
}
