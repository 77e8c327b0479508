use e2e::{Answer, Browser, Card, Row, Way, World};
use entra_stand_in::Person;
use ids::UserId;
use reqwest::Method;
use server::Access;

use crate::calls::{Call, Origin};

const ACME: Way = Way::into("acme");
const BIRCH: Way = Way::into("birch");

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A browser that has been nowhere.
    Nobody,
    /// A login has begun; nobody has vouched.
    Stranger,
    /// Entra has vouched; the card is missing.
    Half,
    /// The same for somebody who has a card, which waits to be tapped.
    Untapped,
    /// Signed in to the victim's tenant; no administrator.
    Member,
    /// Signed in to another tenant.
    OtherTenant,
    /// Each of the cookies of the others under each other name.
    Swapped,
    /// Has taken an invitation to the console; the card is missing. What the browser holds for
    /// that is tried as a session of the console, and at the victim's tenant.
    Invited,
    /// Signed in to the console; and that session is tried at the victim's tenant.
    Administrator,
}

/// All of them, in the order of the table.
pub const PRINCIPALS: [Principal; 9] = [
    Principal::Nobody,
    Principal::Stranger,
    Principal::Half,
    Principal::Untapped,
    Principal::Member,
    Principal::OtherTenant,
    Principal::Swapped,
    Principal::Invited,
    Principal::Administrator,
];

/// Everybody who plays, with a mark of their own in all that is kept about them.
pub struct Cast {
    /// Where it takes place.
    pub world: World,
    victim: String,
    victim_card: String,
    victim_session: String,
    mapper: String,
    authority: String,
    connection: String,
    other_card: Card,
    member_card: Card,
}

impl Cast {
    /// Ada, the victim, is signed in with a card; so is Max, who calls; and Mia at birch. Una has
    /// signed in at Entra alone.
    ///
    /// # Panics
    ///
    /// When somebody cannot sign in.
    #[expect(clippy::expect_used, reason = "a cast that is not there plays nothing")]
    pub async fn gather() -> Self {
        let world = World::start().await.with_birch().await;
        let mut cards = [Card::new(1), Card::new(2), Card::new(3)];
        let [ada, max, mia] = &mut cards;
        sign_in(&world, ACME, "ada@acme.example", ada).await;
        sign_in(&world, ACME, "max@acme.example", max).await;
        sign_in(&world, BIRCH, "mia@birch.example", mia).await;
        ACME.to_card(&mut world.browser(), &mut Person::new("una@acme.example")).await;
        for (tenant, name) in [("acme", "ada"), ("acme", "max"), ("birch", "mia"), ("acme", "una")]
        {
            mark(&world, tenant, &format!("{name}@{tenant}.example")).await;
        }
        let id = person(&world, "acme", "ada@acme.example").await;
        let tenant = world.tenant("acme").await.id;
        let mut rows = world.app.store().read(tenant).await.expect("rows");
        let cards_of = rows.credentials(id).await.expect("cards");
        let sessions = rows.sessions(id).await.expect("sessions");
        let alias = "azure".to_owned().try_into().expect("an alias");
        let mappers = rows.mappers(&alias).await.expect("mappers");
        drop(rows);
        let authority = add_authority(&world).await;
        // Any GUID is a client id.
        world.connect_eam("acme", entra_stand_in::BIRCH, &[entra_stand_in::ACME]).await;
        add_application(&world).await;
        let [_, member_card, other_card] = cards;
        Self {
            victim: id.to_string(),
            mapper: mappers.first().expect("a mapper").id.to_string(),
            authority,
            connection: entra_stand_in::BIRCH.to_string(),
            victim_card: cards_of.first().expect("a card").id.to_string(),
            victim_session: sessions.first().expect("a session").id.to_string(),
            world,
            other_card,
            member_card,
        }
    }

    /// A path of the pattern, with the victim's names and ids.
    ///
    /// # Panics
    ///
    /// When the pattern has a parameter that nobody has thought of: say here what it stands for.
    #[expect(clippy::panic, reason = "a route that cannot be called is not tested")]
    pub fn fill(&self, pattern: &str) -> String {
        let mut before = "";
        let mut filled = Vec::new();
        for segment in pattern.split('/') {
            filled.push(match (before, segment) {
                (_, "{slug}") => "acme",
                (_, "{alias}") => "azure",
                ("users", "{id}") => &self.victim,
                ("mappers", "{id}") => &self.mapper,
                ("cards", "{id}" | "{card}") => &self.victim_card,
                ("sessions", "{id}") => &self.victim_session,
                ("agents" | "computers", "{device}") => "0193b5f0-0000-7000-8000-000000000000",
                ("smart-cards", "{fingerprint}") => &self.authority,
                ("external-mfa", "{client_id}") => &self.connection,
                ("clients", "{client_id}") => APPLICATION,
                ("secrets", "{secret}") => SECRET,
                (_, "{hash}") => "0",
                (_, "{name}") => "nobody.css",
                (_, "{code}") => "AADSTS50011",
                (_, other) if other.starts_with('{') => {
                    panic!("what stands for {other} in {pattern}?")
                }
                (_, fixed) => fixed,
            });
            before = segment;
        }
        filled.join("/")
    }

