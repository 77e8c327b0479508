//! T12, T14: what is demanded, and what is said of a tap.

use e2e::{Card, World};
use entra_stand_in::ExternalFault;
use identity::TenantPolicy;
use serde_json::json;

use crate::support::{ACME, answered, assert_in, assert_told, id_of, mia, ready};

const ALL: [&str; 13] = [
    "face", "fido", "fpt", "hwk", "iris", "otp", "pop", "retina", "sc", "sms", "swk", "tel", "vbm",
];

/// After a first factor of possession only inherence follows, and no card of ours proves that.
#[tokio::test]
async fn t12_what_no_card_proves_is_refused_before_any_tap() {
    let (world, mfa, _) = ready().await;
    for fault in [
        ExternalFault::inherence_only(),
        ExternalFault::demanding(&["inherence", "knowledgeorinherence"], &ALL),
        ExternalFault::demanding(&["knowledge"], &ALL),
        ExternalFault::demanding(&["possession"], &["face", "fpt", "otp"]),
        // What mia has is no smart card with a certificate.
        ExternalFault::demanding(&["possession"], &["sc"]),
    ] {
        let name = format!("{fault:?}");
        world.stand_in.spoil_next_external_mfa(fault);
        let request = mfa.asked(&mut mia()).await;
        let before = world.dump().await;
        let answer = mfa.post(&mut world.browser(), &request).await;
        assert_told(&world, &name, &answer, "access_denied");
        assert!(answered(&world, &answer).text.contains("Microsoft Entra asks for something else"));
        let after = world.dump().await;
        assert_eq!(before.audited(&after), ["eam.refused"], "{name}");
        assert_eq!(after.rows("eam_transaction"), before.rows("eam_transaction"), "{name}");
    }
}

/// Somebody who has no card yet enrols one with a code; it must be of the kind that is asked for.
#[tokio::test]
async fn a_card_of_another_kind_is_not_even_enrolled() {
    let world = World::with_policy(TenantPolicy::default()).await;
    let mfa = world.connect_mfa().await;
    let smart_card = ExternalFault::demanding(&["possession"], &["sc"]);
    world.stand_in.spoil_next_external_mfa(smart_card);
    let mut browser = world.browser();
    mfa.to_card(&mut browser, &mut mia()).await;
    let code = world.issue_code(id_of(&world, "mia@acme.example").await, 1).await;
    browser.post_form(&ACME.path("login/code"), &[("code", &code)]).await;
    let options = ACME.options(&mut browser).await;
    let answer = Card::new(1).answer(&browser, &options);
    let before = world.dump().await;
    let refused = ACME.finish(&mut browser, &answer).await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "entra-other-method"));
    assert_eq!(refused.title(), "Microsoft Entra does not take this card");
    let after = world.dump().await;
    assert_eq!(before.audited(&after), ["login.refused"]);
    let bare = |dump: e2e::Dump| dump.but_challenges_and_audit();
    assert_eq!(bare(before).changes(&bare(after)), [""; 0]);
    let left = browser.post_form(&ACME.path("login/start-again"), &[]).await;
    assert_told(&world, "left", &browser.follow(left).await, "access_denied");
}

#[tokio::test]
async fn t14_the_narrowest_word_that_is_demanded_is_said() {
    let (world, mfa, mut card) = ready().await;
    let all_acr = [
        "knowledgeorpossessionorinherence",
        "possessionorinherence",
        "knowledgeorpossession",
        "possession",
        "knowledge",
        "inherence",
    ];
    for (acr, amr, said) in [
        (&all_acr[..], &ALL[..], ("possession", "fido")),
        (&all_acr[..2], &ALL[..], ("possessionorinherence", "fido")),
        (&all_acr[2..3], &["pop", "sc"], ("knowledgeorpossession", "pop")),
        (&all_acr[..1], &["fpt", "fido"], ("knowledgeorpossessionorinherence", "fido")),
    ] {
        world.stand_in.spoil_next_external_mfa(ExternalFault::demanding(acr, amr));
        let mut person = mia();
        let answer = mfa.prove(&mut world.browser(), &mut person, &mut card).await;
        let claims = answered(&world, &answer).part(1);
        assert_eq!((&claims["acr"], &claims["amr"]), (&json!(said.0), &json!([said.1])));
        assert_in(mfa.back(&mut person, &world.origin, &answer).await);
    }
}
