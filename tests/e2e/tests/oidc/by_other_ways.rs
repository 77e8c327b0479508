//! The same sign-in by an agent, by a card alone, by Entra's own tap, and by a pushed request.

use e2e::{Desktop, World, ask_agent};
use serde_json::json;

use crate::support::{ACME, Application, CARD, mia, ready, settings, signed_in};

#[tokio::test(flavor = "multi_thread")]
async fn a_card_on_a_reader_signs_in_into_an_application_and_steps_up() {
    let world = World::start().await;
    let syncro = Application::add(&world, "syncro", settings()).await;
    let desktop = Desktop::start();
    let _card = desktop.put_new_card(1);
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    desktop.set_up(&world, &mut browser, CARD).await;
    assert_eq!(ask_agent(&mut browser, CARD).await["state"], "done");
    browser.get(CARD).await;
    browser.drop_cookie("__Host-sid-acme");

    let login = browser.get(&syncro.asks().url()).await;
    let number = login.location.clone().unwrap();
    let authorize = ACME.choose_provider(&mut browser, number.split('=').nth(1).unwrap()).await;
    let callback = e2e::at_provider(&mut mia(), &authorize).await;
    browser.get(&callback).await;
    let done = ask_agent(&mut browser, CARD).await;
    assert_eq!(done["state"], "done", "{done}");
    assert!(desktop.saw().contains("The syncro app"), "{}", desktop.saw());
    let claimed = browser.get(done["location"].as_str().unwrap()).await;
    let back = syncro.back(&browser.follow(claimed).await);
    let first = syncro.code(&world, &back).await;

    browser.get(&syncro.asks().with("prompt", "login").url()).await;
    let done = ask_agent(&mut browser, CARD).await;
    assert_eq!(done["state"], "done", "{done}");
    let claimed = browser.get(done["location"].as_str().unwrap()).await;
    let back = syncro.back(&browser.follow(claimed).await);
    assert_ne!(syncro.code(&world, &back).await.proof, first.proof);
}

/// Where an agent's answer is claimed, the address says where the browser goes on: nowhere but here.
#[tokio::test(flavor = "multi_thread")]
async fn an_agents_answer_is_claimed_for_nowhere_else() {
    let world = World::start().await;
    let desktop = Desktop::start();
    let _card = desktop.put_new_card(1);
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    desktop.set_up(&world, &mut browser, CARD).await;
    assert_eq!(ask_agent(&mut browser, CARD).await["state"], "done");
    let goes_on = "/realms/acme/protocol/openid-connect/auth/continue";
    for to in [
        "https://evil.test/".to_owned(),
        "//evil.test/".to_owned(),
        "/admin/".to_owned(),
        format!("/realms/birch/{goes_on}?request=x"),
        goes_on.to_owned(),
        format!("{goes_on}/../..?x"),
        format!("{goes_on}?\\x"),
        format!("{goes_on}?{}", "x".repeat(5000)),
    ] {
        let query: String = url::form_urlencoded::byte_serialize(to.as_bytes()).collect();
        let claimed = browser.clone().get(&format!("{CARD}?to={query}")).await;
        assert_eq!(claimed.location.as_deref(), Some("/realms/acme/account/"), "{to}");
    }
}

#[tokio::test]
async fn a_card_alone_signs_in_into_an_application() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = world.browser();
    let login = browser.get(&syncro.asks().url()).await;
    let number = login.location.unwrap().split('=').nth(1).unwrap().to_owned();
    let options = ACME.choose_card(&mut browser, &number).await;
    let answer = card.answer(&browser, &options);
    let used = ACME.use_card(&mut browser, &answer).await;
    assert_eq!(used.status, 200, "{used:?}");
    let goes_on = used.member("location").as_str().unwrap().to_owned();
    let back = syncro.back(&browser.get(&goes_on).await);
    syncro.code(&world, &back).await;
}

#[tokio::test]
async fn the_tap_that_entra_has_asked_for_spares_another_and_leads_on_by_a_page() {
    let (world, syncro, mut card) = ready().await;
    let mfa = world.connect_mfa().await;
    let directory = world.azure.directory;
    world.stand_in.require_mfa(directory, Some(world.azure.client_id)).unwrap();
    let (mut browser, mut person) = (world.browser(), mia());
    let login = browser.get(&syncro.asks().url()).await;
    let number = login.location.unwrap().split('=').nth(1).unwrap().to_owned();
    let authorize = ACME.choose_provider(&mut browser, &number).await;
    let arrival = person.sign_in(&authorize).await.unwrap();
    let (action, fields) = arrival.external_mfa();
    let posted = mfa.post(&mut browser, &e2e::Request { action, fields }).await;
    browser.follow(posted).await;
    let answer = mfa.tap(&mut browser, &mut card).await;
    let callback = match mfa.back(&mut person, &world.origin, &answer).await {
        entra_stand_in::Arrival::Redirect(url) => url.to_string(),
        other => panic!("{other:?}"),
    };
    // A redirect would be one of Entra's form, which Chromium does not follow to the application.
    let page = browser.get(&callback).await;
    assert_eq!((page.status, page.title().as_str()), (200, "Your card is checked"), "{page:?}");
    let goes_on = page.body.split("content=\"0;url=").nth(1).unwrap().split('"').next().unwrap();
    let goes_on = goes_on.replace("&#38;", "&").replace("&amp;", "&");
    let back = syncro.back(&browser.get(&goes_on).await);
    syncro.code(&world, &back).await;
}

