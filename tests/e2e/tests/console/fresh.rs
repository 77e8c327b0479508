//! Changes need a proof of the last five minutes, in the session that makes them.

use e2e::{Answer, Browser, Card, World};
use entra_stand_in::Person;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{administrator_with, ids_after, provider_form};
use crate::{clients, external_mfa, smart_cards};

const SETTINGS: &str = "/admin/tenants/acme/settings";
const CARD: &str = "/realms/operators/login/card";
const ASKED: &str = "Confirm with your card";

/// Lets more than five minutes go by for every proof that there is.
async fn five_minutes_later(world: &World) {
    world.sql("UPDATE proof SET verified_at = verified_at - 300000000").await;
}

/// A world with an administrator whose proof is five minutes old.
async fn with_an_old_session() -> (World, Browser, Card) {
    let world = World::start().await;
    let (browser, card) = administrator_with(&world).await;
    five_minutes_later(&world).await;
    (world, browser, card)
}

async fn save(browser: &mut Browser) -> Answer {
    browser.post_form(SETTINGS, &[("session_minutes", "30")]).await
}

/// Whether the answer asks for the card, and gives nothing.
fn asks(answer: &Answer) -> bool {
    answer.status == 403 && answer.title() == ASKED && !answer.gives_a_session()
}

/// What the page would send with its button.
fn to(answer: &Answer) -> String {
    let field = answer.body.split("name=\"to\" value=\"").nth(1).unwrap();
    field.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&")
}

/// Presses "Confirm with your card".
async fn confirm(browser: &mut Browser, asked: &Answer) -> Answer {
    browser.post_form("/admin/step-up", &[("to", &to(asked))]).await
}

/// Every form of the console that changes something, for a person, card, provider, mapper and
/// authority that are there.
async fn forms(world: &World, browser: &mut Browser) -> Vec<String> {
    let mut mia = Person::new("mia@acme.example");
    world.sign_in(&mut world.browser(), &mut mia, &mut Card::new(1)).await.unwrap();
    let users = "/admin/tenants/acme/users";
    let person = ids_after(&browser.get(users).await, &format!("{users}/")).pop().unwrap();
    let page = format!("{users}/{person}");
    let card = ids_after(&browser.get(&page).await, &format!("{page}/cards/")).pop().unwrap();
    let mappers = "/admin/tenants/acme/providers/azure/mappers";
    let mapper = ids_after(&browser.get(mappers).await, &format!("{mappers}/")).pop().unwrap();
    let authority = smart_cards::authority(browser).await;
    let connection = external_mfa::connection(browser).await;
    let (client, secret) = clients::application(browser).await;
    let all = server::table().into_iter().filter(|route| route.path.starts_with("/admin/tenants"));
    let posts = all.filter(|route| route.methods.contains(&"POST"));
    let fill = |path: &str| {
        let id = if path.contains("/mappers/") { &mapper } else { &person };
        let client_id = if path.contains("/clients/") { &client } else { &connection };
        path.replace("{slug}", "acme")
            .replace("{alias}", "azure")
            .replace("{id}", id)
            .replace("{card}", &card)
            .replace("{fingerprint}", &authority)
            .replace("{client_id}", client_id)
            .replace("{secret}", &secret)
            .replace("{device}", "00000000-0000-7000-8000-000000000000")
    };
    posts.map(|route| fill(route.path)).collect()
}

#[tokio::test]
async fn an_old_session_is_asked_for_its_card_before_any_change() {
    let world = World::start().await;
    let (mut browser, _) = administrator_with(&world).await;
    let forms = forms(&world, &mut browser).await;
    assert!(forms.len() > 13, "{forms:?}");
    five_minutes_later(&world).await;
    let before = world.dump().await;
    for form in forms {
        let answer = browser.post_form(&form, &[("name", "x"), ("action", "save")]).await;
        assert!(asks(&answer), "{form}: {answer:?}");
        if !form.contains("/agents/") {
            let back = browser.get(&to(&answer)).await;
            assert_eq!(back.status, 200, "{form} leads back to {}: {back:?}", to(&answer));
        }
    }
    assert_eq!(before.changes(&world.dump().await), [""; 0], "asking changed something");
}

