//! One whole story with everything listened to: what is secret appears nowhere, and each login
//! leaves one readable line and one chain of audit events.
//!
//! A test binary of its own, because a log subscriber is one per process.
#![expect(
    clippy::indexing_slicing,
    clippy::similar_names,
    clippy::unwrap_used,
    reason = "what goes wrong here is a red test"
)]

use std::collections::{BTreeMap, BTreeSet};

use agent_protocol::EnrolmentCode;
use e2e::{Answer, Browser, Card, Desktop, Log, PIN, Way, World, at_provider};
use entra_stand_in::Person;
use identity::{CardFirst, FirstCard, TenantPolicy};
use ids::TenantId;
use secrets::KeyRing;
use serde_json::json;
use store::{AuditEvent, Code, CodePurpose};

const ACME: Way = Way::into("acme");
const OPERATORS: Way = Way::into("operators");

/// What is not ours at the level of the programs; our crates tell all.
const FILTER: &str = "info,server=trace,upstream=trace,oidc=trace,login=trace,store=trace,\
                      secrets=trace,passkeys=trace,identity=trace,ids=trace,agent_protocol=trace,\
                      cardea_agent=trace,authenticator=trace";

/// What must stay secret, by name.
#[derive(Default)]
struct Secrets(BTreeMap<String, String>);

impl Secrets {
    fn add(&mut self, name: &str, value: &str) {
        assert!(value.len() >= 6, "{name} is too short to be looked for: {value}");
        self.0.insert(format!("{name} {}", self.0.len()), value.to_owned());
    }

    fn add_query(&mut self, url: &str, names: &[&str]) {
        let url = url::Url::parse(url).unwrap();
        let pairs: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        for name in names {
            self.add(name, &pairs[*name]);
        }
    }

    /// All cookies that a browser was ever given.
    fn add_cookies(&mut self, browser: &Browser) {
        for (_, answer) in browser.seen() {
            for (name, value) in answer.cookies() {
                self.add(&name, &value);
            }
        }
    }

    fn found_in(&self, text: &str) -> Vec<&str> {
        let found = self.0.iter().filter(|(_, value)| text.contains(value.as_str()));
        found.map(|(name, _)| name.as_str()).collect()
    }
}

/// What one browser of the story met.
struct Story {
    world: World,
    lines: Log,
    secrets: Secrets,
    answers: Vec<(String, Answer)>,
    log: String,
}

impl Story {
    /// The log lines at INFO since the last call; the rest is kept for the end.
    fn info(&mut self) -> Vec<String> {
        let new = self.lines.take();
        self.log.push_str(&new);
        new.lines().filter(|line| line.contains(" INFO ")).map(str::to_owned).collect()
    }

    /// Keeps what a browser met, for the end.
    fn remember(&mut self, browser: &Browser) {
        self.secrets.add_cookies(browser);
        self.answers.extend(browser.seen());
    }

    /// From the account page to the card step.
    async fn entra(&mut self, browser: &mut Browser, person: &mut Person) {
        let authorize = ACME.to_provider(browser).await;
        self.secrets.add_query(&authorize, &["state", "nonce"]);
        let callback = at_provider(person, &authorize).await;
        self.secrets.add_query(&callback, &["code"]);
        let answer = browser.get(&callback).await;
        assert_eq!(answer.location, Some(ACME.path("login/card")), "{answer:?}");
        let again = browser.get(&callback).await;
        assert_eq!(again.status, 403, "an error page: {again:?}");
        let reference = again.body.split("<dt>Reference</dt><dd><code>").nth(1).unwrap();
        let reference = reference.split('<').next().unwrap();
        let log = self.lines.text();
        let told = log.lines().find(|line| line.contains(reference)).unwrap();
        assert!(told.contains("answered with an error page"), "{told}");
    }

    /// The card's answer, which is nobody's business either.
    async fn tap(&mut self, way: Way, browser: &mut Browser, card: &mut Card) {
        let options = way.options(browser).await;
        let answer = card.answer(browser, &options);
        let response = &answer["credential"]["response"];
        self.secrets.add("client data", response["clientDataJSON"].as_str().unwrap());
        for part in ["signature", "attestationObject"] {
            if let Some(part_text) = response[part].as_str() {
                self.secrets.add(part, part_text);
            }
        }
        let wrong = json!({ "challenge": answer["challenge"], "credential": {} });
        let mut other = browser.clone();
        other.drop_cookie(&way.card_cookie());
        assert_eq!(way.finish(&mut other, &wrong).await.status, 403);
        self.remember(&other);
        let done = way.finish(browser, &answer).await;
        assert_eq!(done.status, 200, "{done:?}");
    }

