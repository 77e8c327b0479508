//! What the guide does in the console.

use browser::Chrome;
use e2e::{GUIDE_MAPPERS, GuideMapper, Walk, World};

use super::ADMINISTRATOR;
use super::azure::{Registration, Secret, source};

const TAB_KEY: char = '\u{E004}';

/// Prerequisites: access to the console, a tenant in it, and how a first card is added.
pub(super) async fn prerequisites(walk: &mut Walk, chrome: &Chrome, world: &World) {
    walk.follow("Access to the Kelvin Zero MPAS administration console", async || {
        chrome.open(&server::invite(&world.config).await.unwrap()).await;
        chrome.fill("Your name", "Olivia Bauer").await;
        chrome.press("Go on").await;
        chrome.see("Your invitation is accepted.").await;
        chrome.press("Card or key").await;
        chrome.see("Create a tenant").await;
        chrome.fill("Name", "Clinic").await;
        chrome.press("Create").await;
        chrome.see("The tenant is made").await;
        chrome.press("Tenant settings").await;
        chrome.tick("After a fresh Entra sign-in").await;
        chrome.press("Save").await;
        chrome.see("Saved").await;
    })
    .await;
    let words = "Important: Custom elements in URLs (like realm names) are case sensitive. Make sure to match the exact casing from your environment.";
    walk.follow(words, async || {
        // Here a name in other letters is the same; what Azure is told has the tenant's own.
        for slug in ["CLINIC", "clinic"] {
            chrome.open(&format!("{}/realms/{slug}/account/", world.origin)).await;
            chrome.see("Sign in to Clinic").await;
        }
    })
    .await;
}

/// Step 2: Register the Azure IDP on the Multi-pass Authentication Service. The redirect URI, which
/// is copied too.
pub(super) async fn choose_openid_connect(
    walk: &mut Walk,
    chrome: &Chrome,
    world: &World,
) -> String {
    walk.follow("Open Multi-Pass Dashboard", async || {
        chrome.open(&format!("{}/admin/", world.origin)).await;
        chrome.see("Choose a tenant").await;
    })
    .await;
    walk.follow("Select your tenant and reach the \"advanced console\"", async || {
        chrome.press("Clinic").await;
        chrome.at("/admin/tenants/clinic/").await;
    })
    .await;
    walk.follow("In the left-hand menu, click Identity Providers.", async || {
        chrome.press("Identity Providers").await;
        chrome.see("Add provider").await;
    })
    .await;
    walk.follow("Choose OpenID Connect v1.0.", async || {
        chrome.press("OpenID Connect v1.0").await;
    })
    .await;
    let words = "Copy the Redirect URI displayed by MPAS and go back to Azure to register it,";
    let copied = walk.follow(words, async || {
        let shown = chrome.value("Redirect URI").await;
        assert_eq!(shown, format!("{}/realms/clinic/broker/azure/endpoint", world.origin));
        chrome.press("Copy").await;
        chrome.see("Copied").await;
        shown
    });
    copied.await
}

pub(super) async fn add_the_provider(
    walk: &mut Walk,
    chrome: &Chrome,
    registration: &Registration,
) {
    walk.follow("Back in MPAS:", async || chrome.see("What the provider says").await).await;
    walk.follow("Display Name: e.g., Azure AD", async || {
        // Step 3 reads "Sign in with Azure" on the button.
        chrome.fill("Display Name", "Azure").await;
    })
    .await;
    let words = "Discovery Endpoint: Paste the OpenID metadata URL from Azure";
    walk.follow(words, async || {
        chrome.fill("Discovery Endpoint", &registration.metadata).await;
    })
    .await;
    let words = "https://login.microsoftonline.com/[...]/.well-known/openid-configuration";
    walk.follow(words, async || {
        let pasted = chrome.value("Discovery Endpoint").await;
        assert!(pasted.ends_with("/.well-known/openid-configuration"), "{pasted}");
    })
    .await;
    let words = "Wait for the fields to populate automatically";
    walk.follow(words, async || fields_populate(chrome).await).await;
    walk.follow("Paste the:", async || chrome.see("Our registration there").await).await;
    paste_the_credentials(walk, chrome, registration).await;
}

