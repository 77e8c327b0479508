//! Calls that a device of ours has signed, and that are wrong all the same. Each is refused with a
//! reason of its own in the log, and changes nothing.

use std::time::Duration;

use agent_protocol::paths::{CHANNEL, CLAIM, ENROL, ENROL_WAIT, RESULT};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use e2e::{Browser, Card, Engine, Log, World};
use entra_stand_in::Person;
use ids::TicketId;
use secrets::KeyRing;
use serde_json::{Value, json};
use server::Bounds;
use store::TicketState;

use crate::device::{Call, Device, Signed, b64, code_of, now, options_of};
use crate::support::{ACME, BIRCH, ada, assert_clear, assert_unchanged, enrolled, mia, una};

/// Everybody and everything that the cases take their wrong things from.
struct Scene {
    world: World,
    /// Mia's, confirmed and connected.
    mias: Device,
    adas: Device,
    birchs: Device,
    /// Enrolled, and not confirmed by the page.
    pending: Device,
    revoked: Device,
    /// A ticket of Mia's device that nobody has claimed.
    waiting: Value,
    /// Another one, too late to be claimed.
    late: Value,
    /// One that it has claimed, and the card's answer to it.
    claimed: Value,
    outcome: Value,
    /// The call that claimed it, as somebody overheard it.
    overheard: Signed,
    /// Claimed, and taken back by the page.
    cancelled: Value,
    /// Claimed, and answered wrongly: its challenge is spent.
    spent: Value,
    /// Claimed, and answered: its login is over.
    over: Value,
    adas_ticket: Value,
    /// Codes that pages show.
    code: String,
    birchs_code: String,
    spent_code: String,
    /// The proof for the channel, over a fresh nonce.
    channel: Call,
}

async fn at_card(world: &World, person: &mut Person, paired_as: Option<&Browser>) -> Browser {
    let mut browser = world.browser();
    ACME.to_card(&mut browser, person).await;
    if let Some(paired) = paired_as {
        browser.set_cookie("__Host-dev-acme", paired.cookie("__Host-dev-acme").unwrap());
    }
    browser
}

async fn paired(world: &World, person: &mut Person) -> (Device, Browser) {
    let mut browser = at_card(world, person, None).await;
    let mut device = Device::of(ACME);
    device.pair(world, &mut browser).await;
    device.connect(world).await;
    (device, browser)
}

/// A device that has offered itself to a login of Una's.
async fn offered(world: &World) -> (Device, String) {
    let mut browser = at_card(world, &mut una(), None).await;
    let (device, code) = (Device::of(ACME), code_of(ACME, &mut browser).await);
    let offer = device.post(world, ENROL, &device.offer(&code)).await;
    assert_eq!(offer.status, 200, "{offer:?}");
    (device, code)
}

fn assertion(card: &mut Card, world: &World, claims: &Value) -> Value {
    json!({ "assertion": card.0.authenticate(&options_of(claims), &world.origin).unwrap() })
}

