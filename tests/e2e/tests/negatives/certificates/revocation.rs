//! What lists of revoked certificates end.

use identity::X509Policy;
use soft_card::DAY;

use super::{Asked, enrolled_card, list, now, takes, world};
use crate::support::mia;

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
