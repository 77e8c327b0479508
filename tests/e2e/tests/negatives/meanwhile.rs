//! What was decided on may have changed by the time it is written; then it does not count.

use e2e::{Answer, Browser, Card, Dump, Engine, World};
use entra_stand_in::OptionalClaim;
use identity::{FirstCard, PersonState, TenantPolicy};
use ids::{CredentialId, UserId};
use store::Writing;

use crate::pairing::uuid_of;
use crate::refused::person;
use crate::support::{ACME, answer_to, assert_clear, assert_only_refused, enrolled, mia, una};

async fn cards_of(world: &World, username: &str) -> Vec<CredentialId> {
    let tenant = world.tenant("acme").await;
    let owner = person(world, username).await.id;
    let mut rows = world.app.store().read(tenant.id).await.unwrap();
    let cards = rows.credentials(owner).await.unwrap();
    cards.iter().filter(|card| card.revoked_at.is_none()).map(|card| card.id).collect()
}

/// Mia, signed in, with two cards.
async fn with_two_cards(world: &World) -> (Browser, [Card; 2]) {
    let mut first = enrolled(world, &mut mia(), 1).await;
    let (mut browser, mut second) = (world.browser(), Card::new(2));
    ACME.sign_in(&mut browser, &mut mia(), &mut first).await;
    browser.post_form(&ACME.path("account/cards/add"), &[]).await;
    for card in [&mut first, &mut second] {
        let tapped = card.tap(&mut browser, &ACME.path("login/card")).await;
        assert_eq!(tapped.status, 200, "{tapped:?}");
    }
    assert_eq!(cards_of(world, "mia@acme.example").await.len(), 2);
    (browser, [first, second])
}

#[tokio::test]
async fn a_permit_by_fresh_sign_in_dies_when_the_tenant_asks_for_codes() {
    let world = World::start().await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut una()).await;
    let options = ACME.options(&mut browser).await;
    let answer = Card::new(1).answer(&browser, &options);
    let tenant = world.tenant("acme").await;
    let policy = TenantPolicy { first_card: FirstCard::AdministratorCode, ..tenant.policy };
    let mut tx = world.app.store().write(tenant.id).await.unwrap();
    assert!(tx.put_policy(&policy).await.unwrap());
    tx.commit().await.unwrap();
    let before = world.dump().await;
    let refused = ACME.finish(&mut browser, &answer).await;
    assert_clear("another policy", &refused);
    assert_eq!(refused.code(), "no-card-allowed");
    assert_only_refused("another policy", &before, &world.dump().await);
}

/// A provider that does not say when the person signed in has not said that it was just now.
#[tokio::test]
async fn a_sign_in_of_which_nobody_says_when_it_was_is_not_fresh() {
    let world = World::start().await;
    let upn_alone = [OptionalClaim::Upn];
    world.stand_in.set_optional_claims(world.azure.client_id, &upn_alone).unwrap();
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut una()).await;
    let page = browser.get(&ACME.path("login/card")).await;
    assert!(page.body.contains("name=\"code\""), "a code is asked for: {page:?}");
    let path = ACME.path("login/card/options");
    let refused = browser.post_json(&path, &serde_json::json!({ "hint": "card" })).await;
    assert_clear("no permit", &refused);
}

#[tokio::test]
async fn ending_the_sessions_of_a_person_ends_their_logins_too() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    let options = ACME.options(&mut browser).await;
    let answer = card.answer(&browser, &options);
    let tenant = world.tenant("acme").await;
    let mias = person(&world, "mia@acme.example").await.id;
    let mut tx = world.app.store().write(tenant.id).await.unwrap();
    assert_eq!(tx.end_sessions_of(mias).await.unwrap(), 1);
    tx.commit().await.unwrap();
    let refused = ACME.finish(&mut browser, &answer).await;
    assert_clear("after the end", &refused);
    assert_eq!(refused.code(), "login-expired");
}

/// A thief with a card and its PIN begins to add one of their own. Its owner revokes the card from
/// elsewhere: what the tap permitted is over, although the owner has another card.
#[tokio::test]
async fn revoking_a_card_ends_the_logins_that_it_opened() {
    let world = World::start().await;
    let (mut browser, [mut stolen, _]) = with_two_cards(&world).await;
    browser.post_form(&ACME.path("account/cards/add"), &[]).await;
    assert_eq!(stolen.tap(&mut browser, &ACME.path("login/card")).await.status, 200);
    let options = ACME.options(&mut browser).await;
    assert_eq!(options.member("purpose"), "create");
    let answer = Card::new(3).answer(&browser, &options);
    let tenant = world.tenant("acme").await;
    let first = cards_of(&world, "mia@acme.example").await[0];
    let mut tx = world.app.store().write(tenant.id).await.unwrap();
    assert!(tx.revoke_credential(first).await.unwrap());
    tx.commit().await.unwrap();
    let refused = ACME.finish(&mut browser, &answer).await;
    assert_clear("after the revocation", &refused);
    assert_eq!(refused.code(), "login-expired");
    assert_eq!(cards_of(&world, "mia@acme.example").await.len(), 1);
}

