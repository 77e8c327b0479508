//! Two browsers: what one of them earned is worth nothing in the other.

use e2e::{Answer, Browser, Card, World};
use serde_json::{Value, json};

use crate::support::{
    ACME, ada, answer_to, assert_clear, assert_only_refused, assert_unchanged, enrolled, mia, una,
};

/// How far the other browser has come.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Nowhere,
    LoginPage,
    AtProvider,
    CardStep,
    ChallengeOut,
    CardFirstOut,
}

const STAGES: [Stage; 6] = [
    Stage::Nowhere,
    Stage::LoginPage,
    Stage::AtProvider,
    Stage::CardStep,
    Stage::ChallengeOut,
    Stage::CardFirstOut,
];

async fn browser_at(world: &World, stage: Stage) -> Browser {
    let mut browser = world.browser();
    match stage {
        Stage::Nowhere => {}
        Stage::LoginPage => drop(ACME.begin(&mut browser).await),
        Stage::AtProvider => drop(ACME.to_callback(&mut browser, &mut ada()).await),
        Stage::CardStep => ACME.to_card(&mut browser, &mut ada()).await,
        Stage::ChallengeOut => {
            ACME.to_card(&mut browser, &mut ada()).await;
            ACME.options(&mut browser).await;
        }
        Stage::CardFirstOut => drop(ACME.use_card_options(&mut browser).await),
    }
    browser
}

/// What is carried over from the first browser.
enum Thing {
    Callback(String),
    Answer(Value),
    CardFirst(Value),
}

impl Thing {
    async fn present(&self, browser: &mut Browser) -> Answer {
        match self {
            Self::Callback(url) => browser.get(url).await,
            Self::Answer(answer) => ACME.finish(browser, answer).await,
            Self::CardFirst(answer) => ACME.use_card(browser, answer).await,
        }
    }
}

async fn nowhere_but_at_home(world: &World, what: &str, thing: Thing, mut home: Browser) {
    for stage in STAGES {
        let mut other = browser_at(world, stage).await;
        let before = world.dump().await;
        let answer = thing.present(&mut other).await;
        let name = format!("{what} in a browser at {stage:?}");
        assert_clear(&name, &answer);
        assert!(other.cookie("__Host-sid-acme").is_none(), "{name}");
        assert_unchanged(&name, &before, &world.dump().await);
    }
    let answer = thing.present(&mut home).await;
    assert!(matches!(answer.status, 200 | 303), "{what} at home: {answer:?}");
}

#[tokio::test]
async fn a_callback_counts_in_the_browser_that_began_and_nowhere_else() {
    let world = World::start().await;
    enrolled(&world, &mut ada(), 2).await;
    let mut home = world.browser();
    let callback = ACME.to_callback(&mut home, &mut mia()).await;
    nowhere_but_at_home(&world, "a callback", Thing::Callback(callback), home).await;
}

#[tokio::test]
async fn an_assertion_counts_in_the_browser_that_began_and_nowhere_else() {
    let world = World::start().await;
    enrolled(&world, &mut ada(), 2).await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let mut home = world.browser();
    ACME.to_card(&mut home, &mut mia()).await;
    let options = ACME.options(&mut home).await;
    let answer = card.answer(&home, &options);
    nowhere_but_at_home(&world, "an assertion", Thing::Answer(answer), home).await;
}

#[tokio::test]
async fn a_registration_counts_in_the_browser_that_began_and_nowhere_else() {
    let world = World::start().await;
    enrolled(&world, &mut ada(), 2).await;
    let mut home = world.browser();
    ACME.to_card(&mut home, &mut una()).await;
    let options = ACME.options(&mut home).await;
    let answer = Card::new(3).answer(&home, &options);
    nowhere_but_at_home(&world, "a registration", Thing::Answer(answer), home).await;
}