    /// All that is kept about the victim: person, cards and sessions.
    pub async fn victims_rows(&self) -> Vec<(String, Row)> {
        let dump = self.world.dump().await;
        let id = format!("X'{}'", self.victim.replace('-', "").to_uppercase());
        let of_victim = |row: &Row| row.get("person_id") == Some(&id);
        let tables = ["person", "link", "credential", "session", "code"];
        let rows = tables
            .into_iter()
            .flat_map(|table| dump.rows(table).into_iter().map(move |row| (table.to_owned(), row)));
        rows.filter(|(_, row)| of_victim(row)).collect()
    }

    /// The browser of a principal, as it is before its call.
    pub async fn browser(&mut self, principal: Principal) -> Browser {
        let mut browser = self.world.browser();
        match principal {
            Principal::Nobody => {}
            Principal::Stranger => drop(ACME.begin(&mut browser).await),
            Principal::Half => {
                ACME.to_card(&mut browser, &mut Person::new("una@acme.example")).await;
            }
            Principal::Untapped => {
                ACME.to_card(&mut browser, &mut Person::new("max@acme.example")).await;
            }
            Principal::Member => self.member(&mut browser).await,
            Principal::OtherTenant => {
                let mut person = Person::new("mia@birch.example");
                BIRCH.sign_in(&mut browser, &mut person, &mut self.other_card).await;
            }
            Principal::Swapped => browser = self.swapped().await,
            Principal::Invited => {
                browser = self.world.invited().await;
                let places = ["__Host-admin", "__Host-card-acme", "__Host-sid-acme"];
                put(&mut browser, "__Host-card-operators", &places);
            }
            Principal::Administrator => {
                browser = self.world.administrator().await;
                put(&mut browser, "__Host-admin", &["__Host-card-acme", "__Host-sid-acme"]);
            }
        }
        browser
    }

    async fn member(&mut self, browser: &mut Browser) {
        let mut person = Person::new("max@acme.example");
        ACME.sign_in(browser, &mut person, &mut self.member_card).await;
    }

    /// Every name gets the value of the next one; and what birch's session opens at birch is put
    /// where acme's would be.
    async fn swapped(&mut self) -> Browser {
        let mut half = self.world.browser();
        ACME.begin(&mut half).await;
        let login = half.cookie("__Host-login-0").unwrap_or_default().to_owned();
        ACME.to_card(&mut half, &mut Person::new("una@acme.example")).await;
        let handle = half.cookie("__Host-card-acme").unwrap_or_default().to_owned();
        let mut there = self.world.browser();
        let mut person = Person::new("mia@birch.example");
        BIRCH.sign_in(&mut there, &mut person, &mut self.other_card).await;
        let session = there.cookie("__Host-sid-birch").unwrap_or_default().to_owned();
        let mut browser = self.world.browser();
        for (name, value) in [
            ("__Host-sid-acme", &handle),
            ("__Host-card-acme", &session),
            ("__Host-admin", &session),
            ("__Host-dev-acme", &handle),
            ("__Host-login-1", &login),
            ("__Host-login-2", &handle),
            ("__Host-sid-birch", &handle),
            ("__Host-card-birch", &handle),
        ] {
            browser.set_cookie(name, value);
        }
        browser
    }

    /// Whether a call is what the principal is there for, and so changes what it may change: what
    /// the console's forms do is not tested here.
    pub fn is_in_charge(principal: Principal, call: &Call) -> bool {
        principal == Principal::Administrator
            && call.access == Access::Administrator
            && call.method == Method::POST
            && call.shape.origin == Origin::Own
    }

    /// Makes a call.
    pub async fn call(&self, browser: &mut Browser, call: &Call) -> Answer {
        let own = self.world.origin.clone();
        let mut headers = vec![("accept", "text/html")];
        headers.extend(call.shape.content_type.map(|kind| ("content-type", kind)));
        match call.shape.origin {
            Origin::Own => headers.push(("origin", own.as_str())),
            Origin::Foreign => headers.push(("origin", "https://evil.test")),
            Origin::None => {}
        }
        browser.send(call.method.clone(), &call.path, call.body(), &headers).await
    }