    async fn events(&self, tenant: TenantId) -> Vec<AuditEvent> {
        let mut rows = self.world.app.store().read(tenant).await.unwrap();
        let events = rows.audit(0, 1000).await.unwrap();
        let head = rows.audit_head().await.unwrap().unwrap();
        assert_eq!(rows.verify_chain(&events), Ok(()));
        assert!(head.ends(&events), "the chain ends elsewhere");
        events
    }
}

/// The kinds of the events of each login, in the order in which the logins began.
fn by_login(events: &[AuditEvent]) -> Vec<Vec<&str>> {
    let mut order = Vec::new();
    let mut kinds: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for event in events {
        let Some(login) = event.login else { continue };
        if !kinds.contains_key(&login.to_string()) {
            order.push(login.to_string());
        }
        kinds.entry(login.to_string()).or_default().push(&event.kind);
    }
    order.iter().map(|login| kinds[login].clone()).collect()
}

#[track_caller]
fn assert_one_line(lines: &[String]) {
    let told: Vec<_> = lines.iter().filter(|line| line.contains("signed in")).collect();
    assert_eq!(told.len(), 1, "{lines:?}");
    for part in ["tenant=", "login=", "person="] {
        assert!(told[0].contains(part), "{part} in {}", told[0]);
    }
}

async fn issue_code(story: &mut Story, username: &str, seed: u8) -> String {
    let store = story.world.app.store();
    let tenant = story.world.tenant("acme").await.id;
    let code = EnrolmentCode::from_random([seed; 16]);
    let hash = KeyRing::of([7; 32]).derive("one-time code", code.as_str().as_bytes());
    let expires_at = store.now().await.unwrap().plus(std::time::Duration::from_secs(600));
    let mut tx = store.write(tenant).await.unwrap();
    let person = tx.person_by_username(username).await.unwrap().unwrap().id;
    let row =
        Code { person: Some(person), purpose: CodePurpose::FirstCard, expires_at, issued_by: None };
    tx.put_code(&hash.unwrap().hash(), &row).await.unwrap();
    tx.commit().await.unwrap();
    story.secrets.add("one-time code", code.as_str());
    story.secrets.add("one-time code as shown", &code.shown());
    code.shown()
}

async fn enrol_by_code(story: &mut Story, card: &mut Card) {
    let mut browser = story.world.browser();
    story.entra(&mut browser, &mut Person::new("mia@acme.example")).await;
    let code = issue_code(story, "mia@acme.example", 5).await;
    let wrong = browser.post_form(&ACME.path("login/code"), &[("code", "BBBB-CCCC")]).await;
    assert_eq!(wrong.status, 200, "{wrong:?}");
    let accepted = browser.post_form(&ACME.path("login/code"), &[("code", &code)]).await;
    assert_eq!(accepted.status, 303, "{accepted:?}");
    story.info();
    story.tap(ACME, &mut browser, card).await;
    story.remember(&browser);
    assert_one_line(&story.info());
}

async fn sign_in(story: &mut Story, card: &mut Card) {
    let mut browser = story.world.browser();
    story.entra(&mut browser, &mut Person::new("mia@acme.example")).await;
    story.tap(ACME, &mut browser, card).await;
    story.remember(&browser);
    assert_one_line(&story.info());
}

/// Through the agent: what it is shown, what the browser brings back, and the PIN that only the card
/// and the person know.
async fn through_the_agent(story: &mut Story) {
    let desktop = Desktop::start();
    let _card = desktop.put_new_card(3);
    story.secrets.add("PIN", PIN);
    let mut browser = story.world.browser();
    story.entra(&mut browser, &mut Person::new("una@acme.example")).await;
    let code = issue_code(story, "una@acme.example", 6).await;
    let accepted = browser.post_form(&ACME.path("login/code"), &[("code", &code)]).await;
    assert_eq!(accepted.status, 303, "{accepted:?}");
    let shown = browser.post_json(&ACME.path("login/card/pair"), &json!({})).await.member("code");
    let shown = shown.as_str().unwrap().to_owned();
    story.secrets.add("pairing code", &shown);
    let pairing = desktop.pair(&story.world, &shown).await;
    let (_, token) = pairing.address().split_once('#').unwrap();
    story.secrets.add("return token", token);
    assert_eq!(browser.come_back(pairing.address()).await.status, 200);
    pairing.confirmed().await.unwrap();
    desktop.agent.connected().await;
    story.info();
    let mut events = browser.events(&ACME.path("login/card/events")).await;
    let pushed = browser.post_json(&ACME.path("login/card/agent"), &json!({})).await.json();
    story.secrets.add("ticket", pushed["ticket"].as_str().unwrap());
    let done = loop {
        let event = events.next().await;
        if event["state"] == "done" {
            break event;
        }
        assert_ne!(event["state"], "refused", "{event}");
    };
    browser.get(done["location"].as_str().unwrap()).await;
    assert!(browser.cookie("__Host-sid-acme").is_some());
    story.remember(&browser);
    let lines = story.info();
    assert!(lines.iter().any(|line| line.contains("via=\"agent\"")), "{lines:?}");
    assert_one_line(&lines);
}

