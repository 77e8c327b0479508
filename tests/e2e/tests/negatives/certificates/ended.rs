//! What ends when a tenant takes less than before.

use agent_protocol::paths::RESULT;
use e2e::{Browser, World};
use entra_stand_in::Person;
use identity::{RevocationPolicy, X509Policy};
use serde_json::json;
use soft_card::{DAY, Kind, Office, SoftCard, Wanted};

use super::{Asked, fingerprint, now, takes, world};
use crate::support::{ACME, ada, assert_clear, enrolled};

const PAGE: &str = "/admin/tenants/acme/smart-cards";

/// Somebody who is signed in with a smart card, and that card.
async fn signed_in(world: &World, office: &mut Office, name: &str) -> (Browser, SoftCard) {
    let card = office.issue(Kind::P256, &Wanted::person(name, now()));
    let mut asked = Asked::of(world, &mut Person::new(name)).await;
    assert_eq!(asked.answer(world, &card).await.status, 200);
    assert_eq!(asked.account().await.status, 200);
    (asked.browser, card)
}

async fn is_in(browser: &mut Browser) -> bool {
    browser.get("/realms/acme/account/").await.status == 200
}

fn page_of(office: &Office) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap();
    let id = fingerprint(office).into_iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]);
    format!("{PAGE}/{}", id.collect::<String>())
}

#[tokio::test]
async fn a_list_that_names_a_card_ends_what_rests_on_it() {
    let (world, mut office) = world().await;
    let (mut mia, card) = signed_in(&world, &mut office, "mia@acme.example").await;
    let (mut una, _) = signed_in(&world, &mut office, "una@acme.example").await;
    let mut admin = world.administrator().await;
    let list = soft_card::list_pem(&office.list(&[card.serial], now() - 60, now() + DAY));
    let before = world.dump().await;
    let form = [("name", "Cards"), ("list", list.as_str())];
    let saved = admin.post_form(&page_of(&office), &form).await;
    assert_eq!(saved.status, 303, "{saved:?}");
    assert_eq!((is_in(&mut mia).await, is_in(&mut una).await), (false, true));
    let after = world.dump().await;
    let audited = before.audited(&after);
    assert_eq!(audited, ["card.certificate-revoked", "x509.authority-saved"]);
    assert_eq!(after.rows("credential").len(), before.rows("credential").len(), "it stays hers");
}

#[tokio::test]
async fn when_an_authority_is_deleted_nothing_rests_on_smart_cards() {
    let (world, mut office) = world().await;
    let mut fido = enrolled(&world, &mut ada(), 2).await;
    let mut with_fido = world.browser();
    ACME.sign_in(&mut with_fido, &mut ada(), &mut fido).await;
    let (mut mia, _) = signed_in(&world, &mut office, "mia@acme.example").await;
    let mut admin = world.administrator().await;
    let deleted = admin.post_form(&format!("{}/delete", page_of(&office)), &[]).await;
    assert_eq!(deleted.status, 303, "{deleted:?}");
    assert_eq!((is_in(&mut mia).await, is_in(&mut with_fido).await), (false, true));
}

#[tokio::test]
async fn stricter_rules_end_what_rests_on_smart_cards_and_laxer_ones_do_not() {
    let (world, mut office) = world().await;
    let (mut mia, _) = signed_in(&world, &mut office, "mia@acme.example").await;
    let mut admin = world.administrator().await;
    let rules = format!("{PAGE}/rules");
    let laxer = [("enabled", "yes"), ("usages", ""), ("revocation", "if-there")];
    assert_eq!(admin.post_form(&rules, &laxer).await.status, 303);
    assert!(is_in(&mut mia).await);
    assert_eq!(admin.post_form(&rules, &[("enabled", "no")]).await.status, 303);
    assert!(!is_in(&mut mia).await);
}

/// The tap has been taken, and the card that it lets be added has not.
#[tokio::test]
async fn a_change_that_such_a_card_has_confirmed_ends_too() {
    let (world, mut office) = world().await;
    let (mut browser, card) = signed_in(&world, &mut office, "mia@acme.example").await;
    browser.post_form("/realms/acme/account/cards/add", &[]).await;
    let mut device = crate::device::Device::of(ACME);
    device.pair(&world, &mut browser).await;
    device.connect(&world).await;
    let asked = Asked::again(&world, browser, device).await;
    assert_eq!(asked.answer(&world, &card).await.status, 200);
    let mut asked = Asked::again(&world, asked.browser, asked.device).await;
    let mut admin = world.administrator().await;
    let rules = format!("{PAGE}/rules");
    // The card that is to be added would be taken.
    let usages = ("usages", "1.3.6.1.4.1.311.20.2.2");
    let stricter = [("enabled", "yes"), usages, ("revocation", "if-there")];
    assert_eq!(admin.post_form(&rules, &stricter).await.status, 303);
    let other = office.issue(Kind::P256, &Wanted::person("mia@acme.example", now()));
    let bytes = other.sign(asked.data(), asked.rp_id());
    let outcome = json!({ "x509-registration": agent_protocol::X509Statement::from(&bytes) });
    let body = json!({ "ticket": asked.ticket, "outcome": outcome });
    let over = asked.device.post(&world, RESULT, &body).await;
    assert_clear("the login is over", &over);
    let cards = world.dump().await.rows("credential");
    assert_eq!(cards.iter().filter(|card| card["kind"] == "'x509-card'").count(), 1);
    assert!(!is_in(&mut asked.browser).await);
}

#[tokio::test]
async fn an_authority_is_edited_in_its_own_tenant_alone() {
    let (world, office) = world().await;
    let world = world.with_birch().await;
    let birchs = Office::root("Birch cards", now());
    super::trust(&world, "birch", &birchs).await;
    let mut admin = world.administrator().await;
    let before = world.dump().await;
    let list = soft_card::list_pem(&birchs.list(&[], now() - 60, now() + DAY));
    let path = page_of(&birchs);
    let form = [("name", "Mine"), ("list", list.as_str())];
    assert_eq!(admin.post_form(&path, &form).await.status, 404);
    assert_eq!(admin.post_form(&format!("{path}/delete"), &[]).await.status, 404);
    assert_eq!(admin.get(&path).await.status, 404);
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
    // Its list is none of acme's authority either.
    let form = [("name", "Cards"), ("list", list.as_str())];
    assert_eq!(admin.post_form(&page_of(&office), &form).await.status, 422);
}

/// A login takes as long as it takes: the list came between question and answer.
#[tokio::test]
async fn rules_count_as_they_are_when_the_card_answers() {
    let (world, mut office) = world().await;
    let (_, card) = signed_in(&world, &mut office, "mia@acme.example").await;
    let asked = Asked::of(&world, &mut crate::support::mia()).await;
    let policies = vec!["1.3.6.1.4.1.99999.1".to_owned()];
    let revocation = RevocationPolicy::IfThere;
    takes(
        &world,
        "acme",
        X509Policy { enabled: true, policies, revocation, ..X509Policy::default() },
    )
    .await;
    asked.refused(&world, &card, "x509-policy").await;
}
