//! Entra external MFA, as an administrator sets it up.

use e2e::{Browser, World};
use entra_stand_in::{ACME, BIRCH};

use crate::support::{administrator, marks};

const PAGE: &str = "/admin/tenants/acme/external-mfa";
const APP: &str = "2c1f0a4e-5b7d-4e4c-9a39-7c0d5f1b7a11";

/// Adds a connection; its client id.
pub(crate) async fn connection(browser: &mut Browser) -> String {
    let directory = ACME.to_string();
    let form = [("app_id", APP), ("directories", directory.as_str())];
    let added = browser.post_form(&format!("{PAGE}/new"), &form).await;
    assert_eq!(added.location, Some(format!("{PAGE}/{APP}?done=added")), "{added:?}");
    APP.to_owned()
}

/// Kinds of the tenant's audit events about it.
async fn audited(world: &World) -> Vec<String> {
    let dump = world.dump().await;
    let rows = dump.rows("audit");
    let kinds = rows.iter().map(|row| row["kind"].replace('\'', ""));
    kinds.filter(|kind| kind.starts_with("eam.") || kind.starts_with("signing-key")).collect()
}

#[tokio::test]
async fn an_administrator_adds_changes_and_deletes_a_connection() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let issuer = format!("{}/realms/acme/eam", world.origin);
    let document = format!("{issuer}/.well-known/openid-configuration");
    let page = browser.get(PAGE).await;
    assert!(page.body.contains("No connections") && page.body.contains("No key yet"), "{page:?}");
    // What Azure must be told is there before anything else, ready to be copied.
    for told in [format!("{issuer}/auth"), document.clone()] {
        assert!(page.body.contains(&format!("data-copy=\"{told}\"")), "{told}: {page:?}");
    }
    assert_eq!(world.browser().get(&document).await.status, 404);

    connection(&mut browser).await;
    assert_eq!(world.browser().get(&document).await.status, 200);
    let page = browser.get(PAGE).await;
    assert!(page.body.contains(&format!("href=\"{PAGE}/{APP}\"")), "{page:?}");
    let tenant = world.tenant("acme").await.id;
    let stored = || async {
        let mut rows = world.app.store().read(tenant).await.unwrap();
        rows.eam_connections().await.unwrap()
    };
    let first = stored().await.remove(0);
    assert_eq!((first.client_id.as_str(), first.app_id.as_str(), first.enabled), (APP, APP, true));
    assert_eq!(first.authority, "https://login.microsoftonline.com");

    let (birch, cloud) = (BIRCH.to_string(), world.stand_in.base_url().to_owned());
    let form = [
        ("app_id", birch.as_str()),
        ("client_id", birch.as_str()),
        ("directories", birch.as_str()),
        ("cloud", cloud.as_str()),
        ("enabled", "no"),
    ];
    let saved = browser.post_form(&format!("{PAGE}/{APP}"), &form).await;
    assert_eq!(saved.location, Some(format!("{PAGE}?done=saved")), "{saved:?}");
    let changed = stored().await.remove(0);
    assert_eq!((changed.client_id.as_str(), &changed.app_id), (APP, &birch), "the id is fixed");
    assert_eq!((changed.directories, changed.enabled), (vec![birch], false));
    assert_eq!((changed.authority, changed.created_at), (cloud, first.created_at));

    let delete = format!("{PAGE}/{APP}/delete");
    assert_eq!(browser.get(&delete).await.status, 200);
    assert_eq!(browser.post_form(&delete, &[]).await.status, 303);
    assert_eq!(browser.post_form(&delete, &[]).await.status, 404);
    assert!(stored().await.is_empty());
    let kinds = ["eam.connection-saved", "eam.connection-saved", "eam.connection-deleted"];
    assert_eq!(audited(&world).await, kinds);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_field_and_changes_nothing() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    connection(&mut browser).await;
    let before = world.dump().await;
    let directory = ACME.to_string();
    let good = [("app_id", APP), ("directories", directory.as_str())];
    for (field, value) in [
        ("app_id", ""),
        ("app_id", "contoso"),
        // There is one with this id.
        ("client_id", APP),
        ("client_id", "../settings"),
        ("directories", ""),
        ("directories", "common"),
        ("cloud", "https://login.evil.test"),
        ("enabled", "maybe"),
    ] {
        let mut form: Vec<_> = good.into_iter().filter(|(name, _)| *name != field).collect();
        form.push((field, value));
        let refused = browser.post_form(&format!("{PAGE}/new"), &form).await;
        assert!(marks(&refused, field), "{field}={value}: {refused:?}");
    }
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
}

