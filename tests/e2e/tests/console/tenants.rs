//! Tenants, their settings and their audit chain.

use e2e::{Card, World};
use entra_stand_in::Person;
use identity::{CardFirst, FirstCard};

use crate::support::{administrator, marks};

#[tokio::test]
async fn a_tenant_is_made_in_lower_case_and_only_once() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let made = browser.post_form("/admin/tenants", &[("name", "Globex"), ("slug", "GLOBEX")]).await;
    assert_eq!(made.location.as_deref(), Some("/admin/tenants/globex/?done=created"));
    let page = browser.follow(made).await;
    assert!(page.body.contains("/realms/globex/account/"), "{}", page.body);
    let again = browser.post_form("/admin/tenants", &[("name", "G"), ("slug", "globex")]).await;
    assert!(marks(&again, "slug"), "{}", again.body);
    assert!(again.body.contains("value=\"G\""), "the name that was typed is lost");
}

#[tokio::test]
async fn a_tenant_is_made_in_one_commit_with_one_event_that_names_who_made_it() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let before = (world.dump().await, world.app.store().figures().transactions);
    let made = browser.post_form("/admin/tenants", &[("name", "Globex"), ("slug", "globex")]).await;
    assert_eq!(made.status, 303, "{made:?}");
    assert_eq!(world.app.store().figures().transactions - before.1, 1);
    assert_eq!(before.0.audited(&world.dump().await), ["tenant.created"]);
    let tenant = world.tenant("globex").await;
    let mut rows = world.app.store().read(tenant.id).await.unwrap();
    let events = rows.audit(0, 10).await.unwrap();
    assert!(events[0].actor.is_some(), "{events:?}");
}

#[tokio::test]
async fn a_tenant_needs_a_name_and_a_slug_that_fits_an_address() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let long = "x".repeat(81);
    for (name, slug, field) in [
        ("", "globex", "name"),
        (long.as_str(), "globex", "name"),
        ("Globex", "a", "slug"),
        ("Globex", "a b", "slug"),
        ("Globex", "../x", "slug"),
    ] {
        let answer = browser.post_form("/admin/tenants", &[("name", name), ("slug", slug)]).await;
        assert!(marks(&answer, field), "{name} {slug}: {}", answer.status);
    }
    let twice = browser
        .post_form("/admin/tenants", &[("name", "A"), ("slug", "one"), ("slug", "two")])
        .await;
    assert_eq!(twice.status, 400);
}

#[tokio::test]
async fn a_slug_is_made_of_the_name_in_plain_letters_and_its_address_is_shown() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let refused =
        browser.post_form("/admin/tenants", &[("name", "Z\u{fc}rich"), ("slug", "acme")]).await;
    assert!(marks(&refused, "slug"), "{}", refused.body);
    let shown = format!("{}/realms/<strong data-slug-shown>acme</strong>/account/", world.origin);
    assert!(refused.body.contains(&shown), "{}", refused.body);
    let made = browser.post_form("/admin/tenants", &[("name", "Birch Hospital Z\u{fc}rich")]).await;
    let page = "/admin/tenants/birch-hospital-zuerich/?done=created";
    assert_eq!(made.location.as_deref(), Some(page));
}

#[tokio::test]
async fn words_of_our_own_addresses_are_no_slugs() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    for (name, slug) in [("Acme", "admin"), ("Acme", "HELP"), ("Login", ""), ("Acme", "operators")]
    {
        let answer = browser.post_form("/admin/tenants", &[("name", name), ("slug", slug)]).await;
        assert!(marks(&answer, "slug"), "{name} {slug}: {}", answer.status);
    }
}

#[tokio::test]
async fn a_tenant_is_renamed_and_keeps_its_slug() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let path = "/admin/tenants/acme/settings";
    let before = world.dump().await;
    let form = [("tenant_name", "Acme Clinics"), ("tenant_slug", "other")];
    assert_eq!(browser.post_form(path, &form).await.status, 303);
    assert_eq!(world.tenant("acme").await.display_name, "Acme Clinics");
    assert_eq!(before.audited(&world.dump().await), ["tenant.renamed", "policy.saved"]);
    let both = [("tenant_name", " "), ("session_minutes", "4")];
    let refused = browser.post_form(path, &both).await;
    assert!(marks(&refused, "tenant_name") && marks(&refused, "session_minutes"), "{refused:?}");
    assert_eq!(world.tenant("acme").await.display_name, "Acme Clinics");
}

