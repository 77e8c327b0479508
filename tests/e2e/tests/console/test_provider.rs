//! "Test this provider".

use e2e::{Answer, Browser, Card, World};
use entra_stand_in::{Arrival, GroupsClaim, OptionalClaim, Person};
use identity::TenantPolicy;

use crate::support::{administrator, administrator_with};

const START: &str = "/admin/tenants/acme/providers/azure/test/start";

/// The address that Entra sends the administrator's browser back to.
async fn round_trip(browser: &mut Browser, person: &mut Person) -> String {
    let start = browser.get(START).await;
    let away = start.location.clone().unwrap_or_else(|| panic!("{start:?}"));
    match person.sign_in(&away).await {
        Ok(Arrival::Redirect(url)) => url.to_string(),
        other => panic!("{other:?}"),
    }
}

async fn test(browser: &mut Browser) -> Answer {
    let callback = round_trip(browser, &mut Person::new("mia@acme.example")).await;
    browser.get(&callback).await
}

#[tokio::test]
async fn a_test_shows_steps_claims_and_mappers_and_imports_nothing() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let page = test(&mut browser).await;
    assert_eq!(page.status, 200, "{page:?}");
    for part in
        ["It works", "Azure Username", "<code>upn</code>", "mia@acme.example", "Would write"]
    {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains(">Failed<") && !page.body.contains(">Not reached<"));
    assert!(!page.body.contains(&world.azure.secret));
    let tenant = world.tenant("acme").await;
    let mut rows = world.app.store().read(tenant.id).await.unwrap();
    assert_eq!(rows.person_by_username("mia@acme.example").await.unwrap(), None);
    assert!(browser.cookie("__Host-sid-acme").is_none());
}

#[tokio::test]
async fn what_is_missing_comes_with_where_to_click() {
    let world = World::start().await;
    world.stand_in.set_optional_claims(world.azure.client_id, &[] as &[OptionalClaim]).unwrap();
    let mut browser = administrator(&world).await;
    let page = test(&mut browser).await;
    assert!(page.body.contains("It works, but 2 claims are missing: upn, auth_time"), "{page:?}");
    assert!(page.body.contains("Add optional claim → ID → upn"), "{}", page.body);
    assert!(page.body.contains("Add optional claim → ID → auth_time"), "{}", page.body);
    assert!(page.body.contains("Needed by the mapper Azure Username."), "{}", page.body);
    let overview = browser.get("/admin/tenants/acme/").await;
    assert!(overview.body.contains("Azure does not send auth_time"), "{}", overview.body);
}

#[tokio::test]
async fn a_claim_that_a_mapper_reads_is_missing_although_the_tester_was_here_before() {
    let world = World::start().await;
    world
        .sign_in(&mut world.browser(), &mut Person::new("mia@acme.example"), &mut Card::new(1))
        .await
        .unwrap();
    world.stand_in.set_groups_claim(world.azure.client_id, GroupsClaim::None).unwrap();
    world.stand_in.set_optional_claims(world.azure.client_id, &[] as &[OptionalClaim]).unwrap();
    let import_once = world.sql("UPDATE mapper SET sync = 'IMPORT'").await;
    assert!(import_once > 0);
    let page = test(&mut administrator(&world).await).await;
    assert!(page.body.contains("3 claims are missing: groups, upn, auth_time"), "{}", page.body);
    assert!(page.body.contains("Add groups claim"), "{}", page.body);
}

#[tokio::test]
async fn without_a_mapper_the_test_says_that_nothing_is_kept_and_what_could_be_asked_for() {
    let world = World::with_policy(TenantPolicy::default()).await;
    world.stand_in.set_optional_claims(world.azure.client_id, &[] as &[OptionalClaim]).unwrap();
    world.sql("DELETE FROM mapper WHERE name LIKE 'azure%' OR name LIKE 'Azure%'").await;
    let page = test(&mut administrator(&world).await).await;
    assert!(page.body.contains("It works, but nothing of what came is kept"), "{}", page.body);
    assert!(page.body.contains("What Entra sends only when asked"), "{}", page.body);
    assert!(page.body.contains("Add optional claim → ID → upn"), "{}", page.body);
}

#[tokio::test]
async fn lists_and_moments_among_the_claims_are_shown_as_people_read_them() {
    let world = World::start().await;
    let page = test(&mut administrator(&world).await).await;
    let claims = page.body.split("Claims that came").nth(1).unwrap();
    let of = |name: &str| {
        let from = claims.split(&format!("<code>{name}</code>")).nth(1).unwrap();
        from.split("</dd>").next().unwrap().to_owned()
    };
    assert!(!of("groups").contains('[') && of("groups").contains("class=\"value\""), "{claims}");
    for moment in ["exp", "iat", "nbf", "auth_time"] {
        assert!(of(moment).contains(" UTC ("), "{moment}: {}", of(moment));
    }
}

