//! A provider that is sick: the page says so in time, and nobody else notices.

use std::time::Duration;

use e2e::{Answer, Browser, Card, World};
use entra_stand_in::{Endpoint, Fault, Person, StandIn};
use identity::{FirstCard, TenantPolicy};
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{ACME, BIRCH, assert_clear, assert_unchanged, mia};

/// Only so that a test ends. That four seconds are the limit is shown by faults that would be over
/// soon after it: our clock and theirs stand in one process, however busy it is.
const BOUND: Duration = Duration::from_secs(20);

const UNREACHABLE: &str = "The sign-in service cannot be reached";
const INVALID: &str = "The sign-in could not be checked";

/// A name, the fault, and the heading of the page.
type Case = (&'static str, fn() -> Fault, &'static str);

const CASES: &[Case] = &[
    ("hangs", || Fault::Hang, UNREACHABLE),
    ("late", || Fault::Delay { milliseconds: 6000 }, UNREACHABLE),
    ("drips", || Fault::SlowDrip { bytes: 1, milliseconds: 200 }, UNREACHABLE),
    ("cut", || Fault::Cut, UNREACHABLE),
    ("500", || Fault::Status { status: 500, retry_after: None }, UNREACHABLE),
    (
        "503 with Retry-After",
        || Fault::Status { status: 503, retry_after: Some(3600) },
        UNREACHABLE,
    ),
    ("429", || Fault::Status { status: 429, retry_after: Some(1) }, UNREACHABLE),
    ("404", || Fault::Status { status: 404, retry_after: None }, INVALID),
    ("half of its JSON", || Fault::BadJson, INVALID),
    ("a page", || Fault::Html, INVALID),
    ("too large", || Fault::Huge { bytes: 4 * 1024 * 1024 }, INVALID),
    ("a redirect", || Fault::Redirect { location: "https://evil.test/".into() }, INVALID),
    (
        "an empty object",
        || Fault::Answer {
            status: 200,
            content_type: "application/json".into(),
            body: "{}".into(),
        },
        INVALID,
    ),
    (
        "a list",
        || Fault::Answer {
            status: 200,
            content_type: "application/json".into(),
            body: "[]".into(),
        },
        INVALID,
    ),
    (
        "a member twice",
        || Fault::Answer {
            status: 200,
            content_type: "application/json".into(),
            body: r#"{"id_token":"a","id_token":"b","token_type":"Bearer","keys":[],"keys":[]}"#
                .into(),
        },
        INVALID,
    ),
];

async fn within_bound<T>(name: &str, answer: impl Future<Output = T>) -> T {
    let Ok(answer) = tokio::time::timeout(BOUND, answer).await else {
        panic!("{name}: no answer within {BOUND:?}");
    };
    answer
}

