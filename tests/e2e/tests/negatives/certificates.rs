//! X.509 smart cards: enrolled and used through an agent, and everything that must refuse them.

use agent_protocol::paths::{CLAIM, RESULT};
use agent_protocol::x509_statement::{
    Bound, StatementBytes, StatementData, StatementType, USER_PRESENT, authenticator_data,
};
use agent_protocol::{Link, X509Statement};
use e2e::{Answer, Browser, Card, Engine, World};
use entra_stand_in::Person;
use identity::{Moment, RevocationPolicy, TenantPolicy, X509Policy};
use serde_json::{Value, json};
use soft_card::{CARD_AUTH, DAY, Draft, ExtendedKeyUsagePurpose, Kind, Office, SoftCard, Wanted};
use store::{CardAuthority, KeptList};

use crate::device::{self, Device, claims_of, options_of};
use crate::support::{ACME, ada, assert_clear, assert_only_refused, enrolled, mia, una};

fn now() -> i64 {
    device::now().try_into().unwrap()
}

/// A world whose tenant takes the cards of an office, as long as nothing says that they are revoked.
async fn world() -> (World, Office) {
    let (world, office) = (World::start().await, Office::root("Acme cards", now()));
    let revocation = RevocationPolicy::IfThere;
    takes(&world, "acme", X509Policy { enabled: true, revocation, ..X509Policy::default() }).await;
    trust(&world, "acme", &office).await;
    (world, office)
}

async fn takes(world: &World, slug: &str, x509: X509Policy) {
    let tenant = world.tenant(slug).await;
    let mut tx = world.app.store().write(tenant.id).await.unwrap();
    assert!(tx.put_policy(&TenantPolicy { x509, ..tenant.policy }).await.unwrap());
    tx.commit().await.unwrap();
}

async fn trust(world: &World, slug: &str, office: &Office) {
    let tenant = world.tenant(slug).await;
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
}

fn fingerprint(office: &Office) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &office.der());
    digest.as_ref().try_into().unwrap()
}

/// Keeps a list of the office at acme.
async fn list(world: &World, office: &Office, revoked: &[u8], next_update: i64) {
    let this_update = now() - 2 * DAY;
    let list = KeptList {
        fingerprint: fingerprint(office),
        list: office.list(revoked, this_update, next_update),
        this_update: Moment::from_unix_seconds(this_update),
        next_update: Moment::from_unix_seconds(next_update),
        fetched_at: Moment(0),
        source: String::new(),
    };
    let tenant = world.tenant("acme").await;
    let mut tx = world.app.store().write(tenant.id).await.unwrap();
    assert!(tx.put_revocation_list(&list).await.unwrap());
    tx.commit().await.unwrap();
}

fn mias() -> Wanted {
    Wanted::person("mia@acme.example", now())
}

/// Somebody at the card step with an agent, which has claimed what it is asked.
struct Asked {
    browser: Browser,
    device: Device,
    ticket: Value,
    claims: Value,
}

impl Asked {
    async fn of(world: &World, somebody: &mut Person) -> Self {
        let mut browser = world.browser();
        ACME.to_card(&mut browser, somebody).await;
        let mut device = Device::of(ACME);
        device.pair(world, &mut browser).await;
        device.connect(world).await;
        Self::again(world, browser, device).await
    }

    async fn again(world: &World, mut browser: Browser, mut device: Device) -> Self {
        let ticket = device.asked_by(&mut browser).await;
        let claimed = device.post(world, CLAIM, &json!({ "ticket": ticket })).await;
        let claims = claims_of(&claimed);
        Self { browser, device, ticket, claims }
    }

    /// What the card is to sign.
    fn data(&self) -> StatementData {
        let text = |claim: &str| self.claims[claim].as_str().unwrap().to_owned();
        let gets = self.claims.get("allowCredentials").is_some();
        StatementData {
            statement_type: if gets { StatementType::Get } else { StatementType::Create },
            challenge: text("challenge"),
            origin: text("origin"),
            cross_origin: false,
            cardea: Bound {
                v: 1,
                kind: "x509-card".into(),
                tenant: text("tenant"),
                txn: text("txn"),
                cert_sha256: String::new(),
            },
        }
    }

