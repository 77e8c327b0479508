//! The pages: who is asked for what, and what stops a sign-in.

use entra_stand_in::{ACME, Arrival, BIRCH, Person, Step, UserConsent};

use crate::fixture::{Fixture, page_error, parameter, redirected_error};

#[tokio::test]
async fn the_first_sign_in_asks_for_address_password_verification_and_consent() {
    let fixture = Fixture::new().await;
    let mut person = Person::new("ada@acme.example");
    let arrived = person.sign_in(&fixture.request().url()).await.unwrap().redirect();
    assert_eq!(person.steps, [Step::Username, Step::Password, Step::Verification, Step::Consent]);
    assert_eq!(parameter(&arrived, "state").as_deref(), Some("the state"));
    assert!(parameter(&arrived, "session_state").is_some());
    // Real codes are this long, and so are the URLs that carry them.
    assert!(parameter(&arrived, "code").unwrap().len() > 800);
}

#[tokio::test]
async fn the_second_sign_in_in_the_same_browser_asks_for_nothing() {
    let fixture = Fixture::new().await;
    let mut person = Person::new("mia@acme.example");
    let first = person.sign_in(&fixture.request().url()).await.unwrap().redirect();
    let second = person.sign_in(&fixture.request().url()).await.unwrap().redirect();
    assert!(person.steps.is_empty());
    assert_ne!(parameter(&first, "code"), parameter(&second, "code"));
}

#[tokio::test]
async fn prompt_login_asks_for_the_password_again() {
    let fixture = Fixture::new().await;
    let mut person = Person::new("mia@acme.example");
    person.sign_in(&fixture.request().url()).await.unwrap();
    let request = fixture.request().with("prompt", "login");
    person.sign_in(&request.url()).await.unwrap().redirect();
    assert_eq!(person.steps, [Step::Username, Step::Password, Step::Verification]);
    let request = request.with("login_hint", "mia@acme.example");
    person.sign_in(&request.url()).await.unwrap().redirect();
    assert_eq!(person.steps, [Step::Password, Step::Verification]);
}

#[tokio::test]
async fn prompt_consent_asks_for_consent_again() {
    let fixture = Fixture::new().await;
    let mut person = Person::new("mia@acme.example");
    person.sign_in(&fixture.request().url()).await.unwrap();
    person.sign_in(&fixture.request().with("prompt", "consent").url()).await.unwrap().redirect();
    assert_eq!(person.steps, [Step::Consent]);
}

#[tokio::test]
async fn prompt_select_account_shows_the_picker() {
    let fixture = Fixture::new().await;
    let mut person = Person::new("mia@acme.example");
    person.sign_in(&fixture.request().url()).await.unwrap();
    person
        .sign_in(&fixture.request().with("prompt", "select_account").url())
        .await
        .unwrap()
        .redirect();
    assert_eq!(person.steps, [Step::PickAccount]);
}

#[tokio::test]
async fn two_accounts_in_one_browser_are_offered_in_the_picker() {
    let fixture = Fixture::new().await;
    let mut person = Person::new("mia@acme.example");
    person.sign_in(&fixture.request().url()).await.unwrap();
    let mut person = person.now_as("una@acme.example");
    let request = fixture.request().with("prompt", "select_account");
    person.sign_in(&request.url()).await.unwrap();
    assert_eq!(
        person.steps,
        [Step::PickAccount, Step::Username, Step::Password, Step::Verification, Step::Consent]
    );
    person.sign_in(&fixture.request().url()).await.unwrap().redirect();
    assert_eq!(person.steps, [Step::PickAccount]);
    person
        .sign_in(&fixture.request().with("login_hint", "una@acme.example").url())
        .await
        .unwrap()
        .redirect();
    assert!(person.steps.is_empty());
    let silent = fixture.request().with("prompt", "none");
    let refused = redirected_error(person.sign_in(&silent.url()).await.unwrap());
    assert_eq!(refused, ("interaction_required".to_owned(), 16000));
}

#[tokio::test]
async fn prompt_none_says_what_would_have_to_be_asked() {
    let fixture = Fixture::new().await;
    let silent = fixture.request().with("prompt", "none");
    let mut person = Person::new("mia@acme.example");
    let refused = redirected_error(person.sign_in(&silent.url()).await.unwrap());
    assert_eq!(refused, ("login_required".to_owned(), 50058));

    let mut half = Person::new("mia@acme.example").cancelling_at(Step::Verification);
    half.sign_in(&fixture.request().url()).await.unwrap();
    let refused = redirected_error(half.sign_in(&silent.url()).await.unwrap());
    assert_eq!(refused, ("interaction_required".to_owned(), 50076));

    let mut undecided = Person::new("mia@acme.example").cancelling_at(Step::Consent);
    undecided.sign_in(&fixture.request().url()).await.unwrap();
    let refused = redirected_error(undecided.sign_in(&silent.url()).await.unwrap());
    assert_eq!(refused, ("consent_required".to_owned(), 65001));

    person.sign_in(&fixture.request().url()).await.unwrap();
    let arrived = person.sign_in(&silent.url()).await.unwrap().redirect();
    assert!(parameter(&arrived, "code").is_some());
}

