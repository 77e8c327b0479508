//! The first sign-in into an application, and the next one without anything to do.

use e2e::World;
use identity::{CardFirst, TenantPolicy};
use openid_provider::Acr;
use openid_provider::client::ClientSettings;

use crate::support::{
    ACME, Application, CARD, header, id_of, logs_in, mia, moved, ready, session_of, settings,
    signed_in,
};

#[tokio::test]
async fn somebody_signs_in_into_an_application_by_entra_and_their_card() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = world.browser();
    let before = world.dump().await;
    let first = browser.get(&syncro.asks().url()).await;
    assert_eq!(before.changes(&world.dump().await), [""; 0], "strangers write nothing");
    assert_eq!(first.status, 303, "{first:?}");
    let page = browser.clone().follow(first.clone()).await;
    assert!(page.body.contains("To go on to The syncro app."), "{page:?}");
    let location = first.location.as_deref().unwrap();
    let authorize = ACME.choose_provider(&mut browser, &location[location.len() - 1..]).await;
    let callback = e2e::at_provider(&mut mia(), &authorize).await;
    browser.get(&callback).await;
    let step = browser.get(CARD).await;
    assert!(step.body.contains("To go on to The syncro app"), "{step:?}");
    let back = syncro.back(&crate::support::taps(&mut browser, &mut card).await);
    assert_eq!(back.get("state"), Some("st&te=1 2"));
    let code = syncro.code(&world, &back).await;
    let session = session_of(&world, "mia@acme.example").await;
    assert_eq!((code.person, code.session), (id_of(&world, "mia@acme.example").await, session.id));
    assert_eq!((code.proof, code.auth_time), (session.proof, session.auth_time.unix_seconds()));
    assert_eq!((code.acr, &code.amr), (Acr::PhishingResistant, &session.amr));
    assert_eq!(code.scope.to_string(), "openid profile email");
}

#[tokio::test]
async fn a_second_application_gets_its_code_without_a_tap_and_nothing_is_written() {
    let (world, syncro, mut card) = ready().await;
    let wiki = Application::add(&world, "wiki", settings()).await;
    let mut browser = world.browser();
    let page = browser.get(&syncro.asks().url()).await;
    let back = logs_in(&mut browser, &page, &mut mia(), &mut card).await;
    let first = syncro.code(&world, &syncro.back(&back)).await;
    let before = world.dump().await;
    let second = wiki.gets_code_at_once(&world, &mut browser).await;
    assert_eq!((second.session, second.proof), (first.session, first.proof));
    let third = syncro.gets_code_at_once(&world, &mut browser).await;
    assert_eq!(third.session, first.session);
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
}

#[tokio::test]
async fn a_form_of_the_application_brings_no_cookie_and_signs_in_all_the_same() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    let posted = syncro.asks().post(&mut browser).await;
    let location = posted.location.clone().unwrap();
    let goes_on = "/realms/acme/protocol/openid-connect/auth/continue?round=0&request=";
    assert!(location.starts_with(goes_on), "{posted:?}");
    assert_eq!(posted.cookies(), []);
    let back = syncro.back(&browser.follow(posted).await);
    syncro.code(&world, &back).await;
    // Nor is one needed.
    let mut other = world.browser();
    let posted = syncro.asks().post(&mut other).await;
    let login = other.get(&posted.location.unwrap()).await;
    let back = syncro.back(&logs_in(&mut other, &login, &mut mia(), &mut card).await);
    syncro.code(&world, &back).await;
}

#[tokio::test]
async fn an_answer_is_posted_to_who_wants_it_so() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    let asked = syncro.asks().with("response_mode", "form_post");
    let hostile = r#""><script>alert(1)</script>"#;
    let page = browser.get(&asked.clone().with("state", hostile).url()).await;
    assert!(page.body.contains(" data-sends"), "a script sends it: {page:?}");
    assert!(!page.body.contains("<script>alert"), "{page:?}");
    let back = syncro.posted(&world, &page);
    assert_eq!(back.get("state"), Some(hostile));
    syncro.code(&world, &back).await;
    let refused = browser.get(&asked.with("scope", "email").url()).await;
    assert_eq!(syncro.posted(&world, &refused).error(), "invalid_scope");
}

#[tokio::test]
async fn a_request_without_state_gets_none() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    let answer = browser.get(&syncro.asks().without("state").url()).await;
    assert_eq!(syncro.back(&answer).get("state"), None);
}

#[tokio::test]
async fn a_redirect_uri_with_a_query_keeps_it() {
    let (world, _, mut card) = ready().await;
    let redirect_uris = vec!["https://files.example/back?tenant=1".to_owned()];
    let files = Application::add(&world, "files", ClientSettings { redirect_uris, ..settings() });
    let files = files.await;
    let mut browser = signed_in(&world, &mut card).await;
    let answer = browser.get(&files.asks().url()).await;
    let location = answer.location.unwrap();
    assert!(location.starts_with("https://files.example/back?tenant=1&code="), "{location}");
}

