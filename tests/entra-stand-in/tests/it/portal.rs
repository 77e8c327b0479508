//! The guide's steps on the portal, by hand: "Step 1: Register the Application in Azure AD" and the
//! Azure half of "Step 2".

use entra_stand_in::{ACME, Browser, GroupsClaim, OptionalClaim, Page, Person, StandIn};
use serde_json::json;

use crate::fixture::{Fixture, get, parameter, post_json, redirected_error};

const REDIRECT_URI: &str = "https://cardea.example/realms/acme/broker/azure/endpoint";

/// A browser that stands on a page.
struct Hand {
    browser: Browser,
    page: Page,
}

impl Hand {
    async fn at(url: &str) -> Self {
        let mut browser = Browser::default();
        let page = browser.open(url).await.unwrap();
        Self { browser, page }
    }

    async fn click(&mut self, link: &str) {
        self.page = self.browser.click(&self.page, link).await.unwrap();
    }

    async fn press(&mut self, button: &str, fields: &[(&str, &str)]) {
        let form = self.page.form(button).unwrap();
        let form =
            fields.iter().fold(form, |form, (label, value)| form.fill(label, value).unwrap());
        self.page = self.browser.press(form, button).await.unwrap();
    }

    fn read(&self, id: &str) -> String {
        self.page
            .element(id)
            .unwrap_or_else(|| panic!("no {id} on {:?}", self.page.text))
            .to_owned()
    }
}

#[tokio::test]
async fn the_guides_azure_steps_lead_to_a_sign_in() {
    let entra = StandIn::builder().start().await.unwrap();
    let mut hand = Hand::at(entra.base_url()).await;
    hand.click("Acme").await;

    // Step 1: Register the Application in Azure AD
    hand.click("Azure Active Directory").await;
    hand.click("App registrations").await;
    hand.click("New registration").await;
    let form = hand.page.form("Register").unwrap().fill("Name", "MPAS-AzureSSO").unwrap();
    let form = form.check("Accounts in this organizational directory only").unwrap();
    let form = form.choose("Platform", "Web").unwrap();
    hand.page = hand.browser.press(form, "Register").await.unwrap();
    let app_page = hand.page.clone();
    hand.click("Endpoints").await;
    assert!(hand.page.text.contains("OpenID Connect metadata document"), "{}", hand.page.text);
    let metadata_url = hand.read("metadata-url");
    hand.page = app_page;
    hand.click("Manage").await;
    hand.click("Certificates & secrets").await;
    hand.click("New client secret").await;
    let form = hand
        .page
        .form("Add")
        .unwrap()
        .fill("Description", "Multi-Pass SSO integration IdP")
        .unwrap();
    let form = form.choose("Expires", "365 days (12 months)").unwrap();
    hand.page = hand.browser.press(form, "Add").await.unwrap();
    let (secret, secret_id) = (hand.read("value-1"), hand.read("secret-id-1"));
    assert!(hand.page.text.contains("Multi-Pass SSO integration IdP"));
    hand.click("Overview").await;
    let client_id = hand.read("client-id");

    // Step 2: Open your Azure App Registration > Overview > Add a Redirect URI
    hand.click("Add a Redirect URI").await;
    hand.click("Add a Redirect URI").await;
    hand.click("Web").await;
    hand.press("Configure", &[("Redirect URI", REDIRECT_URI)]).await;
    assert!(hand.page.text.contains(REDIRECT_URI));
    hand.click("Overview").await;
    assert!(hand.page.text.contains("1 web, 0 spa, 0 public client"), "{}", hand.page.text);

    // What was copied works together.
    let fixture = Fixture { entra, client_id: client_id.parse().unwrap(), secret };
    assert_eq!(metadata_url, fixture.entra.metadata_url(ACME));
    assert_eq!(get(&metadata_url).await.status, 200);
    let claims = fixture.claims_for("ada@acme.example").await;
    assert_eq!(claims["aud"], client_id);
    let code = fixture.code_for("ada@acme.example").await;
    let wrong = fixture.redeem(&fixture.redemption(&code).with("client_secret", &secret_id)).await;
    assert_eq!(wrong.error().2, 7_000_215);
}

