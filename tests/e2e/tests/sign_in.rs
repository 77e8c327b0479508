//! Entra, then the card: the main way in.

use e2e::{Card, World};
use entra_stand_in::Person;

#[tokio::test]
async fn a_person_signs_in_with_entra_enrols_a_card_and_reaches_the_account_page() {
    let world = World::start().await;
    let mut browser = world.browser();
    let mut mia = Person::new("mia@acme.example");
    let mut card = Card::new(1);
    let account = world.sign_in(&mut browser, &mut mia, &mut card).await.unwrap();
    assert!(account.body.contains("mia@acme.example"), "{}", account.body);
    assert_eq!(browser.cookie_names(), ["__Host-sid-acme"]);
}

#[tokio::test]
async fn the_second_time_the_same_card_is_asked_for() {
    let world = World::start().await;
    let mut mia = Person::new("mia@acme.example");
    let mut card = Card::new(1);
    world.sign_in(&mut world.browser(), &mut mia, &mut card).await.unwrap();
    world.sign_in(&mut world.browser(), &mut mia, &mut card).await.unwrap();
    assert_eq!(card.0.credential_ids().len(), 1, "a second card was enrolled");
}

#[tokio::test]
async fn a_card_alone_signs_in_within_a_day_of_entra() {
    let world = World::start().await;
    let mut mia = Person::new("mia@acme.example");
    let mut card = Card::new(1);
    world.sign_in(&mut world.browser(), &mut mia, &mut card).await.unwrap();

    let mut browser = world.browser();
    let page = browser.get("/realms/acme/account/").await;
    browser.follow(page).await;
    let tapped = card.tap(&mut browser, "/realms/acme/login/use-card").await;
    assert_eq!(tapped.status, 200, "{tapped:?}");
    let account = browser.get("/realms/acme/account/").await;
    assert!(account.body.contains("mia@acme.example"), "{account:?}");
}

const CARD: &str = "/realms/acme/login/card";

/// The ids of the cards on the account page, the newest first.
fn cards(account: &e2e::Answer) -> Vec<String> {
    let rest = account.body.split("/account/cards/").skip(1);
    let mut ids: Vec<String> = rest
        .filter_map(|rest| rest.split('/').next())
        .filter(|id| id.len() == 36)
        .map(str::to_owned)
        .collect();
    ids.dedup();
    ids
}

#[tokio::test]
async fn who_removes_the_card_of_their_own_session_is_told_on_the_login_page() {
    let world = World::start().await;
    let mut browser = world.browser();
    let (mut first, mut second) = (Card::new(1), Card::new(2));
    world.sign_in(&mut browser, &mut Person::new("mia@acme.example"), &mut first).await.unwrap();
    browser.post_form("/realms/acme/account/cards/add", &[]).await;
    assert_eq!(first.tap(&mut browser, CARD).await.status, 200);
    let added = second.tap(&mut browser, CARD).await;
    assert_eq!(added.status, 200, "{added:?}");
    let account = browser.get("/realms/acme/account/").await;
    let oldest = cards(&account).pop().unwrap();
    browser.post_form(&format!("/realms/acme/account/cards/{oldest}/remove"), &[]).await;
    let removed = second.tap(&mut browser, CARD).await;
    let location = removed.member("location").as_str().unwrap_or_default().to_owned();
    let page = browser.get(&location).await;
    let page = browser.follow(page).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.body.contains("Your card was removed"), "{}", page.body);
    assert!(page.body.contains("This ended the session that it opened"), "{}", page.body);
}

#[tokio::test]
async fn the_only_card_stays_and_the_page_says_why() {
    let world = World::start().await;
    let mut browser = world.browser();
    let mut mia = Person::new("mia@acme.example");
    world.sign_in(&mut browser, &mut mia, &mut Card::new(1)).await.unwrap();
    let account = browser.get("/realms/acme/account/").await;
    let only = cards(&account).pop().unwrap();
    let path = format!("/realms/acme/account/cards/{only}/remove");
    let refused = browser.post_form(&path, &[]).await;
    assert_eq!((refused.status, refused.title().as_str()), (409, "This is your only card"));
    assert!(refused.body.contains("Back to your account"), "{}", refused.body);
    assert!(refused.body.contains("<dt>Reference</dt>"), "{}", refused.body);
    let nothing = browser.post_form("/realms/acme/account/cards/x/rename", &[("label", "a")]).await;
    assert_eq!((nothing.status, nothing.title().as_str()), (404, "There is nothing here"));
    assert!(!nothing.body.contains("<dt>Reference</dt>"), "nothing is logged to look for");
}