async fn card_alone(story: &mut Story, card: &mut Card) {
    let mut browser = story.world.browser();
    let options = ACME.use_card_options(&mut browser).await;
    let answer = card.answer(&browser, &options);
    let done = ACME.use_card(&mut browser, &answer).await;
    assert_eq!(done.status, 200, "{done:?}");
    let again = ACME.use_card(&mut browser, &answer).await;
    assert_eq!(again.status, 409, "{again:?}");
    story.remember(&browser);
    assert_one_line(&story.info());
}

async fn invited(story: &mut Story) {
    let url = server::invite(&story.world.config).await.unwrap();
    let token = url.split_once('#').unwrap().1.to_owned();
    story.secrets.add("invitation", &token);
    let mut browser = story.world.browser();
    let taken =
        browser.post_form("/admin/invite", &[("token", &token), ("name", "Olga Operator")]).await;
    assert_eq!(taken.location, Some(OPERATORS.path("login/card")), "{taken:?}");
    story.tap(OPERATORS, &mut browser, &mut Card::new(2)).await;
    assert!(browser.cookie("__Host-admin").is_some());
    story.remember(&browser);
    assert_one_line(&story.info());
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_appear_nowhere_and_each_login_tells_its_story() {
    let lines = Log::of_process(FILTER);
    let world = World::telling_all(TenantPolicy {
        first_card: FirstCard::AdministratorCode,
        card_first: CardFirst::WithinDays(1),
        ..TenantPolicy::default()
    })
    .await;
    let mut story = Story {
        world,
        lines,
        secrets: Secrets::default(),
        answers: Vec::new(),
        log: String::new(),
    };
    story.secrets.add("client secret", &story.world.azure.secret.clone());
    story.secrets.add("master key", &KeyRing::of([7; 32]).reveal());
    let mut card = Card::new(1);
    enrol_by_code(&mut story, &mut card).await;
    sign_in(&mut story, &mut card).await;
    card_alone(&mut story, &mut card).await;
    through_the_agent(&mut story).await;
    invited(&mut story).await;

    // The log.
    story.info();
    assert!(story.lines.text().is_empty());
    assert!(story.log.lines().count() >= 4, "nothing was listened to: {}", story.log);
    assert_eq!(story.secrets.found_in(&story.log), [""; 0], "{}", story.log);
    assert!(!story.log.contains("eyJ"), "a token: {}", story.log);
    assert!(!story.log.contains("acme.example"), "a person's address: {}", story.log);

    // What browsers were told: redirects to other hosts carry what they must and no more, and
    // errors nothing at all.
    let shown: BTreeSet<&str> = ["state", "nonce"].into();
    for (url, answer) in &story.answers {
        let location = answer.location.clone().unwrap_or_default();
        let abroad = location.starts_with("http") && !location.starts_with(&story.world.origin);
        let found = story.secrets.found_in(&location);
        let allowed =
            |name: &&&str| !abroad || !shown.contains(name.split(' ').next().unwrap_or_default());
        assert_eq!(found.iter().filter(allowed).count(), 0, "{url}: {found:?} in {location}");
        if answer.status >= 400 {
            assert_eq!(story.secrets.found_in(&answer.body), [""; 0], "{url}: {answer:?}");
        }
    }
    // The database: no secret stands in a plain column, and the files keep none.
    let dump = format!("{:?}", story.world.dump().await);
    assert_eq!(story.secrets.found_in(&dump), [""; 0]);

    // The audit trail.
    let acme = story.events(story.world.tenant("acme").await.id).await;
    assert_eq!(
        by_login(&acme),
        [
            vec!["login.upstream", "login.code", "card.enrolled", "login.signed-in"],
            vec!["login.upstream", "login.signed-in"],
            vec!["login.signed-in"],
            vec![
                "login.upstream",
                "login.code",
                "agent.offered",
                "agent.paired",
                "card.enrolled",
                "login.signed-in",
            ],
        ]
    );
    let operators = story.events(story.world.tenant("operators").await.id).await;
    assert_eq!(
        by_login(&operators),
        [vec!["login.invitation", "card.enrolled", "login.signed-in"]]
    );
    let told = serde_json::to_string(&acme.iter().map(|e| &e.detail).collect::<Vec<_>>()).unwrap();
    assert_eq!(story.secrets.found_in(&told), [""; 0], "{told}");
}
