//! What the guide does in the portal of Azure.

use browser::Chrome;
use e2e::{Walk, World};
use entra_stand_in::ACME;
use serde_json::json;

use super::{ADMINISTRATOR, NAME};

/// What the guide tells to keep for later.
pub(super) struct Registration {
    pub(super) metadata: String,
    pub(super) secret: Secret,
    pub(super) client_id: String,
}

/// A client secret, and the day on which it expires.
pub(super) struct Secret {
    pub(super) value: String,
    pub(super) expires: String,
}

/// Prerequisites: a directory, and its administrator.
pub(super) async fn prerequisites(walk: &mut Walk, chrome: &Chrome, world: &World) {
    walk.follow("An Azure Active Directory tenant", async || {
        chrome.open(world.stand_in.base_url()).await;
        chrome.press("Acme").await;
        assert_eq!(chrome.text_of("#directory-id").await, ACME.to_string());
    })
    .await;
    walk.follow("A Global Administrator account in Azure", async || {
        chrome.see(&format!("{ADMINISTRATOR}, Global Administrator of Acme")).await;
    })
    .await;
}

/// Step 1: Register the Application in Azure AD.
pub(super) async fn register_the_application(walk: &mut Walk, chrome: &Chrome) -> Registration {
    fill_the_registration(walk, chrome).await;
    let words = "On the app page, click on Endpoints and copy the OpenID Connect metadata document URL — keep it for later.";
    let metadata = walk.follow(words, async || {
        chrome.press("Endpoints").await;
        chrome.see("OpenID Connect metadata document").await;
        chrome.text_of("#metadata-url").await
    });
    let metadata = metadata.await;
    let secret = add_a_client_secret(walk, chrome).await;
    let words = "In the left menu, go to Overview and copy the Application (client) ID — keep this value for MPAS.";
    let client_id = walk.follow(words, async || {
        chrome.press("Overview").await;
        chrome.see("Application (client) ID").await;
        chrome.text_of("#client-id").await
    });
    Registration { metadata, secret, client_id: client_id.await }
}

async fn fill_the_registration(walk: &mut Walk, chrome: &Chrome) {
    let words = "Log in to the Azure Portal (https://portal.azure.com) and go to Azure Active Directory > App registrations.";
    walk.follow(words, async || {
        chrome.press("Azure Active Directory").await;
        chrome.press("App registrations").await;
    })
    .await;
    walk.follow("Click on New Registration.", async || chrome.press("New registration").await)
        .await;
    walk.follow("Fill out the following fields:", async || {
        chrome.see("Register an application").await;
    })
    .await;
    let words = "Name: Choose a clear and identifiable name (e.g., MPAS-AzureSSO).";
    walk.follow(words, async || chrome.fill("Name", NAME).await).await;
    let words = "Supported Account Types: Select “Accounts in this organizational directory only”.";
    walk.follow(words, async || {
        chrome.tick("Accounts in this organizational directory only").await;
    })
    .await;
    let words = "Redirect URI (optional) = Web";
    walk.follow(words, async || chrome.choose("Platform", "Web").await).await;
    walk.follow("Click Register", async || {
        chrome.press("Register").await;
        assert_eq!(chrome.text_of("#display-name").await, NAME);
        assert_eq!(chrome.text_of("#account-types").await, "My organization only");
    })
    .await;
}

async fn add_a_client_secret(walk: &mut Walk, chrome: &Chrome) -> Secret {
    let words = "In the left menu, click on manage and then on Certificates & secrets.";
    walk.follow(words, async || {
        chrome.press("Manage").await;
        chrome.press("Certificates & secrets").await;
    })
    .await;
    walk.follow("Click on New client secret:", async || chrome.press("New client secret").await)
        .await;
    let description = "Multi-Pass SSO integration IdP";
    let words = "Add a description (for example: Multi-Pass SSO integration IdP)";
    walk.follow(words, async || chrome.fill("Description", description).await).await;
    walk.follow("Set the expiration (as needed)", async || {
        chrome.choose("Expires", "365 days (12 months)").await;
    })
    .await;
    walk.follow("Click Add", async || {
        chrome.press("Add").await;
        chrome.see("You will not be able to retrieve it after you leave this page.").await;
    })
    .await;
    copy_the_client_secret(walk, chrome).await
}

