//! What a tenant takes, and from whom.

use identity::X509Policy;
use serde_json::json;
use soft_card::{CARD_AUTH, ExtendedKeyUsagePurpose, Kind, Office, Wanted};

use super::{Asked, enrolled_card, mias, now, takes, trust, world};
use crate::support::{ACME, assert_clear, mia, una};

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
