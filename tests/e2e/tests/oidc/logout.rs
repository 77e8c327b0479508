//! RP-Initiated Logout 1.0.

use e2e::{Answer, Browser, World};

use crate::support::{ACME, Application, header, mia, ready, session_of, settings, signed_in};

const COOKIE: &str = "__Host-sid-acme";
const BYE: &str = "https://syncro.example/bye";

fn url(world: &World, fields: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    format!("{}/realms/acme/protocol/openid-connect/logout?{query}", world.origin)
}

async fn logs_out(world: &World, browser: &mut Browser, fields: &[(&str, &str)]) -> Answer {
    let answer = browser.get(&url(world, fields)).await;
    browser.follow(answer).await
}

/// The value that the page's button sends.
fn sealed(page: &Answer) -> String {
    let rest = page.body.split("name=\"request\" value=\"").nth(1).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn an_application_that_shows_its_id_token_signs_out_at_once() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    let session = session_of(&world, "mia@acme.example").await;
    let hint = syncro.id_token(&world, session.person, session.id).await;
    let hint = hint.expose_text().unwrap();
    let before = world.dump().await;
    let fields = [("id_token_hint", hint), ("post_logout_redirect_uri", BYE), ("state", "a&b")];
    let answer = logs_out(&world, &mut browser, &fields).await;
    assert_eq!(answer.location.as_deref(), Some("https://syncro.example/bye?state=a%26b"));
    assert!(browser.cookie(COOKIE).is_none(), "{answer:?}");
    let after = world.dump().await;
    assert_eq!(before.audited(&after), ["session.signed-out"]);
    assert!(format!("{:?}", after.rows("audit")).contains("syncro"));
    assert_eq!(after.rows("session").len(), before.rows("session").len() - 1);
    // A second time there is nobody, and the browser goes the same way.
    let answer = logs_out(&world, &mut browser, &fields).await;
    assert_eq!(answer.location.as_deref(), Some("https://syncro.example/bye?state=a%26b"));
    assert_eq!(after.changes(&world.dump().await), [""; 0]);
}

#[tokio::test]
async fn without_a_way_on_there_is_a_page() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    let session = session_of(&world, "mia@acme.example").await;
    let hint = syncro.id_token(&world, session.person, session.id).await;
    let hint = hint.expose_text().unwrap();
    let page = logs_out(&world, &mut browser, &[("id_token_hint", hint)]).await;
    assert_eq!((page.status, page.title().as_str()), (200, "You are signed out"), "{page:?}");
    assert!(page.body.contains("You may still be signed in with Azure"), "{page:?}");
    assert!(browser.cookie(COOKIE).is_none());
}

#[tokio::test]
async fn a_form_of_the_application_does_the_same() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    let session = session_of(&world, "mia@acme.example").await;
    let hint = syncro.id_token(&world, session.person, session.id).await;
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let fields = [
        field("id_token_hint", hint.expose_text().unwrap()),
        field("post_logout_redirect_uri", BYE),
    ];
    let endpoint = url(&world, &[]);
    let posted = browser.post_from("https://syncro.example", &endpoint, &fields).await;
    let answer = browser.follow(posted).await;
    assert_eq!(answer.location.as_deref(), Some(BYE), "{answer:?}");
    assert!(browser.cookie(COOKIE).is_none());
}

#[tokio::test]
async fn who_does_not_show_the_session_has_the_person_asked() {
    let (world, syncro, mut card) = ready().await;
    let other = signed_in(&world, &mut card).await;
    let others = session_of(&world, "mia@acme.example").await;
    let mut browser = signed_in(&world, &mut card).await;
    let hint = syncro.id_token(&world, others.person, others.id).await;
    let hint = hint.expose_text().unwrap();
    let before = world.dump().await;
    for fields in [
        &[][..],
        &[("client_id", "syncro")],
        &[("client_id", "nobody")],
        &[("id_token_hint", "x.y.z")],
        &[("id_token_hint", &"x".repeat(60 << 10))],
        &[("id_token_hint", hint)],
        &[("id_token_hint", hint), ("client_id", "wiki")],
        &[("client_id", "syncro"), ("post_logout_redirect_uri", BYE)],
        &[("client_id", "syncro"), ("post_logout_redirect_uri", "https://evil.test/")],
        &[("post_logout_redirect_uri", BYE)],
    ] {
        let page = logs_out(&world, &mut browser, fields).await;
        assert_eq!(page.title(), "Do you want to sign out?", "{fields:?}: {page:?}");
        assert!(browser.cookie(COOKIE).is_some(), "{fields:?}");
        assert!(!page.body.contains("evil"), "{page:?}");
    }
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
    drop(other);
}

