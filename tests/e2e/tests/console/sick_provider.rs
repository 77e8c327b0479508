//! "Test this provider" at one that is sick: the page comes, and says so.

use std::time::Duration;

use e2e::{Answer, World};
use entra_stand_in::{Arrival, Endpoint, Fault, Person};

use crate::support::administrator;

/// No answer of ours takes longer: four seconds for the provider, and the rest to spare on a busy
/// machine.
const BOUND: Duration = Duration::from_secs(20);

const METADATA: &str = "metadata is there and as saved";
const TOKENS: &str = "The code was redeemed for tokens";
const KEYS: &str = "keys are there";

/// The result of a test during which these endpoints misbehave.
async fn tested(faults: Vec<(Endpoint, Fault)>) -> Answer {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let start = browser.get("/admin/tenants/acme/providers/azure/test/start").await;
    let away = start.location.clone().unwrap();
    let arrival = Person::new("mia@acme.example").sign_in(&away).await;
    let Ok(Arrival::Redirect(callback)) = arrival else { panic!("{arrival:?}") };
    for (endpoint, fault) in faults {
        world.stand_in.fail(endpoint, fault);
    }
    let answer = tokio::time::timeout(BOUND, browser.get(callback.as_str())).await;
    answer.unwrap_or_else(|_| panic!("no answer within {BOUND:?}"))
}

/// What the page says of a step, from its verdict on.
fn of_step<'a>(page: &'a Answer, title: &str) -> &'a str {
    let steps = page.body.split("<li").skip(1);
    steps.into_iter().find(|step| step.contains(title)).unwrap_or_else(|| panic!("{page:?}"))
}

fn assert_says(page: &Answer, late: &str, fine: &[&str]) {
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.body.contains("It does not work yet"), "{}", page.body);
    let late = of_step(page, late);
    assert!(late.contains(">Failed<") && late.contains("did not answer in time"), "{late}");
    for title in fine {
        let step = of_step(page, title);
        assert!(step.contains(">Passed<"), "{step}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_is_named_and_the_rest_of_the_test_is_made() {
    let (metadata, tokens, keys) = tokio::join!(
        tested(vec![(Endpoint::Metadata, Fault::Hang)]),
        tested(vec![(Endpoint::Token, Fault::Hang)]),
        tested(vec![(Endpoint::Keys, Fault::Hang)]),
    );
    assert_says(&metadata, METADATA, &[TOKENS, KEYS]);
    assert_says(&tokens, TOKENS, &[METADATA]);
    assert!(of_step(&tokens, KEYS).contains(">Not reached<"), "{}", tokens.body);
    assert_says(&keys, KEYS, &[METADATA, TOKENS]);
}

/// Each call alone would be in time. One after another they would take more than ten seconds.
#[tokio::test(flavor = "multi_thread")]
async fn all_calls_of_a_test_share_one_deadline() {
    let late = |milliseconds| Fault::Delay { milliseconds };
    let page = tested(vec![
        (Endpoint::Metadata, late(2500)),
        (Endpoint::Token, late(2500)),
        (Endpoint::Keys, late(3900)),
    ])
    .await;
    assert_says(&page, KEYS, &[METADATA, TOKENS]);
}