impl Scene {
    async fn set() -> Self {
        // Each refusal is looked at, also when it comes again.
        let limits = Bounds { log_pause_seconds: 0, ..Bounds::default() };
        let world = World::limited(limits).await.with_birch().await;
        let mut card = enrolled(&world, &mut mia(), 1).await;
        enrolled(&world, &mut ada(), 2).await;
        let (mut mias, mut first) = paired(&world, &mut mia()).await;
        let (mut adas, mut adas_browser) = paired(&world, &mut ada()).await;
        let mut at_birch = world.browser();
        BIRCH.to_card(&mut at_birch, &mut Person::new("mia@birch.example")).await;
        let birchs = Device::of(BIRCH);
        birchs.pair(&world, &mut at_birch).await;
        let (revoked, _) = offered(&world).await;
        world.sql("UPDATE device SET state = 'revoked' WHERE state = 'pending'").await;
        let (pending, spent_code) = offered(&world).await;

        let mut ask = async |person: &mut Person| {
            let mut browser = at_card(&world, person, Some(&first)).await;
            let ticket = mias.asked_by(&mut browser).await;
            (browser, ticket)
        };
        let (_, late) = ask(&mut mia()).await;
        world.sql("UPDATE ticket SET created_at = created_at - 61000000").await;
        let (_, claimed) = ask(&mut mia()).await;
        let (mut gives_up, cancelled) = ask(&mut mia()).await;
        let (_, spent) = ask(&mut mia()).await;
        let (_, over) = ask(&mut mia()).await;

        let call = mias.call(&world, CLAIM, &json!({ "ticket": claimed }));
        let overheard = mias.sign(&call);
        let answer = overheard.send(&world).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        mias.claim(&world, &cancelled).await;
        gives_up.post_json(&ACME.path("login/card/agent/cancel"), &json!({})).await;
        mias.claim(&world, &spent).await;
        let wrong = json!({ "ticket": spent, "outcome": { "assertion": {} } });
        assert_eq!(mias.post(&world, RESULT, &wrong).await.status, 403);
        let claims = mias.claim(&world, &over).await;
        let right = json!({ "ticket": over, "outcome": assertion(&mut card, &world, &claims) });
        let taken = mias.post(&world, RESULT, &right).await;
        assert_eq!(taken.status, 200, "{taken:?}");

        // Signed last: its counter is the highest.
        let outcome = assertion(&mut card, &world, &crate::device::claims_of(&answer));

        let adas_ticket = adas.asked_by(&mut adas_browser).await;
        let waiting = mias.asked_by(&mut first).await;
        let code = code_of(ACME, &mut at_card(&world, &mut una(), None).await).await;
        let birchs_code = code_of(BIRCH, &mut at_birch).await;
        let channel = mias.channel_call(&world).await;
        Self {
            world,
            mias,
            adas,
            birchs,
            pending,
            revoked,
            waiting,
            late,
            claimed,
            outcome,
            overheard,
            cancelled,
            spent,
            over,
            adas_ticket,
            code,
            birchs_code,
            spent_code,
            channel,
        }
    }

    fn claim_by(&self, device: &Device, ticket: &Value) -> Signed {
        device.sign(&device.call(&self.world, CLAIM, &json!({ "ticket": ticket })))
    }

    /// The claim of the waiting ticket, which would be taken as it is.
    fn claim(&self) -> Call {
        self.mias.call(&self.world, CLAIM, &json!({ "ticket": self.waiting }))
    }

    /// The same with a claim of its proof that says something else.
    fn with(&self, claim: &str, value: Value) -> Signed {
        self.mias.sign(&self.claim().with(claim, value))
    }

    /// The same with another member of the proof's header.
    fn headed(&self, member: &str, value: Value) -> Signed {
        let mut call = self.claim();
        call.header[member] = value;
        self.mias.sign(&call)
    }

    /// The same with another body, signed as it is.
    fn body(&self, body: &[u8]) -> Signed {
        self.mias.sign(&self.claim().with_body(body))
    }

    fn kind(&self, kind: &'static str) -> Signed {
        self.mias.sign(&Call { kind, ..self.claim() })
    }

    fn result_by(&self, device: &Device, ticket: &Value, outcome: &Value) -> Signed {
        let body = json!({ "ticket": ticket, "outcome": outcome });
        device.sign(&device.call(&self.world, RESULT, &body))
    }

    fn result(&self, body: &Value) -> Signed {
        self.mias.sign(&self.mias.call(&self.world, RESULT, body))
    }

    fn offer(&self, device: &Device, body: &Value) -> Signed {
        device.sign(&device.call(&self.world, ENROL, body))
    }

    fn wait(&self, device: &Device, body: &Value) -> Signed {
        device.sign(&device.call(&self.world, ENROL_WAIT, body))
    }

    /// The proof for the channel with another nonce.
    fn nonce(&self, nonce: Value) -> Signed {
        self.mias.sign(&self.channel.clone().with("nonce", nonce))
    }
}

/// A nonce as the server makes it, sealed by this key at this time.
fn sealed_nonce(key: u8, seconds: u64) -> Value {
    let made = i64::try_from(seconds * 1_000_000).unwrap().to_be_bytes();
    json!(b64(&KeyRing::of([key; 32]).seal("agent-nonce", [3; 24], &made).unwrap()))
}

const MALFORMED: &str = "malformed signed object";
const TIME: &str = "proof is too old or from the future";
const UNSIGNED: &str = "proof is not signed by the device";
const NO_PROOF: &str = "signed object is no device proof";
const BODY: &str = "body is malformed";
const NO_DEVICE: &str = "proof names no device";

