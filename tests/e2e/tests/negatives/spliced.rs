//! Two browsers: what one of them earned is worth nothing in the other, in whatever order the two
//! sign in.
//!
//! A login has as many states as it has steps. A grid lets each state of one meet each state of the
//! other, and in each of them the browser and the agent of the second are given all that the first
//! has earned so far, used or not: each cookie jar with each callback, challenge, credential, code,
//! token and ticket. That is every order in which the two can come: no step of one writes anything
//! of the other's rows, which is asserted at each, so that the two are where they are by whichever
//! order of steps they came there. What reads the other's rows all the same would show when the
//! steps are run in each of these orders.

mod attempt;
mod cast;
mod grid;
mod orders;
mod sign_in;
mod step;

use cast::{Cast, Kind};
use e2e::{Card, Engine, World};
use orders::{Part, run_all};
use serde_json::json;
use step::Step;

use crate::support::{
    ACME, BIRCH, ada, assert_clear, assert_only_refused, assert_unchanged, enrolled, mia, una,
};

/// Beside each kind of login of somebody else in the same tenant. On PostgreSQL, where a look at the
/// whole database costs the most, beside the same kind: what a splice meets is no other code there.
async fn is_worth_nothing_elsewhere(first: Kind) {
    let seconds = match Engine::of_this_run() {
        Engine::Sqlite => Kind::ALL.to_vec(),
        Engine::Postgres => vec![first],
    };
    for second in seconds {
        let cast = Cast::new(ACME).await;
        grid::explore(&cast, [first, second]).await;
    }
}

#[tokio::test]
async fn what_a_sign_in_with_a_known_card_earns_is_worth_nothing_elsewhere() {
    is_worth_nothing_elsewhere(Kind::Known).await;
}

#[tokio::test]
async fn what_an_enrolment_earns_is_worth_nothing_elsewhere() {
    is_worth_nothing_elsewhere(Kind::New).await;
}

#[tokio::test]
async fn what_a_card_alone_earns_is_worth_nothing_elsewhere() {
    is_worth_nothing_elsewhere(Kind::Alone).await;
}

#[tokio::test]
async fn what_a_sign_in_with_an_agent_earns_is_worth_nothing_elsewhere() {
    is_worth_nothing_elsewhere(Kind::Desk).await;
}

/// Where no card of somebody else is refused for whose it is.
#[tokio::test]
async fn what_is_earned_is_worth_nothing_in_another_login_of_the_same_person() {
    for kind in [Kind::Known, Kind::Alone, Kind::Desk] {
        let cast = Cast::alone().await;
        grid::explore(&cast, [kind, kind]).await;
    }
}

/// Both in its own tenant, and where it was earned, where the browser says what it holds under the
/// names of that tenant too.
#[tokio::test]
async fn what_is_earned_in_one_tenant_is_worth_nothing_in_another() {
    for kind in Kind::ALL {
        let cast = Cast::new(BIRCH).await;
        grid::explore(&cast, [kind, kind]).await;
    }
}

/// From the callback on: before it a login has no row, and what it does is in its browser alone.
const PAGE: Part = (Kind::Known, Step::Callback, Step::Finish);

#[tokio::test]
async fn in_whatever_order_two_pages_go_on_each_signs_in_its_own_person() {
    let cast = Cast::new(ACME).await;
    assert_eq!(run_all(&cast, [PAGE, PAGE]).await, 70);
    let enrols = (Kind::New, Step::Page, Step::Finish);
    assert_eq!(run_all(&cast, [enrols, enrols]).await, 20);
    let alone = (Kind::Alone, Step::Begin, Step::UseCard);
    assert_eq!(run_all(&cast, [alone, PAGE]).await, 35);
}

/// Pairing and asking apart: together they have 3432 orders, and that no step of either touches the
/// other login is asserted in the grid.
#[tokio::test]
async fn in_whatever_order_two_agents_go_on_each_signs_in_its_own_person() {
    let cast = Cast::new(ACME).await;
    let pairs = (Kind::Desk, Step::Code, Step::Return);
    assert_eq!(run_all(&cast, [pairs, pairs]).await, 20);
    let answers = (Kind::Desk, Step::Push, Step::Fetch);
    assert_eq!(run_all(&cast, [answers, answers]).await, 70);
    let page = (Kind::Known, Step::Options, Step::Finish);
    assert_eq!(run_all(&cast, [answers, page]).await, 15);
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
