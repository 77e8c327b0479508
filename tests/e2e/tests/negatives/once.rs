//! What an agent has signed counts once, and so does what its answer issued.

use agent_protocol::paths::{CLAIM, ENROL_WAIT, RESULT};
use e2e::{Browser, Card, World};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::device::{Device, Signed, options_of};
use crate::support::{ACME, assert_clear, assert_unchanged, enrolled, mia};

async fn paired(world: &World) -> (Device, Browser) {
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    let mut device = Device::of(ACME);
    device.pair(world, &mut browser).await;
    device.connect(world).await;
    (device, browser)
}

async fn is_refused_again(world: &World, name: &str, call: &Signed) {
    let first = call.send(world).await;
    assert_eq!(first.status, 200, "{name}: {first:?}");
    let before = world.dump().await;
    let again = call.send(world).await;
    assert_clear(name, &again);
    assert_eq!(again.code(), "unauthenticated", "{name}");
    assert_unchanged(name, &before, &world.dump().await);
}

#[tokio::test]
async fn a_signed_call_that_is_overheard_is_worth_nothing() {
    let world = World::start().await;
    enrolled(&world, &mut mia(), 1).await;
    let (mut device, mut browser) = paired(&world).await;
    let ticket = device.asked_by(&mut browser).await;
    let refusal = json!({ "ticket": ticket, "outcome": { "refused": "no-card" } });
    for (path, body) in
        [(ENROL_WAIT, json!({})), (CLAIM, json!({ "ticket": ticket })), (RESULT, refusal)]
    {
        is_refused_again(&world, path, &device.sign(&device.call(&world, path, &body))).await;
    }
}

/// Both commits of the agent's way spend the call in the same transaction as what it does.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_copies_of_a_signed_call_one_counts() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let (mut device, mut browser) = paired(&world).await;
    let ticket = device.asked_by(&mut browser).await;
    let claim = device.sign(&device.call(&world, CLAIM, &json!({ "ticket": ticket })));
    let claims = one_wins(&world, &claim).await;
    let outcome = card.0.authenticate(&options_of(&claims), &world.origin).unwrap();
    let body = json!({ "ticket": ticket, "outcome": { "assertion": outcome } });
    let before = world.dump().await;
    one_wins(&world, &device.sign(&device.call(&world, RESULT, &body))).await;
    let after = world.dump().await;
    let more = |table: &str| after.rows(table).len() - before.rows(table).len();
    assert_eq!((more("session"), more("proof"), more("consumed")), (1, 1, 1));
    assert_eq!(before.audited(&after), ["login.signed-in"]);
}

/// What the winner was told, as the claims of a request if it is one.
async fn one_wins(world: &World, call: &Signed) -> Value {
    let mut all = JoinSet::new();
    let sends = (0..16).map(|_| call.request(world));
    for send in sends {
        all.spawn(send);
    }
    let answers = all.join_all().await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 15), "{answers:?}");
    for loser in lost {
        assert_clear(call.path, loser);
    }
    if call.path == CLAIM { crate::device::claims_of(won[0]) } else { Value::Null }
}

/// The agent's answer writes the session, and the browser that began fetches it. Should the answer
/// to that be lost, the same browser asks again, for a minute: the same session, never a second.
#[tokio::test]
async fn what_an_agent_proved_is_fetched_by_the_browser_that_began_within_a_minute() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let (device, began) = proved(&world, &mut card).await;
    drop(device);
    let mut stranger = world.browser();
    let refused = stranger.get(&ACME.path("login/card")).await;
    assert_clear("a browser without the handle", &refused);

    let before = world.dump().await;
    let (mut first, mut again) = (began.clone(), began.clone());
    for browser in [&mut first, &mut again] {
        let exit = browser.get(&ACME.path("login/card")).await;
        assert!(exit.gives_a_session(), "{exit:?}");
        assert_eq!(browser.cookie("__Host-card-acme"), None, "the handle is put away");
    }
    let sid = |browser: &Browser| browser.cookie("__Host-sid-acme").unwrap().to_owned();
    assert_eq!(sid(&first), sid(&again));
    assert_unchanged("fetched twice", &before, &world.dump().await);

    // A session that was ended is not fetched a third time.
    let out = first.post_form(&ACME.path("account/sign-out"), &[]).await;
    assert_eq!(out.status, 200, "{out:?}");
    let mut late = began;
    let refused = late.get(&ACME.path("login/card")).await;
    assert_clear("after signing out", &refused);
    assert!(late.cookie("__Host-sid-acme").is_none());
}

#[tokio::test]
async fn after_a_minute_nobody_fetches_what_an_agent_proved() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let (_device, mut began) = proved(&world, &mut card).await;
    let minute = "UPDATE session SET created_at = created_at - 60000001 WHERE claim IS NOT NULL";
    assert!(world.sql(minute).await > 0);
    let before = world.dump().await;
    let refused = began.get(&ACME.path("login/card")).await;
    assert_clear("after a minute", &refused);
    assert_unchanged("after a minute", &before, &world.dump().await);
}

/// A browser whose login the agent has ended, and which has not heard of it.
async fn proved(world: &World, card: &mut Card) -> (Device, Browser) {
    let (mut device, mut browser) = paired(world).await;
    let ticket = device.asked_by(&mut browser).await;
    let claims = device.claim(world, &ticket).await;
    let outcome = card.0.authenticate(&options_of(&claims), &world.origin).unwrap();
    let body = json!({ "ticket": ticket, "outcome": { "assertion": outcome } });
    let taken = device.post(world, RESULT, &body).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    (device, browser)
}