/// Name, code of the problem, reason in the log, call.
type Case = (&'static str, &'static str, &'static str, fn(&Scene) -> Signed);

const PROOFS: &[Case] = &[
    ("htm of another method", "unauthenticated", "proof is for another method", |s| {
        s.with("htm", json!("GET"))
    }),
    ("htm in small letters", "unauthenticated", "proof is for another method", |s| {
        s.with("htm", json!("post"))
    }),
    ("htm missing", "unauthenticated", MALFORMED, |s| s.with("htm", Value::Null)),
    ("htu of another call", "unauthenticated", "proof is for another address", |s| {
        s.with("htu", json!(format!("{}{RESULT}", s.world.origin)))
    }),
    ("htu at another server", "unauthenticated", "proof is for another address", |s| {
        s.with("htu", json!(format!("https://evil.example{CLAIM}")))
    }),
    ("htu by another scheme", "unauthenticated", "proof is for another address", |s| {
        s.with("htu", json!(format!("{}{CLAIM}", s.world.origin.replacen("http", "https", 1))))
    }),
    ("htu with a slash more", "unauthenticated", "proof is for another address", |s| {
        s.with("htu", json!(format!("{}{CLAIM}/", s.world.origin)))
    }),
    ("htu missing", "unauthenticated", MALFORMED, |s| s.with("htu", Value::Null)),
    ("iat too old", "unauthenticated", TIME, |s| s.with("iat", json!(now() - 125))),
    ("iat from the future", "unauthenticated", TIME, |s| s.with("iat", json!(now() + 125))),
    ("iat zero", "unauthenticated", TIME, |s| s.with("iat", json!(0))),
    ("iat without end", "unauthenticated", TIME, |s| s.with("iat", json!(u64::MAX))),
    ("iat negative", "unauthenticated", MALFORMED, |s| s.with("iat", json!(-1))),
    ("iat a text", "unauthenticated", MALFORMED, |s| s.with("iat", json!("now"))),
    ("iat missing", "unauthenticated", MALFORMED, |s| s.with("iat", Value::Null)),
    ("the same call again", "unauthenticated", "call was made before", |s| s.overheard.clone()),
    ("jti of a call that was made", "unauthenticated", "call was made before", |s| {
        let payload = s.overheard.proof.split('.').nth(1).unwrap();
        let payload: Value = serde_json::from_slice(&crate::device::from_b64(payload)).unwrap();
        s.with("jti", payload["jti"].clone())
    }),
    ("jti too short", "unauthenticated", MALFORMED, |s| s.with("jti", json!("AAAA"))),
    ("jti too long", "unauthenticated", MALFORMED, |s| s.with("jti", json!("A".repeat(65)))),
    ("jti of other letters", "unauthenticated", MALFORMED, |s| {
        s.with("jti", json!("' OR 1=1 --' OR 1=1 --"))
    }),
    ("jti missing", "unauthenticated", MALFORMED, |s| s.with("jti", Value::Null)),
    ("digest of another body", "unauthenticated", "proof is for another body", |s| {
        s.with("bh", json!(b64(&[0; 32])))
    }),
    ("digest missing", "unauthenticated", MALFORMED, |s| s.with("bh", Value::Null)),
    ("body changed on the way", "unauthenticated", "proof is for another body", |s| {
        let signed = s.mias.sign(&s.claim());
        Signed { body: json!({ "ticket": s.late }).to_string().into_bytes(), ..signed }
    }),
    ("call sent elsewhere", "unauthenticated", "proof is for another address", |s| Signed {
        path: ENROL_WAIT,
        ..s.mias.sign(&s.claim())
    }),
    ("typ of another object", "unauthenticated", NO_PROOF, |s| s.headed("typ", json!("JWT"))),
    ("alg none over a good signature", "unauthenticated", NO_PROOF, |s| {
        s.headed("alg", json!("none"))
    }),
    ("alg ES384 over a good signature", "unauthenticated", NO_PROOF, |s| {
        s.headed("alg", json!("ES384"))
    }),
    ("a critical extension", "unauthenticated", NO_PROOF, |s| s.headed("crit", json!(["b64"]))),
    ("kid of another device", "unauthenticated", UNSIGNED, |s| {
        s.headed("kid", json!(s.adas.thumbprint()))
    }),
    ("kid of nobody", "unauthenticated", NO_DEVICE, |s| {
        s.headed("kid", json!(Device::of(ACME).thumbprint()))
    }),
    ("a device that nobody enrolled", "unauthenticated", NO_DEVICE, |s| {
        s.claim_by(&Device::of(ACME), &s.waiting)
    }),
    ("a device that was revoked", "unauthenticated", NO_DEVICE, |s| {
        s.claim_by(&s.revoked, &s.waiting)
    }),
    ("a device that is not confirmed", "unauthenticated", "device is not confirmed", |s| {
        s.claim_by(&s.pending, &s.waiting)
    }),
];

const CLAIMS: &[Case] = &[
    ("a claim by another device", "not-found", "ticket is for another device", |s| {
        s.claim_by(&s.adas, &s.waiting)
    }),
    ("a claim of another device's ticket", "not-found", "ticket is for another device", |s| {
        s.claim_by(&s.mias, &s.adas_ticket)
    }),
    ("a claim by another tenant's device", "not-found", "ticket is unknown", |s| {
        s.claim_by(&s.birchs, &s.waiting)
    }),
    ("a claim of what was claimed", "already-used", "ticket was claimed before", |s| {
        s.claim_by(&s.mias, &s.claimed)
    }),
    ("a claim after a minute", "already-used", "ticket was claimed before", |s| {
        s.claim_by(&s.mias, &s.late)
    }),
    ("a claim of what was cancelled", "already-used", "ticket is over", |s| {
        s.claim_by(&s.mias, &s.cancelled)
    }),
    ("a claim of what was answered", "already-used", "ticket is over", |s| {
        s.claim_by(&s.mias, &s.over)
    }),
    ("a claim of nothing", "not-found", "ticket is unknown", |s| {
        s.claim_by(&s.mias, &json!("A".repeat(22)))
    }),
    ("a claim of more than a ticket", "not-found", "ticket is unknown", |s| {
        s.claim_by(&s.mias, &json!("A".repeat(43)))
    }),
    ("a claim of a short ticket", "malformed", BODY, |s| s.claim_by(&s.mias, &json!("AAAA"))),
    ("a claim of an address", "malformed", BODY, |s| {
        s.claim_by(&s.mias, &json!("https://evil.example/ticket"))
    }),
    ("a claim of a number", "malformed", BODY, |s| s.claim_by(&s.mias, &json!(7))),
    ("a body that is empty", "malformed", BODY, |s| s.body(b"")),
    ("a body that is null", "malformed", BODY, |s| s.body(b"null")),
    ("a body that is a list", "malformed", BODY, |s| s.body(b"[]")),
    ("a body of nothing", "malformed", BODY, |s| s.body(b"{}")),
    ("a body that is cut", "malformed", BODY, |s| {
        let body = s.claim().body;
        s.body(&body[..body.len() - 1])
    }),
    ("a body with something behind it", "malformed", BODY, |s| {
        s.body(&[s.claim().body, b"{}".to_vec()].concat())
    }),
    ("a body with a member too many", "malformed", BODY, |s| {
        s.body(json!({ "ticket": s.waiting, "person": "ada" }).to_string().as_bytes())
    }),
    ("a body with a member twice", "malformed", BODY, |s| {
        s.body(format!(r#"{{"ticket":{0},"ticket":{0}}}"#, s.waiting).as_bytes())
    }),
    ("a body that is no UTF-8", "malformed", BODY, |s| s.body(b"{\"ticket\":\"\xff\xfe\"}")),
    ("a body in CBOR", "malformed", BODY, |s| {
        let mut cbor = Vec::new();
        ciborium::into_writer(&json!({ "ticket": s.waiting }), &mut cbor).unwrap();
        s.body(&cbor)
    }),
    ("a body in CBOR that is cut", "malformed", BODY, |s| s.body(&[0xa1, 0x66])),
    ("a body of brackets", "malformed", BODY, |s| s.body(&b"[".repeat(50_000))),
    ("a body of 64 KiB and one", "too-large", "body is too large", |s| {
        s.body(&b" ".repeat(64 * 1024 + 1))
    }),
    ("a body of a megabyte", "too-large", "body is too large", |s| {
        s.body(&b" ".repeat(1024 * 1024))
    }),
    ("a body said to be text", "content-type", "wrong content type", |s| s.kind("text/plain")),
    ("a body said to be CBOR", "content-type", "wrong content type", |s| {
        s.kind("application/cbor")
    }),
    ("a body said to be a form", "content-type", "wrong content type", |s| {
        s.kind("application/x-www-form-urlencoded")
    }),
    ("a body said to be nothing", "content-type", "wrong content type", |s| s.kind("")),
];

const RESULTS: &[Case] = &[
    ("a result before the claim", "conflict", "ticket was not claimed", |s| {
        s.result_by(&s.mias, &s.waiting, &s.outcome)
    }),
    ("a result by another device", "not-found", "ticket is for another device", |s| {
        s.result_by(&s.adas, &s.claimed, &s.outcome)
    }),
    ("a result by another tenant's device", "not-found", "ticket is unknown", |s| {
        s.result_by(&s.birchs, &s.claimed, &s.outcome)
    }),
    ("a result by an unconfirmed device", "unauthenticated", "device is not confirmed", |s| {
        s.result_by(&s.pending, &s.claimed, &s.outcome)
    }),
    ("a result after the page gave up", "already-used", "ticket is over", |s| {
        s.result_by(&s.mias, &s.cancelled, &s.outcome)
    }),
    ("a refusal after the page gave up", "already-used", "ticket is over", |s| {
        s.result_by(&s.mias, &s.cancelled, &json!({ "refused": "cancelled" }))
    }),
    ("a result for a spent challenge", "already-used", "ticket is over", |s| {
        s.result_by(&s.mias, &s.spent, &s.outcome)
    }),
    ("a second result", "already-used", "ticket is over", |s| {
        s.result_by(&s.mias, &s.over, &s.outcome)
    }),
    ("a result for no ticket", "not-found", "ticket is unknown", |s| {
        s.result_by(&s.mias, &json!("A".repeat(22)), &s.outcome)
    }),
    ("a result of an unknown kind", "malformed", BODY, |s| {
        s.result_by(&s.mias, &s.claimed, &json!({ "blessing": {} }))
    }),
    ("a result of two kinds", "malformed", BODY, |s| {
        let mut both = s.outcome.clone();
        both["refused"] = json!("no-card");
        s.result_by(&s.mias, &s.claimed, &both)
    }),
    ("a result that is a text", "malformed", BODY, |s| {
        s.result_by(&s.mias, &s.claimed, &json!("assertion"))
    }),
    ("a refusal that is a number", "malformed", BODY, |s| {
        s.result_by(&s.mias, &s.claimed, &json!({ "refused": 7 }))
    }),
    ("a result without an outcome", "malformed", BODY, |s| {
        s.result(&json!({ "ticket": s.claimed }))
    }),
    ("a result with a member too many", "malformed", BODY, |s| {
        s.result(&json!({ "ticket": s.claimed, "outcome": s.outcome, "login": "x" }))
    }),
];

const OFFERS: &[Case] = &[
    ("an offer with a key that is enrolled", "conflict", "key is enrolled already", |s| {
        s.offer(&s.mias, &s.mias.offer(&s.code))
    }),
    ("an offer to another tenant with it", "conflict", "key is enrolled already", |s| {
        s.offer(&s.mias, &s.mias.offer(&s.birchs_code))
    }),
    ("an offer with a key that waits", "conflict", "key is enrolled already", |s| {
        s.offer(&s.pending, &s.pending.offer(&s.code))
    }),
    ("an offer with another's key", "unauthenticated", "proof names another key", |s| {
        s.offer(&Device::of(ACME), &s.adas.offer(&s.code))
    }),
    ("an offer with a spent code", "code-refused", "code is shown by no page", |s| {
        let device = Device::of(ACME);
        s.offer(&device, &device.offer(&s.spent_code))
    }),
    ("an offer with a code of nobody", "code-refused", "code is shown by no page", |s| {
        let device = Device::of(ACME);
        s.offer(&device, &device.offer("BBBBBBBB"))
    }),
    ("an offer with a member too many", "malformed", BODY, |s| {
        let device = Device::of(ACME);
        let mut offer = device.offer(&s.code);
        offer["state"] = json!("confirmed");
        s.offer(&device, &offer)
    }),
    ("an offer said to be text", "content-type", "wrong content type", |s| {
        let device = Device::of(ACME);
        let call = device.call(&s.world, ENROL, &device.offer(&s.code));
        device.sign(&Call { kind: "text/plain", ..call })
    }),
    ("a wait for another device", "malformed", BODY, |s| {
        s.wait(&s.mias, &json!({ "device": s.pending.thumbprint() }))
    }),
    ("a wait in another's name", "unauthenticated", UNSIGNED, |s| {
        let mut call = s.mias.call(&s.world, ENROL_WAIT, &json!({}));
        call.header["kid"] = json!(s.pending.thumbprint());
        s.mias.sign(&call)
    }),
    ("a wait of nobody", "unauthenticated", NO_DEVICE, |s| s.wait(&Device::of(ACME), &json!({}))),
    ("a wait of a revoked device", "unauthenticated", NO_DEVICE, |s| {
        s.wait(&s.revoked, &json!({}))
    }),
];

const CHANNELS: &[Case] = &[
    ("the channel's call again", "unauthenticated", "call was made before", |s| {
        s.mias.opened_with()
    }),
    ("a nonce that was used", "unauthenticated", "nonce was used before", |s| {
        let used = s.mias.opened_with().proof;
        let used = crate::device::from_b64(used.split('.').nth(1).unwrap());
        let used: Value = serde_json::from_slice(&used).unwrap();
        s.nonce(used["nonce"].clone())
    }),
    ("a nonce of another server", "unauthenticated", "nonce is not ours or too old", |s| {
        s.nonce(sealed_nonce(9, now()))
    }),
    ("a nonce that is too old", "unauthenticated", "nonce is not ours or too old", |s| {
        s.nonce(sealed_nonce(7, now() - 61))
    }),
    ("a nonce of its own", "unauthenticated", "nonce is not ours or too old", |s| {
        s.nonce(json!("AAAAAAAAAAAAAAAAAAAAAA"))
    }),
    ("no nonce", "unauthenticated", "nonce is not ours or too old", |s| s.nonce(Value::Null)),
    ("the channel of a device that is not confirmed", "unauthenticated", "not confirmed", |s| {
        let mut call = s.channel.clone();
        call.header["kid"] = json!(s.pending.thumbprint());
        s.pending.sign(&call)
    }),
    ("the channel of a revoked device", "unauthenticated", NO_DEVICE, |s| {
        let mut call = s.channel.clone();
        call.header["kid"] = json!(s.revoked.thumbprint());
        s.revoked.sign(&call)
    }),
    ("the channel by a proof for a claim", "unauthenticated", "another method", |s| {
        s.mias.sign(&s.channel.clone().with("htm", json!("POST")))
    }),
    ("a nonce in a proof for elsewhere", "unauthenticated", "another address", |s| {
        s.mias.sign(&s.channel.clone().with("htu", json!(format!("{}{CLAIM}", s.world.origin))))
    }),
];

fn cases() -> impl Iterator<Item = &'static Case> {
    [PROOFS, CLAIMS, RESULTS, OFFERS, CHANNELS].into_iter().flatten()
}

pub(super) fn names() -> Vec<&'static str> {
    cases().map(|(name, ..)| *name).collect()
}

/// Nobody claims it any more, and its page is told so.
const LATE: &str = "a claim after a minute";

/// Whether nothing but one ticket has changed, which is over by its time.
fn ends_its_ticket(changes: &[String]) -> bool {
    let [before, after] = changes else { return false };
    let of_tickets = before.starts_with("- ticket") && after.starts_with("+ ticket");
    of_tickets && after.contains("\"reason\": \"'timeout'\"")
}

/// So long a scene is good on a busy machine.
const YOUNG: Duration = Duration::from_secs(15);

// One thread, so that what the server logs is heard here and nowhere else.
#[tokio::test]
async fn no_signed_call_that_is_wrong_changes_anything() {
    // As long as there is one listener alone, a line that another thread comes to first counts as
    // one that nobody wants (tracing-core, `Rebuilder::JustOne`); so here is a second one.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let (lines, _listening) = Log::of_thread();
    let (mut scene, mut set) = (Box::pin(Scene::set()).await, tokio::time::Instant::now());
    let mut wrong = Vec::new();
    for (name, code, reason, call) in cases() {
        // A ticket is claimed within a minute, and no case has changed anything.
        if set.elapsed() > YOUNG {
            (scene, set) = (Box::pin(Scene::set()).await, tokio::time::Instant::now());
        }
        let call = call(&scene);
        let before = scene.world.dump().await;
        lines.take();
        let answer = call.send(&scene.world).await;
        let log = lines.take();
        let events = log.lines().filter(|line| line.contains("agent's call refused")).count();
        if answer.code() != *code || !log.contains(reason) || events != 1 {
            wrong.push(format!("{name}: {} {}, log: {log}", answer.status, answer.code()));
            continue;
        }
        assert_clear(name, &answer);
        assert_eq!(answer.content_type, "application/problem+json", "{name}");
        let changes = before.changes(&scene.world.dump().await);
        if *name == LATE && ends_its_ticket(&changes) {
            continue;
        }
        wrong.extend(changes.iter().map(|change| format!("{name}: {change}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // What the cases change, unchanged: it was that alone which was refused.
    let claimed = scene.mias.sign(&scene.claim()).send(&scene.world).await;
    assert_eq!(claimed.status, 200, "{claimed:?}");
    let result = scene.result_by(&scene.mias, &scene.claimed, &scene.outcome);
    let taken = result.send(&scene.world).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    let device = Device::of(ACME);
    let offered = scene.offer(&device, &device.offer(&scene.code)).send(&scene.world).await;
    assert_eq!(offered.status, 200, "{offered:?}");
    let opened = scene.mias.sign(&scene.channel).send(&scene.world).await;
    assert_eq!(opened.status, 101, "{opened:?}");
    assert_eq!(scene.channel.path, CHANNEL);
}

/// A device of ours and a card's answer that is none: the challenge is spent, the refusal audited,
/// and nothing else happens.
#[tokio::test]
async fn an_answer_of_the_other_ceremony_spends_the_challenge_and_nothing_else() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let (mut device, mut browser) = paired(&world, &mut mia()).await;
    for (outcome, code) in [
        (json!({ "registration": {} }), "other-ceremony"),
        (json!({ "assertion": {} }), "passkey-malformed"),
    ] {
        let ticket = device.asked_by(&mut browser).await;
        let claims = device.claim(&world, &ticket).await;
        let mut outcome = outcome;
        if outcome["registration"].is_object() {
            // What the card signed is right; what the agent says it was is not.
            outcome["registration"] = assertion(&mut card, &world, &claims)["assertion"].clone();
        }
        let before = world.dump().await;
        let body = json!({ "ticket": ticket, "outcome": outcome });
        let refused = device.post(&world, RESULT, &body).await;
        let after = world.dump().await;
        assert_clear(code, &refused);
        assert_eq!(refused.code(), code);
        assert_eq!(before.audited(&after), ["login.refused"], "{code}");
        let detail = after.rows("audit").into_iter().map(|row| row["detail"].clone());
        assert!(detail.clone().any(|detail| detail.contains(code)), "{code}");
        let bare =
            |dump: e2e::Dump| dump.but_challenges_and_audit().without(&["consumed", "ticket"]);
        let ended = after.rows("ticket").into_iter().map(|row| row["reason"].clone());
        assert!(ended.clone().any(|reason| reason == format!("'{code}'")), "{code}");
        assert_unchanged(code, &bare(before), &bare(after));
    }
    // The login goes on with the next ticket.
    let ticket = device.asked_by(&mut browser).await;
    let claims = device.claim(&world, &ticket).await;
    let body = json!({ "ticket": ticket, "outcome": assertion(&mut card, &world, &claims) });
    assert_eq!(device.post(&world, RESULT, &body).await.status, 200);
}

/// Whoever holds the page takes back what was asked while a wrong answer is being refused: it
/// counts all the same, and is on record.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_counts_although_the_page_takes_back_what_was_asked() {
    // Who waits for a turn to write is counted on this engine.
    let world = World::on(Engine::Sqlite).await;
    enrolled(&world, &mut mia(), 1).await;
    let (mut device, mut browser) = paired(&world, &mut mia()).await;
    let ticket = device.asked_by(&mut browser).await;
    device.claim(&world, &ticket).await;
    let before = world.dump().await;
    let body = json!({ "ticket": ticket, "outcome": { "assertion": {} } });
    let store = world.app.store();
    let mut page = store.write(world.tenant("acme").await.id).await.unwrap();
    let taken_back = async {
        world.until_waiting(1).await;
        let id = BASE64_URL_SAFE_NO_PAD.decode(ticket.as_str().unwrap()).unwrap();
        let id = TicketId(uuid::Uuid::from_slice(&id).unwrap());
        let cancelled = TicketState::Refused { reason: "cancelled".to_owned() };
        assert!(page.finish_ticket(id, &cancelled).await.unwrap());
        page.commit().await.unwrap();
    };
    let (refused, ()) = tokio::join!(device.post(&world, RESULT, &body), taken_back);
    let after = world.dump().await;
    assert_eq!(refused.code(), "passkey-malformed", "{refused:?}");
    assert_eq!(before.audited(&after), ["login.refused"]);
}