#[tokio::test]
async fn a_login_hint_fills_in_the_address() {
    let fixture = Fixture::new().await;
    let mut person = Person::new("mia@acme.example");
    person
        .sign_in(&fixture.request().with("login_hint", "MIA@acme.example").url())
        .await
        .unwrap()
        .redirect();
    assert_eq!(person.steps, [Step::Password, Step::Verification, Step::Consent]);
    let mut person = Person::new("mia@acme.example");
    let page = person
        .browser
        .open(&fixture.request().with("login_hint", "nobody@acme.example").url())
        .await
        .unwrap();
    assert_eq!(page.id, "username");
    let fields = page.form("Next").unwrap().fields();
    assert!(fields.contains(&("username".to_owned(), "nobody@acme.example".to_owned())));
}

#[tokio::test]
async fn cancel_on_any_page_is_told_the_application() {
    for step in [Step::Username, Step::Password, Step::Verification, Step::Consent] {
        let fixture = Fixture::new().await;
        let mut person = Person::new("mia@acme.example").cancelling_at(step);
        let arrival = person.sign_in(&fixture.request().url()).await.unwrap();
        let url = match &arrival {
            Arrival::Redirect(url) => url.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(parameter(&url, "error_subcode").as_deref(), Some("cancel"));
        assert_eq!(redirected_error(arrival), ("access_denied".to_owned(), 65004));
        assert_eq!(person.steps.last(), Some(&step));
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_go_no_further() {
    let fixture = Fixture::new().await;
    let url = fixture.request().url();
    let mut wrong = Person::new("mia@acme.example").with_password("stand-in-passwor");
    assert!(matches!(wrong.sign_in(&url).await.unwrap(), Arrival::Stuck(Step::Password)));
    let mut nobody = Person::new("nobody@acme.example");
    assert!(matches!(nobody.sign_in(&url).await.unwrap(), Arrival::Stuck(Step::Username)));
    // Nor does the failed attempt leave a session behind.
    let silent = fixture.request().with("prompt", "none");
    assert_eq!(redirected_error(wrong.sign_in(&silent.url()).await.unwrap()).1, 50058);
}

#[tokio::test]
async fn a_disabled_account_stops_at_once_even_where_it_is_signed_in() {
    let fixture = Fixture::new().await;
    let mut dora = Person::new("dora@acme.example");
    assert_eq!(page_error(dora.sign_in(&fixture.request().url()).await.unwrap()), 50057);
    let mut mia = Person::new("mia@acme.example");
    mia.sign_in(&fixture.request().url()).await.unwrap();
    let id = fixture.entra.user("mia@acme.example").unwrap().id;
    fixture.entra.update_user(id, |user| user.enabled = false).unwrap();
    assert_eq!(page_error(mia.sign_in(&fixture.request().url()).await.unwrap()), 50057);
}

#[tokio::test]
async fn somebody_of_another_directory_is_a_stranger_unless_invited() {
    let fixture = Fixture::new().await;
    let url = fixture.request().url();
    assert_eq!(page_error(Person::new("una@birch.example").sign_in(&url).await.unwrap()), 50020);
    Person::new("mia@birch.example").sign_in(&url).await.unwrap().redirect();
}

#[tokio::test]
async fn somebody_who_is_not_assigned_stops_before_consent() {
    let fixture = Fixture::new().await;
    let mia = fixture.entra.user("mia@acme.example").unwrap().id;
    fixture.entra.require_assignment(fixture.client_id, &[mia]).unwrap();
    let url = fixture.request().url();
    Person::new("mia@acme.example").sign_in(&url).await.unwrap().redirect();
    let mut una = Person::new("una@acme.example");
    assert_eq!(page_error(una.sign_in(&url).await.unwrap()), 50105);
    assert_eq!(una.steps, [Step::Username, Step::Password]);
}

#[tokio::test]
async fn consent_of_one_person_is_not_consent_of_another() {
    let fixture = Fixture::new().await;
    let url = fixture.request().url();
    Person::new("ada@acme.example").sign_in(&url).await.unwrap().redirect();
    let mut mia = Person::new("mia@acme.example");
    mia.sign_in(&url).await.unwrap();
    assert!(mia.steps.contains(&Step::Consent));
}

#[tokio::test]
async fn an_administrator_consents_on_behalf_of_the_organization() {
    let fixture = Fixture::new().await;
    let url = fixture.request().url();
    Person::new("ada@acme.example")
        .consenting_for_organization()
        .sign_in(&url)
        .await
        .unwrap()
        .redirect();
    let mut mia = Person::new("mia@acme.example");
    mia.sign_in(&url).await.unwrap().redirect();
    assert_eq!(mia.steps, [Step::Username, Step::Password, Step::Verification]);
}

#[tokio::test]
async fn only_administrators_are_offered_the_consent_for_all() {
    let fixture = Fixture::new().await;
    let url = fixture.request().url();
    // The person looks for the box, and does not find it.
    let error = Person::new("mia@acme.example")
        .consenting_for_organization()
        .sign_in(&url)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("Consent on behalf of your organization"), "{error}");
}

#[tokio::test]
async fn a_forged_box_gives_a_member_no_more_than_consent_for_themselves() {
    let fixture = Fixture::new().await;
    let mut mia = Person::new("mia@acme.example");
    let browser = &mut mia.browser;
    let page = browser
        .open(&fixture.request().with("login_hint", "mia@acme.example").url())
        .await
        .unwrap();
    let form = page.form("Sign in").unwrap().fill("Password", entra_stand_in::PASSWORD).unwrap();
    let page = browser.press(form, "Sign in").await.unwrap();
    let page = browser.press(page.form("Continue").unwrap(), "Continue").await.unwrap();
    let cookie = browser.cookie(&page.url, "stand-in-browser").unwrap();
    let form =
        [("action", "accept"), ("organization", "yes")].map(|(n, v)| (n.to_owned(), v.to_owned()));
    let header = format!("stand-in-browser={cookie}");
    let answer = crate::fixture::post_form(page.url.as_str(), &form, &[("cookie", &header)]).await;
    assert_eq!(answer.status, 302);
    let consents = fixture.entra.app(fixture.client_id).unwrap().consents;
    assert_eq!(consents.len(), 1);
    assert_eq!(consents[0].user, Some(fixture.entra.user("mia@acme.example").unwrap().id));
}

#[tokio::test]
async fn an_account_that_is_not_signed_in_here_cannot_be_picked() {
    let fixture = Fixture::new().await;
    let mut mia = Person::new("mia@acme.example");
    mia.sign_in(&fixture.request().url()).await.unwrap();
    let request = fixture.request().with("prompt", "select_account");
    let page = mia.browser.open(&request.url()).await.unwrap();
    let cookie = mia.browser.cookie(&page.url, "stand-in-browser").unwrap();
    let ada = fixture.entra.user("ada@acme.example").unwrap().id.to_string();
    let header = format!("stand-in-browser={cookie}");
    let form = [("account".to_owned(), ada)];
    crate::fixture::post_form(page.url.as_str(), &form, &[("cookie", &header)]).await;
    assert_eq!(mia.browser.open(page.url.as_str()).await.unwrap().id, "pick-account");
}

#[tokio::test]
async fn a_member_needs_an_administrator_where_the_directory_or_the_permission_says_so() {
    let fixture = Fixture::new().await;
    let graph = fixture.request().with("scope", "openid profile GroupMember.Read.All");
    let mut mia = Person::new("mia@acme.example");
    let refused = redirected_error(mia.sign_in(&graph.url()).await.unwrap());
    assert_eq!(
        (refused, mia.steps.last()),
        (("access_denied".to_owned(), 90094), Some(&Step::NeedApproval))
    );

    fixture.entra.set_user_consent(ACME, UserConsent::AdministratorsOnly).unwrap();
    let url = fixture.request().url();
    let refused = redirected_error(Person::new("una@acme.example").sign_in(&url).await.unwrap());
    assert_eq!(refused, ("access_denied".to_owned(), 90094));
    fixture.entra.grant_admin_consent(fixture.client_id, &["openid", "profile", "email"]).unwrap();
    Person::new("una@acme.example").sign_in(&url).await.unwrap().redirect();
}

#[tokio::test]
async fn a_sign_in_cannot_be_continued_in_another_browser() {
    let fixture = Fixture::new().await;
    let mut mine = Person::new("mia@acme.example");
    let mut theirs = Person::new("mia@acme.example");
    let page = mine.browser.open(&fixture.request().url()).await.unwrap();
    assert_eq!(page.id, "username");
    let spliced = theirs.browser.open(page.url.as_str()).await.unwrap();
    assert_eq!((spliced.id.as_str(), spliced.element("error-code")), ("error", Some("50089")));
}

#[tokio::test]
async fn a_sign_in_does_not_wait_for_ever() {
    let fixture = Fixture::new().await;
    let mut person = Person::new("mia@acme.example");
    let page = person.browser.open(&fixture.request().url()).await.unwrap();
    fixture.entra.advance_clock(901);
    let late = person.browser.open(page.url.as_str()).await.unwrap();
    assert_eq!(late.element("error-code"), Some("50089"));
}

#[tokio::test]
async fn each_directory_has_the_whole_cast() {
    let fixture = Fixture::new().await;
    for directory in [ACME, BIRCH] {
        let users = fixture.entra.users(directory);
        assert_eq!(users.len(), 6);
        assert_eq!(users.iter().filter(|user| user.global_administrator).count(), 1);
        assert_eq!(users.iter().filter(|user| user.guest_of.is_some()).count(), 1);
        assert_eq!(users.iter().filter(|user| !user.enabled).count(), 1);
        assert_eq!(users.iter().filter(|user| user.groups.len() > 200).count(), 1);
    }
}
