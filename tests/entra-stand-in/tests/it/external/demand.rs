//! Who is sent to a provider, when, and where it leads.

use entra_stand_in::{ACME, Arrival, Continues, Person, Step};
use serde_json::json;

use super::External;
use super::provider::field;
use crate::fixture::{claims, page_error, parameter, part, redirected_error};

#[tokio::test]
async fn a_person_who_has_registered_it_goes_to_the_provider_and_back_to_the_application() {
    let external = External::new().await;
    let (mut mia, form) = external.challenge().await;
    assert_eq!(mia.steps, [Step::Username, Step::Password]);
    let arrival = external.back(&mut mia, &external.token(&form).answers(&form)).await;
    let arrived = arrival.redirect();
    let code = parameter(&arrived, "code").unwrap();
    assert_eq!(external.fixture.redeem(&external.fixture.redemption(&code)).await.status, 200);
    let outcomes = external.fixture.entra.external_outcomes();
    assert_eq!(outcomes.len(), 1);
    assert_eq!((outcomes[0].refused, outcomes[0].user), (None, Some(external.mia)));
    let sent = field(&form, "client-request-id").unwrap();
    assert_eq!(outcomes[0].client_request_id.unwrap().to_string(), sent);
    // Where the session has satisfied the policy, nobody is asked again; after a new password, they are.
    external.sign_in(&mut mia).await.redirect();
    let again = external.fixture.request().with("prompt", "login").url();
    mia.sign_in(&again).await.unwrap().external_mfa();
}

#[tokio::test]
async fn the_form_is_what_microsoft_documents() {
    let external = External::new().await;
    let (_, form) = external.challenge().await;
    let entra = &external.fixture.entra;
    let names: Vec<&str> = form.iter().map(|(name, _)| name.as_str()).collect();
    let documented = [
        "scope",
        "response_type",
        "response_mode",
        "client_id",
        "redirect_uri",
        "nonce",
        "state",
        "id_token_hint",
        "claims",
        "client-request-id",
    ];
    assert_eq!(names, documented);
    let client_id = external.method.client_id.as_str();
    let address = format!("{}/common/federation/externalauthprovider", entra.base_url());
    for (name, value) in [
        ("scope", "openid"),
        ("response_type", "id_token"),
        ("response_mode", "form_post"),
        ("client_id", client_id),
        ("redirect_uri", &address),
    ] {
        assert_eq!(field(&form, name), Some(value));
    }
    let asked: serde_json::Value = serde_json::from_str(field(&form, "claims").unwrap()).unwrap();
    let all = [
        "face", "fido", "fpt", "hwk", "iris", "otp", "pop", "retina", "sc", "sms", "swk", "tel",
        "vbm",
    ];
    let expected = json!({"id_token": {
        "acr": {"essential": true, "values": ["possessionorinherence"]}, "amr": {"essential": true, "values": all},
    }});
    assert_eq!(asked, expected);
    let hint = field(&form, "id_token_hint").unwrap();
    assert_eq!(part(hint, 0)["kid"], entra.active_kid());
    let claims = claims(hint);
    assert_eq!(claims["exp"].as_i64().unwrap(), claims["iat"].as_i64().unwrap() - 1);
    assert_eq!(claims["iss"], format!("{}/{ACME}/v2.0", entra.base_url()));
    assert_eq!((&claims["tid"], &claims["oid"]), (&json!(ACME), &json!(external.mia)));
    assert_eq!((&claims["aud"], &claims["ver"]), (&json!(client_id), &json!("2.0")));
    assert_eq!(claims["preferred_username"], "mia@acme.example");
    assert_eq!(claims.as_object().unwrap().len(), 11);
}

#[tokio::test]
async fn nobody_is_sent_there_where_no_policy_demands_it() {
    let external = External::new().await;
    let policy = external.fixture.entra.policies(ACME).pop().unwrap();
    external.fixture.entra.remove_policy(policy.id);
    let mut mia = Person::new("mia@acme.example");
    external.sign_in(&mut mia).await.redirect();
    assert_eq!(mia.steps, [Step::Username, Step::Password, Step::Verification]);
    external.fixture.entra.require_mfa(ACME, None).unwrap();
    external.sign_in(&mut mia).await.external_mfa();
}

#[tokio::test]
async fn whoever_has_not_registered_it_does_so_on_the_way() {
    let external = External::new().await;
    let una = external.fixture.entra.user("una@acme.example").unwrap().id;
    let mut person = Person::new("una@acme.example");
    let (_, form) = external.sign_in(&mut person).await.external_mfa();
    assert_eq!(person.steps, [Step::Username, Step::Password, Step::MoreInformation]);
    assert!(external.fixture.entra.registrations(una).is_empty());
    let answer = external.token(&form).answers(&form);
    external.back(&mut person, &answer).await.redirect();
    let registered = external.fixture.entra.registrations(una);
    assert_eq!(registered[0].configuration_id, external.method.id);
}