/// All cases at once, each in a world of its own: a deadline is waited for once.
async fn each_alone(endpoint: Endpoint) {
    let mut all = JoinSet::new();
    for (name, fault, title) in CASES {
        all.spawn(async move {
            let world = World::start().await;
            let mut browser = world.browser();
            let callback = ACME.to_callback(&mut browser, &mut mia()).await;
            let before = world.dump().await;
            world.stand_in.fail(endpoint, fault());
            let kept = browser.clone();
            let answer = within_bound(name, browser.get(&callback)).await;
            assert_clear(name, &answer);
            assert_eq!(answer.title(), *title, "{name}");
            assert!(answer.body.contains("Azure"), "{name}: names nobody: {}", answer.body);
            assert_unchanged(name, &before, &world.dump().await);
            drop(kept);
            world.stand_in.heal();
            let mut again = world.browser();
            ACME.sign_in(&mut again, &mut mia(), &mut Card::new(1)).await;
        });
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sick_token_endpoint_becomes_a_page_that_says_so() {
    each_alone(Endpoint::Token).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sick_key_endpoint_becomes_a_page_that_says_so() {
    each_alone(Endpoint::Keys).await;
}

/// Each of the two calls alone would be in time.
#[tokio::test(flavor = "multi_thread")]
async fn token_and_key_endpoint_share_one_deadline() {
    let world = World::start().await;
    let mut browser = world.browser();
    let callback = ACME.to_callback(&mut browser, &mut mia()).await;
    world.stand_in.fail(Endpoint::Token, Fault::Delay { milliseconds: 3000 });
    world.stand_in.fail(Endpoint::Keys, Fault::Delay { milliseconds: 2500 });
    let answer = within_bound("both late", browser.get(&callback)).await;
    assert_clear("both late", &answer);
    assert_eq!(answer.title(), UNREACHABLE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_gone_becomes_a_page_that_says_so() {
    let gone = StandIn::builder().start().await.unwrap();
    let world = World::beside(policy(), &[&gone]).await;
    world.add_connected_to(&gone, "birch", entra_stand_in::BIRCH).await;
    let mut browser = world.browser();
    let mut person = Person::new("mia@birch.example");
    let callback = BIRCH.to_callback(&mut browser, &mut person).await;
    drop(person);
    gone.stop().await;
    let answer = within_bound("gone", browser.get(&callback)).await;
    assert_clear("gone", &answer);
    assert_eq!(answer.title(), UNREACHABLE);
}

fn policy() -> TenantPolicy {
    TenantPolicy { first_card: FirstCard::FreshEntraSignIn, ..TenantPolicy::default() }
}

/// So many people sign in at a provider that hangs.
const STUCK: usize = 24;

/// So many calls to one provider are out at a time.
const PLACES: usize = 16;

/// Browsers that come back from Acme's provider, each with its callback.
async fn from_acme(world: &World, people: usize) -> Vec<(Browser, String)> {
    let mut back = Vec::new();
    for _ in 0..people {
        let mut browser = world.browser();
        let callback = ACME.to_callback(&mut browser, &mut mia()).await;
        back.push((browser, callback));
    }
    back
}

/// They all call back.
fn call_back(stuck: impl IntoIterator<Item = (Browser, String)>) -> JoinSet<Answer> {
    let mut waiting = JoinSet::new();
    for (mut browser, callback) in stuck {
        waiting.spawn(async move { browser.get(&callback).await });
    }
    waiting
}

/// Acme's provider hangs with many people in it; birch's people sign in as ever, while each call
/// that hangs still does. Who waits those out is never in time; a machine that is so busy that two
/// sign-ins take four seconds is once, so there are a few tries.
#[tokio::test(flavor = "multi_thread")]
async fn a_sick_provider_does_not_slow_another_tenant() {
    let well = StandIn::builder().start().await.unwrap();
    let world = World::beside(policy(), &[&well]).await;
    world.add_connected_to(&well, "birch", entra_stand_in::BIRCH).await;
    let mut card = Card::new(1);
    BIRCH.sign_in(&mut world.browser(), &mut Person::new("mia@birch.example"), &mut card).await;
    for _ in 0..5 {
        if in_time(&world, &mut card).await {
            return;
        }
    }
    panic!("five times birch's people came in only after calls to acme's provider had ended");
}

/// Whether birch's people came in while all calls to Acme's provider were out.
async fn in_time(world: &World, card: &mut Card) -> bool {
    let stuck = from_acme(world, STUCK).await;
    let asked = world.stand_in.count(Endpoint::Token);
    world.stand_in.fail(Endpoint::Token, Fault::Hang);
    let mut waiting = call_back(stuck);
    let places = u64::try_from(PLACES).unwrap();
    world.stand_in.wait_for(Endpoint::Token, asked + places).await;

    let mut person = Person::new("mia@birch.example");
    BIRCH.sign_in(&mut world.browser(), &mut person, card).await;
    use_card(&mut world.browser(), card).await;
    // Who found no place may have been told so; who found one hangs.
    let mut answers = Vec::new();
    while let Some(answer) = waiting.try_join_next() {
        answers.push(answer.unwrap());
    }
    let in_time = answers.len() <= STUCK - PLACES;
    answers.extend(within_bound("stuck", waiting.join_all()).await);
    for answer in answers {
        assert_clear("stuck", &answer);
        assert_eq!(answer.title(), UNREACHABLE);
    }
    world.stand_in.heal();
    in_time
}

/// Whose call was turned away before the provider was asked has used nothing up.
#[tokio::test(flavor = "multi_thread")]
async fn who_found_no_place_at_a_sick_provider_comes_in_later_with_the_same_answer() {
    let world = World::start().await;
    let stuck = from_acme(&world, STUCK).await;
    let before = world.stand_in.count(Endpoint::Token);
    world.stand_in.fail(Endpoint::Token, Fault::Hang);
    let waiting = call_back(stuck.clone());
    for answer in within_bound("stuck", waiting.join_all()).await {
        assert_eq!(answer.title(), UNREACHABLE, "{answer:?}");
    }
    // Sixteen at a time; on a busy machine some come late enough to find a place again.
    let asked = usize::try_from(world.stand_in.count(Endpoint::Token) - before).unwrap();
    assert!((PLACES..=STUCK).contains(&asked), "{asked} calls");
    world.stand_in.heal();
    let mut again = Vec::new();
    for (mut browser, callback) in stuck {
        again.push(browser.get(&callback).await.status);
    }
    again.sort_unstable();
    // Each call that went out counts, and nothing else does.
    assert_eq!(again, [vec![303; STUCK - asked], vec![409; asked]].concat());
}

/// Where the console adds a provider.
const PROVIDERS: &str = "/admin/tenants/acme/providers?template=oidc";

/// What the console says when a directory's metadata cannot be had; nothing is kept of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_sick_metadata_endpoint_becomes_a_page_of_the_console_that_says_so() {
    let mut all = JoinSet::new();
    for (name, fault, _) in CASES {
        all.spawn(async move {
            let world = World::start().await;
            let mut browser = world.administrator().await;
            let before = world.dump().await;
            world.stand_in.fail(Endpoint::Metadata, fault());
            let discovery = world.stand_in.metadata_url(entra_stand_in::BIRCH);
            let form = [("action", "fetch"), ("alias", "birch"), ("discovery", &discovery)];
            let answer = within_bound(name, browser.post_form(PROVIDERS, &form)).await;
            assert_eq!(answer.status, 422, "{name}: {answer:?}");
            assert!(answer.body.contains("id=\"discovery-problem\""), "{name}: {}", answer.body);
            assert_unchanged(name, &before, &world.dump().await);
        });
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
}

async fn use_card(browser: &mut Browser, card: &mut Card) {
    let options = BIRCH.use_card_options(browser).await;
    let answer = card.answer(browser, &options);
    let done = BIRCH.use_card(browser, &answer).await;
    assert_eq!(done.json(), json!({ "location": "/realms/birch/account/" }), "{done:?}");
}

/// Keys that serve already go on serving; a key that nobody has seen is asked for once.
#[tokio::test(flavor = "multi_thread")]
async fn known_keys_outlive_their_endpoint_and_new_ones_are_fetched() {
    let world = World::start().await;
    let mut card = Card::new(1);
    ACME.sign_in(&mut world.browser(), &mut mia(), &mut card).await;
    world.stand_in.fail(Endpoint::Keys, Fault::Status { status: 500, retry_after: None });
    ACME.sign_in(&mut world.browser(), &mut mia(), &mut card).await;
    world.stand_in.heal();
    world.stand_in.replace_keys();
    ACME.sign_in(&mut world.browser(), &mut mia(), &mut card).await;
}
