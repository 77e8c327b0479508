//! The integration guide, from its first step to its last: each instruction in its own words and
//! in its order, on the portal of Azure, in the console, and in a person's browser. Where it names
//! the product that it was written for, it is said of Cardea.

#![expect(clippy::unwrap_used, reason = "what goes wrong here is a red test")]

use e2e::{Browser, Card, GUIDE_MAPPERS, GuideMapper, Hand, Walk, World};
use entra_stand_in::{ACME, PASSWORD};

/// The name that the guide proposes for the registration.
const NAME: &str = "MPAS-AzureSSO";

/// What the guide calls "your Azure Global Administrator account".
const ADMINISTRATOR: &str = "ada@acme.example";

const ACCOUNT: &str = "/realms/clinic/account/";
const CARD: &str = "/realms/clinic/login/card";

/// What is kept for later.
struct Kept {
    metadata: String,
    secret: Secret,
    client_id: String,
}

/// A client secret of Azure, and the day on which it expires.
struct Secret {
    value: String,
    expires: String,
}

#[tokio::test]
async fn the_guide_leads_to_an_account_page_behind_a_card() {
    let world = World::start().await;
    let mut walk = Walk::default();
    let mut azure = in_azure(&mut walk, &world).await;
    let mut console = in_the_console(&mut walk, &world).await;
    let kept = register_the_application_in_azure_ad(&mut walk, &mut azure).await;

    choose_openid_connect(&mut walk, &mut console).await;
    register_the_redirect_uri(&mut walk, &mut console, &mut azure).await;
    add_the_provider(&mut walk, &mut console, &kept).await;
    add_the_mappers(&mut walk, &mut console).await;
    beside_the_guide(&mut azure).await;

    let home = find_the_home_url(&mut walk, &mut console).await;
    let mut person = Hand::at(world.browser(), &home).await;
    let mut card = Card::new(1);
    sign_in_with_azure(&mut walk, &world, &mut person).await;
    tap_the_card(&mut walk, &mut person, &mut card).await;
    look_at_the_users(&mut walk, &mut console).await;
    walk.end();

    // From then on every day.
    let mut another_day = Hand::at(world.browser(), &home).await;
    another_day.press("Sign in with Azure").await;
    // The consent of the first time holds for everybody.
    let callback = at_azure(&world, &another_day.leaves_to()).await.leaves_to();
    another_day.open(&callback).await;
    another_day.sees("Authenticate yourself by using your cards or the digital app");
    let tapped = card.tap(&mut another_day.browser, CARD).await;
    assert_eq!(tapped.member("location"), ACCOUNT, "{tapped:?}");
    assert_eq!(card.0.credential_ids().len(), 1, "the same card");
}

/// Prerequisites: a directory, and its administrator.
async fn in_azure(walk: &mut Walk, world: &World) -> Hand {
    walk.step("An Azure Active Directory tenant");
    let portal = Browser::new(world.stand_in.base_url());
    let mut azure = Hand::at(portal, "/").await;
    azure.click("Acme").await;
    assert_eq!(azure.read("directory-id"), ACME.to_string());
    walk.step("A Global Administrator account in Azure");
    azure.sees(&format!("{ADMINISTRATOR}, Global Administrator of Acme"));
    azure
}

/// Prerequisites: access to the console, a tenant in it, and who may add a first card.
async fn in_the_console(walk: &mut Walk, world: &World) -> Hand {
    walk.step("Access to the Kelvin Zero MPAS administration console");
    let mut console = Hand::at(world.administrator().await, "/admin/").await;
    console.fill("Name", "Clinic");
    console.fill("Slug", "clinic");
    console.press("Create").await;
    console.click("Tenant settings").await;
    console.check("After a fresh Entra sign-in");
    console.press("Save").await;
    walk.step(
        "Important: Custom elements in URLs (like realm names) are case sensitive. Make sure to match the exact casing from your environment.",
    );
    // Here a name in another case is the same; what Azure is told is in the tenant's own.
    let other = Hand::at(world.browser(), &ACCOUNT.replace("clinic", "CLINIC")).await;
    other.sees("Sign in to Clinic");
    let wrong = Hand::at(world.browser(), &ACCOUNT.replace("clinic", "klinik")).await;
    assert_eq!(wrong.page.status, 404, "{}", wrong.page.text);
    console.open("/admin/").await;
    console
}