#[tokio::test]
async fn a_connection_of_another_tenant_is_not_found() {
    let world = World::start().await.with_birch().await;
    let mut browser = administrator(&world).await;
    connection(&mut browser).await;
    let before = world.dump().await;
    let there = format!("/admin/tenants/birch/external-mfa/{APP}");
    let delete = format!("{there}/delete");
    for page in [&there, &delete] {
        assert_eq!(browser.get(page).await.status, 404, "{page}");
        let directory = ACME.to_string();
        let form = [("app_id", APP), ("directories", directory.as_str())];
        assert_eq!(browser.post_form(page, &form).await.status, 404, "{page}");
    }
    assert!(!browser.get("/admin/tenants/birch/external-mfa").await.body.contains(APP));
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
}

#[tokio::test]
async fn the_next_key_is_published_on_demand_and_one_at_a_time() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let rotate = format!("{PAGE}/rotate");
    let nothing = Some(format!("{PAGE}?done=on-its-way"));
    assert_eq!(browser.post_form(&rotate, &[]).await.location, nothing, "there is no key");
    connection(&mut browser).await;
    let certs = format!("{}/realms/acme/eam/certs", world.origin);
    let published = || async {
        let keys = world.browser().get(&certs).await.json();
        keys["keys"].as_array().unwrap().len()
    };
    assert_eq!(published().await, 1);
    assert!(browser.get(PAGE).await.body.contains("Rotate now"));
    let asked = browser.get(&rotate).await;
    assert!(asked.body.contains("three days"), "{asked:?}");
    let rotated = browser.post_form(&rotate, &[]).await;
    assert_eq!(rotated.location, Some(format!("{PAGE}?done=rotated")), "{rotated:?}");
    assert_eq!(published().await, 2);
    let page = browser.get(PAGE).await;
    assert!(page.body.contains("Next") && !page.body.contains("Rotate now"), "{page:?}");
    assert_eq!(browser.post_form(&rotate, &[]).await.location, nothing);
    assert_eq!(published().await, 2);
    let tenant = world.tenant("acme").await.id;
    let mut rows = world.app.store().read(tenant).await.unwrap();
    let keys = rows.signing_keys(store::KeyIssuer::Eam).await.unwrap();
    let two_days = std::time::Duration::from_secs(2 * 86_400);
    let (old, next) = (keys[0].0.dates, keys[1].0.dates);
    assert!(next.active_from >= next.published_at.plus(two_days), "{next:?}");
    assert_eq!(old.retired_at, Some(next.active_from));
    assert!(old.ends_at.unwrap() >= next.active_from.plus(two_days), "{old:?}");
    assert!(audited(&world).await.contains(&"signing-key.rotated".to_owned()));
}

#[tokio::test]
async fn the_page_tells_what_became_of_requests_and_why_the_last_was_refused() {
    let world = World::start().await;
    let mfa = world.connect_mfa().await;
    let mut browser = administrator(&world).await;
    let page = browser.get(PAGE).await;
    assert!(page.body.contains("No requests yet"), "{page:?}");
    // Nobody has vouched for this one: it is on no record, and the page says why all the same.
    let mut una = entra_stand_in::Person::new("una@acme.example");
    let request = mfa.asked(&mut una).await;
    let foreign = request.clone().with("client_id", APP);
    let refused = mfa.post(&mut world.browser(), &foreign).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    let page = browser.get(PAGE).await;
    assert!(page.body.contains("was refused at once") && page.body.contains("No requests yet"));
    // For this one Entra has; the person has no card.
    mfa.post(&mut world.browser(), &request).await;
    let page = browser.get(PAGE).await;
    assert!(page.body.contains("was refused (EAM-15): the person has no card"), "{page:?}");
    assert!(page.body.contains("Give the person a one-time code"), "{page:?}");
    let other = "/admin/tenants/operators/external-mfa";
    assert!(!browser.get(other).await.body.contains("refused"));
}

#[tokio::test]
async fn one_tap_is_a_setting() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    assert!(world.tenant("acme").await.policy.one_tap);
    let settings = "/admin/tenants/acme/settings";
    assert_eq!(browser.post_form(settings, &[("one_tap", "no")]).await.status, 303);
    assert!(!world.tenant("acme").await.policy.one_tap);
    // What is not said stays.
    browser.post_form(settings, &[("session_minutes", "30")]).await;
    assert!(!world.tenant("acme").await.policy.one_tap);
}
