//! Entra, then the card: the main way in.
#![expect(clippy::unwrap_used, reason = "what goes wrong here is a red test")]

use e2e::{Card, Way, World};
use entra_stand_in::Person;
use identity::{CardFirst, Provider, TenantPolicy};

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

/// Where `/realms/acme/login` leads a browser that is new; the page, if it shows one.
async fn login_page(world: &World, query: &str) -> e2e::Answer {
    world.browser().get(&format!("/realms/acme/login{query}")).await
}

const STRAIGHT: &str = "/realms/acme/broker/azure/login?login=0";

/// A tenant with this policy, and two providers: `azure`, and one that is not shown.
async fn with_a_hidden_provider(policy: TenantPolicy) -> World {
    let world = World::with_policy(policy).await;
    let tenant = world.tenant("acme").await;
    let mut rows = world.app.store().read(tenant.id).await.unwrap();
    let azure = rows.providers().await.unwrap().pop().unwrap();
    drop(rows);
    let hidden = Provider {
        alias: "partners".to_owned().try_into().unwrap(),
        display_name: "Partners".into(),
        hidden: true,
        position: 1,
        ..azure
    };
    let mut tx = world.app.store().write(tenant.id).await.unwrap();
    tx.put_provider(&hidden).await.unwrap();
    tx.commit().await.unwrap();
    world
}

#[tokio::test]
async fn a_link_that_names_a_provider_shows_the_login_page_with_it_first() {
    let world = with_a_hidden_provider(TenantPolicy::default()).await;
    let plain = login_page(&world, "").await;
    assert!(!plain.body.contains("Sign in with Partners"), "{}", plain.body);
    assert!(plain.body.contains("<details class=\"more-ways\">"), "{}", plain.body);
    let named = login_page(&world, "?kc_idp_hint=partners").await;
    assert_eq!(named.status, 200, "no silent redirect unless the tenant wants it: {named:?}");
    assert!(named.body.contains("<details class=\"more-ways\" open>"), "{}", named.body);
    let first = named.body.find("Sign in with Partners").unwrap();
    assert!(first < named.body.find("Sign in with Azure").unwrap(), "{}", named.body);
    let unknown = login_page(&world, "?kc_idp_hint=nobody").await;
    assert_eq!(unknown.status, 200, "{unknown:?}");
    assert!(!unknown.body.contains("Sign in with Partners"), "{}", unknown.body);
}

#[tokio::test]
async fn a_tenant_that_wants_it_goes_straight_to_the_provider_that_the_link_names() {
    let policy = TenantPolicy { straight_to_provider: true, ..TenantPolicy::default() };
    assert_ne!(policy.card_first, CardFirst::Off);
    let world = with_a_hidden_provider(policy).await;
    let named = login_page(&world, "?kc_idp_hint=partners").await;
    let partners = STRAIGHT.replace("azure", "partners");
    assert_eq!((named.status, named.location.as_deref()), (303, Some(&*partners)));
    assert_eq!(login_page(&world, "").await.status, 200, "a card is a way in too");
    let back = login_page(&world, "?kc_idp_hint=partners&notice=cancelled").await;
    assert_eq!(back.status, 200, "who comes back from there is not sent there again");
}

#[tokio::test]
async fn the_only_way_in_is_gone_straight_only_where_the_tenant_wants_it() {
    let off = TenantPolicy { card_first: CardFirst::Off, ..TenantPolicy::default() };
    let world = World::with_policy(off.clone()).await;
    assert_eq!(login_page(&world, "").await.status, 200);
    assert_eq!(login_page(&world, "?kc_idp_hint=azure").await.status, 200);
    let straight = World::with_policy(TenantPolicy { straight_to_provider: true, ..off }).await;
    let gone = login_page(&straight, "").await;
    assert_eq!((gone.status, gone.location.as_deref()), (303, Some(STRAIGHT)));
}

#[tokio::test]
async fn who_signs_out_is_told_where_they_may_still_be_signed_in() {
    let world = World::start().await;
    let mut browser = world.browser();
    let mut card = Card::new(1);
    let mut mia = Person::new("mia@acme.example");
    world.sign_in(&mut browser, &mut mia, &mut card).await.unwrap();
    let out = browser.post_form("/realms/acme/account/sign-out", &[]).await;
    assert!(out.body.contains("You may still be signed in with Azure"), "{}", out.body);
    // Signed in with the card alone, nobody was at Azure.
    let page = browser.get("/realms/acme/account/").await;
    browser.follow(page).await;
    let tapped = card.tap(&mut browser, "/realms/acme/login/use-card").await;
    assert_eq!(tapped.status, 200, "{tapped:?}");
    let out = browser.post_form("/realms/acme/account/sign-out", &[]).await;
    assert!(out.body.contains("You are signed out"), "{}", out.body);
    assert!(!out.body.contains("You may still be signed in"), "{}", out.body);
}

#[tokio::test]
async fn a_session_that_was_ended_elsewhere_is_told_of_once() {
    let world = World::start().await;
    let (mut here, mut there) = (world.browser(), world.browser());
    let mut card = Card::new(1);
    let mut mia = Person::new("mia@acme.example");
    world.sign_in(&mut here, &mut mia, &mut card).await.unwrap();
    world.sign_in(&mut there, &mut mia, &mut card).await.unwrap();
    there.post_form("/realms/acme/account/sessions/end-others", &[]).await;
    for told in [true, false] {
        let away = here.get("/realms/acme/account/").await;
        let page = here.follow(away).await;
        assert_eq!(page.body.contains("Your session is over"), told, "{}", page.body);
    }
}

const ACME: Way = Way::into("acme");

#[tokio::test]
async fn who_is_refused_at_entra_reads_first_what_they_do_themselves() {
    let world = World::start().await;
    for (code, first) in [
        ("AADSTS50105", "<p>Tell your administrator: In Azure, assign the person"),
        ("AADSTS50020", "<p>Sign out at Microsoft, or use a private window"),
    ] {
        let mut browser = world.browser();
        let authorize = ACME.to_provider(&mut browser).await;
        let (_, state) = authorize.split_once("&state=").unwrap();
        let state = state.split('&').next().unwrap();
        let query = format!("error=x&error_description={code}%3A+no&state={state}");
        let refused = browser.get(&ACME.path(&format!("broker/azure/endpoint?{query}"))).await;
        assert_eq!(refused.status, 403, "{refused:?}");
        assert!(refused.body.contains(first), "{code}: {}", refused.body);
    }
}