/// Each of two cards confirms the removal of the other, at the same moment: both requests have read
/// two cards before one of them may write.
#[tokio::test(flavor = "multi_thread")]
async fn two_removals_at_once_leave_one_card() {
    two_removals_at_once(World::on(Engine::Sqlite).await, 2).await;
}

/// Who waits is not counted on this engine; here the two come as they come.
#[tokio::test(flavor = "multi_thread")]
async fn two_removals_at_once_leave_one_card_on_postgresql() {
    two_removals_at_once(World::on(Engine::Postgres).await, 0).await;
}

async fn two_removals_at_once(world: World, waiting: usize) {
    let (browser, [mut first, mut second]) = with_two_cards(&world).await;
    // A session has one change under way at a time; so here are two.
    let mut other = world.browser();
    ACME.sign_in(&mut other, &mut mia(), &mut second).await;
    let cards = world.dump().await.rows("credential");
    let id = |card: &Card| {
        let id = &card.0.credential_ids()[0];
        let hex: String = id.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02X}"));
        let row = cards.iter().find(|row| row["webauthn_id"] == format!("X'{hex}'")).unwrap();
        uuid_of(&row["credential_id"])
    };
    let removed = [id(&first), id(&second)];
    let mut ready = Vec::new();
    let hands = [(browser, &mut second), (other, &mut first)];
    for (removed, (mut browser, taps)) in removed.into_iter().zip(hands) {
        let path = ACME.path(&format!("account/cards/{removed}/remove"));
        assert_eq!(browser.post_form(&path, &[]).await.status, 303);
        let options = ACME.options(&mut browser).await;
        let answer = answer_to(taps, &browser, &options, |_| {});
        ready.push((browser, answer));
    }
    let store = world.app.store();
    let turn = store.write(world.tenant("acme").await.id).await.unwrap();
    let mut all = tokio::task::JoinSet::new();
    for (mut browser, answer) in ready {
        all.spawn(async move { ACME.finish(&mut browser, &answer).await });
    }
    world.until_waiting(waiting).await;
    drop(turn);
    let answers = all.join_all().await;
    let won = answers.iter().filter(|answer: &&Answer| answer.status == 200).count();
    assert_eq!(won, 1, "{answers:?}");
    assert_eq!(cards_of(&world, "mia@acme.example").await.len(), 1);
}

/// Lets `request` come as far as its turn to write, lets `change` be written first, and gives the
/// answer.
async fn overtaken(
    world: &World,
    tenant: &str,
    request: impl Future<Output = Answer> + Send + 'static,
    change: impl AsyncFnOnce(&mut Writing),
) -> (Answer, Dump) {
    let store = world.app.store();
    let mut first = store.write(world.tenant(tenant).await.id).await.unwrap();
    let request = tokio::spawn(request);
    world.until_waiting(1).await;
    change(&mut first).await;
    first.commit().await.unwrap();
    let answer = request.await.unwrap();
    let dump = world.dump().await;
    (answer, dump)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_while_a_change_begins_begins_none() {
    // Who waits for a turn to write is counted on this engine.
    let world = World::on(Engine::Sqlite).await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let mut browser = world.browser();
    ACME.sign_in(&mut browser, &mut mia(), &mut card).await;
    let mias = person(&world, "mia@acme.example").await.id;
    let console = world.administrator().await;
    let operator = operator(&world).await;
    let add = ACME.path("account/cards/add");
    for (tenant, mut browser, path, of) in
        [("acme", browser, add.as_str(), mias), ("operators", console, "/admin/step-up", operator)]
    {
        let path = path.to_owned();
        let request = async move { browser.post_form(&path, &[("to", "/admin/")]).await };
        let (answer, after) = overtaken(&world, tenant, request, async |tx| {
            assert!(tx.end_sessions_of(of).await.unwrap() > 0);
        })
        .await;
        assert_clear(tenant, &answer);
        assert_eq!((answer.status, answer.title().as_str()), (401, "You are not signed in"));
        assert!(after.rows("login").is_empty(), "{tenant}");
    }
}

async fn operator(world: &World) -> UserId {
    let tenant = world.tenant("operators").await;
    let mut rows = world.app.store().read(tenant.id).await.unwrap();
    rows.person_by_username("Olivia Bauer").await.unwrap().unwrap().id
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_disabled_while_their_card_alone_is_checked_is_told_so() {
    // Who waits for a turn to write is counted on this engine.
    let world = World::on(Engine::Sqlite).await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let mut browser = world.browser();
    let options = ACME.use_card_options(&mut browser).await;
    let answer = card.answer(&browser, &options);
    let mias = person(&world, "mia@acme.example").await.id;
    let before = world.dump().await;
    let request = async move { ACME.use_card(&mut browser, &answer).await };
    let (refused, after) = overtaken(&world, "acme", request, async |tx| {
        assert!(tx.set_person_state(mias, PersonState::Disabled).await.unwrap());
    })
    .await;
    assert_clear("disabled", &refused);
    assert_eq!((refused.status, refused.code().as_str()), (403, "person-disabled"), "{refused:?}");
    assert!(after.rows("session").is_empty(), "{after:?}");
    for table in ["consumed", "proof"] {
        assert_eq!(before.rows(table), after.rows(table), "{table}");
    }
}
