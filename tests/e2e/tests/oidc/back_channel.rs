//! Back-Channel Logout 1.0: whatever ends a session, the applications hear of it.

use std::time::Duration;

use e2e::{Answer, Browser, Card, Receiver, Reply, World, until};
use identity::PersonState;
use openid_provider::client::ClientSettings;
use serde_json::{Map, Value};

use crate::support::{
    ACME, Application, enrolled, id_of, mia, one_tap, session_of, settings, signed_in,
};

/// A world in which mia has a card, with an application that listens.
struct Scene {
    world: World,
    receiver: Receiver,
    wiki: Listening,
    card: Card,
}

/// An application with its secret.
struct Listening {
    application: Application,
    secret: String,
}

/// What an application has got in a sign-in.
struct Tokens {
    id: Map<String, Value>,
    access: String,
    refresh: Option<String>,
}

impl Scene {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut ClientSettings)) -> Self {
        let receiver = Receiver::start().await;
        let world = World::telling(std::slice::from_ref(&receiver.origin), World::policy()).await;
        let card = enrolled(&world, &mut mia(), 1).await;
        let mut listening = listens(&receiver, "wiki");
        change(&mut listening);
        let wiki = Listening::add(&world, "wiki", listening).await;
        Self { world, receiver, wiki, card }
    }

    async fn signed_in(&mut self) -> (Browser, Tokens) {
        let mut browser = signed_in(&self.world, &mut self.card).await;
        let tokens = self.wiki.signs_in(&self.world, &mut browser).await;
        (browser, tokens)
    }

    /// Lets everything be told that is due, and what is put off, too.
    async fn told(&self) {
        self.world.sql("UPDATE logout_notice SET due_at = 0").await;
        server::tell_due(&self.world.app).await;
    }

    async fn waiting(&self) -> usize {
        self.world.dump().await.rows("logout_notice").len()
    }

    /// The last that came, by the eyes of a strict application.
    async fn last_claims(&self) -> Map<String, Value> {
        let certs = self.world.browser().get(&ACME.path("protocol/openid-connect/certs")).await;
        let issuer = format!("{}/realms/acme", self.world.origin);
        self.receiver.heard_by("wiki").last().unwrap().claims(
            certs.body.as_bytes(),
            &issuer,
            "wiki",
        )
    }

    async fn audited(&self, kind: &str) -> Vec<Value> {
        let mut rows = self.world.dump().await.rows("audit");
        rows.retain(|row| row["kind"] == format!("'{kind}'"));
        let detail = |text: &str| serde_json::from_str(text.trim_matches('\'')).unwrap();
        rows.iter().map(|row| detail(&row["detail"])).collect()
    }
}

fn listens(receiver: &Receiver, client_id: &str) -> ClientSettings {
    ClientSettings { backchannel_logout_uri: Some(receiver.uri_of(client_id)), ..settings() }
}

impl Listening {
    async fn add(world: &World, client_id: &str, settings: ClientSettings) -> Self {
        let application = Application::add(world, client_id, settings).await;
        let secret = application.new_secret(world).await;
        Self { application, secret }
    }

    async fn signs_in(&self, world: &World, browser: &mut Browser) -> Tokens {
        let asked = self.application.asks().with("scope", "openid offline_access");
        let answer = browser.get(&asked.url()).await;
        self.gets(world, &answer).await
    }

    async fn gets(&self, world: &World, answer: &Answer) -> Tokens {
        let back = self.application.back(answer);
        let tokens = self.application.redeems(world, &back, &self.secret).await;
        assert_eq!(tokens.status, 200, "{tokens:?}");
        let text = |name: &str| tokens.member(name).as_str().map(str::to_owned);
        let id = text("id_token").unwrap();
        let payload = jose::Compact::split(&id).unwrap().unverified_payload().unwrap();
        Tokens {
            id: serde_json::from_slice(&payload).unwrap(),
            access: text("access_token").unwrap(),
            refresh: text("refresh_token"),
        }
    }