#[tokio::test]
async fn the_value_of_a_secret_is_shown_once() {
    let fixture = Fixture::new().await;
    let path = format!("/app-registrations/{}/credentials", fixture.client_id);
    let mut hand = Hand::at(&format!("{}{path}", fixture.entra.portal_url(ACME))).await;
    assert!(!hand.page.text.contains(&fixture.secret));
    hand.click("New client secret").await;
    hand.press("Add", &[("Description", "second")]).await;
    let fresh = hand.read("value-2");
    assert_eq!(fresh, fixture.entra.app(fixture.client_id).unwrap().secrets[1].value);
    hand.click("Certificates & secrets").await;
    assert!(
        hand.page.text.contains("second") && !hand.page.text.contains(&fresh),
        "{}",
        hand.page.text
    );
}

#[tokio::test]
async fn a_registration_can_do_nothing_before_it_is_configured() {
    let fixture = Fixture::new().await;
    let mut hand = Hand::at(&fixture.entra.portal_url(ACME)).await;
    hand.click("App registrations").await;
    hand.click("New registration").await;
    hand.press("Register", &[("Name", "bare")]).await;
    let bare = fixture.entra.app(hand.read("client-id").parse().unwrap()).unwrap();
    assert!(
        bare.redirect_uris.is_empty() && bare.secrets.is_empty() && bare.optional_claims.is_empty()
    );
    assert_eq!(bare.groups_claim, GroupsClaim::None);
    assert!(hand.page.text.contains("Add a certificate or secret"));
}

#[tokio::test]
async fn the_panel_says_what_is_wrong_with_a_redirect_uri() {
    let fixture = Fixture::new().await;
    let path = format!("/app-registrations/{}/authentication/web", fixture.client_id);
    let mut hand = Hand::at(&format!("{}{path}", fixture.entra.portal_url(ACME))).await;
    hand.press("Configure", &[("Redirect URI", "https://cardea.example/*")]).await;
    assert_eq!(hand.read("problem"), "the redirect URI must not contain a wildcard");
    assert_eq!(fixture.entra.app(fixture.client_id).unwrap().redirect_uris.len(), 1);
}

#[tokio::test]
async fn token_configuration_adds_upn_and_groups_to_the_token_and_removes_them() {
    let fixture = Fixture::new().await;
    let path = format!("/app-registrations/{}", fixture.client_id);
    let mut hand = Hand::at(&format!("{}{path}", fixture.entra.portal_url(ACME))).await;
    hand.click("Token configuration").await;
    assert!(hand.page.text.contains("No optional claim has been added."), "{}", hand.page.text);
    for (link, boxes) in [
        ("Add optional claim", ["ID", "auth_time"]),
        ("Add optional claim", ["ID", "upn"]),
        ("Add groups claim", ["Security groups"; 2]),
    ] {
        hand.click(link).await;
        let form = hand.page.form("Add").unwrap();
        let form = boxes.iter().fold(form, |form, label| form.check(label).unwrap());
        hand.page = hand.browser.press(form, "Add").await.unwrap();
    }
    let listed = "auth_time ID – Remove upn ID – Remove groups ID Security groups Remove";
    assert!(hand.page.text.contains(listed), "{}", hand.page.text);
    let app = fixture.entra.app(fixture.client_id).unwrap();
    assert_eq!(
        (app.optional_claims.into_iter().collect(), app.groups_claim),
        (vec![OptionalClaim::AuthTime, OptionalClaim::Upn], GroupsClaim::SecurityGroup)
    );
    let claims = fixture.claims_for("mia@acme.example").await;
    assert_eq!(claims["upn"], "mia@acme.example");
    assert_eq!(claims["groups"].as_array().unwrap().len(), 2);

    // The button is the first one's each time: auth_time, then upn, then groups.
    for left in [1, 0, 0] {
        hand.press("Remove", &[]).await;
        let app = fixture.entra.app(fixture.client_id).unwrap();
        assert_eq!(app.optional_claims.len(), left);
    }
    assert_eq!(fixture.entra.app(fixture.client_id).unwrap().groups_claim, GroupsClaim::None);
}