#[tokio::test]
async fn the_first_page_finds_tenants_by_name_and_slug() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    world.add_tenant("globex", identity::TenantPolicy::default()).await;
    let all = browser.get("/admin/").await;
    assert!(all.body.contains("/admin/tenants/acme/") && all.body.contains("globex"));
    let found = browser.get("/admin/?q=GLOB").await;
    let row = "<th scope=\"row\"><a href=\"/admin/tenants/acme/\"";
    assert!(all.body.contains(row) && !found.body.contains(row), "{}", found.body);
}

#[tokio::test]
async fn settings_are_saved_and_nonsense_is_marked() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let form = [
        ("first_card", "administrator-code"),
        ("card_first", "days"),
        ("card_first_days", "7"),
        ("straight_to_provider", "yes"),
        ("session_minutes", "30"),
    ];
    let path = "/admin/tenants/acme/settings";
    assert_eq!(browser.post_form(path, &form).await.status, 303);
    let policy = world.tenant("acme").await.policy;
    assert_eq!(policy.first_card, FirstCard::AdministratorCode);
    assert_eq!(policy.card_first, CardFirst::WithinDays(7));
    assert!(policy.straight_to_provider);
    assert_eq!(policy.session_seconds, 1800);
    for (field, value) in [
        ("first_card", "anybody"),
        ("card_first", "maybe"),
        ("card_first_days", "0"),
        ("straight_to_provider", "perhaps"),
        ("session_minutes", "4"),
        ("session_minutes", "1441"),
    ] {
        let mut bad = form.to_vec();
        bad.retain(|(name, _)| *name != field);
        bad.push((field, value));
        let answer = browser.post_form(path, &bad).await;
        assert!(marks(&answer, field), "{field}={value}: {}", answer.status);
    }
    assert_eq!(world.tenant("acme").await.policy, policy, "a refused form changed something");
}

#[tokio::test]
async fn operators_cannot_lock_themselves_out() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let path = "/admin/tenants/operators/settings";
    let answer = browser.post_form(path, &[("card_first", "off")]).await;
    assert!(marks(&answer, "card_first"), "{}", answer.status);
    let me = browser.get("/admin/tenants/operators/users").await;
    let ids = crate::support::ids_after(&me, "/admin/tenants/operators/users/");
    let path = format!("/admin/tenants/operators/users/{}/disable", ids[0]);
    assert_eq!(browser.post_form(&path, &[]).await.status, 409);
    assert_eq!(browser.get("/admin/").await.status, 200);
}

#[tokio::test]
async fn the_audit_page_names_who_did_it_and_verifies_the_chain() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    browser.post_form("/admin/tenants/acme/settings", &[("session_minutes", "30")]).await;
    let page = browser.get("/admin/tenants/acme/audit").await;
    assert!(page.body.contains("The audit chain is whole"), "{}", page.body);
    assert!(page.body.contains("policy.saved") && page.body.contains("Olivia Bauer"));
    assert!(page.body.contains("session_seconds: 28800 → 1800"), "{}", page.body);
}

#[tokio::test]
async fn the_audit_page_says_in_words_what_happened_to_whom_and_with_what() {
    let world = World::start().await;
    let (mut mia, mut card) = (Person::new("mia@acme.example"), Card::new(1));
    world.sign_in(&mut world.browser(), &mut mia, &mut card).await.unwrap();
    world.sql("UPDATE credential SET label = 'Staff badge'").await;
    let mut browser = administrator(&world).await;
    let page = browser.get("/admin/tenants/acme/audit").await;
    for words in [
        "Signed in at Azure",
        "Enrolled “Staff badge”, after a fresh Entra sign-in",
        "Signed in to the account page with “Staff badge”",
        ">Mia Member</a>",
        "<code>login.signed-in</code>",
    ] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    // Each event that these tests cause has its sentence: none stands there by its name alone.
    assert!(!page.body.contains("<th scope=\"row\"><code>"), "{}", page.body);
}

#[tokio::test]
async fn clients_lead_to_the_account_page() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let page = browser.get("/admin/tenants/acme/clients").await;
    assert!(page.body.contains("<code>account</code>"), "{}", page.body);
    assert!(page.body.contains("href=\"/realms/acme/account/\""), "{}", page.body);
}