    async fn userinfo(&self, world: &World, tokens: &Tokens) -> u16 {
        let bearer = format!("Bearer {}", tokens.access);
        let headers = [("authorization", bearer.as_str())];
        let path = ACME.path("protocol/openid-connect/userinfo");
        world.browser().send(reqwest::Method::GET, &path, None, &headers).await.status
    }

    async fn refresh(&self, world: &World, tokens: &Tokens) -> u16 {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "refresh_token")
            .append_pair("refresh_token", tokens.refresh.as_deref().unwrap())
            .append_pair("client_id", &self.application.client_id)
            .append_pair("client_secret", &self.secret)
            .finish();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let path = ACME.path("protocol/openid-connect/token");
        world.browser().send(reqwest::Method::POST, &path, Some(body), &headers).await.status
    }
}

async fn sign_out(browser: &mut Browser) -> Answer {
    browser.post_form(&ACME.path("account/sign-out"), &[]).await
}

#[tokio::test]
async fn an_application_is_told_by_a_token_that_verifies() {
    let mut scene = Scene::new().await;
    let (mut browser, tokens) = scene.signed_in().await;
    scene.told().await;
    assert!(scene.receiver.heard().is_empty(), "the session lives");
    assert_eq!(sign_out(&mut browser).await.status, 200);
    scene.told().await;
    let claims = scene.last_claims().await;
    let expected = ["aud", "events", "exp", "iat", "iss", "jti", "sid", "sub"];
    assert_eq!(claims.keys().map(String::as_str).collect::<Vec<_>>(), expected);
    assert_eq!((&claims["sub"], &claims["sid"]), (&tokens.id["sub"], &tokens.id["sid"]));
    assert_eq!((scene.receiver.heard().len(), scene.waiting().await), (1, 0));
    let told = scene.audited("oidc.logout-told").await;
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["client"], &told[0]["sid"]), (&"wiki".into(), &claims["sid"]));
    // What was granted for a time without the person outlives the logout (Back-Channel Logout §2.7).
    assert_eq!(scene.wiki.refresh(&scene.world, &tokens).await, 200);
    scene.told().await;
    assert_eq!(scene.receiver.heard().len(), 1, "once");
}

#[tokio::test]
async fn who_does_not_know_sessions_is_told_the_person() {
    let mut scene =
        Scene::with(|settings| settings.backchannel_logout_session_required = false).await;
    let (mut browser, tokens) = scene.signed_in().await;
    sign_out(&mut browser).await;
    scene.told().await;
    let claims = scene.last_claims().await;
    assert_eq!((claims.get("sid"), &claims["sub"]), (None, &tokens.id["sub"]));
}

/// How a session ends, by whoever it is.
#[derive(Clone, Copy, Debug)]
enum End {
    ByApplication,
    InList,
    ByAdministrator,
    Expired,
    Disabled,
    CardRevoked,
}