/// What Microsoft asks for beyond the guide: without it a token carries neither `upn` nor groups,
/// nor when the person has signed in, and only a fresh sign-in adds a first card.
async fn beside_the_guide(azure: &mut Hand) {
    azure.click("Token configuration").await;
    azure.click("Add optional claim").await;
    azure.check("ID");
    azure.check("upn");
    azure.check("auth_time");
    azure.press("Add").await;
    azure.click("Add groups claim").await;
    azure.check("Security groups");
    azure.press("Add").await;
}

/// Step 1: Register the Application in Azure AD.
async fn register_the_application_in_azure_ad(walk: &mut Walk, azure: &mut Hand) -> Kept {
    walk.step(
        "Log in to the Azure Portal (https://portal.azure.com) and go to Azure Active Directory > App registrations.",
    );
    azure.click("Azure Active Directory").await;
    azure.click("App registrations").await;
    walk.step("Click on New Registration.");
    azure.click("New registration").await;
    walk.step("Fill out the following fields:");
    walk.step("Name: Choose a clear and identifiable name (e.g., MPAS-AzureSSO).");
    azure.fill("Name", NAME);
    walk.step("Supported Account Types: Select “Accounts in this organizational directory only”.");
    azure.check("Accounts in this organizational directory only");
    walk.step("Redirect URI (optional) = Web");
    azure.choose("Platform", "Web");
    walk.step("Click Register");
    azure.press("Register").await;
    assert_eq!(azure.read("display-name"), NAME);
    walk.step(
        "On the app page, click on Endpoints and copy the OpenID Connect metadata document URL — keep it for later.",
    );
    let app = azure.page.url.to_string();
    azure.click("Endpoints").await;
    azure.sees("OpenID Connect metadata document");
    let metadata = azure.read("metadata-url");
    azure.open(&app).await;
    let secret = add_a_client_secret(walk, azure).await;
    walk.step(
        "In the left menu, go to Overview and copy the Application (client) ID — keep this value for MPAS.",
    );
    azure.click("Overview").await;
    azure.sees("Application (client) ID");
    Kept { metadata, secret, client_id: azure.read("client-id") }
}

async fn add_a_client_secret(walk: &mut Walk, azure: &mut Hand) -> Secret {
    walk.step("In the left menu, click on manage and then on Certificates & secrets.");
    azure.click("Manage").await;
    azure.click("Certificates & secrets").await;
    walk.step("Click on New client secret:");
    azure.click("New client secret").await;
    walk.step("Add a description (for example: Multi-Pass SSO integration IdP)");
    azure.fill("Description", "Multi-Pass SSO integration IdP");
    walk.step("Set the expiration (as needed)");
    azure.choose("Expires", "365 days (12 months)");
    walk.step("Click Add");
    azure.press("Add").await;
    walk.step(
        "Copy the client secret value immediately — you will not be able to retrieve it again later.",
    );
    let (value, id) = (azure.read("value-1"), azure.read("secret-id-1"));
    azure.click("Certificates & secrets").await;
    assert!(!azure.page.text.contains(&value), "shown again: {}", azure.page.text);
    walk.step("Secure your client secret:");
    walk.step("Store it securely.");
    assert_ne!(value, id, "the value is what has to be kept, not its number");
    walk.step("Set reminders for renewal (expires in 6–24 months by default).");
    let expires = azure.read("expires-1");
    walk.step("Do not expose it in public code or documentation.");
    assert!(!azure.page.url.as_str().contains(&value), "{}", azure.page.url);
    Secret { value, expires }
}

