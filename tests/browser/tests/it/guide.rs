//! The integration guide, clicked through in order: the portal of Azure, the console, and the
//! account page. Each step stands under the guide's words.

use browser::{Chrome, Tab};
use e2e::World;
use entra_stand_in::{ACME, OptionalClaim, PASSWORD};

use crate::steps::choose_azure;

const NAME: &str = "MPAS-AzureSSO";
const TAB_KEY: char = '\u{E004}';

/// What the guide tells to keep for later.
struct Registration {
    metadata: String,
    secret: String,
    client_id: String,
}

#[tokio::test]
async fn the_guide_is_walked_in_order_by_clicking() {
    let world = World::start().await;
    let chrome = Chrome::start().await;
    let _key = chrome.plug_in_key().await;
    let console = chrome.tab().await;
    before_the_guide(&world, &chrome).await;

    let portal = chrome.new_tab().await;
    let registration = register_the_application_in_azure_ad(&world, &chrome).await;

    chrome.switch_to(&console).await;
    register_the_azure_idp(&chrome, &console, &portal, &registration).await;
    add_mappers(&chrome).await;
    // Not in the guide: only a token that says when it was is a fresh sign-in (ADR-0005).
    let client_id = registration.client_id.parse().unwrap();
    let claims = [OptionalClaim::Upn, OptionalClaim::AuthTime];
    world.stand_in.set_optional_claims(client_id, &claims).unwrap();
    test_the_integration(&world, &chrome).await;
    assert_eq!(chrome.complaints().await, [""; 0]);
}

/// The guide's prerequisites: access to the console, a tenant, and how a first card is added.
async fn before_the_guide(world: &World, chrome: &Chrome) {
    chrome.open(&server::invite(&world.config).await.unwrap()).await;
    chrome.fill("Your name", "Olivia Bauer").await;
    chrome.press("Go on").await;
    chrome.see("Your invitation is accepted.").await;
    chrome.press("Card or key").await;
    chrome.see("Create a tenant").await;
    chrome.fill("Name", "Clinic").await;
    chrome.fill("Slug", "clinic").await;
    chrome.press("Create").await;
    chrome.see("The tenant is made").await;
    chrome.press("Tenant settings").await;
    chrome.tick("After a fresh sign-in at the provider").await;
    chrome.press("Save").await;
    chrome.see("Saved").await;
}

/// Step 1: Register the Application in Azure AD.
async fn register_the_application_in_azure_ad(world: &World, chrome: &Chrome) -> Registration {
    // Log in to the Azure Portal and go to Azure Active Directory > App registrations.
    chrome.open(&world.stand_in.portal_url(ACME)).await;
    chrome.press("Azure Active Directory").await;
    chrome.press("App registrations").await;
    // Click on New Registration, fill out the fields, click Register.
    chrome.press("New registration").await;
    chrome.fill("Name", NAME).await;
    chrome.tick("Accounts in this organizational directory only").await;
    chrome.choose("Platform", "Web").await;
    chrome.press("Register").await;
    chrome.see("Application (client) ID").await;
    // On the app page, click on Endpoints and copy the OpenID Connect metadata document URL.
    chrome.press("Endpoints").await;
    let metadata = chrome.text_of("#metadata-url").await;
    // In the left menu, click on manage and then on Certificates & secrets.
    chrome.press("Manage").await;
    chrome.press("Certificates & secrets").await;
    // Click on New client secret: description, expiration, Add.
    chrome.press("New client secret").await;
    chrome.fill("Description", "Multi-Pass SSO integration IdP").await;
    chrome.choose("Expires", "365 days (12 months)").await;
    chrome.press("Add").await;
    // Copy the client secret value immediately.
    let secret = chrome.text_of("#value-1").await;
    // In the left menu, go to Overview and copy the Application (client) ID.
    chrome.press("Overview").await;
    let client_id = chrome.text_of("#client-id").await;
    Registration { metadata, secret, client_id }
}