#[tokio::test]
async fn a_page_with_a_form_says_before_it_is_filled_in_that_the_card_will_be_asked_for() {
    let world = World::start().await;
    let (mut browser, _) = administrator_with(&world).await;
    let before = "A change here will ask for your card";
    let new = "/admin/tenants/acme/providers/new?template=entra";
    let mapper = "/admin/tenants/acme/providers/azure/mappers/new";
    let pages = ["/admin/", SETTINGS, new, mapper];
    for page in pages {
        assert!(!browser.get(page).await.body.contains(before), "{page}");
    }
    five_minutes_later(&world).await;
    for page in pages {
        let shown = browser.get(page).await;
        assert!(shown.body.contains(before), "{page}");
        assert_eq!(to(&shown), page);
    }
}

#[tokio::test]
async fn who_sends_a_secret_with_an_old_proof_is_told_that_it_is_not_kept() {
    let (world, mut browser, _) = with_an_old_session().await;
    let path = "/admin/tenants/acme/providers/azure";
    let id = world.azure.client_id.to_string();
    let asked = browser.post_form(path, &provider_form(&world.azure, &id, &[])).await;
    assert!(asks(&asked) && asked.body.contains("but not the client secret"), "{asked:?}");
    assert!(!asked.body.contains(&world.azure.secret), "{asked:?}");
    let asked = save(&mut browser).await;
    assert!(asks(&asked) && !asked.body.contains("client secret"), "{asked:?}");
}

#[tokio::test]
async fn a_script_is_told_that_the_proof_is_too_old() {
    let (_world, mut browser, _) = with_an_old_session().await;
    let origin = browser.origin().to_owned();
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", origin.as_str()),
        ("accept", "application/json"),
    ];
    let body = Some("session_minutes=30".to_owned());
    let answer = browser.send(reqwest::Method::POST, SETTINGS, body, &headers).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "proof-too-old"), "{answer:?}");
}

#[tokio::test]
async fn a_fresh_session_is_not_asked_and_pages_never_are() {
    let world = World::start().await;
    let (mut browser, _) = administrator_with(&world).await;
    assert_eq!(save(&mut browser).await.status, 303);
    let forms = forms(&world, &mut browser).await;
    five_minutes_later(&world).await;
    let pages = ["/admin/", "/admin/tenants/acme/", "/admin/tenants/acme/audit", SETTINGS];
    let forms = forms.iter().map(String::as_str).filter(|form| form.ends_with("e/delete"));
    for page in pages.into_iter().chain(forms) {
        let shown = browser.get(page).await;
        assert_eq!(shown.status, 200, "{page}");
        assert!(!shown.body.contains(ASKED), "{page}");
    }
    // What only asks a provider changes nothing.
    let fetch = [("action", "fetch"), ("discovery", world.azure.metadata.as_str())];
    let fetched = browser.post_form("/admin/tenants/acme/providers", &fetch).await;
    assert_eq!(fetched.status, 200, "{fetched:?}");
    assert_eq!(browser.post_form("/admin/sign-out", &[]).await.status, 200);
}