/// The fields fill when the one with the address is left.
async fn fields_populate(chrome: &Chrome) {
    chrome.key(TAB_KEY).await;
    for (field, end) in [
        ("Issuer", "/v2.0"),
        ("Authorization URL", "/oauth2/v2.0/authorize"),
        ("Token URL", "/oauth2/v2.0/token"),
        ("JWKS URL", "/discovery/v2.0/keys"),
    ] {
        let what = format!("{field} that ends in {end}");
        chrome.wait(&what, async || chrome.value(field).await.ends_with(end).then_some(())).await;
    }
}

async fn paste_the_credentials(walk: &mut Walk, chrome: &Chrome, registration: &Registration) {
    let Registration { client_id, secret: Secret { value, expires }, .. } = registration;
    walk.follow("Client ID (from Azure Overview)", async || {
        chrome.fill("Client ID", client_id).await;
    })
    .await;
    walk.follow("Looks like that : 904bc2ee-3374-4f03-a63b-40efc0d85237", async || {
        let digits = |id: &str| id.replace(|digit: char| digit.is_ascii_hexdigit(), "0");
        let pasted = chrome.value("Client ID").await;
        assert_eq!(digits(&pasted), digits("904bc2ee-3374-4f03-a63b-40efc0d85237"), "{pasted}");
    })
    .await;
    walk.follow("Client Secret, the one you saved earlier", async || {
        chrome.fill("Client Secret", value).await;
        chrome.fill_day("Secret expires", expires).await;
    })
    .await;
    walk.follow("Click Add to save the configuration.", async || {
        chrome.press("Add").await;
        chrome.see("The provider is added").await;
        assert_eq!(&chrome.value("Secret expires").await, expires, "so that a reminder comes");
        assert_eq!(chrome.value("Client Secret").await, "");
        assert!(!source(chrome).await.contains(value), "the secret is shown again");
    })
    .await;
}

/// Step 2, its second half: the tab called "mappers".
pub(super) async fn add_the_mappers(walk: &mut Walk, chrome: &Chrome) {
    let words = "Now we need to add Mappers, click on the tab called \"mappers\"";
    walk.follow(words, async || chrome.press("Mappers").await).await;
    let words = "You should see at the beginning, only one line about MPAS Onboarding, now click on the blue button \"Add Mapper\" and complete the different fields.";
    walk.follow(words, async || {
        chrome.see("Cardea Onboarding").await;
        assert_eq!(chrome.text_of("main tbody").await.matches("Edit").count(), 1);
        assert!(chrome.has("Add Mapper").await);
    })
    .await;
    for mapper in GUIDE_MAPPERS {
        add_a_mapper(walk, chrome, mapper).await;
    }
}

async fn add_a_mapper(walk: &mut Walk, chrome: &Chrome, mapper: GuideMapper) {
    let GuideMapper { name, claim, attribute, rows } = mapper;
    let [name_row, sync_row, type_row, claim_row, attribute_row] = rows;
    walk.follow(name, async || chrome.press("Add Mapper").await).await;
    walk.follow(name_row, async || chrome.fill("Name", name).await).await;
    walk.follow(sync_row, async || chrome.choose("Sync Mode Override", "Force").await).await;
    walk.follow(type_row, async || {
        chrome.choose("Mapper Type", "Attribute Importer").await;
    })
    .await;
    walk.follow(claim_row, async || chrome.fill("Claim", claim).await).await;
    walk.follow(attribute_row, async || {
        chrome.fill("User Attribute Name", attribute).await;
        chrome.press("Add").await;
        chrome.see("The mapper is saved").await;
        chrome.see(&format!("{name} Attribute Importer {claim} {attribute} Force")).await;
    })
    .await;
}

/// Step 3, its end.
pub(super) async fn look_at_the_users(walk: &mut Walk, chrome: &Chrome, world: &World) {
    let words = "Return to the MPAS Admin Console and click on Users in the menu.";
    walk.follow(words, async || {
        chrome.open(&format!("{}/admin/", world.origin)).await;
        chrome.press("Clinic").await;
        chrome.press("Users").await;
    })
    .await;
    let words =
        "You should now see a list of Azure AD users who have successfully authenticated via MPAS.";
    walk.follow(words, async || {
        chrome.see(&format!("Ada Admin {ADMINISTRATOR} Azure")).await;
    })
    .await;
}