/// Step 2: Register the Azure IDP on the Multi-pass Authentication Service.
async fn register_the_azure_idp(
    chrome: &Chrome,
    console: &Tab,
    portal: &Tab,
    registration: &Registration,
) {
    // In the left-hand menu, click Identity Providers. Choose OpenID Connect v1.0.
    chrome.press("Identity Providers").await;
    chrome.press("OpenID Connect v1.0").await;
    // Copy the Redirect URI displayed by MPAS and go back to Azure to register it.
    chrome.see("Redirect URI").await;
    chrome.fill("Alias", "azure").await;
    chrome.fill("Display Name", "Azure").await;
    let redirect_uri = chrome
        .wait("redirect URI that ends in the alias", async || {
            let value = chrome.value("Redirect URI").await;
            value.ends_with("/realms/clinic/broker/azure/endpoint").then_some(value)
        })
        .await;
    // Open your Azure App Registration > Overview > Add a Redirect URI; again; Web; Configure.
    chrome.switch_to(portal).await;
    chrome.press("Add a Redirect URI").await;
    chrome.press("Add a Redirect URI").await;
    chrome.press("Web").await;
    chrome.fill("Redirect URI", &redirect_uri).await;
    chrome.press("Configure").await;
    chrome.see(&redirect_uri).await;
    // Back in MPAS: Discovery Endpoint; wait for the fields to populate automatically.
    chrome.switch_to(console).await;
    chrome.fill("Discovery Endpoint", &registration.metadata).await;
    chrome.key(TAB_KEY).await;
    chrome
        .wait("issuer that came from the metadata", async || {
            (chrome.value("Issuer").await.ends_with("/v2.0")).then_some(())
        })
        .await;
    // Paste the Client ID and the Client Secret; click Add to save the configuration.
    chrome.fill("Client ID", &registration.client_id).await;
    chrome.fill("Client Secret", &registration.secret).await;
    chrome.press("Add").await;
    chrome.see("The provider is added").await;
}

/// Step 2, its second half: the tab called "mappers".
async fn add_mappers(chrome: &Chrome) {
    chrome.press("Mappers").await;
    // You should see at the beginning only one line, about onboarding.
    chrome.see("Cardea Onboarding").await;
    assert!(!chrome.text().await.contains("Attribute Importer"));
    // Click on the blue button "Add Mapper" and complete the different fields.
    for (name, claim, attribute) in [
        ("azure-group-mapper", "groups", "group"),
        ("Azure Username", "upn", "email"),
        ("Azure Sub Importer", "sub", "sub"),
    ] {
        chrome.press("Add Mapper").await;
        chrome.fill("Name", name).await;
        chrome.choose("Sync Mode Override", "Force").await;
        chrome.choose("Mapper Type", "Attribute Importer").await;
        chrome.fill("Claim", claim).await;
        chrome.fill("User Attribute Name", attribute).await;
        chrome.press("Add").await;
        chrome.see("The mapper is saved").await;
        chrome.see(name).await;
    }
}

/// Step 3: Test the Integration.
async fn test_the_integration(world: &World, chrome: &Chrome) {
    // Go to Clients in the left-hand menu; find the client named account, click the Home URL.
    chrome.press("Clients").await;
    chrome.see("account").await;
    chrome.press(&format!("{}/realms/clinic/account/", world.origin)).await;
    // Click on "Show more ways to log in"; choose Sign in with Azure.
    chrome.see("Sign in to Clinic").await;
    choose_azure(chrome).await;
    // Log in with your Azure Global Administrator account: address, password, then
    // "verification required", click continue.
    chrome.fill("Email address", "ada@acme.example").await;
    chrome.press("Next").await;
    chrome.fill("Password", PASSWORD).await;
    chrome.press("Sign in").await;
    chrome.see("Verification required").await;
    chrome.press("Continue").await;
    // Review the requested permissions, check "Consent on behalf of your organization", Accept.
    chrome.see("Permissions requested").await;
    chrome.tick("Consent on behalf of your organization").await;
    chrome.press("Accept").await;
    // Authenticate yourself by using your cards or the digital app.
    chrome.see("Add your card").await;
    chrome.press("Card or key").await;
    // You will be redirected to your Account Management Page.
    chrome.at("/realms/clinic/account/").await;
    chrome.see("Your account").await;
    // Return to the Admin Console and click on Users in the menu.
    chrome.open(&format!("{}/admin/", world.origin)).await;
    chrome.press("Clinic").await;
    chrome.press("Users").await;
    // You should now see a list of Azure AD users who have successfully authenticated.
    chrome.see("Ada Admin").await;
    chrome.press("Ada Admin").await;
    chrome.see("Card 1").await;
}