#[tokio::test]
async fn who_shows_the_session_and_something_wrong_has_the_person_asked() {
    let (world, syncro, mut card) = ready().await;
    Application::add(&world, "wiki", settings()).await;
    let mut browser = signed_in(&world, &mut card).await;
    let session = session_of(&world, "mia@acme.example").await;
    let hint = syncro.id_token(&world, session.person, session.id).await;
    let hint = ("id_token_hint", hint.expose_text().unwrap());
    let before = world.dump().await;
    for wrong in [
        &[("post_logout_redirect_uri", "https://evil.test/")][..],
        &[("post_logout_redirect_uri", "https://wiki.example/bye")],
        &[("client_id", "wiki")],
        &[("client_id", "wiki"), ("post_logout_redirect_uri", "https://wiki.example/bye")],
        &[("client_id", "wiki"), ("post_logout_redirect_uri", BYE)],
    ] {
        let page = logs_out(&world, &mut browser, &[&[hint], wrong].concat()).await;
        assert_eq!(page.title(), "Do you want to sign out?", "{wrong:?}: {page:?}");
        assert!(browser.cookie(COOKIE).is_some(), "{wrong:?}");
    }
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
}

#[tokio::test]
async fn who_says_yes_is_signed_out_and_goes_on() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    let fields = [("client_id", "syncro"), ("post_logout_redirect_uri", BYE)];
    let page = logs_out(&world, &mut browser, &fields).await;
    assert!(page.body.contains("The syncro app asks to sign"), "{page:?}");
    let policy = header(&page, "content-security-policy");
    assert!(policy.contains("form-action 'self' https://syncro.example;"), "{policy}");
    let (path, request) = (ACME.path("protocol/openid-connect/logout/confirm"), sealed(&page));
    let fields = [("request".to_owned(), request.clone())];
    let forged = browser.post_from("https://evil.test", &path, &fields).await;
    assert_eq!(forged.status, 403, "{forged:?}");
    for _ in 0..2 {
        let answer = browser.post_form(&path, &[("request", &request)]).await;
        assert_eq!(answer.location.as_deref(), Some(BYE), "{answer:?}");
        assert!(browser.cookie(COOKIE).is_none());
    }
    let mut other = signed_in(&world, &mut card).await;
    // What is registered when they say yes counts.
    syncro.change(&world, |client| client.enabled = false).await;
    let page = other.post_form(&path, &[("request", &request)]).await;
    assert_eq!((page.title().as_str(), page.location.clone()), ("You are signed out", None));
    let page = other.post_form(&path, &[("request", "x")]).await;
    assert_eq!(page.status, 400, "{page:?}");
}

#[tokio::test]
async fn nobody_is_sent_anywhere_by_who_knows_no_session() {
    let (world, syncro, _) = ready().await;
    let mut browser = world.browser();
    for fields in [
        &[("client_id", "syncro"), ("post_logout_redirect_uri", BYE)][..],
        &[("post_logout_redirect_uri", "https://evil.test/")],
        &[],
    ] {
        let page = logs_out(&world, &mut browser, fields).await;
        assert_eq!((page.status, page.title().as_str()), (200, "You are signed out"), "{page:?}");
    }
    drop(syncro);
}

#[tokio::test]
async fn the_session_of_another_browser_is_not_ended() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    let session = session_of(&world, "mia@acme.example").await;
    let hint = syncro.id_token(&world, session.person, session.id).await;
    let mut thief = world.browser();
    let fields = [("id_token_hint", hint.expose_text().unwrap())];
    let page = logs_out(&world, &mut thief, &fields).await;
    assert_eq!(page.title(), "You are signed out");
    syncro.gets_code_at_once(&world, &mut browser).await;
}

#[tokio::test]
async fn after_the_logout_there_is_no_single_sign_on() {
    let (world, syncro, mut card) = ready().await;
    let wiki = Application::add(&world, "wiki", settings()).await;
    let mut browser = world.browser();
    let page = browser.get(&syncro.asks().url()).await;
    crate::support::logs_in(&mut browser, &page, &mut mia(), &mut card).await;
    wiki.gets_code_at_once(&world, &mut browser).await;
    let session = session_of(&world, "mia@acme.example").await;
    let hint = wiki.id_token(&world, session.person, session.id).await;
    logs_out(&world, &mut browser, &[("id_token_hint", hint.expose_text().unwrap())]).await;
    let login = browser.get(&syncro.asks().url()).await;
    assert!(login.location.as_deref().unwrap().starts_with(&ACME.path("login?")), "{login:?}");
}

#[tokio::test]
async fn headers_alone_end_nothing() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    let session = session_of(&world, "mia@acme.example").await;
    let hint = syncro.id_token(&world, session.person, session.id).await;
    let fields = [("id_token_hint", hint.expose_text().unwrap())];
    let location = browser.get(&url(&world, &fields)).await.location.unwrap();
    let head = browser.send(reqwest::Method::HEAD, &location, None, &[]).await;
    assert!(head.status >= 400, "{head:?}");
    assert!(browser.cookie(COOKIE).is_some());
    syncro.gets_code_at_once(&world, &mut browser).await;
}
