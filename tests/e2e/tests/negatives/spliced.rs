//! Two browsers: what one of them earned is worth nothing in the other, in whatever order the two
//! sign in.

mod attempt;
mod cast;
mod grid;
mod orders;
mod sign_in;

use cast::{Cast, Kind};
use e2e::{Card, World};
use serde_json::json;
use sign_in::Step;

use crate::support::{
    ACME, BIRCH, ada, assert_clear, assert_only_refused, assert_unchanged, enrolled, mia, una,
};

async fn explore(first: Kind) {
    for second in Kind::ALL {
        let cast = Cast::new(ACME).await;
        let start = std::time::Instant::now();
        grid::explore(&cast, [0, 1], [first, second]).await;
        eprintln!("{first:?} {second:?} {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn what_a_sign_in_with_a_known_card_earns_is_worth_nothing_elsewhere() {
    explore(Kind::Known).await;
}

#[tokio::test]
async fn what_an_enrolment_earns_is_worth_nothing_elsewhere() {
    explore(Kind::New).await;
}

#[tokio::test]
async fn what_a_card_alone_earns_is_worth_nothing_elsewhere() {
    explore(Kind::Alone).await;
}

#[tokio::test]
async fn what_an_agent_earns_is_worth_nothing_elsewhere() {
    explore(Kind::Desk).await;
}

#[tokio::test]
async fn what_is_earned_in_one_tenant_is_worth_nothing_in_another() {
    for kind in Kind::ALL {
        let cast = Cast::new(BIRCH).await;
        let start = std::time::Instant::now();
        grid::explore(&cast, [0, 1], [kind, kind]).await;
        eprintln!("birch {kind:?} {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn two_logins_do_not_disturb_each_other_in_any_order() {
    let cast = Cast::new(ACME).await;
    for (kinds, since) in [
        ([Kind::Known, Kind::Known], [Step::Callback; 2]),
        ([Kind::Desk, Kind::Desk], [Step::Push; 2]),
    ] {
        let start = std::time::Instant::now();
        let n = orders::run_all(&cast, kinds, since).await;
        eprintln!("orders {kinds:?} {n} {:?}", start.elapsed());
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
