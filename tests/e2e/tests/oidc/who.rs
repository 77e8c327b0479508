//! Who may come in, and whom an application asks for.

use identity::Person;

use crate::support::{
    ACME, enrolled, id_of, logs_in, mia, ready, ready_with, session_of, signed_in, una,
};

async fn in_groups(world: &e2e::World, name: &str, groups: &[&str]) {
    let id = id_of(world, name).await;
    let tenant = world.tenant("acme").await.id;
    let mut tx = world.app.store().write(tenant).await.unwrap();
    let mut person: Person = tx.person(id).await.unwrap().unwrap();
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    person.attributes.insert("group".into(), groups);
    tx.write_person(&person).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn only_people_of_the_groups_come_in() {
    let (world, syncro, mut card) =
        ready_with(|settings| settings.allowed_groups = vec!["nurses".into(), "it".into()]).await;
    let mut browser = signed_in(&world, &mut card).await;
    for (groups, may) in [
        (&[][..], false),
        (&["doctors"], false),
        (&["Nurses"], false),
        (&["nurses-2"], false),
        (&["doctors", "it"], true),
        (&["nurses"], true),
        (&["doctors"], false),
    ] {
        in_groups(&world, "mia@acme.example", groups).await;
        for prompt in ["", "none"] {
            let answer = browser.get(&syncro.asks().with("prompt", prompt).url()).await;
            let back = syncro.back(&answer);
            if may {
                syncro.code(&world, &back).await;
            } else {
                assert_eq!(back.error(), "access_denied", "{groups:?}");
            }
        }
    }
}

#[tokio::test]
async fn who_is_in_no_group_is_told_so_after_their_login_too() {
    let (world, syncro, mut card) =
        ready_with(|settings| settings.allowed_groups = vec!["nurses".into()]).await;
    let mut browser = world.browser();
    let page = browser.get(&syncro.asks().url()).await;
    let back = logs_in(&mut browser, &page, &mut mia(), &mut card).await;
    assert_eq!(syncro.back(&back).error(), "access_denied");
    // Nobody is asked for a tap that would be of no use.
    let asked = syncro.asks().with("prompt", "login");
    let answer = browser.get(&asked.url()).await;
    assert_eq!(syncro.back(&answer).error(), "access_denied");
}

#[tokio::test]
async fn an_id_token_of_somebody_else_leads_to_a_login_and_only_theirs_counts() {
    let (world, syncro, mut mias_card) = ready().await;
    let mut unas_card = enrolled(&world, &mut una(), 2).await;
    let unas = session_of(&world, "una@acme.example").await;
    let hint = syncro.id_token(&world, unas.person, unas.id).await;
    let asked = syncro.asks().with("id_token_hint", hint.expose_text().unwrap());
    let mut browser = signed_in(&world, &mut mias_card).await;
    let login = browser.get(&asked.url()).await;
    let notice = login.location.clone().unwrap();
    assert!(notice.ends_with("&notice=other-account"), "{login:?}");
    let page = browser.get(&notice).await;
    assert!(page.body.contains("Another account is asked for"), "{page:?}");
    // The wrong one again: a page, and no loop.
    let mut wrong = browser.clone();
    let again = wrong.get(&asked.url()).await;
    let told = logs_in(&mut wrong, &again, &mut mia(), &mut mias_card).await;
    assert_eq!(told.title(), "The application asks for another account", "{told:?}");
    assert!(told.body.contains("https://syncro.example/callback?error=login_required"), "{told:?}");
    let back = logs_in(&mut browser, &login, &mut una(), &mut unas_card).await;
    let code = syncro.code(&world, &syncro.back(&back)).await;
    assert_eq!(code.person, unas.person);
    // Their own hint is no obstacle.
    let answer = browser.get(&asked.url()).await;
    syncro.code(&world, &syncro.back(&answer)).await;
}

#[tokio::test]
async fn a_login_hint_of_somebody_else_leads_to_a_login() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    for mine in ["mia@acme.example", "MIA@acme.example"] {
        let answer = browser.get(&syncro.asks().with("login_hint", mine).url()).await;
        syncro.code(&world, &syncro.back(&answer)).await;
    }
    let asked = syncro.asks().with("login_hint", "una@acme.example");
    let login = browser.get(&asked.url()).await;
    assert!(login.location.as_deref().unwrap().ends_with("&notice=other-account"), "{login:?}");
    // It is a name that was typed elsewhere: whoever has logged in since is taken for them.
    let back = logs_in(&mut browser, &login, &mut mia(), &mut card).await;
    syncro.code(&world, &syncro.back(&back)).await;
}

