//! Smart cards with certificates, the whole way: server, agent, OpenSC's module in the agent's
//! child, a real pcscd, and the firmware of a card. The authority is the test's.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what goes wrong here is a red test"
)]

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use cardea_agent::{Modules, Program};
use e2e::{Browser, Desktop, Way, World, ask_agent};
use entra_stand_in::Person;
use firmware_sim::{Config, Pcscd, ReaderPort, Simulator, VirtualCard, isolated, when_shown};
use identity::{
    CardFirst, CardLifted, FirstCard, Moment, RevocationPolicy, TenantPolicy, X509Policy,
};
use serde_json::{Value, json};
use soft_card::{DAY, Office, Wanted, certificate_pem};
use store::{CardAuthority, KeptList};
use tempfile::TempDir;

const ACME: Way = Way::into("acme");
const STEP: &str = "/realms/acme/login/card";
const ACCOUNT: &str = "/realms/acme/account/";
/// No event of these tests takes so long, unless it never comes.
const SOON: Duration = Duration::from_secs(30);
/// The new PIV card's, and the one that is chosen for FIDO.
const PIV_PIN: &str = "pin 123456";
const FIDO_PIN: &str = "pin 271828";
/// A key on P-256: the length of its point, without compression.
const POINT: usize = 65;

fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_secs().try_into().unwrap()
}

/// Where Debian has OpenSC's module, and others.
fn opensc() -> PathBuf {
    let places =
        ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
    let paths = places.map(|folder| PathBuf::from(folder).join("opensc-pkcs11.so"));
    paths.into_iter().find(|path| path.exists()).unwrap()
}

/// The authority's own computer.
struct Desk {
    office: Office,
    folder: TempDir,
}

impl Desk {
    /// Has the card in a reader make a key, and writes a certificate onto it: its serial number.
    fn issue(&mut self, reader: &str, username: &str) -> u8 {
        self.piv(reader, &["-a", "generate", "-s", "9a", "-A", "ECCP256", "-o", "key.pub"]);
        let pem = std::fs::read_to_string(self.folder.path().join("key.pub")).unwrap();
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let key = BASE64_STANDARD.decode(body).unwrap();
        let point = &key[key.len() - POINT..];
        let (certificate, serial) = self.office.certify(point, &Wanted::person(username, now()));
        std::fs::write(self.folder.path().join("card.pem"), certificate_pem(&certificate)).unwrap();
        self.piv(reader, &["-a", "import-certificate", "-s", "9a", "-i", "card.pem"]);
        serial
    }

    fn piv(&self, reader: &str, arguments: &[&str]) -> String {
        let mut command = Command::new("yubico-piv-tool");
        command.args(["-r", reader]).args(arguments).current_dir(self.folder.path());
        let output = when_shown(&mut command, "Failed to connect").unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    }
}

/// Mia's computer with a PIV card in its first reader, and a server that takes such cards.
struct Scene {
    world: World,
    desktop: Desktop,
    desk: Desk,
    serial: u8,
    browser: Browser,
    card: Simulator,
    _inserted: VirtualCard,
}

const FIRST: &str = "Virtual PCD 00 00";

/// An agent that sees so many cards, and Mia at the card step of a browser that is paired with it.
async fn paired(world: &World, cards: usize) -> (Desktop, Browser) {
    let path = env!("CARGO_BIN_EXE_agent-under-test").into();
    let program = Program { path, arguments: vec!["pkcs11-child".into()] };
    let desktop = Desktop::at_readers(Modules::new(opensc(), program));
    until(async || desktop.agent.status().devices.len() == cards).await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut Person::new("mia@acme.example")).await;
    desktop.set_up(world, &mut browser, STEP).await;
    (desktop, browser)
}

fn insert(card: &Simulator, reader: &ReaderPort) -> VirtualCard {
    let inserted = card.card(reader).unwrap();
    assert!(inserted.wait_until_powered(SOON));
    inserted
}

impl Scene {
    async fn new(seed: u64, pcscd: &Pcscd, card_lifted: CardLifted) -> Self {
        let card = Simulator::start(Config { piv: true, ..Config::seeded(seed) }).unwrap();
        let inserted = insert(&card, &pcscd.first_reader());
        let office = Office::root("Acme cards", now());
        let mut desk = Desk { office, folder: tempfile::tempdir().unwrap() };
        let serial = desk.issue(FIRST, "mia@acme.example");
        let world = taking(&desk.office, card_lifted).await;
        let (desktop, browser) = paired(&world, 1).await;
        Self { world, desktop, desk, serial, browser, card, _inserted: inserted }
    }

