//! What an honest card does.

use agent_protocol::Link;
use entra_stand_in::Person;
use serde_json::{Value, json};
use soft_card::{Kind, Wanted};

use super::{Asked, enrolled_card, mias, now, world};
use crate::device::{Device, options_of};
use crate::support::{ACME, enrolled, mia};

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