#[tokio::test]
async fn with_the_card_one_comes_back_to_the_form_and_nothing_is_sent_again_by_itself() {
    let (world, mut browser, mut card) = with_an_old_session().await;
    let old = browser.cookie("__Host-admin").unwrap().to_owned();
    let asked = save(&mut browser).await;
    let there = confirm(&mut browser, &asked).await;
    assert_eq!(there.location.as_deref(), Some(CARD), "{there:?}");
    let page = browser.get(CARD).await;
    assert_eq!(page.title(), "To confirm a change in the console, use your card");
    let policy = world.tenant("acme").await.policy;
    let tapped = card.tap(&mut browser, CARD).await;
    let back = format!("{SETTINGS}?done=confirmed");
    assert_eq!(tapped.json()["location"], back.as_str(), "{tapped:?}");
    assert!(browser.get(&back).await.body.contains("You have confirmed with your card"));
    assert_eq!(world.tenant("acme").await.policy, policy, "the form was sent again");
    assert_eq!(save(&mut browser).await.status, 303);
    // The session is a new one; the old one is over.
    let mut thief = world.browser();
    thief.set_cookie("__Host-admin", &old);
    assert_eq!(thief.get(SETTINGS).await.status, 303);
    let audit = browser.get("/admin/tenants/operators/audit").await;
    assert!(audit.body.contains("card.confirmed"), "{}", audit.body);
}

#[tokio::test]
async fn the_page_after_a_confirmation_says_so_only_while_the_proof_is_fresh() {
    let (_world, mut browser, _) = with_an_old_session().await;
    let page = browser.get(&format!("{SETTINGS}?done=confirmed")).await;
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("You have confirmed"), "{}", page.body);
}

#[tokio::test]
async fn the_proof_of_another_operator_or_of_another_session_does_not_do() {
    let (world, mut old, mut hers) = with_an_old_session().await;
    let (mut other, mut others) = administrator_with(&world).await;
    assert_eq!(save(&mut other).await.status, 303, "the other one is fresh");
    assert!(asks(&save(&mut old).await));
    // The other one's card in her confirmation.
    let asked = save(&mut old).await;
    confirm(&mut old, &asked).await;
    let hint = serde_json::json!({ "hint": "card" });
    let mut offered = old.post_json(&format!("{CARD}/options"), &hint).await.json();
    offered["options"]["allowCredentials"] = serde_json::json!([]);
    let wrapped = serde_json::json!({ "publicKey": offered["options"] });
    let credential = others.0.authenticate(&wrapped, old.origin()).unwrap();
    let answer = serde_json::json!({ "challenge": offered["challenge"], "credential": credential });
    let refused = old.post_json(&format!("{CARD}/finish"), &answer).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    assert!(!refused.gives_a_session() && asks(&save(&mut old).await));
    // Her own card, on the account page of the same tenant and in the same browser.
    let start = old.get("/realms/operators/account/").await;
    old.follow(start).await;
    let tapped = hers.tap(&mut old, "/realms/operators/login/use-card").await;
    assert_eq!(tapped.status, 200, "{tapped:?}");
    assert!(old.cookie("__Host-sid-operators").is_some());
    assert!(asks(&save(&mut old).await), "an account session opens changes");
    let session = old.cookie("__Host-sid-operators").unwrap().to_owned();
    old.set_cookie("__Host-admin", &session);
    assert_eq!(save(&mut old).await.status, 401);
}

#[tokio::test]
async fn a_session_that_was_signed_out_meanwhile_has_no_successor() {
    let (_world, mut browser, mut card) = with_an_old_session().await;
    let asked = save(&mut browser).await;
    confirm(&mut browser, &asked).await;
    let mut tab = browser.clone();
    assert_eq!(tab.post_form("/admin/sign-out", &[]).await.status, 200);
    let tapped = card.tap(&mut browser, CARD).await;
    assert_eq!((tapped.status, tapped.code().as_str()), (403, "login-expired"), "{tapped:?}");
    assert!(!tapped.gives_a_session());
}

#[tokio::test]
async fn a_second_confirmation_takes_the_place_of_the_first() {
    let (world, mut browser, mut card) = with_an_old_session().await;
    let asked = save(&mut browser).await;
    confirm(&mut browser, &asked).await;
    let mut first = browser.clone();
    confirm(&mut browser, &asked).await;
    assert_eq!(world.dump().await.rows("login").len(), 1);
    let refused = card.tap(&mut first, CARD).await;
    assert_eq!(refused.code(), "login-expired", "{refused:?}");
    assert_eq!(card.tap(&mut browser, CARD).await.status, 200);
}

