//! Whose card it is.

use identity::{RevocationPolicy, X509Policy};
use soft_card::{DAY, Kind, Wanted};

use super::{Asked, enrolled_card, mias, now, takes, world};
use crate::support::{ada, enrolled, mia, una};

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
async fn of_two_people_with_one_card_at_once_one_gets_it() {
    let (world, mut office) = world().await;
    let card = office.issue(Kind::P256, &Wanted { upn: None, ..mias() });
    let (mias, unas) = (Asked::of(&world, &mut mia()).await, Asked::of(&world, &mut una()).await);
    let both = tokio::join!(mias.answer(&world, &card), unas.answer(&world, &card));
    let mut statuses = [both.0.status, both.1.status];
    statuses.sort_unstable();
    assert!(statuses[0] == 200 && statuses[1] >= 400, "{both:?}");
    let dump = world.dump().await;
    assert_eq!((dump.rows("credential").len(), dump.rows("session").len()), (1, 1));
}

#[tokio::test]
async fn a_person_who_is_switched_off_meanwhile_gets_no_session() {
    let (world, mut office) = world().await;
    let card = enrolled_card(&world, &mut office).await;
    let asked = Asked::of(&world, &mut mia()).await;
    assert_eq!(
        world.sql("UPDATE person SET state = 'disabled' WHERE username LIKE 'mia%'").await,
        1
    );
    asked.refused(&world, &card, "person-disabled").await;
}

#[tokio::test]
async fn where_a_certificate_must_name_the_account_those_added_before_must_too() {
    let (world, mut office) = world().await;
    let card = office.issue(Kind::P256, &Wanted { upn: None, ..mias() });
    let asked = Asked::of(&world, &mut mia()).await;
    assert_eq!(asked.answer(&world, &card).await.status, 200);
    let revocation = RevocationPolicy::IfThere;
    let rules =
        X509Policy { enabled: true, revocation, upn_required: true, ..X509Policy::default() };
    takes(&world, "acme", rules).await;
    let asked = Asked::of(&world, &mut mia()).await;
    asked.refused(&world, &card, "x509-no-name").await;
}
