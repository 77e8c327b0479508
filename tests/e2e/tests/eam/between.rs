//! What is taken away between the steps counts for nothing at the next one.

use e2e::World;
use entra_stand_in::BIRCH as OTHER_DIRECTORY;

use crate::support::{
    ACME, BIRCH, assert_here, assert_told, at_card, change_connection, disable, enrolled, mia,
    ready, revoke_cards, una,
};

#[tokio::test]
async fn who_is_disabled_at_the_card_step_proves_nothing() {
    let (world, mfa, mut card) = ready().await;
    let (mut browser, _) = at_card(&world, &mfa).await;
    let options = ACME.options(&mut browser).await;
    let answer = card.answer(&browser, &options);
    disable(&world, "mia@acme.example").await;
    let before = world.dump().await.rows("proof").len();
    let finished = ACME.finish(&mut browser, &answer).await;
    assert!((400..500).contains(&finished.status), "{finished:?}");
    assert_eq!(world.dump().await.rows("proof").len(), before);
    let told = browser.get("/realms/acme/eam/answer").await;
    let told = browser.follow(told).await;
    assert_told(&world, "disabled at the card", &told, "access_denied");
}

#[tokio::test]
async fn who_is_disabled_after_the_tap_gets_no_token() {
    let (world, mfa, mut card) = ready().await;
    let (mut browser, _) = at_card(&world, &mfa).await;
    mfa.tap(&mut browser, &mut card).await;
    disable(&world, "mia@acme.example").await;
    let told = browser.get("/realms/acme/eam/answer").await;
    assert_told(&world, "disabled after the tap", &told, "access_denied");
}

#[tokio::test]
async fn a_card_that_is_revoked_proves_nothing_and_gives_no_token_either() {
    let (world, mfa, mut card) = ready().await;
    let (mut browser, _) = at_card(&world, &mfa).await;
    let (mut later, _) = at_card(&world, &mfa).await;
    let options = ACME.options(&mut later).await;
    let answer = card.answer(&later, &options);
    mfa.tap(&mut browser, &mut card).await;
    revoke_cards(&world, "mia@acme.example").await;
    let told = browser.get("/realms/acme/eam/answer").await;
    assert_told(&world, "revoked after the tap", &told, "access_denied");
    let before = world.dump().await.rows("proof").len();
    assert_eq!(ACME.finish(&mut later, &answer).await.status, 403);
    assert_eq!(world.dump().await.rows("proof").len(), before);
}

#[tokio::test]
async fn a_connection_that_is_gone_answers_nobody() {
    for change in ["disabled", "another directory", "another cloud"] {
        let (world, mfa, mut card) = ready().await;
        let (mut browser, _) = at_card(&world, &mfa).await;
        mfa.tap(&mut browser, &mut card).await;
        change_connection(&world, &mfa, |row| match change {
            "disabled" => row.enabled = false,
            "another directory" => row.directories = vec![OTHER_DIRECTORY.to_string()],
            _ => row.authority = "https://login.microsoftonline.us".into(),
        })
        .await;
        assert_here(&world, change, &browser.get("/realms/acme/eam/answer").await);
    }
}

/// The card of another person, and another card of the same person's, at the same request.
#[tokio::test]
async fn the_card_of_another_proves_nothing() {
    let (world, mfa, _) = ready().await;
    let mut unas = enrolled(&world, &mut una(), 2).await;
    let (mut browser, _) = at_card(&world, &mfa).await;
    let options = ACME.options(&mut browser).await;
    let mut wrapped = serde_json::json!({ "publicKey": options.member("options") });
    wrapped["publicKey"]["allowCredentials"] = serde_json::json!([]);
    let credential = unas.0.authenticate(&wrapped, browser.origin()).unwrap();
    let answer =
        serde_json::json!({ "challenge": options.member("challenge"), "credential": credential });
    let finished = ACME.finish(&mut browser, &answer).await;
    assert_eq!((finished.status, finished.code().as_str()), (403, "passkey-user-handle"));
    let early = browser.get("/realms/acme/eam/answer").await;
    assert_eq!(early.location.as_deref(), Some("/realms/acme/eam/continue"));
}

/// The same directory may be allowed in two tenants; what one has asked is nothing in the other.
#[tokio::test]
async fn a_handle_of_one_tenant_opens_nothing_in_another() {
    let (world, mfa, _) = ready().await;
    let world = world.with_birch().await;
    world.connect_eam("birch", mfa.client_id, &[entra_stand_in::ACME]).await;
    let (mut browser, _) = at_card(&world, &mfa).await;
    let handle = browser.cookie("__Host-eam-acme").unwrap().to_owned();
    for name in ["__Host-eam-birch", "__Host-card-birch"] {
        browser.set_cookie(name, &handle);
    }
    for path in ["eam/continue", "eam/answer", "login/card"] {
        let refused = browser.get(&BIRCH.path(path)).await;
        assert_here(&world, path, &refused);
    }
}

#[tokio::test]
async fn a_request_while_the_database_refuses_is_told_to_wait() {
    let (world, mfa, _) = ready().await;
    let request = mfa.asked(&mut mia()).await;
    refuse_inserts(&world).await;
    let answer = mfa.post(&mut world.browser(), &request).await;
    assert_told(&world, "no database", &answer, "temporarily_unavailable");
}

async fn refuse_inserts(world: &World) {
    world.sql("ALTER TABLE eam_transaction RENAME TO eam_transaction_away").await;
}