#[tokio::test]
async fn api_permissions_show_and_grant_the_consent_of_the_administrator() {
    let fixture = Fixture::new().await;
    let path = format!("/app-registrations/{}", fixture.client_id);
    let mut hand = Hand::at(&format!("{}{path}", fixture.entra.portal_url(ACME))).await;
    hand.click("API permissions").await;
    assert!(hand.page.text.contains("Nobody has consented yet."));
    hand.press("Grant admin consent for Acme", &[]).await;
    assert!(hand.page.text.contains("Granted for Acme"));
    let silent = fixture.request().with("prompt", "none");
    let mut mia = Person::new("mia@acme.example");
    let arrived = mia.sign_in(&fixture.request().url()).await.unwrap().redirect();
    assert!(
        parameter(&arrived, "code").is_some()
            && !mia.steps.contains(&entra_stand_in::Step::Consent)
    );
    mia.sign_in(&silent.url()).await.unwrap().redirect();
}

#[tokio::test]
async fn application_permissions_are_added_and_then_granted() {
    let fixture = Fixture::new().await;
    let path = format!("/app-registrations/{}", fixture.client_id);
    let mut hand = Hand::at(&format!("{}{path}", fixture.entra.portal_url(ACME))).await;
    hand.click("API permissions").await;
    hand.click("Add a permission").await;
    hand.click("Microsoft Graph").await;
    hand.click("Application permissions").await;
    let form = hand.page.form("Add permissions").unwrap();
    let form = form.check("GroupMember.Read.All").unwrap().check("User.ReadBasic.All").unwrap();
    hand.page = hand.browser.press(form, "Add permissions").await.unwrap();
    let row = "GroupMember.Read.All Application Not granted for Acme";
    assert!(hand.page.text.contains(row), "{}", hand.page.text);
    let max = fixture.entra.user("max@acme.example").unwrap().id;
    let ask = async || {
        let url = format!("{}/v1.0/users/{max}/getMemberGroups", fixture.entra.base_url());
        let bearer = format!("Bearer {}", fixture.application_token().await);
        let body = json!({"securityEnabledOnly": true});
        post_json(&url, &body, &[("authorization", &bearer)]).await.status
    };
    assert_eq!(ask().await, 403);
    hand.press("Grant admin consent for Acme", &[]).await;
    let row = "GroupMember.Read.All Application Granted for Acme";
    assert!(hand.page.text.contains(row), "{}", hand.page.text);
    assert_eq!(ask().await, 200);
}

#[tokio::test]
async fn assignment_and_users_can_be_changed_by_hand() {
    let fixture = Fixture::new().await;
    let path = format!("/app-registrations/{}/permissions", fixture.client_id);
    let mut hand = Hand::at(&format!("{}{path}", fixture.entra.portal_url(ACME))).await;
    let form = hand.page.form("Save assignment").unwrap().check("Assignment required").unwrap();
    let form = form.check("mia@acme.example").unwrap().check("ada@acme.example").unwrap();
    hand.page = hand.browser.press(form, "Save assignment").await.unwrap();
    let app = fixture.entra.app(fixture.client_id).unwrap();
    assert_eq!((app.assignment_required, app.assigned.len()), (true, 2));

    let mut hand = Hand::at(&format!("{}/users", fixture.entra.portal_url(ACME))).await;
    hand.press(
        "Create",
        &[
            ("First name", "Nia"),
            ("Last name", "New"),
            ("User principal name, before @acme.example", "nia"),
        ],
    )
    .await;
    hand.click("Nia New").await;
    assert_eq!(
        hand.read("object-id"),
        fixture.entra.user("nia@acme.example").unwrap().id.to_string()
    );
    hand.press("Save", &[("Email", "nia@acme.example")]).await;
    assert_eq!(
        fixture.entra.user("nia@acme.example").unwrap().mail.as_deref(),
        Some("nia@acme.example")
    );
}

#[tokio::test]
async fn a_directory_does_not_show_the_registrations_of_another() {
    let fixture = Fixture::new().await;
    let birch = fixture.entra.portal_url(entra_stand_in::BIRCH);
    let hand = Hand::at(&format!("{birch}/app-registrations")).await;
    assert!(!hand.page.text.contains("Cardea"));
    assert_eq!(get(&format!("{birch}/app-registrations/{}", fixture.client_id)).await.status, 404);
    // And a sign-in that nobody began there is still nobody's.
    let silent = fixture.request().with("prompt", "none");
    let refused =
        redirected_error(Person::new("mia@acme.example").sign_in(&silent.url()).await.unwrap());
    assert_eq!(refused.1, 50058);
}
