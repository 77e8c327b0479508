//! X.509 smart cards: enrolled and used through an agent, and everything that must refuse them.

mod ended;
mod people;
mod revocation;
mod statements;
mod taken;
mod trust;

use agent_protocol::X509Statement;
use agent_protocol::paths::{CLAIM, RESULT};
use agent_protocol::x509_statement::{Bound, StatementBytes, StatementData, StatementType};
use e2e::{Answer, Browser, World};
use entra_stand_in::Person;
use identity::{Moment, RevocationPolicy, TenantPolicy, X509Policy};
use serde_json::{Value, json};
use soft_card::{DAY, Kind, Office, SoftCard, Wanted};
use store::{CardAuthority, KeptList};

use crate::device::{self, Device, claims_of};
use crate::support::{ACME, assert_clear, assert_only_refused, mia};

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