/// The answer to a pushed request.
async fn push(
    world: &World,
    application: &Application,
    asked: &crate::support::Asked,
    secret: &str,
) -> e2e::Answer {
    let id_and_secret = format!("{}:{secret}", application.client_id);
    let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, id_and_secret);
    let basic = format!("Basic {basic}");
    let headers =
        [("content-type", "application/x-www-form-urlencoded"), ("authorization", basic.as_str())];
    let par = ACME.path("protocol/openid-connect/par");
    world.browser().send(reqwest::Method::POST, &par, Some(asked.body()), &headers).await
}

#[tokio::test]
async fn a_request_is_pushed_ahead_and_counts_for_its_application_and_a_minute() {
    let (world, syncro, mut card) = ready().await;
    let wiki = Application::add(&world, "wiki", settings()).await;
    // Whose answers may go there, too.
    let shared = syncro.redirect_uri.clone();
    wiki.change_settings(&world, |settings| settings.redirect_uris.push(shared)).await;
    let secret = syncro.new_secret(&world).await;
    let mut browser = signed_in(&world, &mut card).await;
    let before = world.dump().await;
    let pushed = push(&world, &syncro, &syncro.asks(), &secret).await;
    assert_eq!((pushed.status, pushed.member("expires_in")), (201, json!(60)), "{pushed:?}");
    let uri = pushed.member("request_uri").as_str().unwrap().to_owned();
    let asked = crate::support::Asked { fields: Vec::new(), ..syncro.asks() };
    let by_browser = asked.clone().with("client_id", "syncro").with("request_uri", &uri);
    let back = syncro.back(&browser.get(&by_browser.url()).await);
    assert_eq!(back.get("state"), Some("st&te=1 2"));
    syncro.code(&world, &back).await;
    let (prefix, sealed) = uri.rsplit_once(':').unwrap();
    let old = crate::support::moved(&world, "oidc-pushed", sealed, "pushed_at", -61).await;
    let old = format!("{prefix}:{old}");
    for (name, wrong) in [
        ("a minute old", by_browser.clone().with("request_uri", &old)),
        ("of another", asked.clone().with("client_id", "wiki").with("request_uri", &uri)),
        ("of nobody", asked.clone().with("request_uri", &uri)),
        ("cut", by_browser.clone().with("request_uri", &uri[..uri.len() - 1])),
        (
            "a sealed code",
            by_browser.clone().with(
                "request_uri",
                &format!("urn:ietf:params:oauth:request_uri:{}", back.get("code").unwrap()),
            ),
        ),
    ] {
        let page = browser.get(&wrong.url()).await;
        assert_eq!((page.status, page.location.clone()), (400, None), "{name}: {page:?}");
    }
    for (name, asked, secret, status, error) in [
        ("wrong secret", syncro.asks(), "wrong", 401, "invalid_client"),
        ("no redirect", syncro.asks().without("redirect_uri"), &*secret, 400, "invalid_request"),
        ("scope", syncro.asks().with("scope", "email"), &secret, 400, "invalid_scope"),
        (
            "pushed in pushed",
            syncro.asks().with("request_uri", &uri),
            &secret,
            400,
            "request_uri_not_supported",
        ),
    ] {
        let refused = push(&world, &syncro, &asked, secret).await;
        assert_eq!((refused.status, refused.member("error")), (status, json!(error)), "{name}");
        assert_eq!(refused.member("request_uri"), json!(null), "{name}");
    }
    let refused = push(&world, &wiki, &wiki.asks(), &secret).await;
    assert_eq!(refused.status, 401, "another's secret: {refused:?}");
    let refused = push(&world, &syncro, &wiki.asks(), &secret).await;
    assert_eq!(refused.status, 400, "for another: {refused:?}");
    assert_eq!(before.changes(&world.dump().await), [""; 0], "nothing is kept");
}

/// Up to the tokens: what the code is good for.
#[tokio::test]
async fn a_code_becomes_tokens_that_say_who_has_signed_in() {
    let (world, syncro, mut card) = ready().await;
    let secret = syncro.new_secret(&world).await;
    let mut browser = world.browser();
    let page = browser.get(&syncro.asks().url()).await;
    let back = crate::support::logs_in(&mut browser, &page, &mut mia(), &mut card).await;
    let back = syncro.back(&back);
    let tokens = syncro.redeems(&world, &back, &secret).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    let id_token = tokens.member("id_token").as_str().unwrap().to_owned();
    let payload = id_token.split('.').nth(1).unwrap();
    let payload =
        base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, payload);
    let claims: serde_json::Value = serde_json::from_slice(&payload.unwrap()).unwrap();
    let session = crate::support::session_of(&world, "mia@acme.example").await;
    for (name, value) in [
        ("iss", json!(format!("{}/realms/acme", world.origin))),
        ("aud", json!("syncro")),
        ("sub", json!(session.person.to_string())),
        ("sid", json!(session.id.to_string())),
        ("nonce", json!("n0nce")),
        ("acr", json!("phr")),
    ] {
        assert_eq!(claims[name], value, "{name} in {claims}");
    }
    let again = syncro.redeems(&world, &back, &secret).await;
    assert_eq!((again.status, again.member("error")), (400, json!("invalid_grant")), "{again:?}");
}
