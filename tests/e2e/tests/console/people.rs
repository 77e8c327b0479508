//! Users: what an administrator sees of people and does about them.

use e2e::{Answer, Browser, Card, World};
use entra_stand_in::Person;
use identity::{CardFirst, FirstCard, TenantPolicy};

use crate::support::{administrator, ids_after};

const USERS: &str = "/admin/tenants/acme/users";

/// A world in which Mia is signed in with a card, and the administrator on her page.
async fn mia_signed_in() -> (World, Browser, Browser, Card, String) {
    let world = World::start().await;
    let (mut mia, mut card) = (Person::new("mia@acme.example"), Card::new(1));
    let mut hers = world.browser();
    world.sign_in(&mut hers, &mut mia, &mut card).await.unwrap();
    let mut browser = administrator(&world).await;
    let list = browser.get(USERS).await;
    let id = ids_after(&list, &format!("{USERS}/")).pop().unwrap();
    (world, browser, hers, card, format!("{USERS}/{id}"))
}

async fn account(browser: &mut Browser) -> Answer {
    browser.get("/realms/acme/account/").await
}

#[tokio::test]
async fn a_page_of_a_person_shows_link_card_and_sign_ins() {
    let (_world, mut browser, _, _, page) = mia_signed_in().await;
    let page = browser.get(&page).await;
    for part in ["mia@acme.example", "tid <code>", "oid <code>", "Signed in to the account page"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(page.body.contains("Not verified"), "an imported address is not verified");
}

#[tokio::test]
async fn a_card_that_was_added_at_a_sign_in_has_been_used_and_only_the_console_shows_its_number() {
    let (_world, mut browser, mut hers, _, page) = mia_signed_in().await;
    for (page, number) in [(browser.get(&page).await, true), (account(&mut hers).await, false)] {
        assert!(page.body.contains("Last used: <time"), "{}", page.body);
        assert_eq!(page.body.contains("AAGUID"), number, "{}", page.body);
        assert!(!page.body.contains("unknown"), "{}", page.body);
    }
}

#[tokio::test]
async fn revoking_a_card_ends_its_sessions_at_once() {
    let (world, mut browser, mut hers, mut card, page) = mia_signed_in().await;
    assert_eq!(account(&mut hers).await.status, 200);
    let shown = browser.get(&page).await;
    let card_id = ids_after(&shown, &format!("{page}/cards/")).pop().unwrap();
    let path = format!("{page}/cards/{card_id}/revoke");
    assert!(browser.get(&path).await.body.contains("one-time code"));
    assert_eq!(account(&mut hers).await.status, 200, "asking changed something");
    assert_eq!(browser.post_form(&path, &[]).await.status, 303);
    assert_eq!(account(&mut hers).await.status, 303, "the session is still alive");
    assert_eq!(browser.post_form(&path, &[]).await.status, 404);
    let mut other = world.browser();
    let start = other.get("/realms/acme/account/").await;
    other.follow(start).await;
    let tapped = card.tap(&mut other, "/realms/acme/login/use-card").await;
    assert_ne!(tapped.status, 200, "a revoked card signs in");
}

#[tokio::test]
async fn a_disabled_person_is_out_until_they_are_enabled() {
    let (_world, mut browser, mut hers, mut card, page) = mia_signed_in().await;
    assert_eq!(browser.post_form(&format!("{page}/disable"), &[]).await.status, 303);
    assert_eq!(account(&mut hers).await.status, 303);
    let login = account(&mut hers).await;
    hers.follow(login).await;
    let tapped = card.tap(&mut hers, "/realms/acme/login/use-card").await;
    assert_ne!(tapped.status, 200, "a disabled person signs in");
    assert_eq!(browser.post_form(&format!("{page}/enable"), &[]).await.status, 303);
    let tapped = card.tap(&mut hers, "/realms/acme/login/use-card").await;
    assert_eq!(tapped.status, 200, "{tapped:?}");
}

#[tokio::test]
async fn ending_the_sessions_of_a_person_signs_them_out() {
    let (_world, mut browser, mut hers, _, page) = mia_signed_in().await;
    assert_eq!(browser.post_form(&format!("{page}/sessions/end"), &[]).await.status, 303);
    assert_eq!(account(&mut hers).await.status, 303);
}

#[tokio::test]
async fn a_code_from_the_console_lets_a_person_enrol_their_first_card() {
    let world = World::with_policy(TenantPolicy {
        first_card: FirstCard::AdministratorCode,
        card_first: CardFirst::Off,
        ..TenantPolicy::default()
    })
    .await;
    let (mut mia, mut card) = (Person::new("mia@acme.example"), Card::new(1));
    let mut hers = world.browser();
    world.entra_leg(&mut hers, &mut mia).await.unwrap();
    let mut browser = administrator(&world).await;
    let completed = browser.get(USERS).await;
    assert!(!completed.body.contains("mia@acme.example"), "she has not completed a sign-in");
    let waits = "1 person has signed in at Azure and has no card yet";
    assert!(completed.body.contains(waits), "{}", completed.body);
    assert!(completed.body.contains(&format!("href=\"{USERS}?filter=no-card\"")));
    for tab in ["Completed a sign-in (0)", "Azure only, no card yet (1)", "All (1)"] {
        assert!(completed.body.contains(tab), "{tab}: {}", completed.body);
    }
    let list = browser.get(&format!("{USERS}?filter=no-card")).await;
    let id = ids_after(&list, &format!("{USERS}/")).pop().unwrap();
    let shown = browser.post_form(&format!("{USERS}/{id}/code"), &[]).await;
    let code = shown.body.split("data-code>").nth(1).unwrap().split('<').next().unwrap();
    assert_eq!(code.len(), 9, "{code}");
    let page = browser.get(&format!("{USERS}/{id}")).await;
    assert!(!page.body.contains(code), "the code is shown a second time");
    let audit = browser.get("/admin/tenants/acme/audit").await;
    assert!(audit.body.contains("code.issued") && !audit.body.contains(code));
    let taken = hers.post_form("/realms/acme/login/code", &[("code", code)]).await;
    assert_eq!(taken.status, 303, "{taken:?}");
    let tapped = card.tap(&mut hers, "/realms/acme/login/card").await;
    assert_eq!(tapped.status, 200, "{tapped:?}");
    // With a card, a code would let somebody else take over.
    assert_eq!(browser.post_form(&format!("{USERS}/{id}/code"), &[]).await.status, 409);
}

#[tokio::test]
async fn a_code_from_the_console_lives_ten_minutes() {
    let world = World::with_policy(TenantPolicy::default()).await;
    let mut hers = world.browser();
    world.entra_leg(&mut hers, &mut Person::new("mia@acme.example")).await.unwrap();
    let mut browser = administrator(&world).await;
    let list = browser.get(&format!("{USERS}?filter=no-card")).await;
    let id = ids_after(&list, &format!("{USERS}/")).pop().unwrap();
    for minutes in [10, 9] {
        let shown = browser.post_form(&format!("{USERS}/{id}/code"), &[]).await;
        let code = shown.body.split("data-code>").nth(1).unwrap().split('<').next().unwrap();
        let pass = format!("UPDATE code SET expires_at = expires_at - {minutes} * 60000000");
        assert_eq!(world.sql(&pass).await, 1);
        let taken = hers.post_form("/realms/acme/login/code", &[("code", code)]).await;
        assert_eq!(taken.status == 303, minutes == 9, "after {minutes} minutes: {taken:?}");
    }
}

#[tokio::test]
async fn people_are_found_and_listed_page_by_page() {
    let (world, mut browser, _, _, _) = mia_signed_in().await;
    let tenant = world.tenant("acme").await;
    let mut tx = world.app.store().write(tenant.id).await.unwrap();
    let mia = tx.person_by_username("mia@acme.example").await.unwrap().unwrap();
    for number in 0..120 {
        let person = identity::Person {
            id: ids::UserId(uuid::Uuid::new_v4()),
            username: format!("p{number:03}@acme.example"),
            email: None,
            ..mia.clone()
        };
        tx.write_person(&person).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut path = format!("{USERS}?filter=all");
    let (mut seen, mut pages) = (0, 0);
    loop {
        let page = browser.get(&path).await;
        seen += ids_after(&page, &format!("{USERS}/")).len();
        pages += 1;
        let Some(rest) = page.body.split("<a class=\"button\" href=\"").nth(1) else { break };
        path = rest.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    }
    assert_eq!((seen, pages), (121, 3));
    assert!(browser.get(USERS).await.body.contains("All (100+)"));
    let found = browser.get(&format!("{USERS}?filter=all&q=P042")).await;
    assert_eq!(ids_after(&found, &format!("{USERS}/")).len(), 1);
}

#[tokio::test]
async fn a_person_of_another_tenant_is_not_found() {
    let (world, mut browser, _, _, page) = mia_signed_in().await;
    world.add_tenant("globex", TenantPolicy::default()).await;
    let there = page.replace("/acme/", "/globex/");
    assert_eq!(browser.get(&there).await.status, 404);
    for deed in ["disable", "code", "sessions/end"] {
        let answer = browser.post_form(&format!("{there}/{deed}"), &[]).await;
        assert_eq!(answer.status, 404, "{deed}");
    }
}
