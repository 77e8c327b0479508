//! What was signed, by which kind of card, and who brings it.

use agent_protocol::x509_statement::{
    StatementData, StatementType, USER_PRESENT, authenticator_data,
};
use e2e::{Card, Engine};
use serde_json::json;
use soft_card::{Draft, Kind, SoftCard, Wanted};

use super::{Asked, enrolled_card, mias, now, world};
use crate::device::options_of;
use crate::support::{ACME, ada, assert_clear, enrolled, mia};

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
