//! The integration guide, clicked through from its first step to its last: the portal of Azure,
//! the console, and the account page. Each instruction is followed under the guide's own words,
//! and none is left out.

mod azure;
mod console;
mod person;

use browser::Chrome;
use e2e::{Walk, World};

/// The name that the guide proposes for the registration.
const NAME: &str = "MPAS-AzureSSO";

/// What the guide calls "your Azure Global Administrator account".
const ADMINISTRATOR: &str = "ada@acme.example";

#[tokio::test]
async fn the_guide_is_walked_in_order_by_clicking() {
    let world = World::start().await;
    put_into_two_groups(&world);
    let chrome = Chrome::start().await;
    let mut walk = Walk::default();
    let portal = chrome.tab().await;
    azure::prerequisites(&mut walk, &chrome, &world).await;
    let console = chrome.new_tab().await;
    let _key = chrome.plug_in_key().await;
    console::prerequisites(&mut walk, &chrome, &world).await;

    chrome.switch_to(&portal).await;
    let registration = azure::register_the_application(&mut walk, &chrome).await;

    chrome.switch_to(&console).await;
    let redirect_uri = console::choose_openid_connect(&mut walk, &chrome, &world).await;
    chrome.switch_to(&portal).await;
    azure::add_the_redirect_uri(&mut walk, &chrome, &redirect_uri).await;
    azure::other_redirect_uris_are_refused(&chrome, &registration, &redirect_uri).await;
    chrome.switch_to(&console).await;
    console::add_the_provider(&mut walk, &chrome, &registration).await;
    console::add_the_mappers(&mut walk, &chrome).await;

    chrome.switch_to(&portal).await;
    azure::beside_the_guide(&chrome, &world).await;

    chrome.switch_to(&console).await;
    person::open_the_account(&mut walk, &chrome, &world).await;
    person::sign_in_with_azure(&mut walk, &chrome).await;
    person::use_the_card(&mut walk, &chrome).await;
    console::look_at_the_users(&mut walk, &chrome, &world).await;
    walk.end();

    person::is_what_azure_said(&chrome, &world).await;
    assert_eq!(chrome.complaints().await, [""; 0]);
}

/// So that a mapper that takes one of several values is seen. There is no place for it in the
/// portal.
fn put_into_two_groups(world: &World) {
    let ada = world.stand_in.user(ADMINISTRATOR).unwrap();
    let mia = world.stand_in.user("mia@acme.example").unwrap();
    world.stand_in.update_user(ada.id, |ada| ada.groups.extend(mia.groups)).unwrap();
}