/// Step 2: Register the Azure IDP on the Multi-pass Authentication Service.
async fn choose_openid_connect(walk: &mut Walk, console: &mut Hand) {
    walk.step("Open Multi-Pass Dashboard");
    console.sees("Tenants");
    walk.step("Select your tenant and reach the \"advanced console\"");
    console.click("Clinic").await;
    walk.step("In the left-hand menu, click Identity Providers.");
    console.click("Identity Providers").await;
    walk.step("Choose OpenID Connect v1.0.");
    console.click("OpenID Connect v1.0").await;
}

async fn register_the_redirect_uri(walk: &mut Walk, console: &mut Hand, azure: &mut Hand) {
    walk.step("Copy the Redirect URI displayed by MPAS and go back to Azure to register it,");
    let copied = console.value("Redirect URI");
    assert!(copied.ends_with("/realms/clinic/broker/azure/endpoint"), "{copied}");
    walk.step("Open your Azure App Registration > Overview > Add a Redirect URI");
    azure.click("Add a Redirect URI").await;
    walk.step("Click on Add a Redirect URI again, a panel open on the right and select : Web");
    azure.click("Add a Redirect URI").await;
    azure.click("Web").await;
    walk.step("Paste the Redirect URI from MPAS");
    azure.fill("Redirect URI", &copied.replace("azure", "*"));
    walk.step(
        "Ensure the URI from MPAS is entered exactly in Azure AD. No wildcards or partial paths.",
    );
    azure.press("Configure").await;
    azure.sees("the redirect URI must not contain a wildcard");
    azure.fill("Redirect URI", &copied);
    walk.step("Click Configure");
    azure.press("Configure").await;
    azure.sees(&copied);
}

async fn add_the_provider(walk: &mut Walk, console: &mut Hand, kept: &Kept) {
    walk.step("Back in MPAS:");
    walk.step("Display Name: e.g., Azure AD");
    // Step 3 reads "Sign in with Azure" on the button.
    console.fill("Display Name", "Azure");
    walk.step("Discovery Endpoint: Paste the OpenID metadata URL from Azure");
    console.fill("Discovery Endpoint", &kept.metadata);
    walk.step("https://login.microsoftonline.com/[...]/.well-known/openid-configuration");
    assert!(kept.metadata.ends_with("/.well-known/openid-configuration"), "{}", kept.metadata);
    walk.step("Wait for the fields to populate automatically");
    // The page's script presses this when the field is left.
    console.press("Fetch").await;
    for (field, end) in [
        ("Issuer", "/v2.0"),
        ("Authorization URL", "/oauth2/v2.0/authorize"),
        ("Token URL", "/oauth2/v2.0/token"),
        ("JWKS URL", "/discovery/v2.0/keys"),
    ] {
        let value = console.value(field);
        assert!(value.ends_with(end), "{field} is {value:?}: {}", console.page.text);
    }
    walk.step("Paste the:");
    walk.step("Client ID (from Azure Overview)");
    console.fill("Client ID", &kept.client_id);
    walk.step("Looks like that : 904bc2ee-3374-4f03-a63b-40efc0d85237");
    uuid::Uuid::try_parse(&kept.client_id).unwrap();
    walk.step("Client Secret, the one you saved earlier");
    let Secret { value, expires } = &kept.secret;
    console.fill("Client Secret", value);
    console.fill("Secret expires", expires);
    walk.step("Click Add to save the configuration.");
    console.press("Add").await;
    assert_eq!(console.page.url.path(), "/admin/tenants/clinic/providers/azure");
    assert!(!console.page.text.contains(value) && console.value("Client Secret").is_empty());
    assert_eq!(&console.value("Secret expires"), expires);
}

async fn add_the_mappers(walk: &mut Walk, console: &mut Hand) {
    walk.step("Now we need to add Mappers, click on the tab called \"mappers\"");
    console.click("Mappers").await;
    walk.step(
        "You should see at the beginning, only one line about MPAS Onboarding, now click on the blue button \"Add Mapper\" and complete the different fields.",
    );
    console.sees("Cardea Onboarding");
    let lines = console.page.links.iter().filter(|(text, _)| text == "Edit").count();
    assert_eq!(lines, 1, "{}", console.page.text);
    for mapper in GUIDE_MAPPERS {
        add_a_mapper(walk, console, mapper).await;
    }
}