    /// The page asks the agent, and the person does this.
    async fn ask(&mut self, person: &[&str]) -> Value {
        self.desktop.will(person);
        ask_agent(&mut self.browser, STEP).await
    }

    /// The same, and it goes well.
    async fn done(&mut self, person: &[&str]) {
        let done = self.ask(person).await;
        assert_eq!(done["state"], "done", "{done}: {}", self.desktop.saw());
        self.browser.get(done["location"].as_str().unwrap()).await;
    }

    /// Mia has a certificate on her account. Her card could be enrolled for FIDO, too.
    async fn enrol(&mut self) {
        self.done(&["another", "ok", PIV_PIN]).await;
        let account = self.browser.get(ACCOUNT).await.body;
        assert!(account.contains("Smart card certificate issued by CN=Acme cards"), "{account}");
    }

    /// She comes to the card step once more.
    async fn come_again(&mut self) {
        self.browser.drop_cookie(&ACME.session_cookie());
        ACME.to_card(&mut self.browser, &mut Person::new("mia@acme.example")).await;
    }

    fn dialogs(&self) -> usize {
        let saw = self.desktop.saw();
        saw.lines().filter(|line| matches!(*line, "GETPIN" | "CONFIRM")).count()
    }

    /// How all proofs were made.
    async fn methods(&self) -> Vec<String> {
        let dump = self.world.dump().await;
        dump.rows("proof").iter().map(|row| row["amr"].clone()).collect()
    }

    /// So many of them by a certificate.
    async fn by_certificate(&self) -> usize {
        self.methods().await.iter().filter(|methods| *methods == BY_CERTIFICATE).count()
    }

    /// The authority has revoked the card, and the server has its list.
    async fn revoke(&self) {
        let tenant = self.world.tenant("acme").await;
        let (this_update, next_update) = (now() - DAY, now() + DAY);
        let list = KeptList {
            fingerprint: fingerprint(&self.desk.office),
            list: self.desk.office.list(&[self.serial], this_update, next_update),
            this_update: Moment::from_unix_seconds(this_update),
            next_update: Moment::from_unix_seconds(next_update),
            fetched_at: Moment(0),
            source: String::new(),
        };
        let mut tx = self.world.app.store().write(tenant.id).await.unwrap();
        assert!(tx.put_revocation_list(&list).await.unwrap());
        tx.commit().await.unwrap();
    }
}

fn fingerprint(office: &Office) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &office.der());
    digest.as_ref().try_into().unwrap()
}

/// A world whose tenant takes the cards of an office.
async fn taking(office: &Office, card_lifted: CardLifted) -> World {
    let revocation = RevocationPolicy::IfThere;
    let world = World::with_policy(TenantPolicy {
        first_card: FirstCard::FreshEntraSignIn,
        card_first: CardFirst::WithinDays(1),
        x509: X509Policy { enabled: true, revocation, ..X509Policy::default() },
        card_lifted,
        ..TenantPolicy::default()
    })
    .await;
    let tenant = world.tenant("acme").await;
    let mut tx = world.app.store().write(tenant.id).await.unwrap();
    let authority = CardAuthority {
        fingerprint: fingerprint(office),
        name: "Cards".into(),
        certificate: office.der(),
        list_url: None,
        list_tried_at: None,
        list_error: None,
        created_at: Moment(0),
    };
    tx.put_card_authority(&authority).await.unwrap();
    tx.commit().await.unwrap();
    world
}

async fn until(is_so: impl AsyncFn() -> bool) {
    let mut looks = tokio::time::interval(Duration::from_millis(10));
    let wait = async {
        while !is_so().await {
            looks.tick().await;
        }
    };
    tokio::time::timeout(SOON, wait).await.unwrap();
}

fn run(test: impl AsyncFnOnce(&Pcscd), pcscd: &Pcscd) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(test(pcscd));
}

const BY_CERTIFICATE: &str = r#"'["pop","user","mfa","sc"]'"#;

#[test]
fn a_smart_card_is_enrolled_and_signs_in_and_a_wrong_pin_is_tried_once() {
    isolated::run(|pcscd| run(signs_in, pcscd)).unwrap();
}