    fn rp_id(&self) -> &str {
        self.claims["rpId"].as_str().unwrap()
    }

    async fn answer(&self, world: &World, card: &SoftCard) -> Answer {
        self.say(world, &card.sign(self.data(), self.rp_id())).await
    }

    async fn say(&self, world: &World, bytes: &StatementBytes) -> Answer {
        let gets = self.claims.get("allowCredentials").is_some();
        let outcome = if gets { "x509-assertion" } else { "x509-registration" };
        self.outcome(world, json!({ outcome: X509Statement::from(bytes) })).await
    }

    async fn outcome(&self, world: &World, outcome: Value) -> Answer {
        let body = json!({ "ticket": self.ticket, "outcome": outcome });
        self.device.post(world, RESULT, &body).await
    }

    /// The answer is refused for this reason, and nothing else happens.
    async fn refused(&self, world: &World, card: &SoftCard, code: &str) {
        let bytes = card.sign(self.data(), self.rp_id());
        self.refused_bytes(world, &bytes, code).await;
    }

    async fn refused_bytes(&self, world: &World, bytes: &StatementBytes, code: &str) {
        let before = world.dump().await;
        let answer = self.say(world, bytes).await;
        assert_eq!(answer.code(), code, "{answer:?}");
        assert_clear(code, &answer);
        // The ticket, the call's name and that the device was seen belong to the agent.
        let agents = ["ticket", "consumed", "device"];
        let (before, after) = (before.without(&agents), world.dump().await.without(&agents));
        assert_only_refused(code, &before, &after);
    }

    /// The browser takes what the answer issued: the account page.
    async fn account(&mut self) -> Answer {
        let exit = self.browser.get("/realms/acme/login/card").await;
        assert_eq!(exit.location.as_deref(), Some("/realms/acme/account/"), "{exit:?}");
        self.browser.get("/realms/acme/account/").await
    }
}

/// Mia's card, enrolled as her first.
async fn enrolled_card(world: &World, office: &mut Office) -> SoftCard {
    let card = office.issue(Kind::P256, &mias());
    let asked = Asked::of(world, &mut mia()).await;
    let taken = asked.answer(world, &card).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    card
}