#[tokio::test]
async fn a_native_application_gets_its_code_at_whichever_port_it_listens() {
    use openid_provider::client::{ClientAuthentication, ClientKind};
    let (world, _, mut card) = ready().await;
    let native = ClientSettings {
        kind: ClientKind::Native,
        authentication: ClientAuthentication::None,
        redirect_uris: vec!["http://127.0.0.1/cb".to_owned()],
        ..settings()
    };
    let cli = Application::add(&world, "cli", native).await;
    let mut browser = signed_in(&world, &mut card).await;
    let there = "http://127.0.0.1:49152/cb";
    let answer = browser.get(&cli.asks().with("redirect_uri", there).url()).await;
    let location = answer.location.unwrap();
    assert!(location.starts_with(&format!("{there}?code=")), "{location}");
}

#[tokio::test]
async fn the_longest_state_comes_back_from_a_login() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = world.browser();
    let state = "s".repeat(1024);
    let asked = syncro.asks().with("state", &state);
    let page = browser.get(&asked.url()).await;
    assert!(header(&page, "set-cookie").split(';').next().unwrap().len() <= 4096);
    let back = syncro.back(&logs_in(&mut browser, &page, &mut mia(), &mut card).await);
    assert_eq!(back.get("state"), Some(state.as_str()));
}

#[tokio::test]
async fn many_requests_in_one_browser_leave_room_for_the_newest() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = world.browser();
    for number in 0..7 {
        let asked = syncro.asks().with("state", &format!("{number}{}", "s".repeat(1000)));
        browser.get(&asked.url()).await;
        let all: usize = browser
            .cookie_names()
            .iter()
            .map(|name| name.len() + browser.cookie(name).unwrap().len() + 3)
            .sum();
        assert!(all <= 6 * 1024, "{all} bytes after {number}");
    }
    let page = browser.get(&syncro.asks().url()).await;
    let back = syncro.back(&logs_in(&mut browser, &page, &mut mia(), &mut card).await);
    syncro.code(&world, &back).await;
}

#[tokio::test]
async fn who_comes_back_too_late_is_told_and_the_application_too() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    let posted = syncro.asks().post(&mut browser).await;
    let goes_on = posted.location.unwrap();
    // The request is sealed, so what is moved is when it says that it came.
    let (path, sealed) = goes_on.split_once("request=").unwrap();
    let old = moved(&world, "oidc-request", sealed, "asked_at", -601).await;
    let old = format!("{path}request={old}");
    let page = browser.get(&old).await;
    assert_eq!(page.title(), "This sign-in has expired", "{page:?}");
    let link = "https://syncro.example/callback?error=access_denied";
    assert!(page.body.contains(link), "{page:?}");
    assert!(!page.body.contains("code="), "{page:?}");
    assert!(syncro.maybe_back(&browser.get(&goes_on).await).is_some(), "the other is good");
}

#[tokio::test]
async fn what_is_registered_when_the_browser_comes_back_counts() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    let posted = syncro.asks().post(&mut browser).await;
    let goes_on = posted.location.unwrap();
    let other = vec!["https://syncro.example/other".to_owned()];
    syncro.change_settings(&world, |settings| settings.redirect_uris = other).await;
    let page = browser.get(&goes_on).await;
    assert_eq!((page.status, page.location.clone()), (400, None), "{page:?}");
    let good = vec![syncro.redirect_uri.clone()];
    syncro.change_settings(&world, |settings| settings.redirect_uris = good).await;
    assert!(syncro.maybe_back(&browser.get(&goes_on).await).is_some());
    syncro.change(&world, |client| client.enabled = false).await;
    let page = browser.get(&goes_on).await;
    assert_eq!((page.status, page.location.clone()), (400, None), "{page:?}");
}

#[tokio::test]
async fn a_tenant_that_goes_straight_to_its_provider_shows_no_page_before() {
    let straight =
        TenantPolicy { card_first: CardFirst::Off, straight_to_provider: true, ..World::policy() };
    let world = World::with_policy(straight).await;
    let syncro = Application::add(&world, "syncro", settings()).await;
    let mut browser = world.browser();
    let answer = browser.get(&syncro.asks().url()).await;
    let authorize = browser.follow(answer).await.location.unwrap();
    assert!(authorize.starts_with(world.stand_in.base_url()), "{authorize}");
    let mut card = e2e::Card::new(1);
    let callback = e2e::at_provider(&mut mia(), &authorize).await;
    browser.get(&callback).await;
    let back = syncro.back(&crate::support::taps(&mut browser, &mut card).await);
    syncro.code(&world, &back).await;
}