#[tokio::test]
async fn a_refused_answer_registers_nothing() {
    let external = External::new().await;
    let una = external.fixture.entra.user("una@acme.example").unwrap().id;
    let mut person = Person::new("una@acme.example");
    let (_, form) = external.sign_in(&mut person).await.external_mfa();
    let wrong = external.token(&form).claim("sub", json!("somebody")).answers(&form);
    assert_eq!(page_error(external.back(&mut person, &wrong).await), 50027);
    assert!(external.fixture.entra.registrations(una).is_empty());
    assert!(matches!(external.sign_in(&mut person).await, Arrival::ExternalMfa { .. }));
}

#[tokio::test]
async fn a_method_is_registered_on_security_info() {
    let external = External::new().await;
    let entra = &external.fixture.entra;
    let policy = entra.policies(ACME).pop().unwrap();
    entra.remove_policy(policy.id);
    let una = entra.user("una@acme.example").unwrap().id;
    let mut person = Person::new("una@acme.example");
    let address = format!("{}/security-info", entra.base_url());
    let stranger = person.browser.open(&address).await.unwrap();
    assert!(stranger.text.contains("Sign in to an application"), "{}", stranger.text);
    external.sign_in(&mut person).await.redirect();
    let page = person.browser.open(&address).await.unwrap();
    let page = person.browser.press(page.form("Add Cards").unwrap(), "Add Cards").await.unwrap();
    assert_eq!(page.id, "external-mfa");
    let form = page.form("Continue").unwrap().fields();
    let answer = external.token(&form).answers(&form);
    let page = person.browser.post(external.return_address(), &answer).await.unwrap();
    assert_eq!(page.id, "security-info");
    assert!(page.text.contains("Cards") && page.form("Add Cards").is_err(), "{}", page.text);
    assert_eq!(entra.registrations(una).len(), 1);
}

#[tokio::test]
async fn a_form_of_security_info_is_for_whoever_is_signed_in() {
    let external = External::new().await;
    let address = format!("{}/security-info", external.fixture.entra.base_url());
    let form = [
        ("user".to_owned(), external.mia.to_string()),
        ("method".to_owned(), external.method.id.to_string()),
    ];
    let mut stranger = Person::new("una@acme.example");
    let page = stranger.browser.post(address.parse().unwrap(), &form).await.unwrap();
    assert_eq!(page.element("error-code"), Some("50058"));
}

#[tokio::test]
async fn a_method_that_is_off_or_not_for_them_is_no_method() {
    let external = External::new().await;
    let entra = &external.fixture.entra;
    entra.update_external_method(external.method.id, |method| method.enabled = false).unwrap();
    let mut mia = Person::new("mia@acme.example");
    assert_eq!(page_error(external.sign_in(&mut mia).await), 50079);
    let groups = entra.user("mia@acme.example").unwrap().groups;
    entra
        .update_external_method(external.method.id, |method| {
            method.enabled = true;
            method.exclude_targets = vec![entra_stand_in::Target::Group(groups[0])];
        })
        .unwrap();
    assert_eq!(page_error(external.sign_in(&mut mia).await), 50079);
    let guest = Person::new("mia@birch.example").sign_in(&external.fixture.request().url()).await;
    assert_eq!(page_error(guest.unwrap()), 50177);
}

#[tokio::test]
async fn prompt_none_says_that_a_second_factor_is_missing() {
    let external = External::new().await;
    let (mut mia, _) = external.challenge().await;
    let silent = external.fixture.request().with("prompt", "none");
    let refused = redirected_error(mia.sign_in(&silent.url()).await.unwrap());
    assert_eq!(refused, ("interaction_required".to_owned(), 50076));
}

#[tokio::test]
async fn the_sign_in_goes_on_only_in_the_browser_in_which_it_began() {
    let external = External::new().await;
    let (mut mia, form) = external.challenge().await;
    let answer = external.token(&form).answers(&form);
    let mut other = Person::new("mia@acme.example");
    assert_eq!(page_error(external.back(&mut other, &answer).await), 50089);
    // The answer is spent, and good for mia's browser alone.
    assert_eq!(page_error(external.back(&mut mia, &answer).await), 50089);
    external.sign_in(&mut mia).await.external_mfa();
}

#[tokio::test]
async fn a_page_can_take_the_place_of_the_redirect() {
    let external = External::new().await;
    external.fixture.entra.continue_external_mfa_by(Continues::Page);
    let (mut mia, form) = external.challenge().await;
    let answer = external.token(&form).answers(&form);
    let page = mia.browser.post(external.return_address(), &answer).await.unwrap();
    assert_eq!(page.id, "external-done");
    let arrived = mia.browser.click(&page, "Continue").await.unwrap();
    assert!(arrived.leaves_to.unwrap().as_str().contains("code="));
}