#[tokio::test]
async fn a_confirmation_leads_to_the_console_and_nowhere_else() {
    for elsewhere in ["https://evil.test/", "//evil.test/admin/", "/realms/acme/account/", ""] {
        let (_world, mut browser, mut card) = with_an_old_session().await;
        let begun = browser.post_form("/admin/step-up", &[("to", elsewhere)]).await;
        assert_eq!(begun.location.as_deref(), Some(CARD), "{begun:?}");
        let tapped = card.tap(&mut browser, CARD).await;
        assert_eq!(tapped.json()["location"], "/admin/?done=confirmed", "{elsewhere}");
    }
}

#[tokio::test]
async fn who_does_not_confirm_comes_back_to_where_they_were() {
    let (_world, mut browser, _) = with_an_old_session().await;
    let asked = save(&mut browser).await;
    confirm(&mut browser, &asked).await;
    let left = browser.post_form("/realms/operators/login/start-again", &[]).await;
    assert_eq!(left.location.as_deref(), Some(SETTINGS), "{left:?}");
    assert!(asks(&save(&mut browser).await));
}

/// Sends the head of a form and waits until the server asks for its body: by then it has looked at
/// who sends it.
async fn begin_to_send(world: &World, browser: &Browser, path: &str, body: &str) -> TcpStream {
    let mut socket = TcpStream::connect(world.config.listen).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: {}\r\nAccept: text/html\r\n\
         Cookie: __Host-admin={}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
        world.origin,
        browser.cookie("__Host-admin").unwrap(),
        body.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    socket.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n", "{path}");
    socket
}

async fn send_the_rest(mut socket: TcpStream, body: &str) -> String {
    socket.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn who_loses_the_right_to_a_change_while_they_send_it_changes_nothing() {
    let forms = [
        (SETTINGS, "session_minutes=30"),
        ("/admin/tenants/operators/settings", "session_minutes=30"),
        ("/admin/tenants", "name=Birch+Clinics&slug=birch"),
    ];
    let losses = [
        ("disabled", "UPDATE person SET state = 'disabled' WHERE administrator", 401),
        ("no administrator", "UPDATE person SET administrator = FALSE WHERE administrator", 401),
        ("signed out", "DELETE FROM session", 401),
        ("without the card", "UPDATE credential SET revoked_at = 1", 401),
        ("not fresh", "UPDATE proof SET verified_at = verified_at - 300000000", 403),
    ];
    for (name, loss, status) in losses {
        for (path, body) in forms {
            let world = World::start().await;
            let (browser, _) = administrator_with(&world).await;
            let socket = begin_to_send(&world, &browser, path, body).await;
            assert!(world.sql(loss).await > 0, "{name}");
            let before = world.dump().await;
            let answer = send_the_rest(socket, body).await;
            let line = format!("HTTP/1.1 {status} ");
            assert!(answer.starts_with(&line), "{name}, {path}: {answer}");
            assert!(answer.contains("What to do now"), "{name}, {path}: {answer}");
            assert_eq!(before.changes(&world.dump().await), [""; 0], "{name}, {path}");
        }
    }
}

#[tokio::test]
async fn who_keeps_the_right_to_a_change_may_take_their_time_to_send_it() {
    let world = World::start().await;
    let (browser, _) = administrator_with(&world).await;
    let body = "name=Birch+Clinics&slug=birch";
    let socket = begin_to_send(&world, &browser, "/admin/tenants", body).await;
    let answer = send_the_rest(socket, body).await;
    assert!(answer.starts_with("HTTP/1.1 303 "), "{answer}");
    assert_eq!(world.tenant("birch").await.display_name, "Birch Clinics");
}
