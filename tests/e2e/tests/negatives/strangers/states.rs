//! What a stranger's `state` is good for.

use e2e::{Browser, World};
use entra_stand_in::Endpoint;
use identity::Provider;
use url::Url;

use crate::support::{ACME, assert_clear, assert_unchanged, mia};

/// The callback that a stranger makes up for a login of their own.
fn junk(authorize: &str, code: &str) -> String {
    let url = Url::parse(authorize).unwrap();
    let (_, state) = url.query_pairs().find(|(name, _)| name == "state").unwrap();
    ACME.path(&format!("broker/azure/endpoint?code={code}&state={state}"))
}

#[tokio::test]
async fn a_state_makes_us_call_the_provider_once() {
    let world = World::start().await;
    let mut browser = world.browser();
    let authorize = ACME.to_provider(&mut browser).await;
    let kept = browser.clone();
    let (before, asked) = (world.dump().await, world.stand_in.count(Endpoint::Token));
    let first = browser.get(&junk(&authorize, "junk")).await;
    assert_clear("junk", &first);
    for code in ["junk", "other-junk", "0.AXoA"] {
        let again = kept.clone().get(&junk(&authorize, code)).await;
        assert_clear(code, &again);
        assert_eq!((again.status, again.title().as_str()), (409, "This sign-in has expired"));
    }
    assert_eq!(world.stand_in.count(Endpoint::Token), asked + 1);
    assert_unchanged("junk", &before, &world.dump().await);
    // And who reloads starts again, in the same browser.
    ACME.to_card(&mut browser, &mut mia()).await;
}

/// Changes the settings of acme's provider, as an administrator does.
async fn change(world: &World, change: impl FnOnce(&mut Provider)) {
    let tenant = world.tenant("acme").await;
    let alias = "azure".to_owned().try_into().unwrap();
    let mut rows = world.app.store().read(tenant.id).await.unwrap();
    let mut provider = rows.provider(&alias).await.unwrap().unwrap();
    drop(rows);
    change(&mut provider);
    let mut tx = world.app.store().write(tenant.id).await.unwrap();
    tx.put_provider(&provider).await.unwrap();
    tx.commit().await.unwrap();
}

async fn assert_starts_again(world: &World, mut browser: Browser, callback: &str) {
    let (before, asked) = (world.dump().await, world.stand_in.count(Endpoint::Token));
    let refused = browser.get(callback).await;
    assert_clear("changed", &refused);
    assert_eq!(refused.title(), "The sign-in settings have changed");
    assert!(refused.body.contains("Start again"), "{refused:?}");
    assert_eq!(world.stand_in.count(Endpoint::Token), asked, "the code went to somebody");
    assert_unchanged("changed", &before, &world.dump().await);
}

#[tokio::test]
async fn a_code_goes_to_the_issuer_and_client_that_the_browser_was_sent_to() {
    let world = World::start().await;
    let mut browser = world.browser();
    let callback = ACME.to_callback(&mut browser, &mut mia()).await;
    change(&world, |provider| provider.client_id = "another".into()).await;
    assert_starts_again(&world, browser.clone(), &callback).await;
    let client = world.azure.client_id.to_string();
    let issuer = format!("{}/common/v2.0", world.stand_in.base_url());
    change(&world, |provider| {
        provider.client_id = client;
        provider.endpoints.issuer = issuer;
    })
    .await;
    assert_starts_again(&world, browser.clone(), &callback).await;
    // Any other setting may change meanwhile.
    let issuer = format!("{}/{}/v2.0", world.stand_in.base_url(), world.azure.directory);
    change(&world, |provider| {
        provider.endpoints.issuer = issuer;
        provider.display_name = "Microsoft".into();
    })
    .await;
    assert_eq!(browser.get(&callback).await.status, 303);
}
