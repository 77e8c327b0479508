//! What the guide does as a person who signs in, and who that is then.

use std::collections::BTreeSet;

use browser::Chrome;
use e2e::{Walk, World};
use entra_stand_in::{ACME, GroupKind, PASSWORD};

use super::{ADMINISTRATOR, NAME};

const ACCOUNT: &str = "/realms/clinic/account/";

/// Step 3: Test the Integration.
pub(super) async fn open_the_account(walk: &mut Walk, chrome: &Chrome, world: &World) {
    walk.follow("In MPAS, go to Clients in the left-hand menu.", async || {
        chrome.press("Clients").await;
    })
    .await;
    walk.follow("Find the client named account, then click the Home URL.", async || {
        chrome.see("account").await;
        chrome.press(&format!("{}{ACCOUNT}", world.origin)).await;
    })
    .await;
}

pub(super) async fn sign_in_with_azure(walk: &mut Walk, chrome: &Chrome) {
    let words = "You will be redirected to the login screen Multi-Pass Passwordless, click on \"sjow more ways to log in";
    walk.follow(words, async || {
        chrome.see("Sign in to Clinic").await;
        chrome.press("Show more ways to log in").await;
    })
    .await;
    walk.follow("Choose Sign in with Azure.", async || {
        chrome.press("Sign in with Azure").await;
        chrome.see(&format!("to continue to {NAME}")).await;
    })
    .await;
    let words = "Log in with your Azure Global Administrator account. by adding your email address and password, then you will see a pop up \"verification required\", click continue";
    walk.follow(words, async || {
        chrome.fill("Email address", ADMINISTRATOR).await;
        chrome.press("Next").await;
        chrome.fill("Password", PASSWORD).await;
        chrome.press("Sign in").await;
        chrome.see("Verification required").await;
        chrome.press("Continue").await;
    })
    .await;
    let words = "Review the requested permissions and check “Consent on behalf of your organization”, then click Accept.";
    walk.follow(words, async || {
        chrome.see("Permissions requested").await;
        chrome.tick("Consent on behalf of your organization").await;
        chrome.press("Accept").await;
    })
    .await;
}

pub(super) async fn use_the_card(walk: &mut Walk, chrome: &Chrome) {
    let words = "Authenticate yourself by using your cards or the digital app";
    walk.follow(words, async || {
        chrome.see(words).await;
        chrome.see("Add your card").await;
        chrome.press("Card or key").await;
    })
    .await;
    let words = "You will be redirected to your MPAS Account Management Page.";
    walk.follow(words, async || {
        chrome.at(ACCOUNT).await;
        chrome.see("Your account").await;
    })
    .await;
}

/// The three mappers have written what Azure's token said: the person's page in the console.
pub(super) async fn is_what_azure_said(chrome: &Chrome, world: &World) {
    let ada = world.stand_in.user(ADMINISTRATOR).unwrap();
    chrome.press("Ada Admin").await;
    chrome.see("Card 1").await;

    let directories = world.stand_in.directories();
    let acme = directories.iter().find(|directory| directory.id == ACME).unwrap();
    let security = acme.groups.iter().filter(|group| group.kind == GroupKind::Security);
    let of_ada = security.filter(|group| ada.groups.contains(&group.id));
    let groups: BTreeSet<String> = of_ada.map(|group| group.id.to_string()).collect();
    assert_eq!(groups.len(), 2, "security groups, of the four that she is in");
    // As somebody copies them: the dots between them are no text.
    let group = chrome.fact("group").await;
    assert_eq!(group.split(' ').map(str::to_owned).collect::<BTreeSet<_>>(), groups);
    assert_eq!(ada.mail, None, "so that the address can only be the upn");
    assert_eq!(chrome.fact("E-mail").await, format!("{ADMINISTRATOR} Not verified"));
    // Of one word, and of this application alone: not the person's ID in the directory.
    let sub = chrome.fact("sub").await;
    assert!(!sub.is_empty() && !sub.contains(' ') && sub != ada.id.to_string(), "{sub}");
    assert_eq!(chrome.fact("Linked at azure").await, format!("tid {ACME} oid {}", ada.id));
}