    /// The marks that a principal must not see in the answer to a call.
    pub fn foreign_marks(principal: Principal, call: &Call) -> Vec<String> {
        // The console shows everybody to administrators; what is not the console shows them
        // nobody.
        if principal == Principal::Administrator && call.access == Access::Administrator {
            return Vec::new();
        }
        let own = match principal {
            Principal::Half => "una@acme.example",
            Principal::Untapped | Principal::Member => "max@acme.example",
            Principal::OtherTenant => "mia@birch.example",
            Principal::Nobody
            | Principal::Stranger
            | Principal::Swapped
            | Principal::Invited
            | Principal::Administrator => "",
        };
        let everybody =
            ["ada@acme.example", "max@acme.example", "mia@birch.example", "una@acme.example"];
        let others = everybody.into_iter().filter(|name| *name != own);
        others.flat_map(|name| [name.to_owned(), mark_of(name)]).collect()
    }

    /// The marks of the caller's own that may be seen only with a card: half signed in, a person
    /// sees their name and nothing else.
    pub fn own_marks_behind_the_card(principal: Principal) -> Vec<String> {
        let half = match principal {
            Principal::Half => "una@acme.example",
            Principal::Untapped => "max@acme.example",
            _ => return Vec::new(),
        };
        let mark = mark_of(half);
        ["mail", "badge", "label"].map(|what| format!("{what}-{mark}")).to_vec()
    }
}

/// Puts the value of one cookie into the places of others.
fn put(browser: &mut Browser, from: &str, places: &[&str]) {
    let value = browser.cookie(from).unwrap_or_default().to_owned();
    assert!(!value.is_empty(), "no {from}: {:?}", browser.cookie_names());
    for place in places {
        browser.set_cookie(place, &value);
    }
}

async fn sign_in(world: &World, way: Way, name: &str, card: &mut Card) {
    way.sign_in(&mut world.browser(), &mut Person::new(name), card).await;
}

#[expect(clippy::expect_used, reason = "fixtures")]
async fn person(world: &World, tenant: &str, username: &str) -> UserId {
    let tenant = world.tenant(tenant).await.id;
    let mut rows = world.app.store().read(tenant).await.expect("rows");
    rows.person_by_username(username).await.expect("rows").expect("a person").id
}

/// An authority whose smart cards acme takes: its fingerprint, in hex digits.
#[expect(clippy::expect_used, reason = "fixtures")]
async fn add_authority(world: &World) -> String {
    let fingerprint = [0xac; 32];
    let authority = store::CardAuthority {
        fingerprint,
        name: "Cards".into(),
        certificate: soft_card::Office::root("Acme cards", 1_796_000_000).der(),
        list_url: None,
        list_tried_at: None,
        list_error: None,
        created_at: identity::Moment(0),
    };
    let tenant = world.tenant("acme").await.id;
    let mut tx = world.app.store().write(tenant).await.expect("a transaction");
    tx.put_card_authority(&authority).await.expect("an authority");
    tx.commit().await.expect("a commit");
    "ac".repeat(fingerprint.len())
}

/// Its client id.
const APPLICATION: &str = "syncro";
/// What stands for its secret in the console's addresses: the hash, in hexadecimal digits.
const SECRET: &str = "0707070707070707070707070707070707070707070707070707070707070707";

/// An application of acme's, with a secret.
#[expect(clippy::expect_used, reason = "fixtures")]
async fn add_application(world: &World) {
    let application = store::Client {
        client_id: APPLICATION.into(),
        name: "Syncro".into(),
        home_url: None,
        settings: Some(openid_provider::ClientSettings::default()),
        enabled: true,
        created_at: identity::Moment(0),
    };
    let tenant = world.tenant("acme").await.id;
    let mut tx = world.app.store().write(tenant).await.expect("a transaction");
    assert!(tx.add_client(&application).await.expect("an application"));
    let hash = secrets::TokenHash::from_bytes([7; 32]);
    assert!(tx.add_client_secret(APPLICATION, &hash).await.expect("a secret"));
    tx.commit().await.expect("a commit");
}

/// What stands in everything that is kept about a person.
fn mark_of(username: &str) -> String {
    format!("mark-of-{}", username.replace(['@', '.'], "-"))
}

/// Puts the mark into name, e-mail, an attribute and the labels of cards.
#[expect(clippy::expect_used, reason = "fixtures")]
async fn mark(world: &World, tenant: &str, username: &str) {
    let id = person(world, tenant, username).await;
    let tenant = world.tenant(tenant).await.id;
    let mark = mark_of(username);
    let mut tx = world.app.store().write(tenant).await.expect("a transaction");
    let mut person = tx.person(id).await.expect("rows").expect("a person");
    person.display_name = Some(format!("name-{mark}"));
    person.email = Some(format!("mail-{mark}@mail.example"));
    person.attributes.insert("badge".into(), vec![format!("badge-{mark}")]);
    tx.write_person(&person).await.expect("a person");
    for card in tx.credentials(id).await.expect("cards") {
        tx.rename_credential(card.id, &format!("label-{mark}")).await.expect("a label");
    }
    tx.commit().await.expect("a commit");
}