#[tokio::test]
async fn the_result_loaded_again_says_that_the_test_is_over_and_where_to_begin_anew() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let callback = round_trip(&mut browser, &mut Person::new("mia@acme.example")).await;
    assert_eq!(browser.get(&callback).await.status, 200);
    let before = world.dump().await;
    let again = browser.get(&callback).await;
    assert_eq!((again.status, again.title().as_str()), (409, "This test is over"), "{again:?}");
    assert!(again.body.contains(&format!("href=\"{START}\"")), "{}", again.body);
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
}

#[tokio::test]
async fn a_wrong_secret_is_explained_with_its_aadsts_code() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let path = "/admin/tenants/acme/providers/azure";
    let id = world.azure.client_id.to_string();
    let form =
        crate::support::provider_form(&world.azure, &id, &[("client_secret", "not~the~secret")]);
    assert_eq!(browser.post_form(path, &form).await.status, 303);
    let page = test(&mut browser).await;
    assert!(page.body.contains("AADSTS7000215"), "{}", page.body);
    assert!(page.body.contains("It does not work yet"));
    assert!(!page.body.contains("not~the~secret"));
}

#[tokio::test]
async fn a_token_of_another_audience_is_shown_as_the_check_that_failed() {
    let world = World::start().await;
    world.stand_in.spoil_id_tokens(entra_stand_in::IdTokenFault::claim("aud", "somebody-else"));
    let mut browser = administrator(&world).await;
    let page = test(&mut browser).await;
    assert!(page.body.contains("Application (client) ID in Azure"), "{}", page.body);
    assert_eq!(page.body.matches(">Failed<").count(), 1, "{}", page.body);
}

#[tokio::test]
async fn the_answer_of_a_test_counts_once_and_for_the_browser_that_began() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let callback = round_trip(&mut browser, &mut Person::new("mia@acme.example")).await;
    let stranger = world.browser().get(&callback).await;
    assert_eq!(stranger.status, 403, "{stranger:?}");
    let cookie = browser.cookie("__Host-test").unwrap().to_owned();
    let mut thief = world.browser();
    thief.set_cookie("__Host-test", &cookie);
    assert_eq!(thief.get(&callback).await.status, 403, "the cookie alone is enough");
    assert_eq!(browser.get(&callback).await.status, 200);
    browser.set_cookie("__Host-test", &cookie);
    assert_eq!(browser.get(&callback).await.status, 409, "it counts twice");
}

#[tokio::test]
async fn another_administrator_cannot_take_over_a_test() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let callback = round_trip(&mut browser, &mut Person::new("mia@acme.example")).await;
    let mut other = administrator(&world).await;
    other.set_cookie("__Host-test", browser.cookie("__Host-test").unwrap());
    assert_eq!(other.get(&callback).await.status, 403);
    assert_eq!(browser.get(&callback).await.status, 200);
}

#[tokio::test]
async fn a_test_goes_on_when_its_administrator_confirms_something_meanwhile() {
    let world = World::start().await;
    let (mut browser, mut card) = administrator_with(&world).await;
    let callback = round_trip(&mut browser, &mut Person::new("mia@acme.example")).await;
    let before = browser.cookie("__Host-admin").unwrap().to_owned();
    browser.post_form("/admin/step-up", &[("to", "/admin/")]).await;
    let confirmed = card.tap(&mut browser, "/realms/operators/login/card").await;
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    assert_ne!(browser.cookie("__Host-admin"), Some(before.as_str()));
    let page = browser.get(&callback).await;
    assert!(page.status == 200 && page.body.contains("It works"), "{page:?}");
}

#[tokio::test]
async fn a_test_of_a_session_that_has_ended_is_nobodys() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let callback = round_trip(&mut browser, &mut Person::new("mia@acme.example")).await;
    browser.post_form("/admin/sign-out", &[]).await;
    assert_eq!(browser.get(&callback).await.status, 403);
}

#[tokio::test]
async fn a_disabled_provider_can_be_tested_before_people_may_use_it() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let id = world.azure.client_id.to_string();
    let change = [("enabled", "no"), ("client_secret", "")];
    let form = crate::support::provider_form(&world.azure, &id, &change);
    let saved = browser.post_form("/admin/tenants/acme/providers/azure", &form).await;
    assert_eq!(saved.status, 303, "{saved:?}");
    let page = test(&mut browser).await;
    assert!(page.body.contains("It works"), "{}", page.body);
}