/// The value that is shown once, and what the guide warns of beside it.
async fn copy_the_client_secret(walk: &mut Walk, chrome: &Chrome) -> Secret {
    let words = "Copy the client secret value immediately — you will not be able to retrieve it again later.";
    let value = walk.follow(words, async || {
        let value = chrome.text_of("#value-1").await;
        chrome.press("Certificates & secrets").await;
        chrome.see_no(&value).await;
        chrome.reload().await;
        let hidden = format!("{}{}", &value[..3], "*".repeat(18));
        assert_eq!(chrome.text_of("#value-1").await, hidden);
        value
    });
    let value = value.await;
    walk.follow("Secure your client secret:", async || {
        chrome.see("Multi-Pass SSO integration IdP").await;
    })
    .await;
    walk.follow("Store it securely.", async || {
        let id = chrome.text_of("#secret-id-1").await;
        assert_ne!(value, id, "the value is what has to be kept, not its number");
    })
    .await;
    let words = "Set reminders for renewal (expires in 6–24 months by default).";
    let expires = walk.follow(words, async || chrome.text_of("#expires-1").await).await;
    walk.follow("Do not expose it in public code or documentation.", async || {
        let source = source(chrome).await;
        assert!(source.contains(&expires) && !source.contains(&value), "{source}");
    })
    .await;
    Secret { value, expires }
}

/// Step 2, what of it is done in Azure. The redirect URI was copied in the console.
pub(super) async fn add_the_redirect_uri(walk: &mut Walk, chrome: &Chrome, copied: &str) {
    let words = "Open your Azure App Registration > Overview > Add a Redirect URI";
    walk.follow(words, async || {
        chrome.press("Overview").await;
        chrome.press("Add a Redirect URI").await;
        chrome.see("There is no redirect URI yet.").await;
    })
    .await;
    let words = "Click on Add a Redirect URI again, a panel open on the right and select : Web";
    walk.follow(words, async || {
        chrome.press("Add a Redirect URI").await;
        chrome.press("Web").await;
    })
    .await;
    walk.follow("Paste the Redirect URI from MPAS", async || {
        chrome.paste("Redirect URI").await;
        assert_eq!(chrome.value("Redirect URI").await, copied);
    })
    .await;
    let words =
        "Ensure the URI from MPAS is entered exactly in Azure AD. No wildcards or partial paths.";
    walk.follow(words, async || {
        chrome.fill("Redirect URI", &copied.replace("azure", "*")).await;
        chrome.press("Configure").await;
        chrome.see("the redirect URI must not contain a wildcard").await;
        chrome.paste("Redirect URI").await;
    })
    .await;
    walk.follow("Click Configure", async || {
        chrome.press("Configure").await;
        chrome.see(&format!("{copied} Web")).await;
    })
    .await;
}

/// What the guide's note says once more, now that one is registered: a part of it is not it, and
/// neither is one in other letters.
pub(super) async fn other_redirect_uris_are_refused(
    chrome: &Chrome,
    registration: &Registration,
    exact: &str,
) {
    let metadata = &registration.metadata;
    let authority = metadata.strip_suffix("/v2.0/.well-known/openid-configuration").unwrap();
    let partial = exact.strip_suffix("/endpoint").unwrap();
    let in_capitals = exact.replace("clinic", "CLINIC");
    let refused = "AADSTS50011";
    let asked = format!("to continue to {NAME}");
    for (uri, shown) in [(partial, refused), (&in_capitals, refused), (exact, &asked)] {
        let authorize = format!(
            "{authority}/oauth2/v2.0/authorize?response_type=code&scope=openid&client_id={}&redirect_uri={uri}",
            registration.client_id,
        );
        chrome.open(&authorize).await;
        chrome.see(shown).await;
    }
}

/// What Microsoft asks for beyond the guide: without it a token carries neither `upn` nor groups,
/// nor when the person has signed in, and only a fresh sign-in adds a first card.
pub(super) async fn beside_the_guide(chrome: &Chrome, world: &World) {
    chrome.open(&world.stand_in.portal_url(ACME)).await;
    chrome.press("App registrations").await;
    chrome.press(NAME).await;
    chrome.press("Token configuration").await;
    chrome.see("No optional claim has been added.").await;
    chrome.press("Add optional claim").await;
    chrome.tick("ID").await;
    chrome.tick("upn").await;
    chrome.tick("auth_time").await;
    chrome.press("Add").await;
    chrome.see("auth_time ID").await;
    chrome.see("upn ID").await;
    chrome.press("Add groups claim").await;
    chrome.tick("Security groups").await;
    chrome.press("Add").await;
    chrome.see("groups ID Security groups").await;
}

/// The page's source as it is now.
pub(super) async fn source(chrome: &Chrome) -> String {
    let source = chrome.script("return document.documentElement.outerHTML", json!([])).await;
    source.unwrap().as_str().unwrap().to_owned()
}