async fn signs_in(pcscd: &Pcscd) {
    let mut scene = Scene::new(81, pcscd, CardLifted::KeepsSession).await;
    scene.enrol().await;
    let saw = scene.desktop.saw();
    assert!(saw.contains("Or use the certificate on the card that lies in"), "{saw}");
    scene.come_again().await;
    let refused = scene.ask(&["pin 000000", "pin 000001", "cancel"]).await;
    assert_eq!((&refused["state"], &refused["reason"]), (&json!("refused"), &json!("cancelled")));
    let saw = scene.desktop.saw();
    assert!(saw.contains("SETERROR Wrong PIN."), "{saw}");
    assert!(saw.contains("The card takes one more PIN."), "{saw}");
    let status = scene.desk.piv(FIRST, &["-a", "status"]);
    assert!(status.contains("PIN tries left:\t1"), "two PINs, two tries: {status}");

    scene.done(&["ok", PIV_PIN]).await;
    let saw = scene.desktop.saw();
    assert!(saw.contains("SETERROR One try left; after that the card is locked."), "{saw}");
    assert!(scene.browser.get(ACCOUNT).await.body.contains("mia@acme.example"));
    assert_eq!((scene.dialogs(), scene.methods().await), (2, vec![BY_CERTIFICATE.to_owned(); 2]));
}

#[test]
fn a_smart_card_whose_certificate_was_revoked_is_refused_and_the_page_says_so() {
    isolated::run(|pcscd| run(revoked, pcscd)).unwrap();
}

async fn revoked(pcscd: &Pcscd) {
    let mut scene = Scene::new(82, pcscd, CardLifted::KeepsSession).await;
    scene.enrol().await;
    scene.come_again().await;
    scene.revoke().await;
    let refused = scene.ask(&[PIV_PIN]).await;
    let said = (&refused["state"], &refused["reason"]);
    assert_eq!(said, (&json!("refused"), &json!("x509-revoked")), "{refused}");
    // The page has the words for it; the dialog has said nothing that is not so.
    let page = scene.browser.get(STEP).await.body;
    let words = "=\"x509-revoked\" data-title=\"The certificate on this card was revoked\"";
    assert!(page.contains(words), "{page}");
    assert!(!scene.desktop.saw().contains("SETERROR"), "{}", scene.desktop.saw());
    assert_eq!(scene.methods().await.len(), 1, "that of the enrolment");
    assert!(scene.browser.get(ACCOUNT).await.status != 200);
}

#[test]
fn who_has_a_smart_card_and_a_fido_card_chooses() {
    isolated::run(|pcscd| run(chooses, pcscd)).unwrap();
}

async fn chooses(pcscd: &Pcscd) {
    let mut scene = Scene::new(83, pcscd, CardLifted::KeepsSession).await;
    scene.enrol().await;
    scene.browser.post_form("/realms/acme/account/cards/add", &[]).await;
    scene.done(&[PIV_PIN]).await;
    // What is laid down for it is the answer.
    let fido = Simulator::start(Config::seeded(84)).unwrap();
    scene.card.holder().remove();
    until(async || scene.desktop.agent.status().devices.is_empty()).await;
    let _fido_inserted = insert(&fido, &pcscd.second_reader());
    until(async || !scene.desktop.agent.status().devices.is_empty()).await;
    scene.done(&[FIDO_PIN, FIDO_PIN]).await;
    scene.card.holder().insert();
    until(async || scene.desktop.agent.status().devices.len() == 2).await;

    (scene.desktop, scene.browser) = paired(&scene.world, 2).await;
    for (person, by_certificate) in
        [(&["this", FIDO_PIN][..], false), (&["another", "this", PIV_PIN], true)]
    {
        let before = scene.by_certificate().await;
        scene.done(person).await;
        let more = scene.by_certificate().await - before;
        assert_eq!(more, usize::from(by_certificate), "{}", scene.desktop.saw());
        scene.come_again().await;
    }
}

#[test]
fn a_smart_card_that_is_taken_out_ends_its_session() {
    isolated::run(|pcscd| run(lifted, pcscd)).unwrap();
}

async fn lifted(pcscd: &Pcscd) {
    let mut scene = Scene::new(85, pcscd, CardLifted::EndsSession).await;
    scene.enrol().await;
    let mut tab = scene.browser.events("/realms/acme/account/events").await;
    scene.card.holder().remove();
    let location = format!("{ACCOUNT}?done=card-lifted");
    let ended = tokio::time::timeout(SOON, tab.next()).await.unwrap();
    assert_eq!(ended, json!({ "state": "ended", "location": location }));
    assert!(scene.browser.get(ACCOUNT).await.status != 200);
}
