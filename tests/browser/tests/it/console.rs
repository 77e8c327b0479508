//! Changes in the console that need a newer proof.

use browser::Chrome;
use e2e::World;

const SETTINGS: &str = "/admin/tenants/acme/settings";

#[tokio::test]
async fn a_slug_and_its_address_follow_the_name_in_letters_from_a_to_z() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let _key = chrome.plug_in_key().await;
    chrome.open(&server::invite(&world.config).await.unwrap()).await;
    chrome.fill("Your name", "Olivia Bauer").await;
    chrome.press("Go on").await;
    chrome.press("Card or key").await;
    chrome.see("Create a tenant").await;
    for (name, slug) in [
        ("Birch Hospital ZÜRICH", "birch-hospital-zuerich"),
        ("Hôpital de l’Île, Genève", "hopital-de-lile-geneve"),
        ("Szpital w Łodzi", "szpital-w-lodzi"),
        ("Århus Straße", "arhus-strasse"),
    ] {
        chrome.fill("Name", name).await;
        assert_eq!(chrome.value("Slug").await, slug);
        chrome.see(&format!("{}/realms/{slug}/account/", world.origin)).await;
    }
}

#[tokio::test]
async fn what_was_typed_is_there_again_after_the_card_and_is_saved_by_the_person() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let _key = chrome.plug_in_key().await;
    chrome.open(&server::invite(&world.config).await.unwrap()).await;
    chrome.fill("Your name", "Olivia Bauer").await;
    chrome.press("Go on").await;
    chrome.press("Card or key").await;
    chrome.see("Create a tenant").await;
    world.sql("UPDATE proof SET verified_at = verified_at - 300000000").await;
    chrome.open(&format!("{}{SETTINGS}", world.origin)).await;
    chrome.fill("Session length in minutes", "45").await;
    chrome.tick("On").await;
    chrome.press("Save").await;
    chrome.see("Nothing has been changed yet").await;
    chrome.press("Confirm with your card").await;
    chrome.see("To confirm a change in the console, use your card").await;
    chrome.press("Card or key").await;
    chrome.see("You have confirmed with your card").await;
    assert_eq!(chrome.value("Session length in minutes").await, "45");
    assert_ne!(world.tenant("acme").await.policy.session_seconds, 45 * 60, "sent by itself");
    chrome.press("Save").await;
    chrome.see("Saved").await;
    let policy = world.tenant("acme").await.policy;
    assert_eq!(policy.session_seconds, 45 * 60);
    assert_eq!(format!("{:?}", policy.card_first), "On");
    // The answer to the first "Save" is a refusal, and nothing else is amiss.
    let complaints = chrome.complaints().await;
    assert!(complaints.iter().all(|text| text.contains("status of 403")), "{complaints:?}");
}