#[tokio::test]
async fn a_certificate_is_enrolled_and_signs_in_and_is_never_taken_for_fido2() {
    let (world, mut office) = world().await;
    for (kind, name) in [(Kind::P256, "mia"), (Kind::P384, "ada"), (Kind::Rsa, "una")] {
        let name = format!("{name}@acme.example");
        let card = office.issue(kind, &Wanted::person(&name, now()));
        let mut asked = Asked::of(&world, &mut Person::new(&name)).await;
        assert_eq!(asked.claims["kinds"], json!(["fido2", "x509-card"]));
        assert_eq!(asked.answer(&world, &card).await.status, 200);
        let account = asked.account().await;
        assert!(account.body.contains("Smart card certificate issued by CN=Acme cards"));

        let Asked { mut browser, device, .. } = asked;
        browser.drop_cookie("__Host-sid-acme");
        world.entra_leg(&mut browser, &mut Person::new(&name)).await.unwrap();
        let mut asked = Asked::again(&world, browser, device).await;
        assert_eq!(asked.claims["kinds"], json!(["x509-card"]), "no FIDO2 card may answer");
        let allowed = asked.claims["allowCredentials"].as_array().unwrap();
        assert_eq!((allowed.len(), &allowed[0]["type"]), (1, &json!("x509-card")));
        assert_eq!(asked.answer(&world, &card).await.status, 200);
        assert!(asked.account().await.body.contains(&name));
    }
    let dump = world.dump().await;
    assert_eq!(dump.rows("proof").len(), 6);
    for proof in dump.rows("proof") {
        assert_eq!(proof["amr"], r#"'["pop","user","mfa","sc"]'"#);
    }
    for card in dump.rows("credential") {
        assert_eq!((card["kind"].as_str(), card["passkey"].as_str()), ("'x509-card'", "''"));
        assert_eq!(card["hardware_attested"], "0");
    }
}

#[tokio::test]
async fn who_has_both_is_asked_for_either() {
    let (world, mut office) = world().await;
    let mut fido = enrolled(&world, &mut mia(), 1).await;
    let mut browser = world.browser();
    ACME.sign_in(&mut browser, &mut mia(), &mut fido).await;
    browser.post_form("/realms/acme/account/cards/add", &[]).await;
    assert_eq!(fido.tap(&mut browser, &ACME.path("login/card")).await.status, 200);
    let mut device = Device::of(ACME);
    device.pair(&world, &mut browser).await;
    device.connect(&world).await;
    let card = office.issue(Kind::P256, &mias());
    let asked = Asked::again(&world, browser, device).await;
    assert_eq!(asked.answer(&world, &card).await.status, 200);
    let asked = Asked::of(&world, &mut mia()).await;
    assert_eq!(asked.claims["kinds"], json!(["fido2", "x509-card"]));
    let types = asked.claims["allowCredentials"].as_array().unwrap().iter();
    let types: Vec<_> = types.map(|one| one["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["public-key", "x509-card"]);
    let assertion = fido.0.authenticate(&fido_options(&asked.claims), &world.origin).unwrap();
    let taken = asked.outcome(&world, json!({ "assertion": assertion })).await;
    assert_eq!(taken.status, 200, "{taken:?}");
}

/// The options as an agent gives them to a FIDO2 card.
fn fido_options(claims: &Value) -> Value {
    let mut options = options_of(claims);
    let allowed = options["publicKey"]["allowCredentials"].as_array_mut().unwrap();
    allowed.retain(|one| one["type"] == "public-key");
    options
}

#[tokio::test]
async fn what_the_tenant_does_not_trust_enrols_nothing() {
    let (world, mut office) = world().await;
    let mut foreign = Office::root("Acme cards", now());
    let asked = Asked::of(&world, &mut mia()).await;
    let Asked { browser, device, .. } = asked;
    let mut wrong = vec![("x509-unknown-authority", foreign.issue(Kind::P256, &mias()))];
    let mut issue = |code, wanted: Wanted| wrong.push((code, office.issue(Kind::P256, &wanted)));
    issue("x509-expired", Wanted { not_after: now() - 60, ..mias() });
    issue("x509-not-yet-valid", Wanted { not_before: now() + 3600, ..mias() });
    let usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    issue("x509-extended-key-usage", Wanted { usages, ..mias() });
    let card_auth = ExtendedKeyUsagePurpose::Other(CARD_AUTH.to_vec());
    let usages = [mias().usages, vec![card_auth]].concat();
    issue("x509-card-authentication", Wanted { usages, ..mias() });
    issue("x509-other-name", Wanted::person("ada@acme.example", now()));
    let (mut browser, mut device) = (browser, device);
    for (code, card) in wrong {
        let asked = Asked::again(&world, browser, device).await;
        asked.refused(&world, &card, code).await;
        Asked { browser, device, .. } = asked;
    }
    assert!(world.dump().await.rows("credential").is_empty());
}

#[tokio::test]
async fn the_authority_of_another_tenant_is_none_here() {
    let (world, _) = world().await;
    let world = world.with_birch().await;
    let mut birchs = Office::root("Birch cards", now());
    trust(&world, "birch", &birchs).await;
    let asked = Asked::of(&world, &mut mia()).await;
    let card = birchs.issue(Kind::P256, &mias());
    asked.refused(&world, &card, "x509-unknown-authority").await;
}

#[tokio::test]
async fn a_tenant_that_takes_none_takes_none() {
    let (world, mut office) = world().await;
    let card = enrolled_card(&world, &mut office).await;
    let asked = Asked::of(&world, &mut mia()).await;
    takes(&world, "acme", X509Policy::default()).await;
    asked.refused(&world, &card, "x509-off").await;
    // And asks for none: nothing of hers may answer.
    let Asked { mut browser, .. } = asked;
    let pushed = browser.post_json(&ACME.path("login/card/agent"), &json!({})).await;
    assert_eq!(pushed.code(), "x509-off", "{pushed:?}");
    let asked = Asked::of(&world, &mut una()).await;
    assert_eq!(asked.claims["kinds"], json!(["fido2"]));
    asked.refused(&world, &office.issue(Kind::P256, &mias()), "x509-off").await;
}

#[tokio::test]
async fn a_certificate_that_its_authority_revokes_signs_nobody_in() {
    let (world, mut office) = world().await;
    let card = enrolled_card(&world, &mut office).await;
    let asked = Asked::of(&world, &mut mia()).await;
    list(&world, &office, &[card.serial], now() + DAY).await;
    asked.refused(&world, &card, "x509-revoked").await;
}

#[tokio::test]
async fn where_a_list_is_required_an_old_one_or_none_refuses() {
    let (world, mut office) = world().await;
    let card = enrolled_card(&world, &mut office).await;
    takes(&world, "acme", X509Policy { enabled: true, ..X509Policy::default() }).await;
    let asked = Asked::of(&world, &mut mia()).await;
    asked.refused(&world, &card, "x509-revocation-unknown").await;
    list(&world, &office, &[], now() - 60).await;
    let asked = Asked::again(&world, asked.browser, asked.device).await;
    asked.refused(&world, &card, "x509-revocation-stale").await;
    list(&world, &office, &[], now() + DAY).await;
    let asked = Asked::again(&world, asked.browser, asked.device).await;
    assert_eq!(asked.answer(&world, &card).await.status, 200);
}

#[tokio::test]
async fn one_certificate_is_one_persons() {
    let (world, mut office) = world().await;
    let bare = Wanted { upn: None, ..mias() };
    let mut card = office.issue(Kind::P256, &bare);
    let asked = Asked::of(&world, &mut mia()).await;
    assert_eq!(asked.answer(&world, &card).await.status, 200);
    let asked = Asked::of(&world, &mut una()).await;
    asked.refused(&world, &card, "card-known").await;
    // Nor does the same key under another certificate become hers.
    office.renew(&mut card, &bare);
    let asked = Asked::again(&world, asked.browser, asked.device).await;
    asked.refused(&world, &card, "card-known").await;
    // And Ada, who has a card of her own, signs in with no card of Mia's.
    enrolled(&world, &mut ada(), 2).await;
    let asked = Asked::of(&world, &mut ada()).await;
    asked.refused(&world, &card, "other-person").await;
}

#[tokio::test]
async fn a_renewed_certificate_of_the_same_key_is_taken_and_noted() {
    let (world, mut office) = world().await;
    let mut card = enrolled_card(&world, &mut office).await;
    office.renew(&mut card, &Wanted { not_after: now() + 900 * DAY, ..mias() });
    let asked = Asked::of(&world, &mut mia()).await;
    let before = world.dump().await;
    assert_eq!(asked.answer(&world, &card).await.status, 200);
    let after = world.dump().await;
    assert_eq!(before.audited(&after), ["card.certificate-renewed", "login.signed-in"]);
    let row = &after.rows("credential")[0];
    let not_after = row["not_after"].parse::<i64>().unwrap() / 1_000_000;
    assert!((not_after - now() - 900 * DAY).abs() < 60, "{row:?}");
    assert_ne!(row["name_hash"], before.rows("credential")[0]["name_hash"]);
    // Renewed in somebody else's name, it is not.
    office.renew(&mut card, &Wanted::person("ada@acme.example", now()));
    let asked = Asked::of(&world, &mut mia()).await;
    asked.refused(&world, &card, "x509-other-name").await;
}

#[tokio::test]
async fn a_card_that_was_revoked_here_is_refused() {
    let (world, mut office) = world().await;
    let card = enrolled_card(&world, &mut office).await;
    let asked = Asked::of(&world, &mut mia()).await;
    assert_eq!(world.sql("UPDATE credential SET revoked_at = 1").await, 1);
    asked.refused(&world, &card, "card-revoked").await;
}

#[tokio::test]
async fn a_statement_counts_for_what_it_was_signed_for() {
    type Change = fn(&mut StatementData);
    let (world, mut office) = world().await;
    let card = enrolled_card(&world, &mut office).await;
    let changes: [(&str, Change); 7] = [
        ("x509-type", |data| data.statement_type = StatementType::Create),
        ("x509-challenge", |data| data.challenge = "AAAA".into()),
        ("x509-origin", |data| data.origin = "https://evil.example".into()),
        ("x509-origin", |data| data.cross_origin = true),
        ("x509-bound", |data| data.cardea.tenant = "birch".into()),
        ("x509-bound", |data| data.cardea.txn = "another".into()),
        ("x509-certificate-hash", |data| data.cardea.cert_sha256 = "AAAA".into()),
    ];
    let mut asked = Asked::of(&world, &mut mia()).await;
    for (code, change) in changes {
        let mut data = asked.data();
        change(&mut data);
        let bytes = card.sign(data, asked.rp_id());
        asked.refused_bytes(&world, &bytes, code).await;
        asked = Asked::again(&world, asked.browser, asked.device).await;
    }
    let bytes = card.sign(asked.data(), "evil.example");
    asked.refused_bytes(&world, &bytes, "x509-rp-id").await;
}

#[tokio::test]
async fn without_a_pin_that_the_card_checked_nobody_gets_in() {
    let (world, mut office) = world().await;
    let without_uv = |asked: &Asked, card: &SoftCard| {
        let authenticator_data = authenticator_data(asked.rp_id(), USER_PRESENT);
        card.sign_draft(Draft { data: asked.data(), authenticator_data })
    };
    let card = office.issue(Kind::P256, &mias());
    let asked = Asked::of(&world, &mut mia()).await;
    asked.refused_bytes(&world, &without_uv(&asked, &card), "user-not-verified").await;
    let asked = Asked::again(&world, asked.browser, asked.device).await;
    assert_eq!(asked.answer(&world, &card).await.status, 200);
    let asked = Asked::of(&world, &mut mia()).await;
    asked.refused_bytes(&world, &without_uv(&asked, &card), "user-not-verified").await;
}

#[tokio::test]
async fn an_answer_of_the_one_kind_is_none_of_the_other() {
    let (world, mut office) = world().await;
    let card = enrolled_card(&world, &mut office).await;
    // FIDO2 where a certificate was asked for: by an authenticator that gives out any id.
    let asked = Asked::of(&world, &mut mia()).await;
    let mut fido = Card::new(9);
    let made = json!({ "publicKey": {
        "rp": { "id": asked.rp_id() }, "challenge": "AAAA", "user": { "id": "AAAAAAAAAAAAAAAAAAAAAA" },
        "pubKeyCredParams": [{ "alg": -7, "type": "public-key" }],
    }});
    fido.0.register(&made, &world.origin).unwrap();
    let mut options = options_of(&asked.claims);
    options["publicKey"]["allowCredentials"] = json!([]);
    let mut assertion = fido.0.authenticate(&options, &world.origin).unwrap();
    let id = asked.claims["allowCredentials"][0]["id"].clone();
    (assertion["id"], assertion["rawId"]) = (id.clone(), id);
    let refused = asked.outcome(&world, json!({ "assertion": assertion })).await;
    assert_eq!(refused.code(), "passkey-state", "{refused:?}");

    // A certificate where FIDO2 was asked for.
    enrolled(&world, &mut ada(), 2).await;
    let asked = Asked::of(&world, &mut ada()).await;
    let unknown = office.issue(Kind::P256, &Wanted::person("ada@acme.example", now()));
    asked.refused(&world, &unknown, "x509-other-card").await;
    // A FIDO2 credential under the id of that very key is no certificate either.
    let key = x509_id(&unknown);
    let bytes = match Engine::of_this_run() {
        Engine::Sqlite => format!("X'{key}'"),
        Engine::Postgres => format!("decode('{key}', 'hex')"),
    };
    world.sql(&format!("UPDATE credential SET webauthn_id = {bytes} WHERE kind = 'fido2'")).await;
    let asked = Asked::again(&world, asked.browser, asked.device).await;
    asked.refused(&world, &unknown, "x509-other-card").await;
    drop(card);
}

/// The credential id of a card's key, in hex digits.
fn x509_id(card: &SoftCard) -> String {
    let id = x509_cards::Certificate::parse(&card.certificate).unwrap().credential_id();
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap();
    id.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

#[tokio::test]
async fn a_browser_does_not_answer_for_a_certificate() {
    let (world, mut office) = world().await;
    let card = enrolled_card(&world, &mut office).await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    let path = ACME.path("login/card/options");
    let options = browser.post_json(&path, &json!({ "hint": "card" })).await;
    assert_eq!(options.code(), "x509-by-agent", "{options:?}");
    assert_clear("a browser is given nothing", &options);
    drop(card);
}

#[tokio::test]
async fn the_statement_of_one_login_or_tenant_opens_no_other() {
    let (world, mut office) = world().await;
    let card = enrolled_card(&world, &mut office).await;
    let first = Asked::of(&world, &mut mia()).await;
    let bytes = card.sign(first.data(), first.rp_id());
    let second = Asked::of(&world, &mut mia()).await;
    second.refused_bytes(&world, &bytes, "x509-challenge").await;
    assert_eq!(first.say(&world, &bytes).await.status, 200);
    let again = first.say(&world, &bytes).await;
    assert_clear("the same again", &again);
}

#[tokio::test]
async fn a_certificate_answers_a_link_and_counts_when_its_browser_is_back() {
    let (world, mut office) = world().await;
    let card = enrolled_card(&world, &mut office).await;
    let Asked { device, .. } = Asked::of(&world, &mut mia()).await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    let asked = browser.post_json(&ACME.path("login/card/link"), &json!({})).await;
    let link: Link = asked.member("link").as_str().unwrap().parse().unwrap();
    let claims = device.claim(&world, &json!(link.claim())).await;
    let asked = Asked { browser, device, ticket: json!(link.ticket()), claims };
    let held = asked.answer(&world, &card).await;
    assert_eq!(held.json()["state"], "return", "{held:?}");
    assert_eq!(world.dump().await.rows("proof").len(), 1, "that of the enrolment");

    let token = held.json()["token"].as_str().unwrap().to_owned();
    let Asked { mut browser, .. } = asked;
    let back = browser.post_form(&ACME.path("login/card/return"), &[("token", &token)]).await;
    assert_eq!(back.status, 200, "{back:?}");
    assert!(browser.get(&ACME.path("login/card")).await.gives_a_session());
    let dump = world.dump().await;
    let amr: Vec<_> = dump.rows("proof").iter().map(|row| row["amr"].clone()).collect();
    assert_eq!(amr, [r#"'["pop","user","mfa","sc"]'"#; 2]);
}

#[tokio::test]
async fn a_link_asks_for_no_certificate_where_the_tenant_takes_none_any_more() {
    let (world, mut office) = world().await;
    enrolled_card(&world, &mut office).await;
    takes(&world, "acme", X509Policy::default()).await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    let asked = browser.post_json(&ACME.path("login/card/link"), &json!({})).await;
    assert_eq!(asked.code(), "x509-off", "{asked:?}");
    assert_clear("x509-off", &asked);
}