async fn end(scene: &Scene, browser: &mut Browser, tokens: &Tokens, how: End) {
    let world = &scene.world;
    let (tenant, person) = (world.tenant("acme").await.id, id_of(world, "mia@acme.example").await);
    let session = session_of(world, "mia@acme.example").await;
    let mut tx = world.app.store().write(tenant).await.unwrap();
    match how {
        End::ByApplication => {
            drop(tx);
            let sid = tokens.id["sid"].as_str().unwrap().parse().unwrap();
            let hint = scene.wiki.application.id_token(world, person, sid).await;
            let path = ACME.path("protocol/openid-connect/logout");
            let hint = hint.expose_text().unwrap();
            let answer = browser.get(&format!("{path}?id_token_hint={hint}")).await;
            assert_eq!(browser.follow(answer).await.title(), "You are signed out");
            return;
        }
        End::InList => {
            drop(tx);
            let id = session.id.to_string();
            let answer =
                browser.post_form(&ACME.path(&format!("account/sessions/{id}/end")), &[]).await;
            assert!(answer.status < 400, "{answer:?}");
            return;
        }
        End::Expired => {
            drop(tx);
            world.sql("UPDATE session SET expires_at = 1").await;
            server::sweep_all(&world.app).await;
            return;
        }
        End::ByAdministrator => assert!(tx.end_sessions_of(person).await.unwrap() > 0),
        End::Disabled => {
            assert!(tx.set_person_state(person, PersonState::Disabled).await.unwrap());
        }
        End::CardRevoked => assert!(tx.revoke_credential(session.credential).await.unwrap()),
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn whoever_ends_a_session_the_application_hears_of_it() {
    let mut scene = Scene::new().await;
    for (number, how) in [End::ByApplication, End::InList, End::Expired, End::ByAdministrator]
        .into_iter()
        .enumerate()
    {
        let (mut browser, tokens) = scene.signed_in().await;
        end(&scene, &mut browser, &tokens, how).await;
        scene.told().await;
        assert_eq!(scene.receiver.heard().len(), number + 1, "{how:?}");
        assert_eq!(scene.last_claims().await["sid"], tokens.id["sid"], "{how:?}");
    }
    for how in [End::Disabled, End::CardRevoked] {
        let mut scene = Scene::new().await;
        let (mut browser, tokens) = scene.signed_in().await;
        end(&scene, &mut browser, &tokens, how).await;
        scene.told().await;
        assert_eq!(scene.last_claims().await["sid"], tokens.id["sid"], "{how:?}");
    }
}

#[tokio::test]
async fn one_more_tap_ends_nothing_and_the_session_keeps_its_name() {
    let mut scene = Scene::new().await;
    let (mut browser, tokens) = scene.signed_in().await;
    let other = Listening::add(&scene.world, "strict", settings()).await;
    let before = session_of(&scene.world, "mia@acme.example").await;
    let asked = other.application.asks().with("prompt", "login");
    let world = &scene.world;
    let answer = one_tap(world, &mut browser, &other.application, &asked, &mut scene.card).await;
    let others = other.gets(world, &answer).await;
    let after = session_of(world, "mia@acme.example").await;
    assert_ne!(before.id, after.id, "it is another session");
    scene.told().await;
    assert!(scene.receiver.heard().is_empty(), "nothing has ended");
    assert_eq!(scene.wiki.userinfo(&scene.world, &tokens).await, 200, "nor what others got");
    assert_eq!(others.id["sid"], tokens.id["sid"]);
    let again = scene.wiki.signs_in(&scene.world, &mut browser).await;
    assert_eq!(again.id["sid"], tokens.id["sid"]);
    // By that name the application signs out at once.
    end(&scene, &mut browser, &tokens, End::ByApplication).await;
    scene.told().await;
    assert_eq!(scene.receiver.heard().len(), 1, "two sign-ins, one session");
    assert_eq!(scene.last_claims().await["sid"], tokens.id["sid"]);
}

#[tokio::test]
async fn an_application_that_answers_later_is_told_later_and_one_that_never_does_is_given_up() {
    let mut scene = Scene::new().await;
    let (mut browser, tokens) = scene.signed_in().await;
    sign_out(&mut browser).await;
    for (tries, reply) in
        [Reply::Status(503), Reply::Status(400), Reply::Status(201)].into_iter().enumerate()
    {
        scene.receiver.replies(reply);
        scene.told().await;
        assert_eq!((scene.receiver.heard().len(), scene.waiting().await), (tries + 1, 1));
    }
    // Not before its time.
    server::tell_due(&scene.world.app).await;
    assert_eq!(scene.receiver.heard().len(), 3);
    scene.receiver.replies(Reply::Status(204));
    scene.told().await;
    assert_eq!(scene.waiting().await, 0);
    assert_eq!(scene.last_claims().await["sid"], tokens.id["sid"]);
    assert_eq!(scene.audited("oidc.logout-told").await[0]["tries"], 4);

    let (mut browser, _) = scene.signed_in().await;
    sign_out(&mut browser).await;
    scene.receiver.replies(Reply::Status(500));
    for _ in 0..7 {
        scene.told().await;
        assert_eq!(scene.waiting().await, 1);
    }
    assert!(scene.audited("oidc.logout-given-up").await.is_empty());
    scene.told().await;
    assert_eq!((scene.receiver.heard().len(), scene.waiting().await), (4 + 8, 0));
    let given_up = scene.audited("oidc.logout-given-up").await;
    assert_eq!(given_up.len(), 1);
    assert_eq!(given_up[0]["reason"], "it answered with status 500");
}

/// It is tried with a few sessions, and all others wait as long as these.
#[tokio::test]
async fn an_application_that_does_not_answer_is_left_alone_with_the_rest_of_its_sessions_too() {
    let mut scene = Scene::new().await;
    let mut browsers = Vec::new();
    for _ in 0..5 {
        browsers.push(scene.signed_in().await.0);
    }
    for browser in &mut browsers {
        sign_out(browser).await;
    }
    scene.receiver.replies(Reply::Status(503));
    for _ in 0..2 {
        server::tell_due(&scene.world.app).await;
        assert_eq!((scene.receiver.heard().len(), scene.waiting().await), (4, 5));
    }
    scene.receiver.replies(Reply::Status(204));
    scene.told().await;
    assert_eq!(scene.waiting().await, 0);
}

/// After five seconds. Rows of other nodes are looked for after thirty, so who forgets is found out.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_off_is_told_when_its_time_comes() {
    let mut scene = Scene::new().await;
    let (mut browser, _) = scene.signed_in().await;
    scene.receiver.replies(Reply::Status(503));
    sign_out(&mut browser).await;
    let telling = tokio::spawn(server::tell_as_they_come(scene.world.app.clone()));
    scene.receiver.until(1).await;
    scene.receiver.replies(Reply::Status(204));
    let again = tokio::time::timeout(Duration::from_secs(20), scene.receiver.until(2));
    assert!(again.await.is_ok(), "nobody looks after it");
    telling.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_hangs_delays_neither_the_others_nor_the_person() {
    let hanging = Receiver::start().await;
    let receiver = Receiver::start().await;
    let origins = [hanging.origin.clone(), receiver.origin.clone()];
    let world = World::telling(&origins, World::policy()).await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    hanging.replies(Reply::Hang);
    let stuck = Listening::add(&world, "a-stuck", listens(&hanging, "a-stuck")).await;
    let wiki = Listening::add(&world, "wiki", listens(&receiver, "wiki")).await;
    let telling = tokio::spawn(server::tell_as_they_come(world.app.clone()));
    for round in 1..=2 {
        let mut browser = signed_in(&world, &mut card).await;
        stuck.signs_in(&world, &mut browser).await;
        wiki.signs_in(&world, &mut browser).await;
        assert_eq!(sign_out(&mut browser).await.status, 200);
        receiver.until(round).await;
    }
    hanging.until(1).await;
    // Its call ends by itself, and is tried again.
    let put_off = async || {
        let rows = world.dump().await.rows("logout_notice");
        rows.len() == 2
            && rows.iter().any(|row| row["tries"] == "1" && row["client_id"] == "'a-stuck'")
    };
    until(put_off).await;
    hanging.replies(Reply::Endless);
    world.sql("UPDATE logout_notice SET due_at = 0").await;
    server::tell_due(&world.app).await;
    let told = async || world.dump().await.rows("logout_notice").is_empty();
    until(told).await;
    telling.abort();
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let mut scene = Scene::new().await;
    let elsewhere = Receiver::start().await;
    let (mut browser, _) = scene.signed_in().await;
    sign_out(&mut browser).await;
    scene.receiver.replies(Reply::Redirect(elsewhere.uri_of("wiki")));
    scene.told().await;
    assert_eq!((scene.receiver.heard().len(), elsewhere.heard().len()), (1, 0));
    assert_eq!(scene.waiting().await, 1);
    scene.world.sql("UPDATE logout_notice SET tries = 7").await;
    scene.told().await;
    let given_up = scene.audited("oidc.logout-given-up").await;
    let reason = given_up[0]["reason"].as_str().unwrap();
    assert!(reason.contains("it redirects to another address"), "{reason}");
    assert!(elsewhere.heard().is_empty());
}

#[tokio::test]
async fn an_inner_address_that_the_operator_has_not_named_is_not_called() {
    let mut scene = Scene::new().await;
    let inside = Receiver::start().await;
    let port = inside.origin.port().unwrap();
    let (mut browser, _) = scene.signed_in().await;
    sign_out(&mut browser).await;
    for uri in [
        inside.uri_of("wiki"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://localhost:{port}/"),
    ] {
        let change = |settings: &mut ClientSettings| settings.backchannel_logout_uri = Some(uri);
        scene.wiki.application.change_settings(&scene.world, change).await;
        scene.told().await;
        assert_eq!(scene.waiting().await, 1);
    }
    assert!(inside.heard().is_empty());
    assert!(scene.receiver.heard().is_empty());
    scene.world.sql("UPDATE logout_notice SET tries = 7").await;
    scene.told().await;
    let given_up = scene.audited("oidc.logout-given-up").await;
    let reason = given_up[0]["reason"].as_str().unwrap();
    assert!(reason.contains("oidc.logout_origins"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_one_tells() {
    let mut scene = Scene::new().await;
    // On SQLite there is one node; its store is asked twice at once.
    let other = match scene.world.config.database {
        Some(_) => server::open(scene.world.config.clone()).await.unwrap(),
        None => scene.world.app.clone(),
    };
    for round in 1..=5 {
        let (mut browser, _) = scene.signed_in().await;
        sign_out(&mut browser).await;
        futures_util::future::join(server::tell_due(&scene.world.app), server::tell_due(&other))
            .await;
        assert_eq!((scene.receiver.heard().len(), scene.waiting().await), (round, 0));
    }
    // What a node has taken and died with, another one follows after a while.
    let (mut browser, _) = scene.signed_in().await;
    sign_out(&mut browser).await;
    let tenant = scene.world.tenant("acme").await.id;
    let mut tx = scene.world.app.store().write(tenant).await.unwrap();
    assert_eq!(tx.take_logout_notices("wiki", 9).await.unwrap().len(), 1);
    tx.commit().await.unwrap();
    server::tell_due(&other).await;
    assert_eq!(scene.receiver.heard().len(), 5);
    scene.world.sql("UPDATE logout_notice SET due_at = 0").await;
    server::tell_due(&other).await;
    assert_eq!(scene.receiver.heard().len(), 6);
}

#[tokio::test]
async fn who_is_disabled_or_removed_meanwhile_is_told_nothing() {
    let mut scene = Scene::new().await;
    let (mut browser, _) = scene.signed_in().await;
    sign_out(&mut browser).await;
    // Past the change that would have forgotten it.
    scene.world.sql("UPDATE client SET enabled = FALSE WHERE client_id = 'wiki'").await;
    scene.told().await;
    assert_eq!((scene.receiver.heard().len(), scene.waiting().await), (0, 0));
    scene.world.sql("UPDATE client SET enabled = TRUE").await;
    scene.told().await;
    assert!(scene.receiver.heard().is_empty());
}

#[tokio::test]
async fn discovery_says_that_there_is_back_channel_logout() {
    let scene = Scene::new().await;
    let path = ACME.path(".well-known/openid-configuration");
    let document = scene.world.browser().get(&path).await;
    for member in ["backchannel_logout_supported", "backchannel_logout_session_supported"] {
        assert_eq!(document.member(member), true, "{member}");
    }
}
