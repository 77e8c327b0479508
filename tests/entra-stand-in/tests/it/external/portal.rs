//! External MFA on the portal, by hand.

use entra_stand_in::{ACME, Audience, BIRCH, Browser, Page, Person};

use super::provider::Provider;
use crate::fixture::{Fixture, get, page_error};

async fn click(browser: &mut Browser, page: &Page, link: &str) -> Page {
    browser.click(page, link).await.unwrap()
}

async fn press(browser: &mut Browser, page: &Page, button: &str) -> Page {
    browser.press(page.form(button).unwrap(), button).await.unwrap()
}

#[tokio::test]
async fn a_method_is_added_permitted_registered_and_demanded() {
    let fixture = Fixture::new().await;
    let entra = &fixture.entra;
    entra.grant_admin_consent(fixture.client_id, &["openid", "profile", "email"]).unwrap();
    let provider = Provider::start().await;
    let app = entra.register_app(ACME, "Provider", Audience::SingleDirectory).client_id;
    entra.add_redirect_uri(app, &provider.authorization_endpoint()).unwrap();
    let mut hand = Browser::default();
    let page = hand.open(&entra.portal_url(ACME)).await.unwrap();

    let page = click(&mut hand, &page, "Authentication methods").await;
    assert!(page.text.contains("There is no external method yet."), "{}", page.text);
    let page = click(&mut hand, &page, "Add external MFA").await;
    let filled = |discovery: &str| {
        let form = page.form("Save").unwrap().fill("Name", "Cards").unwrap();
        let form = form.fill("Client ID", &app.to_string()).unwrap();
        let form = form.fill("App ID", &app.to_string()).unwrap();
        form.fill("Discovery Endpoint", discovery).unwrap().check("Enable").unwrap()
    };
    let wrong = hand.press(filled(&provider.issuer), "Save").await.unwrap();
    assert!(wrong.element("problem").unwrap().contains("must have a discovery URL"));
    let page = hand.press(filled(&provider.discovery_url()), "Save").await.unwrap();
    assert_eq!((page.id.as_str(), page.element("enabled")), ("external-method", Some("Yes")));
    assert_eq!(page.element("consent"), Some("Not granted for Acme"));
    let form = page.form("Register").unwrap().choose("Person", "mia@acme.example").unwrap();
    let method = hand.press(form, "Register").await.unwrap();
    assert!(method.text.contains("Registered mia@acme.example"), "{}", method.text);

    let page = click(&mut hand, &method, "Conditional Access").await;
    let form = page.form("Create").unwrap().fill("Name", "Second factor").unwrap();
    let form = form.choose("Target resources", "Cardea").unwrap();
    let page = hand.press(form, "Create").await.unwrap();
    assert!(page.text.contains("Second factor Cardea Require multifactor authentication enabled"));
    let url = fixture.request().url();
    let refused = Person::new("mia@acme.example").sign_in(&url).await.unwrap();
    assert_eq!(page_error(refused), 900_491);
    let method = press(&mut hand, &method, "Request permission").await;
    assert_eq!(method.element("consent"), Some("Granted for Acme"));
    Person::new("mia@acme.example").sign_in(&url).await.unwrap().external_mfa();

    let method = press(&mut hand, &method, "Disable").await;
    assert_eq!(method.element("enabled"), Some("No"));
    let refused = Person::new("mia@acme.example").sign_in(&url).await.unwrap();
    assert_eq!(page_error(refused), 50079);
    let method = press(&mut hand, &method, "Enable").await;
    let page = press(&mut hand, &page, "Delete").await;
    assert!(page.text.contains("There is no policy yet."), "{}", page.text);
    Person::new("mia@acme.example").sign_in(&url).await.unwrap().redirect();
    let elsewhere = method.url.as_str().replace(&ACME.to_string(), &BIRCH.to_string());
    assert_eq!(get(&elsewhere).await.status, 404);
    press(&mut hand, &method, "Delete").await;
    assert!(entra.external_methods(ACME).is_empty());
}