#[tokio::test]
async fn hints_that_are_none_are_refused() {
    let (world, syncro, mut card) = ready().await;
    let wiki = crate::support::Application::add(&world, "wiki", crate::support::settings()).await;
    let mut browser = signed_in(&world, &mut card).await;
    let session = session_of(&world, "mia@acme.example").await;
    let hint = syncro.id_token(&world, session.person, session.id).await;
    let hint = hint.expose_text().unwrap().to_owned();
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", hint.split('.').nth(1).unwrap());
    let (start, end) = hint.split_at(hint.len() - 20);
    let broken = format!("{start}{}", end.chars().rev().collect::<String>());
    for (name, text) in [("none", unsigned), ("broken", broken), ("text", "x".into())] {
        let answer = browser.get(&syncro.asks().with("id_token_hint", &text).url()).await;
        assert_eq!(syncro.back(&answer).error(), "invalid_request", "{name}");
    }
    let answer = browser.get(&wiki.asks().with("id_token_hint", &hint).url()).await;
    assert_eq!(wiki.back(&answer).error(), "invalid_request", "of another application");
    let answer = browser.get(&syncro.asks().with("id_token_hint", &hint).url()).await;
    syncro.code(&world, &syncro.back(&answer)).await;
}

#[tokio::test]
async fn who_is_disabled_or_has_lost_their_card_gets_no_code() {
    let (world, syncro, mut card) = ready().await;
    let browser = signed_in(&world, &mut card).await;
    for end in [
        "UPDATE person SET state = 'disabled'",
        "UPDATE credential SET revoked_at = 1",
        "UPDATE session SET expires_at = 1",
    ] {
        assert!(syncro.maybe_back(&browser.clone().get(&syncro.asks().url()).await).is_some());
        world.sql(end).await;
        let answer = browser.clone().get(&syncro.asks().url()).await;
        assert!(answer.location.as_deref().unwrap().starts_with(&ACME.path("login?")), "{end}");
        let silent = browser.clone().get(&syncro.asks().with("prompt", "none").url()).await;
        assert_eq!(syncro.back(&silent).error(), "login_required", "{end}");
        world.sql("UPDATE person SET state = 'enabled'").await;
        world.sql("UPDATE credential SET revoked_at = NULL").await;
        world.sql("UPDATE session SET expires_at = 4000000000000000").await;
    }
}

/// What the browser is sent to Entra with, when it presses the button of the login page.
async fn at_the_provider(browser: &mut e2e::Browser, page: &e2e::Answer) -> Vec<(String, String)> {
    let location = page.location.clone().unwrap();
    let number = location.split(['=', '&']).nth(1).unwrap().to_owned();
    let authorize = ACME.choose_provider(browser, &number).await;
    let url = url::Url::parse(&authorize).unwrap();
    url.query_pairs().into_owned().collect()
}

#[tokio::test]
async fn a_login_hint_is_passed_on_to_the_provider_while_nobody_is_known() {
    let (world, syncro, _card) = ready().await;
    for hint in ["mia@acme.example", "a b&prompt=none", "äöü"] {
        let mut browser = world.browser();
        let asked = syncro.asks().with("login_hint", hint).with("ui_locales", "de-CH fr x!");
        let page = browser.get(&asked.url()).await;
        let sent = at_the_provider(&mut browser, &page).await;
        let hints: Vec<_> = sent.iter().filter(|(name, _)| name == "login_hint").collect();
        assert_eq!(hints, [&("login_hint".to_owned(), hint.to_owned())], "{sent:?}");
        let prompts: Vec<_> = sent.iter().filter(|(name, _)| name == "prompt").collect();
        assert_eq!(prompts, [&("prompt".to_owned(), "login".to_owned())], "only ours: {sent:?}");
    }
    let mut browser = world.browser();
    let page = browser.get(&syncro.asks().url()).await;
    let sent = at_the_provider(&mut browser, &page).await;
    assert!(!sent.iter().any(|(name, _)| name == "login_hint"), "{sent:?}");
}

#[tokio::test]
async fn a_provider_that_the_application_names_comes_first() {
    let (world, syncro, _card) = ready().await;
    world.connect("acme", "other", &world.azure).await;
    for (hint, leads) in [
        ("other", "&kc_idp_hint=other"),
        ("azure", "&kc_idp_hint=azure"),
        ("nobody", "&kc_idp_hint=nobody"),
        ("a&notice=session-over", ""),
        ("//evil.test", ""),
    ] {
        let mut browser = world.browser();
        let login = browser.get(&syncro.asks().with("kc_idp_hint", hint).url()).await;
        let location = login.location.clone().unwrap();
        let tail = location.split_once('&').map(|(_, tail)| format!("&{tail}"));
        assert_eq!(tail.unwrap_or_default(), leads, "{login:?}");
        let page = browser.follow(login).await;
        let at = |alias: &str| page.body.find(&format!("/broker/{alias}/login")).unwrap();
        assert_eq!(at("other") < at("azure"), hint == "other", "{hint}");
    }
}