async fn add_a_mapper(walk: &mut Walk, console: &mut Hand, mapper: GuideMapper) {
    let GuideMapper { name, claim, attribute, rows } = mapper;
    let [name_row, sync_row, type_row, claim_row, attribute_row] = rows;
    walk.step(name);
    console.click("Add Mapper").await;
    walk.step(name_row);
    console.fill("Name", name);
    walk.step(sync_row);
    console.choose("Sync Mode Override", "Force");
    walk.step(type_row);
    console.choose("Mapper Type", "Attribute Importer");
    walk.step(claim_row);
    console.fill("Claim", claim);
    walk.step(attribute_row);
    console.fill("User Attribute Name", attribute);
    console.press("Add").await;
    console.sees(&format!("{name} Attribute Importer {claim} {attribute} Force"));
}

/// Step 3: Test the Integration.
async fn find_the_home_url(walk: &mut Walk, console: &mut Hand) -> String {
    walk.step("In MPAS, go to Clients in the left-hand menu.");
    console.click("Clients").await;
    walk.step("Find the client named account, then click the Home URL.");
    console.sees("account");
    let home = console.page.links.iter().find(|(_, url)| url.path() == ACCOUNT);
    home.map(|(_, url)| url.to_string()).unwrap()
}

async fn sign_in_with_azure(walk: &mut Walk, world: &World, person: &mut Hand) {
    walk.step(
        "You will be redirected to the login screen Multi-Pass Passwordless, click on \"sjow more ways to log in",
    );
    person.sees("Sign in to Clinic");
    person.sees("Show more ways to log in");
    walk.step("Choose Sign in with Azure.");
    person.press("Sign in with Azure").await;
    walk.step(
        "Log in with your Azure Global Administrator account. by adding your email address and password, then you will see a pop up \"verification required\", click continue",
    );
    let mut azure = at_azure(world, &person.leaves_to()).await;
    walk.step(
        "Review the requested permissions and check “Consent on behalf of your organization”, then click Accept.",
    );
    azure.sees("Permissions requested");
    azure.check("Consent on behalf of your organization");
    azure.press("Accept").await;
    let callback = azure.leaves_to();
    person.open(&callback).await;
}

/// Signs in at Azure, in a browser that has not been there.
async fn at_azure(world: &World, authorize: &str) -> Hand {
    let mut azure = Hand::at(Browser::new(world.stand_in.base_url()), authorize).await;
    azure.fill("Email address", ADMINISTRATOR);
    azure.press("Next").await;
    azure.fill("Password", PASSWORD);
    azure.press("Sign in").await;
    azure.sees("Verification required");
    azure.press("Continue").await;
    azure
}

async fn tap_the_card(walk: &mut Walk, person: &mut Hand, card: &mut Card) {
    walk.step("Authenticate yourself by using your cards or the digital app");
    assert_eq!(person.page.url.path(), CARD);
    person.sees("Authenticate yourself by using your cards or the digital app");
    person.sees("Add your card");
    let tapped = card.tap(&mut person.browser, CARD).await;
    walk.step("You will be redirected to your MPAS Account Management Page.");
    assert_eq!(tapped.member("location"), ACCOUNT, "{tapped:?}");
    person.open(ACCOUNT).await;
    person.sees("Your account");
    person.sees(ADMINISTRATOR);
}

async fn look_at_the_users(walk: &mut Walk, console: &mut Hand) {
    walk.step("Return to the MPAS Admin Console and click on Users in the menu.");
    console.click("Users").await;
    walk.step(
        "You should now see a list of Azure AD users who have successfully authenticated via MPAS.",
    );
    console.sees(ADMINISTRATOR);
    console.click("Ada Admin").await;
    for text in ["group", "sub", "Linked at", "Card 1"] {
        console.sees(text);
    }
    console.sees(&format!("tid {ACME}"));
}