#[tokio::test]
async fn a_card_alone_counts_in_the_browser_that_asked_and_nowhere_else() {
    let world = World::start().await;
    enrolled(&world, &mut ada(), 2).await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let mut home = world.browser();
    let options = ACME.use_card_options(&mut home).await;
    let answer = card.answer(&home, &options);
    nowhere_but_at_home(&world, "a card alone", Thing::CardFirst(answer), home).await;
}

/// Cookie, challenge id and assertion each from one of two logins at the card step: the two whole
/// ones sign in, the six mixed ones do not.
#[tokio::test]
async fn cookie_challenge_and_assertion_must_be_of_one_login() {
    let world = World::start().await;
    let mut cards = [enrolled(&world, &mut mia(), 1).await, enrolled(&world, &mut ada(), 2).await];
    let mixed = (1..7_usize).map(|bits| [bits & 1, bits >> 1 & 1, bits >> 2]);
    for [cookie, challenge, credential] in mixed {
        let mut browsers = [world.browser(), world.browser()];
        ACME.to_card(&mut browsers[0], &mut mia()).await;
        ACME.to_card(&mut browsers[1], &mut ada()).await;
        let mut answers = Vec::new();
        for (browser, card) in browsers.iter_mut().zip(&mut cards) {
            let options = ACME.options(browser).await;
            answers.push(answer_to(card, browser, &options, |_| {}));
        }
        let spliced = json!({
            "challenge": answers[challenge]["challenge"],
            "credential": answers[credential]["credential"],
        });
        let before = world.dump().await;
        let answer = ACME.finish(&mut browsers[cookie], &spliced).await;
        let after = world.dump().await;
        let name = format!("cookie {cookie}, challenge {challenge}, assertion {credential}");
        assert_clear(&name, &answer);
        if cookie == challenge {
            assert_only_refused(&name, &before, &after);
        } else {
            assert_eq!(answer.code(), "challenge-expired", "{name}");
            assert_unchanged(&name, &before, &after);
        }
    }
}

/// The login cookie of one browser beside the provider's answer to the other one.
#[tokio::test]
async fn login_cookie_and_callback_must_be_of_one_login() {
    let world = World::start().await;
    let (mut first, mut second) = (world.browser(), world.browser());
    let callback = ACME.to_callback(&mut first, &mut mia()).await;
    ACME.to_callback(&mut second, &mut ada()).await;
    let stolen = second.cookie("__Host-login-0").unwrap().to_owned();
    let mut mixed = world.browser();
    let before = world.dump().await;
    for number in 0..5 {
        // A sealed login opens in its own cookie only; the same login under each number.
        mixed.set_cookie(&format!("__Host-login-{number}"), &stolen);
    }
    let answer = mixed.get(&callback).await;
    assert_clear("mixed", &answer);
    assert_eq!(answer.title(), "This sign-in was started in another browser");
    assert_unchanged("mixed", &before, &world.dump().await);
}

/// Answers of one login's enrolment do not serve its authentication, nor the other way round.
#[tokio::test]
async fn a_registration_is_no_assertion_and_an_assertion_no_registration() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let mut knows = world.browser();
    ACME.to_card(&mut knows, &mut mia()).await;
    let get = ACME.options(&mut knows).await;
    let mut enrols = world.browser();
    ACME.to_card(&mut enrols, &mut una()).await;
    let create = ACME.options(&mut enrols).await;
    let assertion = card.answer(&knows, &get);
    let registration = Card::new(3).answer(&enrols, &create);
    for (browser, options, other) in
        [(&mut knows, &get, registration), (&mut enrols, &create, assertion)]
    {
        let spliced =
            json!({ "challenge": options.json()["challenge"], "credential": other["credential"] });
        let before = world.dump().await;
        let answer = ACME.finish(browser, &spliced).await;
        assert_clear("of the other ceremony", &answer);
        assert_only_refused("of the other ceremony", &before, &world.dump().await);
    }
}
